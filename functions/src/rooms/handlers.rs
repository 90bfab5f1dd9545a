//! The routes of rooms.

use std::sync::Arc;

use axum::extract::State;
use protocol::envelope::Page;
use protocol::ids::{LinkId, RoomId, RunId};
use protocol::internal::DiscardFork;
use protocol::rights::Role;
use protocol::room::{
    CreateLinkRequest, CreateRoomRequest, ForkRoomRequest, JoinRoomRequest, Link, LinkAnswer, RebuildAnswer, Room,
    RoomAnswer, RoomToken, RoomTokenRequest, UpdateRoomRequest,
};
use protocol::run::Run;
use serde_json::{Value, json};

use super::router::RoomsFunction;
use crate::ambient::now_ms;
use crate::cursor;
use crate::http::body::{JsonBody, OptionalBody};
use crate::http::caller::{Account, Caller};
use crate::http::params::{Client, Ids, PageParams, Params};
use crate::http::{Answer, created, ok};
use crate::ports::rooms::RoomsAfter;
use crate::ports::runs::{RunStore, RunsAfter};
use crate::runs::view::summary;

type Function = State<Arc<RoomsFunction>>;

/// `POST /api/v1/rooms`
pub(super) async fn create(
    State(function): Function,
    caller: Caller,
    JsonBody(request): JsonBody<CreateRoomRequest>,
) -> Answer<RoomAnswer> {
    Ok(created(function.rooms.create(request, &caller, now_ms()).await?))
}

/// `GET /api/v1/rooms`: the account's own, newest membership first.
pub(super) async fn list(
    State(function): Function,
    Account(account): Account,
    Params(page): Params<PageParams>,
) -> Answer<Page<Room>> {
    let after = page.after::<RoomId>()?.map(|(joined_at, room)| RoomsAfter { joined_at, room });
    Ok(ok(function.rooms.list(&account, page.limit()?, after, now_ms()).await?))
}

/// `GET /api/v1/rooms/{id}`
pub(super) async fn find(State(function): Function, caller: Caller, Ids(room): Ids<RoomId>) -> Answer<RoomAnswer> {
    Ok(ok(answer(function.rooms.find(&room, &caller, now_ms()).await?)))
}

/// `PUT /api/v1/rooms/{id}`: from admin on.
pub(super) async fn update(
    State(function): Function,
    caller: Caller,
    Ids(room): Ids<RoomId>,
    JsonBody(request): JsonBody<UpdateRoomRequest>,
) -> Answer<RoomAnswer> {
    Ok(ok(answer(function.rooms.update(&room, request, &caller, now_ms()).await?)))
}

/// `DELETE /api/v1/rooms/{id}`: the owner's.
pub(super) async fn delete(State(function): Function, caller: Caller, Ids(room): Ids<RoomId>) -> Answer<Value> {
    function.rooms.delete(&room, &caller, now_ms()).await?;
    Ok(ok(json!({})))
}

/// `POST /api/v1/rooms/{id}/join`
pub(super) async fn join(
    State(function): Function,
    Account(account): Account,
    Ids(room): Ids<RoomId>,
    OptionalBody(request): OptionalBody<JoinRoomRequest>,
) -> Answer<RoomAnswer> {
    Ok(ok(answer(function.rooms.join(&room, request, account, now_ms()).await?)))
}

/// `POST /api/v1/rooms/{id}/token`: for an account by its bearer, for a guest by link or owner key.
pub(super) async fn token(
    State(function): Function,
    caller: Caller,
    client: Client,
    Ids(room): Ids<RoomId>,
    OptionalBody(request): OptionalBody<RoomTokenRequest>,
) -> Answer<RoomToken> {
    Ok(ok(function.rooms.token(&room, request, caller, &client.origin, now_ms()).await?))
}

/// `POST /api/v1/rooms/{id}/fork`: for whoever may view the room. The edge names the position, and fills the new room.
pub(super) async fn fork(
    State(function): Function,
    caller: Caller,
    Ids(room): Ids<RoomId>,
    OptionalBody(request): OptionalBody<ForkRoomRequest>,
) -> Answer<RoomAnswer> {
    Ok(created(function.rooms.fork(&room, request, &caller, now_ms()).await?))
}

/// `POST /internal/rooms/{id}/discard`: the edge could not fill a fork.
pub(super) async fn discard(
    State(function): Function,
    caller: Caller,
    Ids(room): Ids<RoomId>,
    JsonBody(request): JsonBody<DiscardFork>,
) -> Answer<Value> {
    function.rooms.discard(&room, request.owner_key.as_deref(), &caller, now_ms()).await?;
    Ok(ok(json!({})))
}

/// `POST /api/v1/rooms/{id}/rebuild`: from admin on. The edge has the room's object follow.
pub(super) async fn rebuild(
    State(function): Function,
    caller: Caller,
    Ids(room): Ids<RoomId>,
) -> Answer<RebuildAnswer> {
    Ok(ok(function.rooms.rebuild(&room, &caller, now_ms()).await?))
}

/// `POST /api/v1/rooms/{id}/links`: from admin on.
pub(super) async fn create_link(
    State(function): Function,
    caller: Caller,
    client: Client,
    Ids(room): Ids<RoomId>,
    JsonBody(request): JsonBody<CreateLinkRequest>,
) -> Answer<LinkAnswer> {
    let link = function.rooms.create_link(&room, request, &caller, &client.origin, now_ms()).await?;
    Ok(created(LinkAnswer { link }))
}

/// `GET /api/v1/rooms/{id}/links`: from admin on; those that work, at most 100.
pub(super) async fn links(State(function): Function, caller: Caller, Ids(room): Ids<RoomId>) -> Answer<Page<Link>> {
    Ok(ok(Page { items: function.rooms.links(&room, &caller, now_ms()).await?, next_cursor: None }))
}

/// `DELETE /api/v1/rooms/{id}/links/{link}`: from admin on. Closes the sockets of who came by it.
pub(super) async fn revoke_link(
    State(function): Function,
    caller: Caller,
    Ids((room, link)): Ids<(RoomId, LinkId)>,
) -> Answer<Value> {
    function.rooms.revoke_link(&room, &link, &caller, now_ms()).await?;
    Ok(ok(json!({})))
}

/// `GET /api/v1/rooms/{id}/runs`: newest first, without their output.
pub(super) async fn runs(
    State(function): Function,
    caller: Caller,
    Ids(room): Ids<RoomId>,
    Params(page): Params<PageParams>,
) -> Answer<Page<Run>> {
    let after = page.after::<RunId>()?.map(|(created_at, run)| RunsAfter { created_at, run });
    let limit = page.limit()?;
    let (room, _) = function.rooms.room_for(&room, &caller, Role::Viewer, now_ms()).await?;
    let page = function.runs.runs_of(&room.id, limit, after.as_ref()).await?;
    let next_cursor = page.next.map(|next| cursor::spell(next.created_at, next.run.as_str()));
    Ok(ok(Page { items: page.items.iter().map(summary).collect(), next_cursor }))
}

/// `GET /internal/health`: 200 while the table `rooms` can be read.
pub(super) async fn health(State(function): Function) -> Answer<Value> {
    function.rooms.store.reach().await?;
    Ok(ok(json!({ "status": "ok" })))
}

fn answer(room: Room) -> RoomAnswer {
    RoomAnswer { room, owner_key: None }
}
