//! A room, people in it, and what goes out to them.

use protocol::close::CloseCode;
use protocol::event::RoomEvent;
use protocol::ids::{LinkId, ParticipantId, RoomId};
use protocol::rights::Role;
use protocol::token::RoomClaims;
use room::{Channel, Effect, Frame, Input, LoadReport, Restored, Room, Session, SocketId};
use yrs::block::ClientID;
use yrs::sync::awareness::{AwarenessUpdate, AwarenessUpdateEntry};
use yrs::sync::{Message, SyncMessage};
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{Doc, Map, TextPrelim, Transact};

pub(crate) const NOW: u64 = 1_000;
pub(crate) const EXPIRES_S: u64 = 3_600;
/// By then a row is written.
pub(crate) const WRITTEN_AFTER_MS: u64 = 40;

/// A room with its document loaded.
pub(crate) fn room() -> Room {
    let mut room = Room::restore(Restored::default());
    assert!(room.load_document(None, &[]) == LoadReport::default());
    room
}

pub(crate) fn link() -> LinkId {
    LinkId::from_entropy(&[9; 32])
}

pub(crate) fn session(channel: Channel, name: &str, role: Role) -> Session {
    let mut entropy = [0; 32];
    entropy[..name.len()].copy_from_slice(name.as_bytes());
    let claims = RoomClaims {
        sub: ParticipantId::from_entropy(&entropy),
        room: RoomId::from_entropy(&[1; 32]),
        role,
        rights: role.rights(),
        name: name.to_owned(),
        user: None,
        sid: None,
        link: (role == Role::Viewer).then(link),
        tier: protocol::tier::Tier::Anonymous,
        scopes: None,
        generation: 0,
        iat: 0,
        exp: EXPIRES_S,
        jti: format!("token of {name}"),
    };
    Session::of_person(channel, &claims, "token", "127.0.0.1".to_owned())
}

pub(crate) fn open(room: &mut Room, session: Session) -> (SocketId, Vec<Effect>) {
    let socket = room.next_socket(NOW);
    (socket, room.handle(Input::Opened { socket, session: Box::new(session) }, NOW))
}

pub(crate) fn join(room: &mut Room, channel: Channel, name: &str, role: Role) -> SocketId {
    open(room, session(channel, name, role)).0
}

pub(crate) fn update(content: &str) -> Vec<u8> {
    let doc = Doc::with_client_id(77);
    let files = doc.get_or_insert_map("files");
    let mut transaction = doc.transact_mut();
    files.insert(&mut transaction, "main.py", TextPrelim::new(content));
    transaction.encode_update_v1()
}

pub(crate) fn update_frame(content: &str) -> Vec<u8> {
    Message::Sync(SyncMessage::Update(update(content))).encode_v1()
}

pub(crate) fn send_update(room: &mut Room, socket: SocketId, content: &str) -> Vec<Effect> {
    let mut effects = room.handle(Input::Frame { socket, bytes: update_frame(content) }, NOW);
    effects.extend(room.handle(Input::Woken { due: NOW + WRITTEN_AFTER_MS }, NOW + WRITTEN_AFTER_MS));
    effects
}

pub(crate) fn awareness(client: u64, clock: u32, state: &str) -> Vec<u8> {
    let entry = AwarenessUpdateEntry { clock, json: state.into() };
    Message::Awareness(AwarenessUpdate { clients: [(ClientID::new(client), entry)].into() }).encode_v1()
}

/// The messages of the Yjs protocol to a socket.
pub(crate) fn messages_to(effects: &[Effect], socket: SocketId) -> Vec<Message> {
    let frames = effects.iter().filter_map(|effect| match effect {
        Effect::Send { to, frame: Frame::Binary(bytes) } if to.contains(&socket) => Some(bytes),
        _ => None,
    });
    frames.map(|bytes| Message::decode_v1(bytes).expect("a message")).collect()
}

/// The events to a socket.
pub(crate) fn events_to(effects: &[Effect], socket: SocketId) -> Vec<RoomEvent> {
    let frames = effects.iter().filter_map(|effect| match effect {
        Effect::Send { to, frame: Frame::Text(text) } if to.contains(&socket) => Some(text),
        _ => None,
    });
    frames.map(|text| serde_json::from_str(text).expect("an event")).collect()
}

pub(crate) fn closed(effects: &[Effect]) -> Vec<(SocketId, CloseCode)> {
    let closes = effects.iter().filter_map(|effect| match effect {
        Effect::Close { socket, code, .. } => Some((*socket, *code)),
        _ => None,
    });
    closes.collect()
}

pub(crate) fn appends(effects: &[Effect]) -> usize {
    effects.iter().filter(|effect| matches!(effect, Effect::Append(_))).count()
}

/// The `type` of each event.
pub(crate) fn types(events: &[RoomEvent]) -> Vec<String> {
    let name = |event| serde_json::to_value(event).expect("serialises")["type"].as_str().expect("a type").to_owned();
    events.iter().map(name).collect()
}
