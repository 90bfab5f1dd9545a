//! The tasks: real processes with the life cycle that ECS gives them.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Result;
use serde_json::{Value, json};
use tokio::{
    sync::{Mutex, mpsc},
    task::JoinHandle,
};

use crate::supervisor::{Guarded, Logs, Program, descendants};

/// How long after its end a task is still described, as on ECS.
const REMEMBERED: Duration = Duration::from_secs(3600);
const ACCOUNT: &str = "arn:aws:ecs:us-east-1:000000000000";

/// Every task that runs or ran lately.
pub(super) struct Tasks {
    runner: Program,
    logs: Logs,
    /// Where a task reaches its agent, followed by its id.
    agent: String,
    all: Arc<Mutex<HashMap<String, Task>>>,
    /// Gets the exit code of each task that has ended.
    ended: mpsc::UnboundedSender<Option<i32>>,
}

/// One task.
struct Task {
    group: String,
    started_by: String,
    created_at: f64,
    guard: Option<i32>,
    orders: mpsc::Sender<Order>,
    keeper: Option<JoinHandle<()>>,
    /// Why the task was asked to stop, once it was.
    stop_reason: Option<String>,
    /// Until when the service must not choose it, in seconds since the epoch.
    protected_until: Option<f64>,
    end: Option<End>,
}

struct End {
    at: f64,
    exit_code: Option<i32>,
}

enum Order {
    Stop,
    Kill,
}

impl Tasks {
    /// No tasks so far. `ended` gets the exit code of each that ends, none where a signal ended it.
    pub(super) fn new(runner: Program, logs: Logs, agent: String, ended: mpsc::UnboundedSender<Option<i32>>) -> Self {
        Self { runner, logs, agent, all: Arc::default(), ended }
    }

    /// Starts a process and gives the id of its task.
    pub(super) async fn start(&self, group: &str, started_by: &str, env: Vec<(String, String)>) -> Result<String> {
        let id = format!("{:032x}", rand::random::<u128>());
        let mut program = self.runner.clone();
        // As ECS has them: the agent takes protection, the metadata tell the task its own name.
        let agent = format!("{}/{id}", self.agent);
        program.env.push(("ECS_CONTAINER_METADATA_URI_V4".to_owned(), format!("{agent}/v4")));
        program.env.push(("ECS_AGENT_URI".to_owned(), agent));
        program.env.extend(env);
        let guarded = Guarded::start(&program, &self.logs)?;
        let (orders, received) = mpsc::channel(4);
        let guard = guarded.guard_pid();
        let mut all = self.all.lock().await;
        forget_old(&mut all);
        let keeper = tokio::spawn(keep(id.clone(), guarded, received, Arc::clone(&self.all), self.ended.clone()));
        all.insert(
            id.clone(),
            Task {
                group: group.to_owned(),
                started_by: started_by.to_owned(),
                created_at: now(),
                guard,
                orders,
                keeper: Some(keeper),
                stop_reason: None,
                protected_until: None,
                end: None,
            },
        );
        Ok(id)
    }

    /// Asks a task to stop; false if there is none of this id.
    pub(super) async fn stop(&self, id: &str, reason: &str) -> bool {
        let mut all = self.all.lock().await;
        let Some(task) = all.get_mut(id) else { return false };
        task.stop_reason.get_or_insert_with(|| reason.to_owned());
        // The queue is full only when it has been asked already.
        let _ = task.orders.try_send(Order::Stop);
        true
    }

    /// Protects a task from the service's choice, or ends that; the time until which, or nothing if it runs no more.
    pub(super) async fn protect(&self, id: &str, time: Option<Duration>) -> Option<Option<f64>> {
        let mut all = self.all.lock().await;
        let task = all.get_mut(id).filter(|task| task.end.is_none())?;
        task.protected_until = time.map(|time| now() + time.as_secs_f64());
        Some(task.protected_until)
    }

    /// Until when a task is protected, if it runs.
    pub(super) async fn protection(&self, id: &str) -> Option<Option<f64>> {
        let all = self.all.lock().await;
        let task = all.get(id).filter(|task| task.end.is_none())?;
        Some(task.protected_until.filter(|until| *until > now()))
    }

    /// Kills a task; false if there is none of this id.
    pub(super) async fn kill(&self, id: &str) -> bool {
        let all = self.all.lock().await;
        // The queue is full only when it has been asked already.
        all.get(id).is_some_and(|task| task.orders.try_send(Order::Kill).is_ok())
    }

    pub(super) async fn kill_all(&self) {
        for task in self.all.lock().await.values() {
            let _ = task.orders.try_send(Order::Kill);
        }
    }

    /// Stops all and waits until no process is left.
    pub(super) async fn stop_all(&self) {
        let mut keepers = Vec::new();
        for task in self.all.lock().await.values_mut() {
            let _ = task.orders.try_send(Order::Stop);
            keepers.extend(task.keeper.take());
        }
        for keeper in keepers {
            let _ = keeper.await;
        }
    }

    /// The ids of tasks that have not been asked to stop, oldest first, of one group or of all.
    pub(super) async fn running(&self, group: Option<&str>) -> Vec<String> {
        let all = self.all.lock().await;
        let mut found: Vec<_> = all
            .iter()
            .filter(|(_, task)| task.end.is_none() && task.stop_reason.is_none())
            .filter(|(_, task)| group.is_none_or(|group| group == task.group))
            .map(|(id, task)| (task.created_at, id.clone()))
            .collect();
        found.sort_by(|left, right| left.0.total_cmp(&right.0));
        found.into_iter().map(|(_, id)| id).collect()
    }

    /// The ids of tasks that have ended.
    pub(super) async fn stopped(&self) -> Vec<String> {
        let all = self.all.lock().await;
        all.iter().filter(|(_, task)| task.end.is_some()).map(|(id, _)| id.clone()).collect()
    }

    pub(super) async fn pids(&self) -> HashMap<String, Vec<i32>> {
        let all = self.all.lock().await;
        let living = all.iter().filter(|(_, task)| task.end.is_none());
        living.map(|(id, task)| (id.clone(), task.guard.map(descendants).unwrap_or_default())).collect()
    }

    /// A task as ECS describes it.
    pub(super) async fn describe(&self, cluster: &str, id: &str) -> Option<Value> {
        let all = self.all.lock().await;
        Some(all.get(id)?.describe(cluster, id))
    }
}

impl Task {
    fn describe(&self, cluster: &str, id: &str) -> Value {
        let status = if self.end.is_some() { "STOPPED" } else { "RUNNING" };
        let ending = self.end.is_some() || self.stop_reason.is_some();
        let mut task = json!({
            "taskArn": task_arn(cluster, id),
            "clusterArn": cluster_arn(cluster),
            "group": self.group,
            "startedBy": self.started_by,
            "launchType": "FARGATE",
            "lastStatus": status,
            "desiredStatus": if ending { "STOPPED" } else { "RUNNING" },
            "createdAt": self.created_at,
            "startedAt": self.created_at,
            "containers": [{"name": "runner", "lastStatus": status}],
        });
        if let Some(end) = &self.end {
            let asked = self.stop_reason.is_some();
            task["stoppedAt"] = json!(end.at);
            task["stopCode"] = json!(if asked { "UserInitiated" } else { "EssentialContainerExited" });
            task["stoppedReason"] = json!(self.stop_reason.as_deref().unwrap_or("Essential container in task exited"));
            task["containers"][0]["exitCode"] = json!(end.exit_code);
        }
        task
    }
}

/// Waits for the end of one task, passing orders on.
async fn keep(
    id: String,
    mut guarded: Guarded,
    mut orders: mpsc::Receiver<Order>,
    all: Arc<Mutex<HashMap<String, Task>>>,
    ended: mpsc::UnboundedSender<Option<i32>>,
) {
    let status = loop {
        tokio::select! {
            status = guarded.ended() => break status,
            Some(order) = orders.recv() => match order {
                Order::Stop => guarded.stop(),
                Order::Kill => guarded.kill().await,
            },
        }
    };
    let exit_code = status.ok().and_then(|status| status.code());
    if let Some(task) = all.lock().await.get_mut(&id) {
        task.end = Some(End { at: now(), exit_code });
        task.guard = None;
    }
    // Nobody listens while the stand-in ends.
    let _ = ended.send(exit_code);
}

fn forget_old(all: &mut HashMap<String, Task>) {
    let limit = now() - REMEMBERED.as_secs_f64();
    all.retain(|_, task| task.end.as_ref().is_none_or(|end| end.at > limit));
}

pub(super) fn cluster_arn(cluster: &str) -> String {
    format!("{ACCOUNT}:cluster/{cluster}")
}

pub(super) fn task_arn(cluster: &str, id: &str) -> String {
    format!("{ACCOUNT}:task/{cluster}/{id}")
}

pub(super) fn service_arn(cluster: &str, service: &str) -> String {
    format!("{ACCOUNT}:service/{cluster}/{service}")
}

/// Seconds since the epoch, which is how this protocol writes times.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
