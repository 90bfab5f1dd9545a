//! The running stack: where it is, and how its parts are disturbed.
//!
//! `cargo xtask test` starts it and names it in two variables: `TUTTI_URL`, and `TUTTI_STACK`, a JSON file with the
//! address of the control endpoint.
//!
//! **Safety: nobody is disturbed unawares.** A test holds the stack shared by [`Stack::from_env`], or for itself
//! alone by [`Stack::alone_from_env`], which waits until every other test has let go.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use protocol::ids::RoomId;
use protocol::rights::Role;
use protocol::room::{CreateRoomRequest, RoomAnswer};
use reqwest::header::{HeaderMap, HeaderName};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::account::Account;
use crate::api::{Answer, Call};
use crate::environment::variable;
use crate::person::Person;
use crate::room::TestRoom;
use crate::wait::{DEADLINE, eventually};

/// Shared by everybody, or held by the one who restarts parts.
static PEACE: RwLock<()> = RwLock::const_new(());

/// How long the control endpoint may take to have a part running again. The supervisor itself gives up after 180 s in
/// which nothing is built for the part.
const RESTART_PATIENCE: Duration = Duration::from_secs(300);

/// A handle on the stack. Clones share the hold.
#[derive(Clone)]
pub struct Stack {
    edge_url: String,
    description: Option<Description>,
    http: reqwest::Client,
    _hold: Arc<Hold>,
}

enum Hold {
    Shared(#[expect(dead_code, reason = "held, never read")] RwLockReadGuard<'static, ()>),
    Alone(#[expect(dead_code, reason = "held, never read")] RwLockWriteGuard<'static, ()>),
}

/// What a test may read of `TUTTI_STACK`.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Description {
    control: String,
    aws_endpoint: String,
    data_dir: PathBuf,
    outbox_dir: PathBuf,
}

/// The processes of the stack.
#[derive(Debug, Deserialize)]
pub struct Processes {
    /// By part.
    pub parts: HashMap<String, Vec<i32>>,
    /// By task of the runners' service.
    pub runners: HashMap<String, Vec<i32>>,
}

fn client(headers: HeaderMap) -> reqwest::Client {
    // A redirect would be an answer to look at, not to follow.
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    builder.default_headers(headers).build().expect("an HTTP client without special wishes is built")
}

impl Stack {
    /// The stack that the environment names, held together with other tests.
    ///
    /// # Panics
    /// Without `TUTTI_URL`.
    pub async fn from_env() -> Self {
        Self::open(Hold::Shared(PEACE.read().await))
    }

    /// The same for this test alone: it may restart parts that others rely on.
    ///
    /// # Panics
    /// Without `TUTTI_URL`.
    pub async fn alone_from_env() -> Self {
        Self::open(Hold::Alone(PEACE.write().await))
    }

    fn open(hold: Hold) -> Self {
        let edge_url =
            variable("TUTTI_URL").expect("TUTTI_URL names no stack: `cargo xtask test` starts one and sets it");
        let description = variable("TUTTI_STACK").map(|file| {
            let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"))
        });
        Self { edge_url, description, http: client(HeaderMap::new()), _hold: Arc::new(hold) }
    }

    /// Where people reach the product, such as `http://localhost:8787`.
    #[must_use]
    pub fn edge_url(&self) -> &str {
        &self.edge_url
    }

    /// The same stack from another address, as Cloudflare would name it: a local edge believes its caller.
    ///
    /// # Panics
    /// For what is no header.
    #[must_use]
    pub fn from_address(&self, address: &str) -> Self {
        let address = address.parse().expect("an address fits into a header");
        let headers = HeaderMap::from_iter([(HeaderName::from_static("cf-connecting-ip"), address)]);
        Self { http: client(headers), ..self.clone() }
    }

    /// The same stack from an address that nobody else comes from: of the network that is kept for benchmarks.
    #[must_use]
    pub fn from_fresh_address(&self) -> Self {
        let [a, b, c, ..] = rand::random::<u32>().to_be_bytes();
        self.from_address(&format!("198.{}.{b}.{c}", 18 + a % 2))
    }

    /// A `GET` of a path such as `/health`.
    #[must_use]
    pub fn get(&self, path: &str) -> Call {
        self.call(reqwest::Method::GET, path)
    }

    /// A `POST` of a path.
    #[must_use]
    pub fn post(&self, path: &str) -> Call {
        self.call(reqwest::Method::POST, path)
    }

    /// A request of any kind.
    #[must_use]
    pub fn call(&self, method: reqwest::Method, path: &str) -> Call {
        Call::new(self.http.request(method, format!("{}{path}", self.edge_url)))
    }

    /// A new account, logged in.
    pub async fn account(&self) -> Account {
        Account::register(self).await
    }

    /// The administrator.
    pub async fn admin(&self) -> Account {
        Account::admin(self).await
    }

    /// A room without an account behind it.
    pub async fn guest_room(&self, name: &str) -> TestRoom {
        let request = CreateRoomRequest { name: name.to_owned(), language: None, project_id: None, visibility: None };
        let answer: RoomAnswer = self.post("/api/v1/rooms").json(&request).send().await.data();
        let key = answer.owner_key.expect("a guest's room comes with its key");
        let token = json!({"ownerKey": key, "name": "Owner"});
        let owner = self.enter(&answer.room.id, &token).await;
        assert_eq!(owner.role(), Role::Owner);
        TestRoom::new(self.clone(), answer.room, owner, Some(key))
    }

    /// Somebody comes into a room by what a token is given for.
    pub async fn enter(&self, room: &RoomId, request: &serde_json::Value) -> Person {
        let entered = self.post(&format!("/api/v1/rooms/{room}/token")).json(request).send().await;
        Person::new(self.clone(), room.clone(), entered.data())
    }

    /// Ends a part in order and returns when its successor is ready.
    pub async fn restart(&self, part: &str) {
        self.order("restart", part).await;
    }

    /// Kills a part and returns when its successor is ready; `runner` kills the running tasks.
    pub async fn kill(&self, part: &str) {
        self.order("kill", part).await;
    }

    /// Kills the runner with the most processes, which is the one with a program, and returns when it is gone.
    ///
    /// # Panics
    /// When there is none.
    pub async fn kill_busy_runner(&self) {
        let before = self.processes().await.runners;
        let busy = before.into_iter().max_by_key(|(_, processes)| processes.len());
        let (task, _) = busy.expect("a runner");
        self.order("kill", &format!("runner-{task}")).await;
        eventually(DEADLINE, "the task to be dead", async || {
            let after = self.processes().await.runners;
            if after.contains_key(&task) { Err(after) } else { Ok(()) }
        })
        .await;
    }

    /// Ends a part in order, does what must not be done while it runs, and returns when it is ready again.
    pub async fn while_resting<T>(&self, part: &str, work: impl FnOnce() -> T) -> T {
        self.order("rest", part).await;
        // A failure in between must not take the stack from everybody who comes later.
        let done = catch_unwind(AssertUnwindSafe(work));
        self.order("restart", part).await;
        done.unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// Does something while no runner runs and none starts.
    pub async fn without_runners<T>(&self, work: impl AsyncFnOnce() -> T) -> T {
        self.order("rest", "runner").await;
        // A failure in between must not take the runners from everybody who comes later.
        let done = AssertUnwindSafe(work()).catch_unwind().await;
        self.order("restart", "runner").await;
        done.unwrap_or_else(|panic| resume_unwind(panic))
    }

    async fn order(&self, verb: &str, part: &str) {
        let request = self.http.post(format!("{}/{verb}/{part}", self.control())).timeout(RESTART_PATIENCE);
        let answer = request.send().await.unwrap_or_else(|error| panic!("{verb} {part}: {error:?}"));
        let (status, body) = (answer.status(), answer.text().await);
        assert!(status.is_success(), "{verb} {part}: {status}: {body:?}");
    }

    /// The processes that run now.
    pub async fn processes(&self) -> Processes {
        let answer: Answer = Call::new(self.http.get(format!("{}/parts", self.control()))).send().await;
        serde_json::from_slice(&answer.body).expect("the control endpoint lists processes")
    }

    /// Where the parts keep what they store.
    pub(crate) fn data(&self) -> &Path {
        &self.description().data_dir
    }

    /// Where the stack writes its mails.
    pub(crate) fn outbox(&self) -> &Path {
        &self.description().outbox_dir
    }

    /// Where the local AWS answers.
    pub(crate) fn aws_endpoint(&self) -> &str {
        &self.description().aws_endpoint
    }

    fn control(&self) -> &str {
        &self.description().control
    }

    fn description(&self) -> &Description {
        let names = "TUTTI_STACK names no file: only a stack of `cargo xtask test` can be disturbed";
        self.description.as_ref().expect(names)
    }
}
