//! Who may do what, route by route: a stranger's account, a guest of another room, somebody whose link was withdrawn,
//! a viewer, an editor, nobody at all, and as the control the owner.
//!
//! [`ROUTES`] has every route that the routers have: a test compares them, so that none is added without its rights.

mod routes;

use protocol::account::{ApiKeySecret, Login};
use protocol::envelope::Page;
use protocol::history::SnapshotAnswer;
use protocol::language::Language;
use protocol::rights::Role;
use protocol::room::{Room, Visibility};
use reqwest::Method;
use serde_json::{Value, json};
use tests::api::Answer;
use tests::{Account, Person, Stack, TestRoom};

use routes::{At, Needs, ROUTES, Route};

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
    login: String,
    keys: [String; 2],
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
        let login = owner.log_in_again().await;
        let logins: Page<Login> = login.get("/api/v1/auth/logins").send().await.data();
        let login = logins.items.iter().find(|login| login.current).expect("itself").id.to_string();
        let keys = [key_of(&owner).await, key_of(&owner).await];
        Self { stack, owner, room, fork, fork_room, run, snapshot, link, login, keys }
    }

    fn filled(&self, text: &str) -> String {
        let names = [
            ("{room}", self.room.id().as_str()),
            ("{run}", &self.run),
            ("{snapshot}", &self.snapshot),
            ("{link}", &self.link),
            ("{login}", &self.login),
            ("{key}", &self.keys[0]),
            ("{oldKey}", &self.keys[1]),
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

async fn key_of(owner: &Account) -> String {
    let request = json!({"name": "Key", "scopes": ["runs"]});
    let made: ApiKeySecret = owner.post("/api/v1/auth/api-keys").json(&request).send().await.data();
    made.api_key.id.to_string()
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

/// Nothing for routes that refuse nobody.
fn expected(needs: Needs, at: At) -> Option<Expected> {
    let unless = |role: Needs| (role < needs).then_some(403);
    match needs {
        Needs::Nothing => None,
        Needs::Account => Some(Expected {
            nobody: 401,
            stranger: None,
            other: 403,
            withdrawn: 401,
            viewer: Some(403),
            editor: Some(403),
        }),
        Needs::Administer => Some(Expected {
            nobody: 401,
            stranger: Some(403),
            other: 403,
            withdrawn: 401,
            viewer: Some(403),
            editor: Some(403),
        }),
        Needs::View | Needs::Edit | Needs::Manage => Some(Expected {
            nobody: 401,
            stranger: Some(403),
            other: if at == At::Edge { 401 } else { 403 },
            withdrawn: 401,
            viewer: unless(Needs::View),
            editor: unless(Needs::Edit),
        }),
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
    let admin = stack.admin().await;
    let mut wrong = Vec::new();
    for route in ROUTES {
        let Some(expect) = expected(route.2, route.3) else { continue };
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
            Needs::Administer => admin.token(),
        };
        let answer = scene.ask(route, Some(least)).await;
        // Of the caller's own password and codes the bodies have wrong ones.
        let is_wrong_secret = route.4.contains("Wrong1Password") || route.4.contains("000000");
        if !(answer.status < 300 || answer.status == 409 || is_wrong_secret && answer.status == 403) {
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
        for (verb, body) in [("/token", json!({"name": "Eve"})), ("/join", json!({}))] {
            let call = stack.post(&scene.room.path(verb)).json(&body);
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
