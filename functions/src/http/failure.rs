//! From what went wrong to what the client reads. One exhaustive match decides status and words; the log keeps the
//! causes, the client never sees one that is ours.

mod credentials;

use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use lambda_http::tracing::error;
use protocol::envelope::{ErrorBody, ErrorCode, FieldError};
use protocol::run::TransitionError;
use protocol::runner::Refusal;
use protocol::token::TokenError;
use thiserror::Error;

use super::frame::Payload;
use crate::admin::AdminError;
use crate::auth::accounts::AuthError;
use crate::log::chain;
use crate::ports::PortError;
use crate::rooms::error::RoomError;
use crate::runs::error::RunError;

/// A request that no core ever saw.
#[derive(Debug, Error)]
pub enum RequestError {
    /// No such path, or an id in it that is none.
    #[error("no such route")]
    NoRoute,
    /// The path is there, the verb is not.
    #[error("no such method")]
    MethodNotAllowed,
    /// Another media type than JSON.
    #[error("the body is not declared as JSON")]
    NotJson,
    /// Over the limit.
    #[error("the body is too large")]
    TooLarge,
    /// The body ended early.
    #[error("the body could not be read")]
    Unreadable(#[source] BytesRejection),
    /// No JSON.
    #[error("the body is no JSON")]
    Unparsable(#[source] serde_json::Error),
    /// JSON of another shape, or parameters out of their range.
    #[error("fields break the rules")]
    Invalid(Vec<FieldError>),
    /// A query string of another shape.
    #[error("the query cannot be read")]
    Query(#[source] QueryRejection),
    /// Nobody where somebody is needed.
    #[error("no bearer")]
    NoBearer,
    /// An authorization that is no bearer.
    #[error("the authorization is no bearer")]
    MalformedBearer,
    /// A token that does not hold.
    #[error("the bearer is refused")]
    BadBearer(#[source] TokenError),
    /// A room's token where an account's is needed.
    #[error("a room token is not enough")]
    RoomTokenOnly,
    /// An API key, or a room token that was got with one, outside its scopes.
    #[error("the scopes do not reach")]
    OutOfScope,
    /// Data that JSON cannot spell.
    #[error("the answer could not be written")]
    Unanswerable(#[source] serde_json::Error),
}

impl From<BytesRejection> for RequestError {
    fn from(rejection: BytesRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE { Self::TooLarge } else { Self::Unreadable(rejection) }
    }
}

/// Everything that a handler may fail with.
#[derive(Debug, Error)]
pub enum ApiError {
    /// Before the core.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// About an account.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// About administration.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// About a room.
    #[error(transparent)]
    Room(#[from] RoomError),
    /// About a run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A system outside.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// What the client is told.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) body: ErrorBody,
    pub(super) retry_after_s: Option<u64>,
}

/// When to come back after a part was unavailable: most throttling is over by then.
const UNAVAILABLE_RETRY_S: u64 = 2;

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let told = told(&self);
        let status = StatusCode::from_u16(told.body.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if status.is_server_error() {
            error!(error = chain(&self), "a request failed");
        }
        let mut response = status.into_response();
        if let Some(seconds) = told.retry_after_s {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(Payload::Error(told.body));
        response
    }
}

fn say(code: ErrorCode, message: &str) -> Told {
    let retry_after_s = (code == ErrorCode::Unavailable).then_some(UNAVAILABLE_RETRY_S);
    Told { body: ErrorBody::new(code, message), retry_after_s }
}

fn fields(fields: &[FieldError]) -> Told {
    Told { body: ErrorBody::validation(fields), retry_after_s: None }
}

fn internal() -> Told {
    say(ErrorCode::InternalError, "Something went wrong on our side. The request id helps to find it.")
}

fn unavailable() -> Told {
    say(ErrorCode::Unavailable, "A part of the service is not available. Please try again shortly.")
}

/// Status, code and words of every error.
pub(super) fn told(error: &ApiError) -> Told {
    match error {
        ApiError::Request(error) => told_of_request(error),
        ApiError::Auth(error) => told_of_auth(error),
        ApiError::Admin(error) => told_of_admin(error),
        ApiError::Room(error) => told_of_room(error),
        ApiError::Run(error) => told_of_run(error),
        ApiError::Port(error) => told_of_port(error),
    }
}

fn told_of_port(error: &PortError) -> Told {
    match error {
        PortError::Unavailable { .. } => unavailable(),
        PortError::Refused { .. } | PortError::Unreadable { .. } => internal(),
    }
}

fn told_of_request(error: &RequestError) -> Told {
    use ErrorCode as Code;
    match error {
        RequestError::NoRoute => say(Code::NotFound, "There is nothing at this address."),
        RequestError::MethodNotAllowed => say(Code::MethodNotAllowed, "This address does not take that method."),
        RequestError::NotJson => say(Code::UnsupportedMediaType, "The body must be application/json."),
        RequestError::TooLarge => say(Code::PayloadTooLarge, "The body is too large."),
        RequestError::Unreadable(_) => say(Code::BadRequest, "The body ended early."),
        RequestError::Unparsable(cause) => say(Code::BadRequest, &format!("The body is not JSON: {cause}.")),
        RequestError::Invalid(wrong) => fields(wrong),
        RequestError::Query(cause) => say(Code::BadRequest, &format!("{}.", cause.body_text())),
        RequestError::NoBearer => say(Code::Unauthorized, "This needs a token."),
        RequestError::MalformedBearer => say(Code::Unauthorized, "The Authorization header must be a bearer token."),
        RequestError::BadBearer(TokenError::Expired) => say(Code::Unauthorized, "The token has expired."),
        RequestError::BadBearer(_) => say(Code::Unauthorized, "The token is not valid."),
        RequestError::RoomTokenOnly => say(Code::Forbidden, "A room token is not enough: this needs an account."),
        RequestError::OutOfScope => say(Code::Forbidden, "The scopes of this API key do not allow this call."),
        RequestError::Unanswerable(_) => internal(),
    }
}

fn told_of_auth(error: &AuthError) -> Told {
    use ErrorCode as Code;
    match error {
        AuthError::Invalid(wrong) => fields(wrong),
        AuthError::EmailTaken => say(Code::Conflict, "An account with this e-mail address exists already."),
        AuthError::UsernameTaken => say(Code::Conflict, "This username is taken."),
        AuthError::WrongCredentials => say(Code::Unauthorized, "E-mail address or password is wrong."),
        AuthError::WrongPassword => say(Code::Forbidden, "The current password is wrong."),
        AuthError::NoRefreshToken => say(Code::Unauthorized, "There is no refresh token."),
        AuthError::RefreshRefused => say(Code::Unauthorized, "The refresh token is not valid. Please log in again."),
        AuthError::NoAccount => say(Code::Unauthorized, "The account does not exist any more."),
        AuthError::Suspended => say(Code::Forbidden, "This account is suspended. An administrator can lift that."),
        AuthError::NoLogin => say(Code::NotFound, "You have no such login, or it has gone."),
        AuthError::MailTokenRefused => {
            say(Code::Forbidden, "This link is too old or was used already. Please ask for a new one.")
        }
        AuthError::AlreadyVerified => say(Code::Conflict, "Your e-mail address is verified already."),
        AuthError::TooManyMails { retry_after_s } => Told {
            retry_after_s: Some(*retry_after_s),
            ..say(Code::RateLimitExceeded, "You were sent several mails within the hour. Please look for them first.")
        },
        AuthError::Changed => say(Code::Conflict, "The account was changed at the same moment. Please try again."),
        AuthError::SecondFactor(error) => credentials::told_of_second_factor(error),
        AuthError::Credential(error) => credentials::told_of_credential(error),
        AuthError::Password(_) | AuthError::Token(_) => internal(),
        AuthError::Port(error) => told_of_port(error),
    }
}

fn told_of_admin(error: &AdminError) -> Told {
    use ErrorCode as Code;
    match error {
        AdminError::NotAdmin => say(Code::Forbidden, "Only an administrator may do this, and not with an API key."),
        AdminError::NoUser => say(Code::NotFound, "There is no such account."),
        AdminError::Oneself => say(Code::Conflict, "You would shut yourself out. Another administrator can do this."),
        AdminError::Changed => say(Code::Conflict, "The account was changed at the same moment. Please try again."),
        AdminError::NoDay(_) => {
            fields(&[FieldError { field: "day".to_owned(), message: "must be a day such as 2026-03-01".to_owned() }])
        }
        AdminError::Auth(error) => told_of_auth(error),
        AdminError::Port(error) => told_of_port(error),
    }
}

fn told_of_room(error: &RoomError) -> Told {
    use ErrorCode as Code;
    match error {
        RoomError::Invalid(wrong) => fields(wrong),
        RoomError::GuestsOff => say(Code::Unauthorized, "This needs an account."),
        RoomError::NoRoom => say(Code::NotFound, "There is no such room, or it has gone."),
        RoomError::Unknown => say(Code::Unauthorized, "This room needs a link or an account."),
        RoomError::Forbidden => say(Code::Forbidden, "You may not do this in this room."),
        RoomError::LinkRefused => say(Code::Forbidden, "This link does not work, or does not work any more."),
        RoomError::LinkUsedUp => say(Code::Forbidden, "As many people as this link allows have used it."),
        RoomError::OwnerKeyRefused => say(Code::Forbidden, "The owner key is not this room's."),
        RoomError::NoLink => say(Code::NotFound, "The room has no such link."),
        RoomError::Changed => say(Code::Conflict, "The room was changed at the same moment. Please try again."),
        RoomError::NoFreeSlug => unavailable(),
        RoomError::Token(_) => internal(),
        RoomError::Port(error) => told_of_port(error),
    }
}

fn told_of_run(error: &RunError) -> Told {
    use ErrorCode as Code;
    match error {
        RunError::Invalid(wrong) => fields(wrong),
        RunError::GuestsOff => say(Code::Unauthorized, "Running code here needs an account."),
        RunError::NoRun => say(Code::NotFound, "There is no such run, or it has gone."),
        RunError::Unknown => say(Code::Unauthorized, "This run needs the token of its room or its account."),
        RunError::Forbidden => say(Code::Forbidden, "You may not do this to this run."),
        RunError::KeyReused => say(Code::Conflict, "The idempotency key was used for another request."),
        RunError::TooMany { retry_after_s } => Told {
            retry_after_s: Some(*retry_after_s),
            ..say(Code::RateLimitExceeded, "Too many runs in a minute. Please wait a moment.")
        },
        RunError::NoCapacity { retry_after_s } => Told {
            retry_after_s: Some(*retry_after_s),
            ..say(Code::Unavailable, "All machines are busy and too many runs wait already. Please try again shortly.")
        },
        RunError::NotOver => say(Code::Conflict, "The run has not ended yet."),
        RunError::Transition(TransitionError::Over) => refusal(true, "The run has already ended."),
        RunError::Transition(TransitionError::Leased) => refusal(false, "Another attempt is at work on the run."),
        RunError::Transition(TransitionError::Superseded) => refusal(false, "Another attempt has taken over the run."),
        RunError::Transition(TransitionError::UnfitReason) => {
            fields(&[FieldError { field: "result.reason".to_owned(), message: "does not fit a result".to_owned() }])
        }
        RunError::Contended => unavailable(),
        RunError::Room(error) => told_of_room(error),
        RunError::Token(_) => internal(),
        RunError::Port(error) => told_of_port(error),
    }
}

/// A conflict that tells a runner whether the run's message can go.
fn refusal(over: bool, message: &str) -> Told {
    let mut told = say(ErrorCode::Conflict, message);
    told.body.details = serde_json::to_value(Refusal { over }).ok();
    told
}

#[cfg(test)]
mod tests;
