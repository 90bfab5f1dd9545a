//! The events of a room, as one client gets them.

use std::time::Duration;

use protocol::event::{ChatMessage, ClientEvent, Participant, RoomEvent, RunWithOutput};
use protocol::ids::RunId;
use protocol::rights::{Rights, Role};
use protocol::runner::OutputStream;
use protocol::terminal::TerminalWithOutput;
use tokio::time::Instant;

use crate::socket::{Frame, Socket};
use crate::wait::DEADLINE;

/// What `room:welcome` says.
#[derive(Debug, Clone)]
pub struct Welcome {
    /// Who one is.
    pub you: Participant,
    /// One's role.
    pub role: Role,
    /// One's rights.
    pub rights: Rights,
    /// Who is there.
    pub participants: Vec<Participant>,
    /// The latest messages.
    pub chat: Vec<ChatMessage>,
    /// The latest runs.
    pub runs: Vec<RunWithOutput>,
    /// The terminals.
    pub terminals: Vec<TerminalWithOutput>,
    /// The server's clock.
    pub server_time: u64,
    /// The log is durable up to here.
    pub position: u64,
}

/// An open `/events` socket.
pub struct EventsSocket {
    socket: Socket,
    /// The first frame.
    pub welcome: Welcome,
    /// Everything that came since, in order.
    pub seen: Vec<RoomEvent>,
}

impl EventsSocket {
    /// Opens the socket and reads the welcome.
    pub async fn open(url: &str) -> Self {
        Self::over(Socket::open(url).await).await
    }

    /// Reads the welcome over a socket of any kind.
    ///
    /// # Panics
    /// When another frame comes first.
    pub async fn over(mut socket: Socket) -> Self {
        let first = socket.next().await;
        let Frame::Text(text) = &first else { panic!("no welcome but {first:?}") };
        let RoomEvent::Welcome { you, role, rights, participants, chat, runs, terminals, server_time, position } =
            parse(text)
        else {
            panic!("no welcome but {text}")
        };
        let welcome = Welcome { you, role, rights, participants, chat, runs, terminals, server_time, position };
        Self { socket, welcome, seen: Vec::new() }
    }

    /// Sends an event.
    pub async fn send(&mut self, event: &ClientEvent) {
        self.send_text(&serde_json::to_string(event).expect("an event serialises")).await;
    }

    /// Sends any text.
    pub async fn send_text(&mut self, text: &str) {
        self.socket.send_text(text).await;
    }

    /// Reads one event, or nothing once the socket is closed. Nothing is lost where the future is dropped.
    ///
    /// # Panics
    /// When none comes within [`DEADLINE`].
    pub async fn next(&mut self) -> Option<RoomEvent> {
        match self.socket.next().await {
            Frame::Text(text) => Some(parse(&text)),
            Frame::Closed(_) => None,
            Frame::Binary(bytes) => panic!("no event but {bytes:02x?}"),
        }
    }

    /// Sends an event; false where the socket is gone.
    pub async fn try_send(&mut self, event: &ClientEvent) -> bool {
        let text = serde_json::to_string(event).expect("an event serialises");
        self.socket.try_send(Frame::Text(text)).await
    }

    /// Reads on until an event fits, and gives what `pick` makes of it.
    ///
    /// # Panics
    /// When none does within [`DEADLINE`]; the message has what came instead.
    pub async fn until<T>(&mut self, what: &str, pick: impl FnMut(&RoomEvent) -> Option<T>) -> T {
        self.until_within(DEADLINE, what, pick).await
    }

    /// The same with a patience of its own.
    ///
    /// # Panics
    /// When no event fits; the message has what came instead.
    pub async fn until_within<T>(
        &mut self,
        patience: Duration,
        what: &str,
        mut pick: impl FnMut(&RoomEvent) -> Option<T>,
    ) -> T {
        let (deadline, first) = (Instant::now() + patience, self.seen.len());
        loop {
            let event = self.next_before(deadline, what, first).await;
            let picked = pick(&event);
            self.seen.push(event);
            if let Some(picked) = picked {
                return picked;
            }
        }
    }

    async fn next_before(&mut self, deadline: Instant, what: &str, first: usize) -> RoomEvent {
        let seen = || &self.seen[first..];
        match tokio::time::timeout_at(deadline, self.socket.next_within(DEADLINE * 10)).await {
            Ok(Frame::Text(text)) => parse(&text),
            Ok(frame) => panic!("waiting for {what}, got {frame:?} after {:?}", seen()),
            Err(_elapsed) => panic!("still waiting for {what}; seen: {:?}", seen()),
        }
    }

    /// Waits until the room has handled everything that this socket sent, by an event that comes back from it.
    pub async fn settle(&mut self) {
        // A plain ping is answered before the room; one with other spacing is the room's own.
        self.send_text(r#"{ "type": "ping" }"#).await;
        self.until("a pong", |event| matches!(event, RoomEvent::Pong).then_some(())).await;
    }

    /// Waits for the end of a run and gives its event.
    pub async fn end_of(&mut self, run: &RunId) -> RoomEvent {
        self.end_of_within(DEADLINE * 2, run).await
    }

    /// Waits for the end of a run within a time.
    pub async fn end_of_within(&mut self, patience: Duration, run: &RunId) -> RoomEvent {
        self.until_within(patience, "the end of the run", |event| match event {
            RoomEvent::RunFinished { run_id, .. } | RoomEvent::RunCancelled { run_id } if run_id == run => {
                Some(event.clone())
            }
            _ => None,
        })
        .await
    }

    /// Waits until a run was started by an attempt of at least this number.
    pub async fn started(&mut self, run: &RunId, least: u32) -> u32 {
        self.until_within(DEADLINE * 2, "the start of the run", |event| match event {
            RoomEvent::RunStarted { run_id, attempt } if run_id == run && *attempt >= least => Some(*attempt),
            _ => None,
        })
        .await
    }

    /// What a run wrote to a stream, as far as it was seen: a new attempt begins anew.
    #[must_use]
    pub fn output_of(&self, run: &RunId, wanted: OutputStream) -> String {
        let mut text = String::new();
        for event in &self.seen {
            match event {
                RoomEvent::RunStarted { run_id, .. } if run_id == run => text.clear(),
                RoomEvent::RunOutput { run_id, stream, data, .. } if run_id == run && *stream == wanted => {
                    text.push_str(data);
                }
                _ => {}
            }
        }
        text
    }

    /// Waits until a stream of a run holds a text.
    pub async fn output_has(&mut self, run: &RunId, stream: OutputStream, wanted: &str) {
        while !self.output_of(run, stream).contains(wanted) {
            self.until_within(DEADLINE * 2, "output of the run", |event| {
                matches!(event, RoomEvent::RunOutput { run_id, .. } if run_id == run).then_some(())
            })
            .await;
        }
    }

    /// Reads on until the server closes, and gives the code.
    pub async fn close_code_within(&mut self, patience: Duration) -> u16 {
        self.socket.close_code_within(patience).await
    }

    /// Leaves.
    pub async fn close(self) {
        self.socket.close().await;
    }
}

fn parse(text: &str) -> RoomEvent {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}
