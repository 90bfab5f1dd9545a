//! The ECS stand-in through the same SDK that the functions use, and what is left of its tasks when it ends.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its fixtures too")]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use aws_sdk_ecs::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    types::{ContainerOverride, DesiredStatus, KeyValuePair, Task, TaskOverride},
};

/// Writes the task's process id where the test finds it, then stays.
const SLEEPER: &str = "echo $$ >> pids; sleep 600 & echo $! >> pids; wait";

/// A stand-in in a process and a folder of its own.
struct StandIn {
    process: Child,
    dir: PathBuf,
    client: Client,
}

impl StandIn {
    fn with_task(script: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("tutti-ecs-{}-{number}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(["ecs", "--cluster", "local", "--service", "runner", "--grace-s", "2", "--logs", "."])
            .args(["--", "/bin/sh", "-c", script])
            .current_dir(&dir)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut endpoint = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut endpoint).unwrap();
        let config = aws_sdk_ecs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("local", "local", None, None, "test"))
            .endpoint_url(endpoint.trim())
            .build();
        Self { process, dir, client: Client::from_conf(config) }
    }

    /// The process ids that tasks have written, once there are `count`.
    async fn pids(&self, count: usize) -> Vec<String> {
        self.lines("pids", count).await
    }

    /// The lines that tasks have written into a file, once there are `count`.
    async fn lines(&self, file: &str, count: usize) -> Vec<String> {
        eventually(async || {
            let text = fs::read_to_string(self.dir.join(file)).unwrap_or_default();
            let lines: Vec<String> = text.lines().map(str::to_owned).collect();
            (lines.len() >= count).then_some(lines)
        })
        .await
    }

    /// What a task has written into a file, once there is something.
    async fn text(&self, file: &str) -> String {
        eventually(async || fs::read_to_string(self.dir.join(file)).ok().filter(|text| !text.is_empty())).await
    }

    async fn run_task(&self) -> String {
        let call = self.client.run_task().cluster("local").task_definition("runner");
        call.send().await.unwrap().tasks()[0].task_arn().unwrap().to_owned()
    }

    /// The task, once it has ended.
    async fn ended_task(&self, arn: &str) -> Task {
        eventually(async || {
            let answer = self.client.describe_tasks().cluster("local").tasks(arn).send().await.unwrap();
            answer.tasks().first().filter(|task| task.stopped_at.is_some()).cloned()
        })
        .await
    }

    async fn service_tasks(&self) -> Vec<String> {
        let answer = self.client.list_tasks().cluster("local").service_name("runner").send().await.unwrap();
        answer.task_arns().to_vec()
    }

    async fn want(&self, count: i32) {
        let call = self.client.update_service().cluster("local").service("runner").desired_count(count);
        call.send().await.unwrap();
    }

    fn signal(&mut self, signal: &str) {
        kill(signal, &self.process.id().to_string());
        self.process.wait().unwrap();
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        if self.process.try_wait().unwrap().is_none() {
            self.signal("-TERM");
        }
        fs::remove_dir_all(&self.dir).unwrap();
    }
}

fn kill(signal: &str, pid: &str) {
    assert!(Command::new("kill").args([signal, pid]).status().unwrap().success());
}

fn alive(pid: &str) -> bool {
    Path::new("/proc").join(pid).exists()
}

/// Asks again until there is an answer.
async fn eventually<T>(mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..400 {
        if let Some(value) = probe().await {
            return value;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it did not happen within 20 s");
}

#[tokio::test]
async fn run_task_starts_a_process_and_reports_its_exit_code() {
    let stand_in = StandIn::with_task("exit 7");
    let arn = stand_in.run_task().await;
    let task = stand_in.ended_task(&arn).await;
    assert_eq!(task.containers()[0].exit_code(), Some(7));
    assert_eq!(task.last_status(), Some("STOPPED"));
}

#[tokio::test]
async fn environment_of_the_call_reaches_the_process() {
    let stand_in = StandIn::with_task("exit $CODE");
    let pair = KeyValuePair::builder().name("CODE").value("9").build();
    let container = ContainerOverride::builder().name("runner").environment(pair).build();
    let overrides = TaskOverride::builder().container_overrides(container).build();
    let call = stand_in.client.run_task().cluster("local").task_definition("runner").overrides(overrides);
    let arn = call.send().await.unwrap().tasks()[0].task_arn().unwrap().to_owned();
    assert_eq!(stand_in.ended_task(&arn).await.containers()[0].exit_code(), Some(9));
}

#[tokio::test]
async fn stop_task_ends_everything_that_the_task_started() {
    let stand_in = StandIn::with_task(SLEEPER);
    let arn = stand_in.run_task().await;
    let pids = stand_in.pids(2).await;
    stand_in.client.stop_task().cluster("local").task(&arn).reason("enough").send().await.unwrap();
    assert_eq!(stand_in.ended_task(&arn).await.stopped_reason(), Some("enough"));
    assert!(!pids.iter().any(|pid| alive(pid)));
    let call = stand_in.client.list_tasks().cluster("local").desired_status(DesiredStatus::Stopped);
    assert_eq!(call.send().await.unwrap().task_arns(), [arn]);
}

#[tokio::test]
async fn task_that_ignores_the_request_to_end_is_killed() {
    let stand_in = StandIn::with_task("trap '' TERM; echo $$ >> pids; while :; do sleep 1; done");
    let arn = stand_in.run_task().await;
    let pids = stand_in.pids(1).await;
    stand_in.client.stop_task().cluster("local").task(&arn).send().await.unwrap();
    stand_in.ended_task(&arn).await;
    assert!(!alive(&pids[0]));
}

#[tokio::test]
async fn service_keeps_the_desired_number_and_replaces_a_dead_task() {
    let stand_in = StandIn::with_task("echo $$ >> pids; exec sleep 600");
    stand_in.want(2).await;
    let first = stand_in.service_tasks().await;
    assert_eq!(first.len(), 2);
    for pid in stand_in.pids(2).await {
        kill("-KILL", &pid);
    }
    eventually(async || {
        let now = stand_in.service_tasks().await;
        (now.len() == 2 && now.iter().all(|arn| !first.contains(arn))).then_some(())
    })
    .await;
    // A task that is stopped before it has written would never write.
    let pids = stand_in.pids(4).await;
    stand_in.want(0).await;
    eventually(async || (!pids.iter().any(|pid| alive(pid))).then_some(())).await;
    let answer = stand_in.client.describe_services().cluster("local").services("runner").send().await.unwrap();
    assert_eq!((answer.services()[0].desired_count(), answer.services()[0].running_count()), (0, 0));
}

#[tokio::test]
async fn a_protected_task_is_not_chosen_when_the_service_shrinks() {
    let stand_in = StandIn::with_task("echo $ECS_AGENT_URI >> agents; exec sleep 600");
    stand_in.want(3).await;
    let agents = stand_in.lines("agents", 3).await;
    let task_of = |agent: &str| agent.rsplit('/').next().unwrap().to_owned();
    let set = async |agent: &str, body: &str| {
        let url = format!("{agent}/task-protection/v1/state");
        let put = ["--fail", "--silent", "-X", "PUT", "-H", "content-type: application/json", "-d", body, &url];
        let output = Command::new("curl").args(put).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    // The youngest would be the first to go.
    let tasks = stand_in.service_tasks().await;
    let youngest = agents.iter().find(|agent| tasks.last().unwrap().ends_with(&task_of(agent))).unwrap();
    let answer = set(youngest, r#"{"ProtectionEnabled":true,"ExpiresInMinutes":2}"#).await;
    assert!(answer.contains(r#""ProtectionEnabled":true"#), "{answer}");
    stand_in.want(1).await;
    let left = stand_in.service_tasks().await;
    assert_eq!(left, [tasks[2].clone()]);
    stand_in.want(0).await;
    assert_eq!(stand_in.service_tasks().await.len(), 1, "it is spared while it is protected");
    set(youngest, r#"{"ProtectionEnabled":false}"#).await;
    eventually(async || stand_in.service_tasks().await.is_empty().then_some(())).await;
}

#[tokio::test]
async fn a_task_learns_its_own_name() {
    let stand_in = StandIn::with_task("curl --silent $ECS_CONTAINER_METADATA_URI_V4/task > metadata; exec sleep 600");
    stand_in.want(1).await;
    let metadata = stand_in.text("metadata").await;
    let arn = stand_in.service_tasks().await.remove(0);
    assert!(metadata.contains(&format!(r#""TaskARN":"{arn}""#)), "{metadata}");
}

#[tokio::test]
async fn a_task_that_has_done_its_work_is_replaced_at_once_and_one_that_fails_more_and_more_slowly() {
    let begun = Instant::now();
    let stand_in = StandIn::with_task("echo $$ >> pids; exit 0");
    stand_in.want(1).await;
    // With a pause of a second for each it would take longer than this.
    stand_in.pids(10).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    stand_in.want(0).await;

    let stand_in = StandIn::with_task("date +%s%N >> pids; exit 1");
    stand_in.want(1).await;
    let starts: Vec<u64> = stand_in.pids(5).await.iter().map(|line| line.parse().unwrap()).collect();
    // The fourth and the fifth start come after pauses of at least 250 ms and 500 ms.
    assert!(starts[3] - starts[2] >= 250_000_000 && starts[4] - starts[3] >= 500_000_000, "{starts:?}");
    stand_in.want(0).await;
}

#[tokio::test]
async fn nothing_outlives_a_killed_stand_in() {
    for signal in ["-TERM", "-KILL"] {
        let mut stand_in = StandIn::with_task(SLEEPER);
        stand_in.want(2).await;
        let pids = stand_in.pids(4).await;
        stand_in.signal(signal);
        eventually(async || (!pids.iter().any(|pid| alive(pid))).then_some(())).await;
    }
}

#[tokio::test]
async fn unknown_names_are_refused_as_ecs_refuses_them() {
    let stand_in = StandIn::with_task("exit 0");
    let client = &stand_in.client;
    let error = client.list_tasks().cluster("other").send().await.unwrap_err();
    assert!(error.into_service_error().is_cluster_not_found_exception());
    let error = client.update_service().cluster("local").service("other").send().await.unwrap_err();
    assert!(error.into_service_error().is_service_not_found_exception());
    let answer = client.describe_services().cluster("local").services("other").send().await.unwrap();
    assert_eq!(answer.failures()[0].reason(), Some("MISSING"));
}
