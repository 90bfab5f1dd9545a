//! The Cloudflare Worker: the only door to Tutti.
//!
//! It serves the browser client, verifies tokens, passes `/api/v1` on to the functions, and leads sockets to the
//! Durable Object of their room. It decides nothing about rooms (that is `crates/room`) and stores nothing about
//! accounts (that is `functions`).
//!
//! One request: [`router`] names its route, [`identity`] says whose it is, then one module answers it. Every
//! answer passes through [`answer::finish`], which adds the request id and the security headers.

#![expect(missing_docs, reason = "the durable_object macro generates methods without documentation")]

mod answer;
mod assets;
mod clock;
mod config;
mod cors;
mod credentials;
mod csrf;
mod export;
mod fork_api;
mod functions;
mod health;
mod history_api;
mod identity;
mod internal;
mod keys;
mod limits;
mod log;
mod object_call;
mod poll;
mod principal_object;
mod proxy;
mod random;
mod request_context;
mod room_api;
mod room_object;
mod router;
mod sigv4;
mod sockets;

use worker::{Context, Env, Request, Response, Result, event};

pub use limits::LimitObject;
pub use principal_object::PrincipalObject;
pub use room_object::RoomObject;

/// Every request comes in here.
///
/// # Errors
/// Never for a request that can be answered; the runtime answers 500 itself where even that fails.
#[event(fetch)]
pub async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    router::answer(request, env).await
}
