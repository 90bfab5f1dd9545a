//! Every route of the edge, grouped by caller.

use protocol::envelope::ErrorCode;
use protocol::ids::RoomId;
use room::Channel;
use serde_json::json;
use worker::{Env, Method, Request, Response, Result};

use crate::answer::{self, Failure};
use crate::config::Function;
use crate::keys::{self, JWKS_PATH};
use crate::limits::Standing;
use crate::log::{self, Level};
use crate::request_context::RequestContext;
use crate::{
    assets, cors, credentials, export, fork_api, health, history_api, identity, internal, limits, poll, proxy,
    room_api, sockets,
};

/// Answers a request, whatever it is.
pub(crate) async fn answer(request: Request, env: Env) -> Result<Response> {
    let context = RequestContext::of(&request, env)?;
    let method = request.method();
    let (bearer, standing, answered) = match admitted(&context, request).await {
        Ok((bearer, standing, request)) => (bearer, standing, dispatch(&context, request).await),
        Err(failure) => (None, None, Err(failure)),
    };
    let response = answered.or_else(|failure| answer::of_failure(&context, &failure))?;
    limits::learn(bearer.as_deref(), response.status_code());
    let fields = json!({
        "requestId": context.request_id,
        "method": method.as_ref(),
        // Without the query: sockets carry their token there.
        "path": context.url.path(),
        "status": response.status_code(),
    });
    log::write(Level::Info, "request", fields);
    answer::finish(&context, response, standing)
}

/// Whose request it is and how its caller stands, if it may come now.
async fn admitted(
    context: &RequestContext,
    request: Request,
) -> Result<(Option<String>, Option<Standing>, Request), Failure> {
    let request = credentials::exchanged(context, request).await?;
    let bearer = identity::bearer_of(&request);
    let standing = limits::admit(context, &request.method(), bearer.as_deref()).await?;
    Ok((bearer, standing, request))
}

async fn dispatch(context: &RequestContext, mut request: Request) -> Result<Response, Failure> {
    let path = context.url.path().to_owned();
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    // Before anything is done with bindings of which one is wrong.
    context.config()?;
    if !is_plain(&path, &segments) {
        return Err(Failure::refused(ErrorCode::NotFound, "there is no such call"));
    }
    match (request.method(), segments.as_slice()) {
        (Method::Options, _) => cors::preflight(context, &request),

        // For everybody.
        (Method::Get, ["health"] | ["api", "v1", "health"]) => Ok(health::answer(context).await?),
        (Method::Get, [".well-known", "jwks.json"]) => jwks(context).await,

        // For people in rooms.
        (Method::Get, ["sync", room]) if sockets::is_upgrade(&request) => {
            sockets::open(context, Channel::Sync, room).await
        }
        (Method::Get, ["events", room]) if sockets::is_upgrade(&request) => {
            sockets::open(context, Channel::Events, room).await
        }
        (_, ["sync", room, "poll"]) => poll::answer(context, &request, Channel::Sync, room, None).await,
        (_, ["events", room, "poll"]) => poll::answer(context, &request, Channel::Events, room, None).await,
        (_, ["sync", room, "poll", session]) => {
            poll::answer(context, &request, Channel::Sync, room, Some(session)).await
        }
        (_, ["events", room, "poll", session]) => {
            poll::answer(context, &request, Channel::Events, room, Some(session)).await
        }
        (_, ["sync" | "events", _]) => {
            Err(Failure::refused(ErrorCode::BadRequest, "this address takes WebSockets only"))
        }
        (Method::Get, ["api", "v1", "rooms", room, "files"]) => {
            room_api::files(context, &request, &room_id(room)?).await
        }
        (Method::Get, ["api", "v1", "rooms", room, "history"]) => {
            history_api::page(context, &request, &room_id(room)?).await
        }
        (Method::Get, ["api", "v1", "rooms", room, "history", "state"]) => {
            history_api::state(context, &request, &room_id(room)?).await
        }
        (Method::Get, ["api", "v1", "rooms", room, "history", "diff"]) => {
            history_api::diff(context, &request, &room_id(room)?).await
        }
        (Method::Get, ["api", "v1", "rooms", room, "export.zip"]) => {
            export::archive(context, &request, &room_id(room)?).await
        }
        (Method::Get, ["api", "v1", "rooms", room, "chat"]) => {
            history_api::chat(context, &request, &room_id(room)?).await
        }
        (Method::Get, ["api", "v1", "rooms", room, "snapshots"]) => {
            history_api::snapshots(context, &request, &room_id(room)?).await
        }
        (Method::Post, ["api", "v1", "rooms", room, "snapshots"]) => {
            history_api::take_snapshot(context, request, &room_id(room)?).await
        }
        (Method::Delete, ["api", "v1", "rooms", room, "snapshots", snapshot]) => {
            history_api::delete_snapshot(context, &request, &room_id(room)?, snapshot).await
        }
        (Method::Post, ["api", "v1", "rooms", room, "restore"]) => {
            history_api::restore(context, request, &room_id(room)?).await
        }
        (Method::Post, ["api", "v1", "rooms", room, "merge"]) => {
            history_api::merge(context, request, &room_id(room)?).await
        }
        (Method::Delete, ["api", "v1", "rooms", room, "authors", author]) => {
            history_api::erase_author(context, &request, &room_id(room)?, author).await
        }
        (Method::Post, ["api", "v1", "rooms", room, "fork"]) => fork_api::fork(context, request, &room_id(room)?).await,
        (Method::Post, ["api", "v1", "rooms", room, "rebuild"]) => {
            fork_api::rebuild(context, &request, &room_id(room)?).await
        }
        (Method::Post, ["api", "v1", "rooms", room, "runs"]) => {
            room_api::submit_run(context, request, &room_id(room)?).await
        }

        // For the API's clients, answered by functions.
        (_, ["api", "v1", "auth" | "admin", ..]) => proxy::forward(context, Function::Auth, request).await,
        (_, ["api", "v1", "rooms", ..]) => proxy::forward(context, Function::Rooms, request).await,
        (_, ["api", "v1", "runs" | "languages", ..]) => proxy::forward(context, Function::Runs, request).await,

        // For functions and runners.
        (Method::Post, ["internal", "runs", run, "claim"]) => internal::claim(context, &mut request, run).await,
        (Method::Post, ["internal", "runs", run, "heartbeat"]) => internal::heartbeat(context, &request, run).await,
        (Method::Post, ["internal", "runs", run, "result"]) => internal::result(context, &mut request, run).await,
        (Method::Post, ["internal", "tasks", task, verb @ ("renew" | "leave")]) => {
            internal::task(context, &request, task, verb).await
        }
        (Method::Post, ["internal", "leases", "claim"]) => internal::claim_lease(context, &mut request).await,
        (Method::Get, ["internal", "rooms", room, "lease"]) if sockets::is_upgrade(&request) => {
            sockets::open_lease(context, &request, room).await
        }
        (Method::Post, ["internal", "principals", kind, id, "revoke"]) => {
            internal::revoke(context, &request, kind, id).await
        }
        (Method::Post, ["internal", "rooms", room, "runs"]) => internal::run_changed(context, &mut request, room).await,

        // For browsers: pages and files.
        (_, ["api" | "internal", ..]) => Err(Failure::refused(ErrorCode::NotFound, "there is no such call")),
        (Method::Get | Method::Head, ["r", _]) => Ok(assets::serve(context, &request, "/").await?),
        (Method::Get | Method::Head, _) => Ok(assets::serve(context, &request, &path).await?),
        _ => Err(Failure::refused(ErrorCode::MethodNotAllowed, "this address is only read")),
    }
}

/// False for a call whose address is another spelling of an address: what guards a call by its path must not be got
/// around. No call needs a percent sign, and pages may have any address.
fn is_plain(path: &str, segments: &[&str]) -> bool {
    match segments.first() {
        Some(&("api" | "internal" | "sync" | "events")) => path[1..] == segments.join("/") && !path.contains('%'),
        _ => true,
    }
}

fn room_id(text: &str) -> Result<RoomId, Failure> {
    let unknown = |_invalid| Failure::refused(ErrorCode::NotFound, "there is no such room");
    RoomId::parse(text).map_err(unknown)
}

/// `GET /.well-known/jwks.json`: the public keys of access and room tokens.
async fn jwks(context: &RequestContext) -> Result<Response, Failure> {
    debug_assert_eq!(context.url.path(), JWKS_PATH);
    let response = Response::from_json(&keys::key_set(context).await?)?;
    response.headers().set("cache-control", "public, max-age=60")?;
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_one_spelling() {
        let check =
            |path: &str| is_plain(path, &path.split('/').filter(|segment| !segment.is_empty()).collect::<Vec<_>>());
        for path in ["/api/v1/auth/login", "/sync/r/poll", "/", "/no/such//page/", "/a%20b", "/assets/x.js"] {
            assert!(check(path), "{path}");
        }
        for path in ["/api/v1/auth/login/", "//api/v1/auth/login", "/api//v1/auth/login", "/api/v1/auth/%6Cogin"] {
            assert!(!check(path), "{path}");
        }
    }
}
