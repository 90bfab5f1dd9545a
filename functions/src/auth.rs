//! Accounts: registering, logging in and out, and the keys that tokens are checked with.
//!
//! [`accounts`] decides, its handlers translate. An access token is signed and not stored; a refresh token is
//! opaque, stored as its fingerprint, and replaced on each use. A refresh token that comes a second time ends its
//! login, since one of the two who showed it has stolen it.

pub mod accounts;
mod api_keys;
mod cookie;
pub mod credentials;
mod handlers;
pub mod names;
pub mod passwords;
pub mod router;
pub mod seal;
pub mod second_factor;
pub mod totp;

#[cfg(test)]
mod tests;
