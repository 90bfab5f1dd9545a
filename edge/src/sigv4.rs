//! SigV4 signatures for requests to the functions' URLs, which accept only the edge's IAM principal.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use protocol::TimestampMs;
use thiserror::Error;

use crate::config::Credentials;

/// The service that function URLs belong to.
const SERVICE: &str = "lambda";

/// Why a request could not be signed.
#[derive(Debug, Error)]
pub(crate) enum SigningError {
    /// The credentials do not make a signing key.
    #[error("the credentials cannot be used")]
    Parameters(#[from] v4::signing_params::BuildError),
    /// The request has a header or URL that cannot be signed.
    #[error("the request cannot be signed")]
    Request(#[from] aws_sigv4::http_request::SigningError),
}

/// The headers that sign a request: `authorization`, `x-amz-date` and so on.
pub(crate) fn headers(
    credentials: &Credentials,
    method: &str,
    url: &str,
    signed: &[(&str, &str)],
    body: &[u8],
    now: TimestampMs,
) -> Result<Vec<(String, String)>, SigningError> {
    let identity = AwsCredentials::from_keys(&credentials.access_key_id, &credentials.secret_access_key, None).into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(&credentials.region)
        .name(SERVICE)
        .time(SystemTime::UNIX_EPOCH + Duration::from_millis(now))
        .settings(SigningSettings::default())
        .build()?
        .into();
    let request = SignableRequest::new(method, url, signed.iter().copied(), SignableBody::Bytes(body))?;
    let (instructions, _signature) = sign(request, &parameters)?.into_parts();
    Ok(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_signed_for_its_service_region_and_body() {
        let credentials = Credentials {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            region: "us-east-1".to_owned(),
        };
        let sign = |body: &[u8]| {
            let at = 1_440_938_160_000;
            let signed = headers(&credentials, "POST", "https://example.org/a", &[], body, at).expect("signs");
            signed.into_iter().find(|(name, _)| name == "authorization").expect("an authorization header").1
        };
        let signature = sign(b"one");
        assert!(signature.contains("Credential=AKIDEXAMPLE/20150830/us-east-1/lambda/aws4_request"), "{signature}");
        assert_ne!(signature, sign(b"two"));
    }
}
