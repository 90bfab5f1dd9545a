//! The envelope of every HTTP answer and the codes of its errors.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::macros::format_description;
use ts_rs::TS;

use crate::TimestampMs;

/// What went wrong, in the word that clients switch on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// 400: the request cannot be parsed.
    BadRequest,
    /// 401: no bearer, or one that is expired or not ours.
    Unauthorized,
    /// 403: known, but not allowed.
    Forbidden,
    /// 404.
    NotFound,
    /// 405.
    MethodNotAllowed,
    /// 409: contradicts what is stored.
    Conflict,
    /// 412: an `If-Match` that does not.
    PreconditionFailed,
    /// 413.
    PayloadTooLarge,
    /// 415.
    UnsupportedMediaType,
    /// 422: parsed, but a field is wrong; `details.fields` names each.
    ValidationFailed,
    /// 429, with `Retry-After`.
    RateLimitExceeded,
    /// 500: our fault; the log has the cause, the answer never does.
    InternalError,
    /// 503: come back after `Retry-After`.
    Unavailable,
}

impl ErrorCode {
    /// The HTTP status that goes with the code.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Conflict => 409,
            Self::PreconditionFailed => 412,
            Self::PayloadTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::ValidationFailed => 422,
            Self::RateLimitExceeded => 429,
            Self::InternalError => 500,
            Self::Unavailable => 503,
        }
    }
}

/// One wrong field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FieldError {
    /// The field's name, with dots and indexes into nested values (`files[0].path`).
    pub field: String,
    /// What is wrong with it and what would be right.
    pub message: String,
}

/// `error` of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ErrorBody {
    /// The word to switch on.
    pub code: ErrorCode,
    /// A sentence for the person in front of the screen.
    pub message: String,
    /// More, by code: `{fields: FieldError[]}` with `VALIDATION_FAILED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "Record<string, unknown>")]
    pub details: Option<serde_json::Value>,
}

impl ErrorBody {
    /// An error without details.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: None }
    }

    /// A `VALIDATION_FAILED` that names every wrong field.
    #[must_use]
    pub fn validation(fields: &[FieldError]) -> Self {
        let message =
            fields.iter().map(|field| format!("{}: {}", field.field, field.message)).collect::<Vec<_>>().join("; ");
        let details = Some(serde_json::json!({ "fields": fields }));
        Self { code: ErrorCode::ValidationFailed, message, details }
    }
}

/// `meta` of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    /// When it was answered, RFC 3339 in UTC.
    pub timestamp: String,
    /// The request's id, as in the logs of every part.
    pub request_id: String,
}

/// A whole answer: data or an error, never both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub struct Envelope<T> {
    /// True with `data`, false with `error`.
    pub success: bool,
    /// What was asked for.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub data: Option<T>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorBody>,
    /// When, and under which request id.
    pub meta: Meta,
}

impl<T> Envelope<T> {
    /// An answer with data.
    #[must_use]
    pub fn success(data: T, meta: Meta) -> Self {
        Self { success: true, data: Some(data), error: None, meta }
    }

    /// An answer with an error.
    #[must_use]
    pub fn failure(error: ErrorBody, meta: Meta) -> Self {
        Self { success: false, data: None, error: Some(error), meta }
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The entries, in the list's order.
    pub items: Vec<T>,
    /// What to pass as `cursor` for the next page; absent on the last.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub next_cursor: Option<String>,
}

/// Spells a time for [`Meta::timestamp`], such as `2000-02-29T00:00:00.001Z`.
#[must_use]
pub fn rfc3339(at: TimestampMs) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(at) * 1_000_000)
        .ok()
        .and_then(|time| time.format(&format).ok())
        // Only a clock past the year 9999 gets here.
        .unwrap_or_else(|| format!("{at} ms"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_spelled_in_utc() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(951_782_400_001), "2000-02-29T00:00:00.001Z");
        assert_eq!(rfc3339(1_735_689_599_999), "2024-12-31T23:59:59.999Z");
    }

    #[test]
    fn an_answer_has_data_or_an_error() {
        let meta = Meta { timestamp: rfc3339(0), request_id: "r".to_owned() };
        insta::assert_json_snapshot!([
            serde_json::to_value(Envelope::success(1, meta.clone())).expect("serialises"),
            serde_json::to_value(Envelope::<()>::failure(
                ErrorBody::validation(&[FieldError { field: "name".into(), message: "is missing".into() }]),
                meta
            ))
            .expect("serialises"),
        ]);
    }
}
