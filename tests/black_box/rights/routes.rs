//! Every route that clients reach, with what it needs.

use std::collections::BTreeSet;
use std::fs;

/// What a route asks of its caller.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Needs {
    /// Nothing: it is how one comes in, or everybody's to read.
    Nothing,
    /// An account, whose own things it is about.
    Account,
    /// To view the room.
    View,
    /// To edit in it, or to run.
    Edit,
    /// To manage it.
    Manage,
    /// To administer the platform.
    Administer,
}

/// Who looks whether the bearer is the room's: the edge calls another room's token no token, the functions one without
/// rights.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    Edge,
    Functions,
}

use At::{Edge, Functions};
use Needs::{Account, Administer, Edit, Manage, Nothing, View};

pub(super) type Route = (&'static str, &'static str, Needs, At, &'static str);

const WRONG_PASSWORD: &str = r#"{"password":"Wrong1Password"}"#;
const WRONG_CODE: &str = r#"{"code":"000000"}"#;

/// Method, path, what it needs, who checks that, and a body that gets as far as the check.
pub(super) const ROUTES: [Route; 61] = [
    ("GET", "/.well-known/jwks.json", Nothing, Functions, ""),
    ("POST", "/api/v1/auth/register", Nothing, Functions, ""),
    ("POST", "/api/v1/auth/login", Nothing, Functions, ""),
    ("POST", "/api/v1/auth/refresh", Nothing, Functions, ""),
    ("POST", "/api/v1/auth/logout", Nothing, Functions, ""),
    ("GET", "/api/v1/auth/me", Account, Functions, ""),
    ("PUT", "/api/v1/auth/me", Account, Functions, "{}"),
    (
        "POST",
        "/api/v1/auth/change-password",
        Account,
        Functions,
        r#"{"currentPassword":"Wrong1Password","newPassword":"Other1Password"}"#,
    ),
    ("GET", "/api/v1/auth/me/export", Account, Functions, ""),
    ("DELETE", "/api/v1/auth/me", Account, Functions, WRONG_PASSWORD),
    ("POST", "/api/v1/auth/forgot-password", Nothing, Functions, ""),
    ("POST", "/api/v1/auth/reset-password", Nothing, Functions, ""),
    ("POST", "/api/v1/auth/verify-email", Nothing, Functions, ""),
    ("POST", "/api/v1/auth/verify-email/send", Account, Functions, ""),
    ("GET", "/api/v1/auth/logins", Account, Functions, ""),
    ("DELETE", "/api/v1/auth/logins", Account, Functions, ""),
    ("DELETE", "/api/v1/auth/logins/{login}", Account, Functions, ""),
    ("POST", "/api/v1/auth/totp", Account, Functions, ""),
    ("POST", "/api/v1/auth/totp/confirm", Account, Functions, WRONG_CODE),
    ("DELETE", "/api/v1/auth/totp", Account, Functions, WRONG_PASSWORD),
    ("POST", "/api/v1/auth/totp/recovery-codes", Account, Functions, WRONG_CODE),
    ("GET", "/api/v1/auth/api-keys", Account, Functions, ""),
    ("POST", "/api/v1/auth/api-keys", Account, Functions, r#"{"name":"Key","scopes":["runs"]}"#),
    ("GET", "/api/v1/auth/api-keys/{key}", Account, Functions, ""),
    ("DELETE", "/api/v1/auth/api-keys/{key}", Account, Functions, ""),
    ("POST", "/api/v1/auth/api-keys/{oldKey}/rotate", Account, Functions, ""),
    ("GET", "/api/v1/admin/users", Administer, Functions, ""),
    ("GET", "/api/v1/admin/users/{owner}", Administer, Functions, ""),
    ("PUT", "/api/v1/admin/users/{owner}", Administer, Functions, "{}"),
    ("GET", "/api/v1/admin/audit", Administer, Functions, ""),
    ("GET", "/api/v1/languages", Nothing, Functions, ""),
    ("POST", "/api/v1/runs", Nothing, Functions, ""),
    ("GET", "/api/v1/runs/{run}", View, Functions, ""),
    ("POST", "/api/v1/runs/{run}/cancel", Edit, Functions, ""),
    ("POST", "/api/v1/runs/{run}/retry", Edit, Functions, ""),
    ("GET", "/api/v1/rooms", Account, Functions, ""),
    ("POST", "/api/v1/rooms", Nothing, Functions, ""),
    ("POST", "/api/v1/rooms/{room}/join", Nothing, Functions, ""),
    ("POST", "/api/v1/rooms/{room}/token", Nothing, Functions, ""),
    ("GET", "/api/v1/rooms/{room}", View, Functions, ""),
    ("GET", "/api/v1/rooms/{room}/runs", View, Functions, ""),
    ("GET", "/api/v1/rooms/{room}/files", View, Edge, ""),
    ("GET", "/api/v1/rooms/{room}/history", View, Edge, ""),
    ("GET", "/api/v1/rooms/{room}/history/state", View, Edge, ""),
    ("GET", "/api/v1/rooms/{room}/history/diff?from=0", View, Edge, ""),
    ("GET", "/api/v1/rooms/{room}/export.zip", View, Edge, ""),
    ("GET", "/api/v1/rooms/{room}/chat", View, Edge, ""),
    ("GET", "/api/v1/rooms/{room}/snapshots", View, Edge, ""),
    ("POST", "/api/v1/rooms/{room}/fork", View, Functions, "{}"),
    ("POST", "/api/v1/rooms/{room}/snapshots", Edit, Edge, r#"{"name":"One"}"#),
    ("DELETE", "/api/v1/rooms/{room}/snapshots/{snapshot}", Edit, Edge, ""),
    ("POST", "/api/v1/rooms/{room}/restore", Edit, Edge, r#"{"position":1}"#),
    ("POST", "/api/v1/rooms/{room}/merge", Edit, Edge, r#"{"from":"{fork}","fromToken":"{forkToken}"}"#),
    ("POST", "/api/v1/rooms/{room}/runs", Edit, Edge, r#"{"language":"bash"}"#),
    ("DELETE", "/api/v1/rooms/{room}/authors/{owner}", Manage, Edge, ""),
    ("GET", "/api/v1/rooms/{room}/links", Manage, Functions, ""),
    ("POST", "/api/v1/rooms/{room}/links", Manage, Functions, r#"{"role":"viewer"}"#),
    ("DELETE", "/api/v1/rooms/{room}/links/{link}", Manage, Functions, ""),
    ("PUT", "/api/v1/rooms/{room}", Manage, Functions, r#"{"name":"Renamed"}"#),
    ("POST", "/api/v1/rooms/{room}/rebuild", Manage, Functions, ""),
    ("DELETE", "/api/v1/rooms/{room}", Manage, Functions, ""),
];

#[test]
fn no_route_is_without_its_rights() {
    let known: BTreeSet<_> = ROUTES.iter().map(|route| (route.0.to_owned(), nameless(route.1))).collect();
    let there = routes_of_the_routers();
    let missing: Vec<_> = there.difference(&known).collect();
    let gone: Vec<_> = known.difference(&there).collect();
    assert!(missing.is_empty(), "to be named in ROUTES: {missing:?}");
    assert!(gone.is_empty(), "not there any more: {gone:?}");
}

/// The routes under `/api` and `/.well-known` in the sources of the routers, with `{}` for each parameter.
fn routes_of_the_routers() -> BTreeSet<(String, String)> {
    let functions = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../functions/src")).expect("the functions");
    let routers = functions.map(|entry| entry.expect("an entry").path().join("router.rs")).filter(|path| path.exists());
    let mut routes = BTreeSet::new();
    for router in routers {
        routes.extend(routes_of_axum(&fs::read_to_string(router).expect("a router")));
    }
    routes.extend(routes_of_the_edge(&source_of("../edge/src/router.rs")));
    routes.into_iter().filter(|(_, path)| !path.starts_with("/internal") && !path.ends_with("/health")).collect()
}

fn source_of(path: &str) -> String {
    let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// `.route("/path/{id}", get(..).put(..))`.
fn routes_of_axum(source: &str) -> Vec<(String, String)> {
    let mut routes = Vec::new();
    for part in source.split(".route(").skip(1) {
        let mut quoted = part.splitn(3, '"');
        let (path, methods) = (quoted.nth(1).expect("a path"), quoted.next().expect("methods"));
        for method in ["get", "post", "put", "patch", "delete"] {
            let called = [format!(" {method}("), format!(".{method}(")];
            if called.iter().any(|call| methods.contains(call.as_str())) {
                routes.push((method.to_uppercase(), nameless(path)));
            }
        }
    }
    routes
}

/// `(Method::Get, ["api", "v1", "rooms", room, "files"])`.
fn routes_of_the_edge(source: &str) -> Vec<(String, String)> {
    let patterns = source.split("(Method::").skip(1).filter_map(|part| part.split_once(", [\"api\", "));
    let mut routes = Vec::new();
    for (method, rest) in patterns.filter(|(method, _)| method.chars().all(char::is_alphabetic)) {
        let segments = rest.split_once(']').expect("an end").0.split(", ");
        let path: Vec<_> =
            segments.map(|segment| segment.strip_prefix('"').map_or("{}", |text| &text[..text.len() - 1])).collect();
        routes.push((method.to_uppercase(), format!("/api/{}", path.join("/"))));
    }
    routes
}

fn nameless(path: &str) -> String {
    let segments = path.split('?').next().expect("a path").split('/');
    segments.map(|segment| if segment.starts_with('{') { "{}" } else { segment }).collect::<Vec<_>>().join("/")
}
