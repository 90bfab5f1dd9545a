//! Tutti's running stack, as the load reaches it.
//!
//! `wrangler dev` serves the public port from a workerd of its own that passes every frame on to the workerd with the
//! product. Production has nothing like it, and it takes as much of the machine as the product. So the load goes
//! straight to the second one.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::iter;

use super::process::{listening_ports, named};
use super::snapshot::state_of;
use crate::room::TestRoom;
use crate::stack::Stack;
use crate::storage::RoomDatabase;
use crate::wait::eventually;

/// Tokens that are asked for at a time: as many as the function behind them has instances.
const ENTRANTS: usize = 4;

/// How long a port may take to show that it serves pages.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a stack may take to answer again.
const RECOVERY: Duration = Duration::from_secs(120);

/// The stack.
pub struct Tutti(pub Stack);

/// The process with the product.
#[derive(Debug, Clone, Copy)]
pub struct Workerd {
    /// It.
    pub pid: i32,
    port: u16,
}

impl Tutti {
    /// Finds the workerd with the product; it is another one after each start of the edge.
    ///
    /// # Panics
    /// Where there is none.
    pub async fn workerd(&self) -> Workerd {
        let processes = self.0.processes().await;
        for pid in named(&processes.parts["edge"], "workerd") {
            for port in listening_ports(pid) {
                if !self.0.edge_url().ends_with(&format!(":{port}")) && serves_pages(port).await {
                    return Workerd { pid, port };
                }
            }
        }
        panic!("no workerd of the edge serves pages on a port of its own");
    }

    /// Waits until every part answers: one that was overwhelmed may have been started again. The code is loaded then.
    pub async fn be_ready(&self, from_nothing: bool) {
        if from_nothing {
            self.0.restart("edge").await;
        }
        let look = async || match self.0.get("/health").try_send().await {
            Ok(answer) if answer.status == 200 => Ok(()),
            other => Err(other.map(|answer| answer.status)),
        };
        eventually(RECOVERY, "the stack to be healthy", look).await;
        let room = self.0.guest_room("Another").await;
        let (urls, _workerd) = self.enter(&room, 1).await;
        state_of(&urls[0]).await;
    }

    /// People come into a room: a URL with a token of their own for each.
    pub async fn enter(&self, room: &TestRoom, people: usize) -> (Vec<String>, Workerd) {
        // The first makes the link that the others come by.
        let first = room.join_as("Client 0").await;
        let others = (1..people).map(|number| async move { room.join_as(&format!("Client {number}")).await });
        let others: Vec<_> = iter(others).buffered(ENTRANTS).collect().await;
        let workerd = self.workerd().await;
        let people = std::iter::once(first).chain(others);
        (people.map(|person| self.straight(&person.socket_urls()[0], workerd)).collect(), workerd)
    }

    /// What a room takes on disk, while its runtime has nothing to write.
    #[must_use]
    pub fn stored_bytes(&self, room: &TestRoom) -> f64 {
        let database = RoomDatabase::of(&self.0, room.id());
        database.bytes() as f64
    }

    fn straight(&self, url: &str, workerd: Workerd) -> String {
        let public = self.0.edge_url().replacen("http", "ws", 1);
        let path = url.strip_prefix(&public).unwrap_or_else(|| panic!("{url} is not below {public}"));
        format!("ws://127.0.0.1:{}{path}", workerd.port)
    }
}

/// Whether the page's icon is to be had at a port. The other ports of workerd are for the debugger and the like.
async fn serves_pages(port: u16) -> bool {
    let request = reqwest::Client::new().get(format!("http://127.0.0.1:{port}/favicon.svg")).timeout(PATIENCE);
    request.send().await.is_ok_and(|answer| answer.status().is_success())
}
