//! For whom a call counts: the account behind the bearer, else the guest, else the address.
//!
//! Only the signature is looked at here, and remembered for the isolate's next calls. Whether the login or link
//! behind a bearer still stands is the business of whoever answers the call.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

use protocol::limits::ADDRESS_QUOTA;
use protocol::tier::{Quota, Tier};
use protocol::token::{AccessClaims, RoomClaims};
use worker::Method;

use crate::clock;
use crate::keys;
use crate::request_context::RequestContext;

/// Bearers that are remembered: some hundred bytes each. Reached only under a flood; then all are checked anew.
const CALLERS_KEPT: usize = 2_000;

/// How long a refused bearer counts for its address, in each isolate. It may have been refused for the call alone.
const DISOWNED_S: u64 = 60;

/// The bucket of all that comes from an address without an account.
const WHOLE_ADDRESS: &str = "";

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Caller {
    /// An account, also by its room token or API key.
    Account {
        /// Its id.
        id: String,
        /// What it may ask for.
        tier: Tier,
    },
    /// A participant of a room without an account.
    Guest(String),
    /// Without a bearer that is ours.
    Nobody,
}

thread_local! {
    /// Bearers whose signature was right, and until when they are known.
    static CALLERS: RefCell<HashMap<String, (Caller, u64)>> = RefCell::default();
}

impl Caller {
    /// Whose bearer it is.
    pub(super) async fn of(context: &RequestContext, bearer: Option<&str>) -> Self {
        let Some(token) = bearer else { return Self::Nobody };
        let now_s = clock::now() / 1000;
        let known = CALLERS.with_borrow(|callers| callers.get(token).cloned());
        if let Some((caller, _)) = known.filter(|(_, expires_at_s)| now_s < *expires_at_s) {
            return caller;
        }
        let Some((caller, expires_at_s)) = read(context, token).await else { return Self::Nobody };
        remember(token, caller.clone(), expires_at_s);
        caller
    }

    /// The object that counts for the caller.
    pub(super) fn object(&self, address: &str) -> String {
        match self {
            Self::Account { id, .. } => format!("account:{id}"),
            // Guests count within their address, so that one object sees both: their bucket and everybody's. Whoever
            // comes from two addresses has two buckets, as they would have had as two guests.
            Self::Guest(_) | Self::Nobody => format!("address:{}", network(address)),
        }
    }

    /// What a call takes from, the caller's own first.
    pub(super) fn buckets(&self, is_way_in: bool) -> Vec<(String, Quota)> {
        let everybody = (WHOLE_ADDRESS.to_owned(), ADDRESS_QUOTA);
        match self {
            Self::Account { id, tier } => vec![(id.clone(), tier.quota())],
            Self::Guest(id) => vec![(id.clone(), Tier::Anonymous.quota()), everybody],
            Self::Nobody if is_way_in => vec![everybody],
            Self::Nobody => vec![("nobody".to_owned(), Tier::Anonymous.quota()), everybody],
        }
    }
}

/// Counts a bearer that was refused for its address, for a while: whoever stole one that was withdrawn since must not
/// use up what its owner may.
pub(super) fn disown(token: &str) {
    remember(token, Caller::Nobody, clock::now() / 1000 + DISOWNED_S);
}

fn remember(token: &str, caller: Caller, until_s: u64) {
    CALLERS.with_borrow_mut(|callers| {
        if callers.len() >= CALLERS_KEPT {
            callers.clear();
        }
        callers.insert(token.to_owned(), (caller, until_s));
    });
}

/// The caller of a bearer that is ours, and when the bearer expires. Where the keys cannot be had, the call counts for
/// its address, and fails later with the reason.
async fn read(context: &RequestContext, token: &str) -> Option<(Caller, u64)> {
    if let Ok(claims) = keys::verify::<AccessClaims>(context, token).await.ok()? {
        return Some((Caller::Account { id: claims.sub.to_string(), tier: claims.tier }, claims.exp));
    }
    let claims = keys::verify::<RoomClaims>(context, token).await.ok()?.ok()?;
    let expires_at_s = claims.exp;
    let caller = match claims.user {
        Some(user) => Caller::Account { id: user.to_string(), tier: claims.tier.max(Tier::of_account()) },
        None => Caller::Guest(claims.sub.to_string()),
    };
    Some((caller, expires_at_s))
}

/// True for what everybody in a classroom asks for in the same second, before they are anybody: these calls count for
/// the address as a whole only, never for its one nameless caller. Those with credentials have a limit of their own.
pub(super) fn is_way_in(method: &Method, segments: &[&str]) -> bool {
    matches!(
        (method, segments),
        (Method::Post, ["api", "v1", "auth", ..] | ["api", "v1", "rooms", _, "token"])
            | (Method::Get, ["api", "v1", "languages"] | ["api", "v1", "rooms", _])
    )
}

/// What one customer of a provider has: an IPv4 address, or the first half of an IPv6 address, of which the second
/// is theirs to choose.
pub(super) fn network(address: &str) -> String {
    match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        Ok(IpAddr::V4(address)) => address.to_string(),
        Err(_) => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_customer_are_one() {
        for (one, other) in [
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"),
            ("2001:DB8:1:2::1", "2001:db8:1:2::2"),
            ("192.0.2.1", "::ffff:192.0.2.1"),
        ] {
            assert_eq!(network(one), network(other), "{one} and {other}");
        }
        for (one, other) in [("2001:db8:1:2::1", "2001:db8:1:3::1"), ("192.0.2.1", "192.0.2.2")] {
            assert_ne!(network(one), network(other), "{one} and {other}");
        }
    }

    #[test]
    fn an_account_counts_alone_and_guests_within_their_address() {
        let account = Caller::Account { id: "a".to_owned(), tier: Tier::Pro };
        assert_eq!(account.object("192.0.2.1"), account.object("192.0.2.2"));
        assert_eq!(account.buckets(false), [("a".to_owned(), Tier::Pro.quota())]);
        for guest in [Caller::Guest("g".to_owned()), Caller::Nobody] {
            assert_ne!(guest.object("192.0.2.1"), guest.object("192.0.2.2"));
            let [(own, quota), (everybody, ceiling)] = <[_; 2]>::try_from(guest.buckets(false)).expect("two");
            assert_eq!((quota, ceiling), (Tier::Anonymous.quota(), ADDRESS_QUOTA));
            assert_ne!(own, everybody);
        }
    }

    #[test]
    fn the_ways_in_are_free_of_the_nameless_callers_bucket() {
        let check = |method: Method, path: &str| is_way_in(&method, &path.split('/').skip(1).collect::<Vec<_>>());
        assert!(check(Method::Post, "/api/v1/rooms/r/token") && check(Method::Post, "/api/v1/auth/refresh"));
        assert!(check(Method::Get, "/api/v1/languages") && check(Method::Get, "/api/v1/rooms/r"));
        assert!(!check(Method::Post, "/api/v1/rooms") && !check(Method::Post, "/api/v1/runs"));
        assert!(!check(Method::Get, "/api/v1/runs/r") && !check(Method::Post, "/api/v1/rooms/r/links"));
        assert_eq!(Caller::Nobody.buckets(true).len(), 1);
    }
}
