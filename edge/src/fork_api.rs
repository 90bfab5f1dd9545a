//! Rooms that begin as a copy of another, and rooms that start over. The function `rooms` decides and records; the
//! rooms' objects do it.

use protocol::envelope::{ErrorBody, FieldError};
use protocol::event::Participant;
use protocol::ids::{ParticipantId, RoomId};
use protocol::internal::DiscardFork;
use protocol::rights::Role;
use protocol::room::{ForkRoomRequest, RebuildAnswer, RoomAnswer};
use serde::Serialize;
use serde_json::{Value, json};
use worker::{Method, Request, Response};

use crate::answer::{self, Failure};
use crate::config::Function;
use crate::functions::Call;
use crate::identity::{self, Bearer};
use crate::log::{self, Level};
use crate::proxy;
use crate::random;
use crate::request_context::RequestContext;
use crate::room_api::parse;
use crate::room_object::RoomStub;

/// How whoever shows no token is named in the copy's history.
const NAMELESS: &str = "Guest";

/// `POST /api/v1/rooms/{id}/fork`: a new room that begins as this one at a moment, for whoever may view it.
///
/// 1. The function says whether the caller may view the room (401, 403, 404), and its object what it held then (422).
/// 2. The function records the fork, with the caller as its owner (401 where guests are switched off).
/// 3. The fork's object takes the copy. If it cannot, the record is discarded again (503).
pub(crate) async fn fork(context: &RequestContext, mut request: Request, room: &RoomId) -> Result<Response, Failure> {
    let token = identity::bearer_of(&request);
    let by = author(context, token.as_deref()).await?;
    let body = proxy::body_of(&mut request).await?;
    let ForkRoomRequest { name, position } = if body.is_empty() { ForkRoomRequest::default() } else { parse(&body)? };
    let path = format!("/api/v1/rooms/{room}");
    call(Method::Get, &path, token.as_deref(), None::<&()>).data::<RoomAnswer>(context).await?;
    let source = RoomStub::of(&context.env, room)?;
    let position = position_within(&source, position).await?;
    let state = source.state_at(Some(position)).await?;
    let order = ForkRoomRequest { name, position: Some(position) };
    let path = format!("{path}/fork");
    let fork: RoomAnswer = call(Method::Post, &path, token.as_deref(), Some(&order)).data(context).await?;
    if let Err(failure) = RoomStub::of(&context.env, &fork.room.id)?.seed(by, state).await {
        discard(context, token.as_deref(), &fork).await;
        let source = worker::Error::RustError(format!("the copy was not taken: {failure}"));
        return Err(Failure::Unreachable { part: "room", source });
    }
    Ok(answer::success(context, fork)?.with_status(201))
}

/// `POST /api/v1/rooms/{id}/rebuild`: the same files without the edits that led to them, for admins.
///
/// 1. The function checks the caller (401, 403, 404) and raises the room's generation (409 if another was faster).
/// 2. The room's object follows, and closes the documents' sockets with 4409.
pub(crate) async fn rebuild(context: &RequestContext, request: &Request, room: &RoomId) -> Result<Response, Failure> {
    let token = identity::bearer_of(request);
    author(context, token.as_deref()).await?;
    let path = format!("/api/v1/rooms/{room}/rebuild");
    let raised: RebuildAnswer = call(Method::Post, &path, token.as_deref(), None::<&()>).data(context).await?;
    RoomStub::of(&context.env, room)?.rebuild(raised.generation).await?;
    Ok(answer::success(context, raised)?)
}

/// Who the caller is, whose bearer must stand if there is one.
async fn author(context: &RequestContext, token: Option<&str>) -> Result<Participant, Failure> {
    let Some(token) = token else {
        let id = ParticipantId::from_entropy(&random::entropy());
        return Ok(Participant { id, name: NAMELESS.to_owned(), role: Role::Owner, guest: true });
    };
    Ok(match identity::check(context, token).await? {
        Bearer::Access(claims) => {
            Participant { id: claims.sub.into(), name: claims.name, role: Role::Owner, guest: false }
        }
        Bearer::Room(claims) => claims.participant(),
    })
}

/// The position that was asked for, if the room's history still holds it; the newest where none was.
async fn position_within(room: &RoomStub, wanted: Option<u64>) -> Result<u64, Failure> {
    let page = room.history(0, 1).await?;
    let position = wanted.unwrap_or(page.last);
    if (page.first..=page.last).contains(&position) {
        return Ok(position);
    }
    let message = format!("must be between {} and {}: that is what is kept", page.first, page.last);
    Err(Failure::Refused(ErrorBody::validation(&[FieldError { field: "position".to_owned(), message }])))
}

/// Takes back what cannot be used. The caller is told of the failure before it.
async fn discard(context: &RequestContext, token: Option<&str>, fork: &RoomAnswer) {
    let path = format!("/internal/rooms/{}/discard", fork.room.id);
    let body = DiscardFork { owner_key: fork.owner_key.clone() };
    if let Err(failure) = call(Method::Post, &path, token, Some(&body)).data::<Value>(context).await {
        let fields = json!({ "requestId": context.request_id, "room": fork.room.id, "cause": failure.to_string() });
        log::write(Level::Error, "a fork that was not filled could not be discarded", fields);
    }
}

fn call<'a, T: Serialize>(method: Method, path: &'a str, bearer: Option<&'a str>, body: Option<&T>) -> Call<'a> {
    let spell = |body| serde_json::to_vec(body).expect("bodies are plain structs, which serialise");
    let headers = vec![("content-type", "application/json".to_owned())];
    Call { function: Function::Rooms, method, path, bearer, headers, body: body.map(spell).unwrap_or_default() }
}
