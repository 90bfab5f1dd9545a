//! Who may do what, route by route: a stranger's account, a guest of another room, somebody whose link was withdrawn,
//! a viewer, an editor, nobody at all, and as the control the owner.
//!
//! [`ROUTES`] has every route that the routers have: a test compares them, so that none is added without its rights.

use std::collections::BTreeSet;
use std::fs;

use protocol::envelope::Page;
use protocol::history::SnapshotAnswer;
use protocol::language::Language;
use protocol::rights::Role;
use protocol::room::{Room, Visibility};
use reqwest::Method;
use serde_json::{Value, json};
use tests::api::Answer;
use tests::{Account, Person, Stack, TestRoom};

/// What a route asks of its caller.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
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
}

/// Who looks whether the bearer is the room's: the edge calls another room's token no token, the functions one without
/// rights.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Edge,
    Functions,
}

use At::{Edge, Functions};
use Needs::{Account as AnAccount, Edit, Manage, Nothing, View};

type Route = (&'static str, &'static str, Needs, At, &'static str);

/// Method, path, what it needs, who checks that, and a body that gets as far as the check.
const ROUTES: [Route; 39] = [
    ("GET", "/.well-known/jwks.json", Nothing, Functions, ""),
    ("POST", "/api/v1/auth/register", Nothing, Functions, ""),
    ("POST", "/api/v1/auth/login", Nothing, Functions, ""),
    ("POST", "/api/v1/auth/refresh", Nothing, Functions, ""),
    ("POST", "/api/v1/auth/logout", Nothing, Functions, ""),
    ("GET", "/api/v1/auth/me", AnAccount, Functions, ""),
    ("PUT", "/api/v1/auth/me", AnAccount, Functions, "{}"),
    (
        "POST",
        "/api/v1/auth/change-password",
        AnAccount,
        Functions,
        r#"{"currentPassword":"Wrong1Password","newPassword":"Other1Password"}"#,
    ),
    ("GET", "/api/v1/languages", Nothing, Functions, ""),
    ("POST", "/api/v1/runs", Nothing, Functions, ""),
    ("GET", "/api/v1/runs/{run}", View, Functions, ""),
    ("POST", "/api/v1/runs/{run}/cancel", Edit, Functions, ""),
    ("POST", "/api/v1/runs/{run}/retry", Edit, Functions, ""),
    ("GET", "/api/v1/rooms", AnAccount, Functions, ""),
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

/// A private room with everything in it that a route can name.
struct Scene {
    stack: Stack,
    owner: Account,
    room: TestRoom,
    fork: Person,
    fork_room: Room,
    run: String,
    snapshot: String,
    link: String,
}

impl Scene {
    async fn set(stack: Stack) -> Self {
        let owner = stack.account().await;
        let room = owner.room("Private", Visibility::Private).await;
        let mut document = room.owner.document().await;
        document.write("main.sh", "echo 1\n").await;
        document.barrier().await;
        let snapshot = room.owner.post("/snapshots").json(&json!({"name": "First"})).send().await;
        let snapshot: SnapshotAnswer = snapshot.data();
        let run = room.owner.run(Language::Bash).await;
        let link = room.link(Role::Viewer).await;
        let fork = owner.post(&room.path("/fork")).json(&json!({})).send().await;
        let fork_room: Room = serde_json::from_value(fork.data::<Value>()["room"].clone()).expect("a room");
        let fork = owner.enter(&fork_room.id).await;
        let (run, snapshot, link) = (run.id.to_string(), snapshot.snapshot.id.to_string(), link.id.to_string());
        Self { stack, owner, room, fork, fork_room, run, snapshot, link }
    }

    fn filled(&self, text: &str) -> String {
        let names = [
            ("{room}", self.room.id().as_str()),
            ("{run}", &self.run),
            ("{snapshot}", &self.snapshot),
            ("{link}", &self.link),
            ("{owner}", self.room.owner.id().as_str()),
            ("{forkToken}", self.fork.token()),
            ("{fork}", self.fork_room.id.as_str()),
        ];
        names.into_iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }

    async fn ask(&self, (method, path, _, _, body): Route, bearer: Option<&str>) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let call = self.stack.call(method, &self.filled(path));
        let call = bearer.into_iter().fold(call, |call, token| call.bearer(token));
        let call = if body.is_empty() { call } else { call.declared_as_json(self.filled(body)) };
        call.send().await
    }
}

/// What each caller is answered, or nothing where the call succeeds.
struct Expected {
    nobody: u16,
    stranger: Option<u16>,
    other: u16,
    withdrawn: u16,
    viewer: Option<u16>,
    editor: Option<u16>,
}

fn expected(needs: Needs, at: At) -> Expected {
    let allowed_from = |least: Needs, role: Needs| (order(role) < order(least)).then_some(403);
    match needs {
        Needs::Nothing => unreachable!("nobody is refused"),
        Needs::Account => {
            Expected { nobody: 401, stranger: None, other: 403, withdrawn: 401, viewer: Some(403), editor: Some(403) }
        }
        Needs::View | Needs::Edit | Needs::Manage => Expected {
            nobody: 401,
            stranger: Some(403),
            other: if at == Edge { 401 } else { 403 },
            withdrawn: 401,
            viewer: allowed_from(needs, View),
            editor: allowed_from(needs, Edit),
        },
    }
}

fn order(needs: Needs) -> u8 {
    match needs {
        Needs::Nothing | Needs::Account => 0,
        Needs::View => 1,
        Needs::Edit => 2,
        Needs::Manage => 3,
    }
}

#[tokio::test]
async fn every_route_lets_in_those_who_may_and_nobody_else() {
    let scene = Scene::set(Stack::from_env().await).await;
    let stack = &scene.stack;
    let (stranger, elsewhere) = (stack.account().await, stack.guest_room("Elsewhere").await);
    let (viewer, editor) = (scene.room.watch_as("Viewer").await, scene.room.join_as("Editor").await);
    let link = scene.room.link(Role::Editor).await;
    let withdrawn = scene.room.enter_by(&link, "Withdrawn").await;
    assert_eq!(scene.room.revoke(&link).await.status, 200);
    tests::wait::eventually(tests::socket::REVOCATION_DEADLINE, "the link to be withdrawn everywhere", async || {
        let answer = withdrawn.get("/files").send().await;
        if answer.status == 401 { Ok(()) } else { Err(answer) }
    })
    .await;
    let mut wrong = Vec::new();
    for route in ROUTES.into_iter().filter(|route| route.2 != Nothing) {
        let expect = expected(route.2, route.3);
        let refusals = [
            ("nobody", None, Some(expect.nobody)),
            ("a guest of another room", Some(elsewhere.owner.token()), Some(expect.other)),
            ("whose link was withdrawn", Some(withdrawn.token()), Some(expect.withdrawn)),
            ("a stranger", Some(stranger.token()), expect.stranger),
            ("a viewer", Some(viewer.token()), expect.viewer),
            ("an editor", Some(editor.token()), expect.editor),
        ];
        for (who, bearer, code) in refusals.into_iter().filter(|(_, _, code)| code.is_some()) {
            let answer = scene.ask(route, bearer).await;
            if Some(answer.status) != code {
                wrong.push(format!("{} {} by {who}: {answer}, not {code:?}", route.0, route.1));
            }
        }
        // Those who may: only then do the refusals above say anything.
        let least = match route.2 {
            Needs::View => viewer.token(),
            Needs::Edit => editor.token(),
            Needs::Nothing | Needs::Account | Needs::Manage => scene.owner.token(),
        };
        let answer = scene.ask(route, Some(least)).await;
        let is_wrong_password = route.1.ends_with("change-password") && answer.status == 403;
        if !(answer.status < 300 || answer.status == 409 || is_wrong_password) {
            wrong.push(format!("{} {} by who may: {answer}", route.0, route.1));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn an_account_sees_and_changes_only_what_is_its_own() {
    let stack = Stack::from_env().await;
    let scene = Scene::set(stack.clone()).await;
    let stranger = stack.account().await;
    let rooms: Page<Room> = stranger.get("/api/v1/rooms").send().await.data();
    assert!(rooms.items.is_empty(), "{rooms:?}");
    let own: Page<Room> = scene.owner.get("/api/v1/rooms").send().await.data();
    assert!(own.items.iter().any(|room| room.id == *scene.room.id()), "the control");
    // Without a link nobody comes in, whatever bearer they have.
    let elsewhere = stack.guest_room("Elsewhere").await;
    for bearer in [None, Some(stranger.token()), Some(elsewhere.owner.token())] {
        for verb in ["/token", "/join"] {
            let call = stack.post(&scene.room.path(verb)).json(&json!({}));
            let answer = bearer.into_iter().fold(call, |call, token| call.bearer(token)).send().await;
            assert!(matches!(answer.status, 401 | 403), "{verb}: {answer}");
        }
    }
    // A link, a snapshot and a run of one room are none of another's, not even for somebody who manages both.
    let other = scene.owner.room("Another", Visibility::Private).await;
    for path in [format!("/links/{}", scene.link), format!("/snapshots/{}", scene.snapshot)] {
        let answer = other.owner.call(Method::DELETE, &path).send().await;
        assert_eq!(answer.status, 404, "{path}: {answer}");
    }
    let run = stack.get(&format!("/api/v1/runs/{}", scene.run)).bearer(other.owner.token()).send().await;
    assert!(matches!(run.status, 401 | 403), "{run}");
}

/// The routes under `/api` and `/.well-known` in the sources of the routers, with `{}` for each parameter.
fn routes_of_the_routers() -> BTreeSet<(String, String)> {
    let source = |path: &str| {
        let path = format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"));
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let functions = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../functions/src")).expect("the functions");
    let routers = functions.map(|entry| entry.expect("an entry").path().join("router.rs")).filter(|path| path.exists());
    let mut routes = BTreeSet::new();
    for router in routers {
        routes.extend(routes_of_axum(&fs::read_to_string(router).expect("a router")));
    }
    routes.extend(routes_of_the_edge(&source("edge/src/router.rs")));
    routes.into_iter().filter(|(_, path)| !path.starts_with("/internal") && !path.ends_with("/health")).collect()
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

#[test]
fn no_route_is_without_its_rights() {
    let known: BTreeSet<_> = ROUTES.iter().map(|route| (route.0.to_owned(), nameless(route.1))).collect();
    let there = routes_of_the_routers();
    assert!(there.len() > 30, "{there:?}");
    assert_eq!(there.difference(&known).collect::<Vec<_>>(), Vec::<&(String, String)>::new(), "name them in ROUTES");
    assert_eq!(known.difference(&there).collect::<Vec<_>>(), Vec::<&(String, String)>::new(), "they are gone");
}
