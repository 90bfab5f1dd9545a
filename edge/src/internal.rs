//! `/internal`: what functions and runners call. Each route takes one kind of token; none takes a person's.

use protocol::envelope::ErrorCode;
use protocol::ids::{LinkId, LoginId, RoomId};
use protocol::internal::{PrincipalKind, RunChanged};
use protocol::run::RunAnswer;
use protocol::runner::ClaimGranted;
use protocol::task::TaskId;
use protocol::token::{AttemptClaims, ClaimTicket, Claims, LeaseClaims, ServiceClaims};
use serde_json::json;
use worker::{Method, Request, Response};

use crate::answer::{self, Failure};
use crate::config::Function;
use crate::functions::{Call, data_of};
use crate::identity;
use crate::keys;
use crate::log::{self, Level};
use crate::proxy;
use crate::request_context::RequestContext;
use crate::room_object::RoomStub;

/// Most times that a room is told of a result. It is recorded by then; only the room's view would lag.
const TELL_ATTEMPTS: u32 = 3;

/// The bearer of a kind, and its claims.
///
/// # Errors
/// `UNAUTHORIZED` without one.
pub(crate) async fn authenticate<C: Claims>(
    context: &RequestContext,
    request: &Request,
) -> Result<(String, C), Failure> {
    let missing = || Failure::refused(ErrorCode::Unauthorized, "this call needs a service's bearer");
    let token = identity::bearer_of(request).ok_or_else(missing)?;
    let claims = identity::accept(keys::verify::<C>(context, &token).await?)?;
    Ok((token, claims))
}

/// `POST /internal/runs/{id}/claim`: a runner takes a run with the ticket from its message.
pub(crate) async fn claim(context: &RequestContext, request: &mut Request, run: &str) -> Result<Response, Failure> {
    let (ticket, claims) = authenticate::<ClaimTicket>(context, request).await?;
    require_same_run(claims.run.as_str(), run)?;
    let body = proxy::body_of(request).await?;
    let (status, bytes) = attempts(context, run, "claim", &ticket, body).await?;
    if let Ok(granted) = data_of::<ClaimGranted>(&bytes)
        && let Some(room) = granted.room_id
    {
        // The runner's first output says the same, so a failure here delays and loses nothing.
        note(context, RoomStub::of(&context.env, &room)?.claimed(granted.run_id, granted.attempt).await);
    }
    passed_back(status, bytes)
}

/// `POST /internal/runs/{id}/result`: a runner reports how its attempt ended.
pub(crate) async fn result(context: &RequestContext, request: &mut Request, run: &str) -> Result<Response, Failure> {
    let (credential, claims) = authenticate::<AttemptClaims>(context, request).await?;
    require_same_run(claims.run.as_str(), run)?;
    let body = proxy::body_of(request).await?;
    let (status, bytes) = attempts(context, run, "result", &credential, body).await?;
    if let (Ok(RunAnswer { run }), Some(room)) = (data_of(&bytes), claims.room) {
        let room = RoomStub::of(&context.env, &room)?;
        for _attempt in 0..TELL_ATTEMPTS {
            let told = room.changed(run.clone()).await;
            let is_told = told.is_ok();
            note(context, told);
            if is_told {
                break;
            }
        }
    }
    passed_back(status, bytes)
}

/// `POST /internal/runs/{id}/heartbeat`: a runner is still at work, and asks whether it should be.
pub(crate) async fn heartbeat(context: &RequestContext, request: &Request, run: &str) -> Result<Response, Failure> {
    let (credential, claims) = authenticate::<AttemptClaims>(context, request).await?;
    require_same_run(claims.run.as_str(), run)?;
    let (status, bytes) = attempts(context, run, "heartbeat", &credential, Vec::new()).await?;
    passed_back(status, bytes)
}

/// `POST /internal/tasks/{task}/renew` and `/leave`: a runner still serves its tenant, or has done so and ends. The
/// functions compare the task with that of the credential.
pub(crate) async fn task(
    context: &RequestContext,
    request: &Request,
    task: &str,
    verb: &str,
) -> Result<Response, Failure> {
    let credential = match authenticate::<LeaseClaims>(context, request).await {
        Ok((credential, _)) => credential,
        Err(_) => authenticate::<AttemptClaims>(context, request).await?.0,
    };
    let task =
        TaskId::parse(task).map_err(|_invalid| Failure::refused(ErrorCode::NotFound, "there is no such task"))?;
    let (status, bytes) =
        call_attempts(context, &format!("/internal/tasks/{task}/{verb}"), &credential, Vec::new()).await?;
    passed_back(status, bytes)
}

/// `POST /internal/leases/claim`: a runner takes the lease of a queue message.
pub(crate) async fn claim_lease(context: &RequestContext, request: &mut Request) -> Result<Response, Failure> {
    let (credential, _) = authenticate::<LeaseClaims>(context, request).await?;
    let body = proxy::body_of(request).await?;
    let (status, bytes) = call_attempts(context, "/internal/leases/claim", &credential, body).await?;
    passed_back(status, bytes)
}

/// `POST /internal/principals/{kind}/{id}/revoke`: a login, link or room does not stand any more.
pub(crate) async fn revoke(
    context: &RequestContext,
    request: &Request,
    kind: &str,
    id: &str,
) -> Result<Response, Failure> {
    authenticate::<ServiceClaims>(context, request).await?;
    let kind = match kind {
        "login" if LoginId::parse(id).is_ok() => PrincipalKind::Login,
        "link" if LinkId::parse(id).is_ok() => PrincipalKind::Link,
        "room" if RoomId::parse(id).is_ok() => PrincipalKind::Room,
        _ => return Err(Failure::refused(ErrorCode::NotFound, "there is no such principal")),
    };
    crate::principal_object::PrincipalStub::of(context, kind, id)?.revoke().await?;
    Ok(answer::success(context, json!({}))?)
}

/// `POST /internal/rooms/{id}/runs`: a run of the room changed where the room could not see it.
pub(crate) async fn run_changed(
    context: &RequestContext,
    request: &mut Request,
    room: &str,
) -> Result<Response, Failure> {
    authenticate::<ServiceClaims>(context, request).await?;
    let unknown = |_invalid| Failure::refused(ErrorCode::NotFound, "there is no such room");
    let room = RoomId::parse(room).map_err(unknown)?;
    let body = proxy::body_of(request).await?;
    let RunChanged { run } = serde_json::from_slice(&body)
        .map_err(|error| Failure::refused(ErrorCode::BadRequest, format!("the body cannot be read: {error}")))?;
    RoomStub::of(&context.env, &room)?.changed(run).await?;
    Ok(answer::success(context, json!({}))?)
}

async fn attempts(
    context: &RequestContext,
    run: &str,
    verb: &str,
    bearer: &str,
    body: Vec<u8>,
) -> Result<(u16, Vec<u8>), Failure> {
    call_attempts(context, &format!("/internal/runs/{run}/{verb}"), bearer, body).await
}

async fn call_attempts(
    context: &RequestContext,
    path: &str,
    bearer: &str,
    body: Vec<u8>,
) -> Result<(u16, Vec<u8>), Failure> {
    let call = Call {
        function: Function::Attempts,
        method: Method::Post,
        path,
        bearer: Some(bearer),
        headers: vec![("content-type", "application/json".to_owned())],
        body,
    };
    let mut response = call.send(context).await?;
    Ok((response.status_code(), response.bytes().await?))
}

fn require_same_run(claimed: &str, asked: &str) -> Result<(), Failure> {
    if claimed == asked { Ok(()) } else { Err(Failure::refused(ErrorCode::Forbidden, "the token is for another run")) }
}

fn passed_back(status: u16, bytes: Vec<u8>) -> Result<Response, Failure> {
    let response = Response::from_bytes(bytes)?.with_status(status);
    response.headers().set("content-type", "application/json")?;
    Ok(response)
}

fn note(context: &RequestContext, told: Result<(), Failure>) {
    if let Err(failure) = told {
        let fields = json!({ "requestId": context.request_id, "cause": failure.to_string() });
        log::write(Level::Warn, "a room could not be told of a run", fields);
    }
}
