#![doc = include_str!("aws/access_patterns.md")]

pub mod accounts;
pub mod artifacts;
pub mod audit;
mod expression;
pub mod fleet;
mod item;
mod keys;
pub mod mail;
pub mod queue;
pub mod rooms;
pub mod runs;
pub mod secrets;
mod table;
pub mod tasks;

use std::error::Error as StdError;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::ports::PortError;

/// Longest call with its retries: a caller's request lives 30 s at most and makes several.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(6);

/// Longest single try. A healthy call takes 10 ms, the first one on a cold connection up to a second.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Codes with which a service asks to come back later.
const TRANSIENT_CODES: [&str; 15] = [
    "InternalServerError",
    "InternalError",
    "InternalFailure",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestTimeout",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "SlowDown",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// Region, credentials, endpoints and timeouts of every client of this process.
pub async fn connect() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .operation_timeout(OPERATION_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        .build();
    aws_config::from_env().timeout_config(timeouts).load().await
}

/// What a failed call of any service means to the core.
fn port_error<E>(part: &'static str, error: SdkError<E, HttpResponse>) -> PortError
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    let is_transient = match &error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => true,
        SdkError::ServiceError(failure) => {
            failure.raw().status().as_u16() >= 500
                || failure.err().code().is_some_and(|code| TRANSIENT_CODES.contains(&code))
        }
        _ => false,
    };
    let source = Box::new(error);
    if is_transient { PortError::Unavailable { part, source } } else { PortError::Refused { part, source } }
}
