//! Runs that the room asks the functions for.

use protocol::ids::RunId;
use protocol::internal::SubmitRoomRun;
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
pub(crate) fn bundle(request: RoomRunRequest, files: Vec<SourceFile>, position: u64) -> SubmitRoomRun {
    let RoomRunRequest { language, entry, stdin, args, flags, cases } = request;
    SubmitRoomRun { language, entry, stdin, args, flags, cases, files, position }
}

/// A call of the room itself, outside any client's request.
pub(crate) fn context(env: &Env, address: String, request_id: Option<String>) -> Result<RequestContext, Failure> {
    let fresh = || RunId::from_entropy(&crate::random::entropy()).to_string();
    Ok(RequestContext {
        env: env.clone(),
        request_id: request_id.unwrap_or_else(fresh),
        client_address: address,
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
    let answer: RunAnswer = data_of(&answered.bytes)?;
    Ok(Input::RunSubmitted { run: Box::new(answer.run) })
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
