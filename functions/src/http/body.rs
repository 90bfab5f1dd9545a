//! JSON bodies. What cannot be parsed is a 400; what parses but does not fit is a 422 that names the field.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use protocol::envelope::FieldError;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::failure::{ApiError, RequestError};

/// A body that has to be there.
#[derive(Debug, Clone)]
pub struct JsonBody<T>(pub T);

/// A body that may be absent: an empty one counts as `{}`.
#[derive(Debug, Clone)]
pub struct OptionalBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let is_json = is_json(request.headers());
        let bytes = Bytes::from_request(request, state).await.map_err(RequestError::from)?;
        if !is_json {
            return Err(RequestError::NotJson.into());
        }
        Ok(Self(parse(&bytes)?))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for OptionalBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let is_json = is_json(request.headers());
        let bytes = Bytes::from_request(request, state).await.map_err(RequestError::from)?;
        if bytes.is_empty() {
            return Ok(Self(parse(b"{}")?));
        }
        if !is_json {
            return Err(RequestError::NotJson.into());
        }
        Ok(Self(parse(&bytes)?))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json")
}

/// Reads a value from JSON.
///
/// # Errors
/// [`RequestError::Unparsable`] where it is no JSON, [`RequestError::Invalid`] where it is another value.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, RequestError> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let cause = error.into_inner();
        match cause.classify() {
            Category::Data => RequestError::Invalid(vec![field_error(&path, &cause.to_string())]),
            Category::Syntax | Category::Eof | Category::Io => RequestError::Unparsable(cause),
        }
    })?;
    deserializer.end().map_err(RequestError::Unparsable)?;
    Ok(value)
}

/// Names the field: serde's path leads to the parent of a field that is missing, and may lead to one that is
/// unknown; its message has the name in backticks.
fn field_error(path: &str, message: &str) -> FieldError {
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    let parent = if path == "." { "" } else { path };
    let named = ["missing field `", "unknown field `"].iter().find_map(|start| message.strip_prefix(start));
    let field = match named.and_then(|rest| rest.split_once('`')) {
        Some((name, _)) if parent == name || parent.ends_with(&format!(".{name}")) => parent.to_owned(),
        Some((name, _)) if parent.is_empty() => name.to_owned(),
        Some((name, _)) => format!("{parent}.{name}"),
        None => parent.to_owned(),
    };
    let message = match message {
        _ if message.starts_with("missing field") => "is missing".to_owned(),
        _ if message.starts_with("unknown field") => "is not known here".to_owned(),
        other => other.to_owned(),
    };
    FieldError { field, message }
}

#[cfg(test)]
mod tests {
    use protocol::run::SubmitRunRequest;

    use super::*;

    fn check(body: &str, expect: &str) {
        let said = match parse::<SubmitRunRequest>(body.as_bytes()) {
            Ok(_) => "fits".to_owned(),
            Err(RequestError::Invalid(fields)) => {
                fields.iter().map(|field| format!("{}: {}", field.field, field.message)).collect()
            }
            Err(RequestError::Unparsable(_)) => "unparsable".to_owned(),
            Err(other) => other.to_string(),
        };
        assert!(said.starts_with(expect), "{body} gives {said}, not {expect}");
    }

    #[test]
    fn every_wrong_body_is_told_from_the_others() {
        check(r#"{"language":"python","files":[]}"#, "fits");
        check("", "unparsable");
        check("{", "unparsable");
        check(r#"{"language":"python","files":[]} x"#, "unparsable");
        check(r#"{"files":[]}"#, "language: is missing");
        check(r#"{"language":"python","files":[],"colour":1}"#, "colour: is not known here");
        check(r#"{"language":"python","files":[{"path":"a"}]}"#, "files[0].content: is missing");
        check(r#"{"language":"python","files":[{"path":"a","content":"","x":1}]}"#, "files[0].x: is not known here");
        check(
            r#"{"language":"python","files":[{"path":"../a","content":""}]}"#,
            "files[0].path: a file path is relative",
        );
        check(r#"{"language":"klingon","files":[]}"#, "language: unknown variant");
        check(r#"{"language":"python","files":[],"stdin":7}"#, "stdin: invalid type");
        check("[]", ": invalid");
    }
}
