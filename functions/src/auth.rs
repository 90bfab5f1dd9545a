//! Accounts: registering, logging in and out, and the keys that tokens are checked with.
//!
//! [`accounts`] decides, its handlers translate. An access token is signed and not stored; a refresh token is opaque,
//! stored as its fingerprint, and replaced on each use ([`refresh`]). [`logins`] lists and ends logins, [`recovery`] does
//! what is done by mail, [`deletion`] ends an account.

pub mod accounts;
mod api_keys;
mod cookie;
pub mod credentials;
pub mod deletion;
mod handlers;
pub mod logins;
mod mails;
pub mod names;
pub mod passwords;
pub mod post;
pub mod recovery;
pub mod refresh;
pub mod router;
pub mod seal;
pub mod second_factor;
pub mod totp;

#[cfg(test)]
mod tests;
