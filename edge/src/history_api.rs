//! The calls under `/api/v1/rooms/{id}` that read the room's past, go back to it, and bring rooms together.

use protocol::envelope::{ErrorBody, ErrorCode, FieldError};
use protocol::history::{CreateSnapshotRequest, MergeRequest, RestoreAnswer, RestoreRequest, SnapshotAnswer};
use protocol::ids::{ParticipantId, RoomId, SnapshotId};
use protocol::limits::{CHAT_PAGE_MAX, HISTORY_PAGE_DEFAULT, HISTORY_PAGE_MAX, SNAPSHOTS_MAX};
use protocol::token::RoomClaims;
use serde_json::json;
use worker::{Request, Response};

use crate::answer::{self, Failure};
use crate::identity;
use crate::keys;
use crate::proxy;
use crate::request_context::RequestContext;
use crate::room_api::parse;
use crate::room_object::{Merge, RoomStub};

/// `GET /api/v1/rooms/{id}/history?after=&limit=`: the time line, for whoever may view the room.
pub(crate) async fn page(context: &RequestContext, request: &Request, room: &RoomId) -> Result<Response, Failure> {
    viewer(context, request, room).await?;
    let after = number(context, "after")?.unwrap_or_default();
    let limit = limit(context, HISTORY_PAGE_DEFAULT, HISTORY_PAGE_MAX)?;
    Ok(answer::success(context, RoomStub::of(&context.env, room)?.history(after, limit).await?)?)
}

/// `GET /api/v1/rooms/{id}/history/state?at=`: the document at a moment, as one Yjs update.
pub(crate) async fn state(context: &RequestContext, request: &Request, room: &RoomId) -> Result<Response, Failure> {
    viewer(context, request, room).await?;
    let state = RoomStub::of(&context.env, room)?.state_at(number(context, "at")?).await?;
    let response = Response::from_bytes(state)?;
    response.headers().set("content-type", "application/octet-stream")?;
    Ok(response)
}

/// `GET /api/v1/rooms/{id}/history/diff?from=&to=`: what changed from one moment to another, or until now.
pub(crate) async fn diff(context: &RequestContext, request: &Request, room: &RoomId) -> Result<Response, Failure> {
    viewer(context, request, room).await?;
    let from = number(context, "from")?.ok_or_else(|| invalid("from", "is missing: the position to compare with"))?;
    let diff = RoomStub::of(&context.env, room)?.diff(from, number(context, "to")?).await?;
    Ok(answer::success(context, diff)?)
}

/// `GET /api/v1/rooms/{id}/chat?before=&limit=`: older messages.
pub(crate) async fn chat(context: &RequestContext, request: &Request, room: &RoomId) -> Result<Response, Failure> {
    viewer(context, request, room).await?;
    let limit = limit(context, CHAT_PAGE_MAX, CHAT_PAGE_MAX)?;
    let page = RoomStub::of(&context.env, room)?.chat(number(context, "before")?, limit).await?;
    Ok(answer::success(context, page)?)
}

/// `GET /api/v1/rooms/{id}/snapshots?cursor=&limit=`: the newest first.
pub(crate) async fn snapshots(context: &RequestContext, request: &Request, room: &RoomId) -> Result<Response, Failure> {
    viewer(context, request, room).await?;
    let not_one = |_invalid| invalid("cursor", "is not one that this call gave");
    let after = parameter(context, "cursor").map(|text| SnapshotId::parse(&text)).transpose().map_err(not_one)?;
    let limit = limit(context, SNAPSHOTS_MAX, SNAPSHOTS_MAX)?;
    let page = RoomStub::of(&context.env, room)?.snapshots(after, limit).await?;
    Ok(answer::success(context, page)?)
}

/// `POST /api/v1/rooms/{id}/snapshots`: names the present moment.
pub(crate) async fn take_snapshot(
    context: &RequestContext,
    mut request: Request,
    room: &RoomId,
) -> Result<Response, Failure> {
    let claims = editor(context, &request, room).await?;
    let body: CreateSnapshotRequest = parse(&proxy::body_of(&mut request).await?)?;
    let snapshot = RoomStub::of(&context.env, room)?.take_snapshot(claims.participant(), body).await?;
    Ok(answer::success(context, SnapshotAnswer { snapshot })?.with_status(201))
}

/// `DELETE /api/v1/rooms/{id}/snapshots/{snapshot}`.
pub(crate) async fn delete_snapshot(
    context: &RequestContext,
    request: &Request,
    room: &RoomId,
    snapshot: &str,
) -> Result<Response, Failure> {
    editor(context, request, room).await?;
    let unknown = |_invalid| Failure::refused(ErrorCode::NotFound, "there is no such snapshot");
    let id = SnapshotId::parse(snapshot).map_err(unknown)?;
    RoomStub::of(&context.env, room)?.delete_snapshot(id).await?;
    Ok(answer::success(context, json!({}))?)
}

/// `POST /api/v1/rooms/{id}/restore`: brings back the files of a moment, by an edit that everybody receives.
pub(crate) async fn restore(
    context: &RequestContext,
    mut request: Request,
    room: &RoomId,
) -> Result<Response, Failure> {
    let claims = editor(context, &request, room).await?;
    let RestoreRequest { position } = parse(&proxy::body_of(&mut request).await?)?;
    let position = RoomStub::of(&context.env, room)?.restore(claims.participant(), position).await?;
    Ok(answer::success(context, RestoreAnswer { position })?)
}

/// `POST /api/v1/rooms/{id}/merge`: takes in what another room has.
///
/// 1. The caller may edit here (401, 403), and may view the other room: by `fromToken`, or by the same bearer.
/// 2. The rooms tell what they hold (409 without a common history).
/// 3. What the other room has more is merged, or only shown.
pub(crate) async fn merge(context: &RequestContext, mut request: Request, room: &RoomId) -> Result<Response, Failure> {
    let claims = editor(context, &request, room).await?;
    let body: MergeRequest = parse(&proxy::body_of(&mut request).await?)?;
    if body.from == *room {
        return Err(invalid("from", "must be another room"));
    }
    may_view_other(context, &request, &body).await?;
    let (here, there) = (RoomStub::of(&context.env, room)?, RoomStub::of(&context.env, &body.from)?);
    let theirs = there.state_vector().await?;
    let update = there.changes_since(here.state_vector().await?).await?;
    let merge = Merge::new(claims.participant(), body.from, theirs, update, body.preview);
    Ok(answer::success(context, here.merge(merge).await?)?)
}

async fn may_view_other(context: &RequestContext, request: &Request, body: &MergeRequest) -> Result<(), Failure> {
    let claims = match &body.from_token {
        Some(token) => identity::accept(keys::verify::<RoomClaims>(context, token).await?)?,
        None => identity::room_token(context, request, &body.from).await?.1,
    };
    let is_of_room = claims.room == body.from;
    identity::require_claims_stand(context, &claims).await?;
    if is_of_room && claims.rights.view {
        Ok(())
    } else {
        Err(Failure::refused(ErrorCode::Forbidden, "you may not read the room that you want to merge from"))
    }
}

/// `DELETE /api/v1/rooms/{id}/authors/{participant}`: erases a name, one's own or as an admin.
pub(crate) async fn erase_author(
    context: &RequestContext,
    request: &Request,
    room: &RoomId,
    author: &str,
) -> Result<Response, Failure> {
    let claims = viewer(context, request, room).await?;
    let unknown = |_invalid| Failure::refused(ErrorCode::NotFound, "nobody of that id wrote in this room");
    let author = ParticipantId::parse(author).map_err(unknown)?;
    if author != claims.sub && !claims.role.can_manage() {
        return Err(Failure::refused(ErrorCode::Forbidden, "only the room's admins erase other people's names"));
    }
    RoomStub::of(&context.env, room)?.erase(author).await?;
    Ok(answer::success(context, json!({}))?)
}

/// The caller's claims, with the right to view.
pub(crate) async fn viewer(context: &RequestContext, request: &Request, room: &RoomId) -> Result<RoomClaims, Failure> {
    let (_token, claims) = identity::room_token(context, request, room).await?;
    if claims.rights.view {
        Ok(claims)
    } else {
        Err(Failure::refused(ErrorCode::Forbidden, "your role does not let you read this room"))
    }
}

/// The caller's claims, with the right to edit.
async fn editor(context: &RequestContext, request: &Request, room: &RoomId) -> Result<RoomClaims, Failure> {
    let (_token, claims) = identity::room_token(context, request, room).await?;
    if claims.rights.edit {
        Ok(claims)
    } else {
        Err(Failure::refused(ErrorCode::Forbidden, "your role does not let you change this room"))
    }
}

fn parameter(context: &RequestContext, name: &str) -> Option<String> {
    context.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// A number in the query.
pub(crate) fn number(context: &RequestContext, name: &str) -> Result<Option<u64>, Failure> {
    /// Positions pass through JavaScript's numbers.
    const MAX: u64 = 1 << 52;
    let parse = |text: String| {
        let number = text.parse().ok().filter(|number| *number <= MAX);
        number.ok_or_else(|| invalid(name, "must be a whole number, not negative"))
    };
    parameter(context, name).map(parse).transpose()
}

fn limit(context: &RequestContext, default: usize, max: usize) -> Result<usize, Failure> {
    let limit = number(context, "limit")?.map_or(Some(default), |limit| usize::try_from(limit).ok());
    let within = limit.filter(|limit| (1..=max).contains(limit));
    within.ok_or_else(|| invalid("limit", &format!("must be between 1 and {max}")))
}

fn invalid(field: &str, message: &str) -> Failure {
    Failure::Refused(ErrorBody::validation(&[FieldError { field: field.to_owned(), message: message.to_owned() }]))
}
