//! A typed client of the whole product, and fixtures that read as a sentence:
//! `Stack::from_env().await.guest_room("Pairing").await.join_as("Ada").await`.
//!
//! The client knows the product only by its contract: HTTP, the two sockets, and the types of `protocol`. Everything
//! here panics with what was expected and what came instead, since its only callers are tests. Nothing sleeps for a
//! fixed time: whoever waits names a condition and gives up at [`wait::DEADLINE`].

pub mod account;
pub mod api;
pub mod awareness;
mod encoding;
pub mod environment;
pub mod events;
pub mod forgery;
pub mod hostile;
pub mod load;
pub mod mailbox;
pub mod person;
pub mod poll;
pub mod room;
pub mod run;
pub mod socket;
pub mod stack;
pub mod storage;
pub mod sync;
pub mod trace;
pub mod wait;
pub mod wire;

pub use account::Account;
pub use api::Answer;
pub use events::EventsSocket;
pub use person::Person;
pub use poll::PollSocket;
pub use room::TestRoom;
pub use stack::Stack;
pub use storage::RoomDatabase;
pub use sync::SyncSocket;
