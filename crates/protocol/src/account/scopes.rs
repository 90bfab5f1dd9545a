//! What each scope of an API key allows: the one table of calls and scopes. What it does not name is refused, above all
//! everything about the account itself.

use super::Scope;

/// Scopes of which one is enough.
const READING: &[Scope] = &[Scope::RoomsRead, Scope::RoomsWrite];
const WRITING: &[Scope] = &[Scope::RoomsWrite];
const RUNNING: &[Scope] = &[Scope::Runs];
const ANY: &[Scope] = &[Scope::RoomsRead, Scope::RoomsWrite, Scope::Runs];

/// The calls that a key may make, the most special first: method (`*` for each), path (`*` for one segment, `**` for
/// what is left), scopes of which one is enough.
const CALLS: [(&str, &str, &[Scope]); 15] = [
    ("GET", "/api/v1/auth/me", ANY),
    ("GET", "/api/v1/languages", ANY),
    ("GET", "/api/v1/rooms/*/runs", RUNNING),
    ("POST", "/api/v1/rooms/*/runs", RUNNING),
    // The room token has the rights that the scopes leave: the edge gets one for every call about a room's document.
    ("POST", "/api/v1/rooms/*/token", ANY),
    ("GET", "/api/v1/rooms/**", READING),
    ("*", "/api/v1/rooms/**", WRITING),
    ("GET", "/api/v1/rooms", READING),
    ("POST", "/api/v1/rooms", WRITING),
    ("GET", "/api/v1/projects", READING),
    ("GET", "/api/v1/projects/**", READING),
    ("*", "/api/v1/projects", WRITING),
    ("*", "/api/v1/projects/**", WRITING),
    ("POST", "/api/v1/runs", RUNNING),
    ("*", "/api/v1/runs/**", RUNNING),
];

impl Scope {
    /// True if a bearer with these scopes may make the call. A path is compared as it is: with a slash too many, or
    /// escaped, it is none of the table and refused.
    ///
    /// ```
    /// use protocol::account::Scope;
    ///
    /// assert!(Scope::allow(&[Scope::RoomsRead], "GET", "/api/v1/rooms"));
    /// assert!(!Scope::allow(&[Scope::RoomsRead], "POST", "/api/v1/rooms"));
    /// ```
    #[must_use]
    pub fn allow(scopes: &[Self], method: &str, path: &str) -> bool {
        // A `HEAD` is answered like the `GET` of the same address, without its body.
        let method = if method == "HEAD" { "GET" } else { method };
        let is_it =
            |(verb, pattern, _): &&(&str, &str, &[Self])| (*verb == "*" || *verb == method) && fits(pattern, path);
        CALLS.iter().find(is_it).is_some_and(|(_, _, enough)| enough.iter().any(|scope| scopes.contains(scope)))
    }
}

fn fits(pattern: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some("**"), Some(segment)) => return !segment.is_empty() && given.all(|segment| !segment.is_empty()),
            (Some("*"), Some(segment)) if !segment.is_empty() => {}
            (Some(word), Some(segment)) if word == segment => {}
            (_, _) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of the three scopes lets the call pass by itself.
    fn check(call: &str, expect: &str) {
        let (method, path) = call.split_once(' ').expect("method and path");
        let path = if path.starts_with("/internal") { path.to_owned() } else { format!("/api/v1{path}") };
        let letter = |(scope, letter): (Scope, char)| Scope::allow(&[scope], method, &path).then_some(letter);
        let scopes = [(Scope::RoomsRead, 'r'), (Scope::RoomsWrite, 'w'), (Scope::Runs, 'x')];
        assert_eq!(scopes.into_iter().filter_map(letter).collect::<String>(), expect, "{call}");
        assert!(!Scope::allow(&[], method, &path), "{call} without a scope");
        let all = Scope::allow(&[Scope::RoomsRead, Scope::RoomsWrite, Scope::Runs], method, &path);
        assert_eq!(all, !expect.is_empty(), "{call} with every scope");
    }

    #[test]
    fn each_scope_allows_its_calls_and_no_others() {
        for call in ["GET /auth/me", "HEAD /auth/me", "GET /languages", "POST /rooms/a/token"] {
            check(call, "rwx");
        }
        for call in [
            "GET /rooms",
            "GET /rooms/a",
            "GET /rooms/public",
            "GET /rooms/a/files",
            "GET /rooms/a/history/diff",
            "GET /rooms/a/export.zip",
            "GET /rooms/a/links",
            "GET /rooms/a/snapshots",
            "GET /rooms/a/chat",
            "GET /projects",
            "GET /projects/a/rooms",
            "HEAD /rooms/a",
        ] {
            check(call, "rw");
        }
        for call in [
            "POST /rooms",
            "PUT /rooms/a",
            "DELETE /rooms/a",
            "POST /rooms/a/join",
            "POST /rooms/a/fork",
            "POST /rooms/a/links",
            "POST /rooms/a/restore",
            "DELETE /rooms/a/authors/b",
            "POST /rooms/a/import",
            "POST /projects",
            "PUT /projects/a",
        ] {
            check(call, "w");
        }
        for call in [
            "GET /rooms/a/runs",
            "POST /rooms/a/runs",
            "POST /runs",
            "GET /runs/a",
            "POST /runs/a/cancel",
            "POST /runs/a/retry",
        ] {
            check(call, "x");
        }
    }

    #[test]
    fn no_scope_reaches_the_account_or_what_is_not_named() {
        for call in [
            "PUT /auth/me",
            "POST /auth/change-password",
            "GET /auth/logins",
            "DELETE /auth/logins/a",
            "GET /auth/api-keys",
            "POST /auth/api-keys",
            "POST /auth/api-keys/a/rotate",
            "POST /auth/totp",
            "DELETE /auth/totp",
            "GET /auth/oauth",
            "POST /auth/logout",
            "DELETE /auth/me",
            "GET /admin",
            "GET /admin/users",
            "PUT /admin/users/a",
            "DELETE /rooms",
            "GET /auth/me/",
            "GET /auth//me",
            "GET //rooms",
            "GET /rooms/",
            "GET /rooms/a/",
            "GET /roomsx",
            "POST /internal/runs",
            "GET /unknown",
            "GET ",
        ] {
            check(call, "");
        }
    }
}
