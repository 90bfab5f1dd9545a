//! Rooms as records: making, finding, changing and deleting them, share links, and tokens that open a room's
//! sockets. What is in a room is its Durable Object's, never this function's.

pub mod access;
pub mod entry;
pub mod error;
pub mod forks;
mod handlers;
pub mod links;
pub mod records;
pub mod router;
pub mod slug;

#[cfg(test)]
mod tests;
