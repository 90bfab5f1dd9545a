//! The servers that are measured: Tutti's running stack, and its peers in processes of their own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::tutti::Tutti;
use crate::room::TestRoom;
use crate::wait::eventually;

/// How long a peer may take to listen.
const START: Duration = Duration::from_secs(20);

/// Where the programs of the peers are.
#[derive(Debug, Clone)]
pub struct Programs {
    /// Node.
    pub node: PathBuf,
    /// The script of y-websocket's server.
    pub y_websocket: PathBuf,
    /// y-sweet.
    pub y_sweet: PathBuf,
    /// A folder that peers may write to.
    pub scratch: PathBuf,
    /// The peers that take part.
    pub peers: &'static [Peer],
}

/// A peer by its name in the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// npm's `y-websocket` 2 server, the one that most people start with. It stores nothing.
    YWebsocket,
    /// y-sweet, native. It stores a changed document every 10 s.
    YSweet,
}

/// The peers, in the order of the tables.
pub const PEERS: [Peer; 2] = [Peer::YWebsocket, Peer::YSweet];

impl Peer {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::YWebsocket => "y-websocket",
            Self::YSweet => "y-sweet",
        }
    }
}

/// A server.
pub enum Server {
    /// Tutti.
    Tutti(Tutti),
    /// A peer in its process.
    Peer(Running),
}

/// A peer in its process, which ends with this.
pub struct Running {
    peer: Peer,
    port: u16,
    pid: i32,
    _child: Child,
}

/// A room that clients can come to.
pub struct Place {
    /// One URL for each client.
    pub urls: Vec<String>,
    /// The process that holds it.
    pub pid: i32,
    /// At Tutti, the room.
    pub room: Option<TestRoom>,
}

impl Server {
    /// Starts a peer with nothing in it but what an earlier start stored.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(peer: Peer, programs: &Programs) -> Self {
        let port = free_port();
        let mut command = match peer {
            Peer::YWebsocket => {
                let mut command = Command::new(&programs.node);
                command.arg(&programs.y_websocket).env("HOST", "127.0.0.1").env("PORT", port.to_string());
                command
            }
            Peer::YSweet => y_sweet(&programs.y_sweet, &programs.scratch.join("y-sweet"), port),
        };
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let child = command.spawn().unwrap_or_else(|error| panic!("{} does not start: {error}", peer.name()));
        eventually(START, &format!("{} to listen", peer.name()), || TcpStream::connect(("127.0.0.1", port))).await;
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).expect("it runs");
        Self::Peer(Running { peer, port, pid, _child: child })
    }

    /// Its name in the tables.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Tutti(_) => "tutti",
            Self::Peer(running) => running.peer.name(),
        }
    }

    /// Waits until it can take people, started anew if that is wanted. A peer always is.
    pub async fn be_ready(&self, from_nothing: bool) {
        if let Self::Tutti(tutti) = self {
            tutti.be_ready(from_nothing).await;
        }
    }

    /// A room with nothing in it, for people of whom no two are one.
    pub async fn place(&self, name: &str, people: usize) -> Place {
        match self {
            Self::Tutti(tutti) => {
                let room = tutti.0.guest_room(name).await;
                let (urls, workerd) = tutti.enter(&room, people).await;
                Place { urls, pid: workerd.pid, room: Some(room) }
            }
            Self::Peer(Running { peer, port, pid, .. }) => {
                if *peer == Peer::YSweet {
                    create(*port, name).await;
                }
                Place { urls: vec![self.url_of(name); people], pid: *pid, room: None }
            }
        }
    }

    /// The URL of a document at a peer.
    ///
    /// # Panics
    /// For Tutti, whose URLs are given to people.
    #[must_use]
    pub fn url_of(&self, name: &str) -> String {
        match self {
            Self::Peer(Running { peer: Peer::YWebsocket, port, .. }) => format!("ws://127.0.0.1:{port}/{name}"),
            Self::Peer(Running { peer: Peer::YSweet, port, .. }) => format!("ws://127.0.0.1:{port}/d/{name}/ws/{name}"),
            Self::Tutti(_) => panic!("Tutti's URLs are given to people"),
        }
    }
}

fn y_sweet(program: &Path, store: &Path, port: u16) -> Command {
    let mut command = Command::new(program);
    command.arg("serve").arg(store).args(["--host", "127.0.0.1", "--port", &port.to_string()]);
    command
}

/// Makes a document at y-sweet. Without it the first clients to come, if they come together, get documents that know
/// nothing of each other.
async fn create(port: u16, name: &str) {
    let request = reqwest::Client::new().post(format!("http://127.0.0.1:{port}/doc/new"));
    let answer = request.json(&json!({ "docId": name })).send().await.expect("y-sweet answers");
    assert!(answer.status().is_success(), "y-sweet made no document: {}", answer.status());
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}
