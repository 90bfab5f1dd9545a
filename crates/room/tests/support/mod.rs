//! The world around a room: storage, sockets, clients.

mod client;
mod host;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use client::Client;
use host::Host;

/// What a simulation does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) clients: u64,
    pub(crate) steps: u32,
    pub(crate) failing_writes: bool,
    /// Storage is compacted and folded every few rows.
    pub(crate) small_storage: bool,
    /// Somebody goes back to an earlier moment now and then.
    pub(crate) restores: bool,
}

pub(crate) struct Simulation {
    plan: Plan,
    random: SmallRng,
    host: Host,
    clients: Vec<Client>,
    /// Positions and the texts that stood there.
    moments: Vec<(u64, String)>,
}

impl Simulation {
    pub(crate) fn new(plan: Plan) -> Self {
        let clients = (1..=plan.clients).map(Client::new).collect();
        let host = if plan.small_storage { Host::with_small_storage() } else { Host::default() };
        Self { plan, random: SmallRng::seed_from_u64(plan.seed), host, clients, moments: Vec::new() }
    }

    pub(crate) fn run(mut self) {
        for _ in 0..self.plan.steps {
            self.step();
        }
        self.host.failing = None;
        self.host.evict();
        // Four rounds of the handshake bring the last reconnect's edits to everybody.
        for client in &mut self.clients {
            client.reconnect(&mut self.host);
        }
        for _ in 0..4 {
            for client in &mut self.clients {
                client.exchange(&mut self.host);
            }
            self.host.pass_time();
        }
        self.check();
    }

    fn step(&mut self) {
        let index = self.random.random_range(0..self.clients.len());
        let client = &mut self.clients[index];
        match self.random.random_range(0..100) {
            0..40 => client.edit(&mut self.random, &mut self.host),
            40..50 => self.host.pass_time(),
            50..85 => client.exchange(&mut self.host),
            85..90 => client.lose_connection(&mut self.host),
            90..95 => client.reconnect(&mut self.host),
            95..97 => self.host.evict(),
            97 if self.host.failing.is_none() => self.moments.push(self.host.moment()),
            98 if self.plan.restores && self.host.failing.is_none() => self.restore(),
            _ if self.plan.failing_writes => {
                self.host.failing = Some(host::Failing { keeps_write: self.random.random() });
            }
            _ => {}
        }
    }

    /// Goes back to one of the moments.
    fn restore(&mut self) {
        if self.moments.is_empty() {
            return;
        }
        let (position, text) = self.moments[self.random.random_range(0..self.moments.len())].clone();
        if self.host.restore(position, self.random.random_range(1 << 32..1 << 53)) {
            assert_eq!(self.host.moment().1, text, "seed {}: back at {position}", self.plan.seed);
        }
    }

    fn check(&mut self) {
        let seed = self.plan.seed;
        let room = self.host.text();
        for (position, text) in &self.moments {
            if let Some(then) = self.host.text_at(*position) {
                assert_eq!(then, *text, "seed {seed}: the text at position {position} is another now");
            }
        }
        for client in &self.clients {
            assert_eq!(client.text(), room, "seed {seed}: client {} differs from the reloaded room", client.number);
            // Going back takes away what was saved since.
            for mark in client.saved_marks().filter(|_| !self.plan.restores) {
                assert!(room.contains(mark), "seed {seed}: {mark} was reported saved and is gone");
            }
        }
    }
}
