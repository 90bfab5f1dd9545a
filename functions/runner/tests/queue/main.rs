//! The runner as a process, between a queue and an edge that the test plays: what is claimed, streamed, recorded and
//! deleted, and what happens when a part of that goes wrong.

mod http;
mod journeys;
mod world;
