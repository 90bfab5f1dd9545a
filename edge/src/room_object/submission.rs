//! Runs that the room asks the functions for.

use protocol::ids::RunId;
use protocol::internal::{SubmitRoomRun, SubmittedRoomRun};
use protocol::lease::{RequeueRequest, Requeued};
use protocol::run::{RoomRunRequest, RunAnswer, SourceFile};
use room::{Caller, Input};
use url::Url;
use worker::{Env, Method};

use crate::answer::Failure;
use crate::config::Function;
use crate::functions::{Call, data_of};
use crate::object_call::OBJECT_URL;
use crate::request_context::RequestContext;

/// Where the `runs` function takes a room's runs.
const SUBMIT_PATH: &str = "/internal/runs";

/// A run with the files that the room froze.
pub(crate) fn bundle(request: RoomRunRequest, files: Vec<SourceFile>, position: u64, dispatch: bool) -> SubmitRoomRun {
    let RoomRunRequest { language, entry, stdin, args, flags, cases, interactive } = request;
    let interactive = interactive.unwrap_or_default();
    SubmitRoomRun { language, entry, stdin, args, flags, cases, files, position, interactive, dispatch }
}

/// A call of the room itself, outside any client's request.
pub(crate) fn context(env: &Env, address: String, request_id: Option<String>) -> Result<RequestContext, Failure> {
    let fresh = || RunId::from_entropy(&crate::random::entropy()).to_string();
    Ok(RequestContext {
        env: env.clone(),
        request_id: request_id.unwrap_or_else(fresh),
        client_address: address,
        method: Method::Post,
        sender: None,
        url: Url::parse(OBJECT_URL).expect("a constant URL parses"),
    })
}

/// What a function answered, as it came.
pub(crate) struct Answered {
    /// The status.
    pub(crate) status: u16,
    /// `Retry-After`, where it answered "not now".
    pub(crate) retry_after: Option<String>,
    /// The envelope.
    pub(crate) bytes: Vec<u8>,
}

/// Submits a bundle.
pub(crate) async fn submit(
    context: &RequestContext,
    token: &str,
    idempotency_key: Option<String>,
    bundle: &SubmitRoomRun,
) -> Result<Answered, Failure> {
    let mut call = Call::post(Function::Runs, SUBMIT_PATH, token, bundle);
    call.headers.extend(idempotency_key.map(|key| ("idempotency-key", key)));
    let mut response = call.send(context).await?;
    let retry_after = response.headers().get("retry-after")?;
    Ok(Answered { status: response.status_code(), retry_after, bytes: response.bytes().await? })
}

/// Submits a bundle for a socket: what the room has to hear then.
pub(crate) async fn submit_for_socket(
    context: &RequestContext,
    caller: &Caller,
    bundle: &SubmitRoomRun,
) -> Result<Input, Failure> {
    let answered = submit(context, &caller.token, None, bundle).await?;
    Ok(submitted(data_of(&answered.bytes)?))
}

/// What the room has to hear of a run that was recorded.
pub(crate) fn submitted(SubmittedRoomRun { run, dispatch }: SubmittedRoomRun) -> Input {
    Input::RunSubmitted { run: Box::new(run), dispatch: dispatch.map(Box::new) }
}

/// A function's answer as a client may have it: credentials are the room's alone.
pub(crate) fn without_dispatch(bytes: Vec<u8>) -> Result<Vec<u8>, Failure> {
    let unreadable = |source| Failure::Unreadable { part: "runs", source };
    let mut answer: serde_json::Value = serde_json::from_slice(&bytes).map_err(unreadable)?;
    let dispatch = answer.get_mut("data").and_then(|data| data.as_object_mut()?.remove("dispatch"));
    if dispatch.is_some() { serde_json::to_vec(&answer).map_err(unreadable) } else { Ok(bytes) }
}

/// Has a run queued again whose runner makes no progress: what the room has to hear then.
pub(crate) async fn requeue(
    context: &RequestContext,
    run: &RunId,
    ticket: &str,
    request: &RequeueRequest,
) -> Result<Input, Failure> {
    let path = format!("/internal/runs/{run}/requeue");
    let Requeued { run, is_queued } = Call::post(Function::Runs, &path, ticket, request).data(context).await?;
    Ok(Input::Requeued { run: Box::new(run), is_queued })
}

/// Asks for a runner that serves the room.
pub(crate) async fn request_lease(context: &RequestContext, caller: &Caller) -> Result<Input, Failure> {
    let call = Call::post(Function::Runs, "/internal/leases", &caller.token, &serde_json::json!({}));
    let _accepted: serde_json::Value = call.data(context).await?;
    // What there is to hear, the runner will say.
    Ok(Input::Settle)
}

/// Cancels a run: what the room has to hear then.
pub(crate) async fn cancel(context: &RequestContext, caller: &Caller, run: &RunId) -> Result<Input, Failure> {
    let path = format!("/internal/runs/{run}/cancel");
    let call = Call {
        function: Function::Runs,
        method: Method::Post,
        path: &path,
        bearer: Some(&caller.token),
        headers: Vec::new(),
        body: Vec::new(),
    };
    let answer: RunAnswer = call.data(context).await?;
    Ok(Input::RunChanged { run: Box::new(answer.run) })
}
