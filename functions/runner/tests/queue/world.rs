//! A runner with a queue of one message and an edge that grants it.

use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use protocol::ids::RunId;
use protocol::lease::{InHand, LeaseFrame, LeaseOrder};
use protocol::run::Priority;
use protocol::runner::{ClaimGranted, RoomFrame, RunReport, RunnerFrame};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::http::{Call, Request, listen};

/// Nothing here takes this long; a test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(25);

/// Something that the runner did.
#[derive(Debug)]
pub(crate) enum Deed {
    /// Asked the queue that has no message.
    FoundNothing,
    Claimed,
    /// Said something of the run.
    Frame(RunnerFrame),
    /// Said something of another run.
    OfAnother(RunId, RunnerFrame),
    /// Opened the room's socket; the test answers by it.
    Serves(UnboundedSender<RoomSays>),
    /// Said what it has in hand.
    Hello(Vec<InHand>),
    /// Asked to be let go, and was.
    Leaves,
    Heartbeat,
    Reported(Box<RunReport>),
    Deleted,
    Hidden {
        seconds: u64,
    },
}

/// What the room does with its runner's socket.
#[derive(Debug)]
pub(crate) enum RoomSays {
    /// Something of the run.
    Frame(RoomFrame),
    /// Anything else.
    Order(LeaseOrder),
    /// Breaks the connection.
    Hangup,
}

/// How the parts around the runner behave.
#[derive(Debug, Clone)]
pub(crate) struct Behaviour {
    /// Statuses and details of the first claims; later ones are granted.
    pub(crate) claims: Vec<(u16, Value)>,
    /// What heartbeats answer.
    pub(crate) wanted: bool,
    /// Statuses of the first results; later ones are 200.
    pub(crate) results: Vec<(u16, Value)>,
    pub(crate) granted: ClaimGranted,
    /// Where the message is.
    pub(crate) priority: Priority,
    /// Share of messages with which the runner dies.
    pub(crate) faults: &'static str,
    /// Time after SIGTERM, for the runner.
    pub(crate) grace_ms: u64,
}

pub(crate) struct World {
    runner: Child,
    deeds: UnboundedReceiver<Deed>,
}

impl Behaviour {
    /// A Python program of a room, in which `say` prints a line in one piece.
    pub(crate) fn python(source: &str) -> Self {
        let source = format!("import os, sys, time\ndef say(text): os.write(1, f'{{text}}\\n'.encode())\n{source}");
        let granted = json!({
            "runId": RUN, "roomId": "r".repeat(20), "attempt": 1, "credential": "credential",
            "lease": "lease", "language": "python",
            "entry": "main.py", "files": [{"path": "main.py", "content": source}],
            "limits": serde_json::to_value(protocol::runner::RunLimits::default()).expect("serialises"),
        });
        let granted = serde_json::from_value(granted).expect("a claim");
        Self {
            claims: Vec::new(),
            wanted: true,
            results: Vec::new(),
            granted,
            priority: Priority::Critical,
            faults: "0",
            grace_ms: 20_000,
        }
    }

    pub(crate) fn without_room(mut self) -> Self {
        (self.granted.room_id, self.granted.lease) = (None, None);
        self
    }
}

/// What the runner tries its connection with.
const PING: &str = r#"{"type":"ping"}"#;

/// The run in the queue.
pub(crate) const RUN: &str = "0123456789abcdefghij";

impl World {
    pub(crate) async fn start(behaviour: Behaviour) -> Self {
        let (tell, deeds) = unbounded_channel();
        let (grace_ms, faults) = (behaviour.grace_ms.to_string(), behaviour.faults);
        let message = Arc::new(Mutex::new(Some(
            json!({"kind": "run", "runId": RUN, "ticket": "ticket", "requestId": "request"}).to_string(),
        )));
        let told = tell.clone();
        let place = match behaviour.priority {
            Priority::Critical => "/runs",
            Priority::Background => "/background",
        };
        let queue = listen(move |call| queue(call, place, Arc::clone(&message), told.clone())).await;
        let behaviour = Arc::new(Mutex::new(behaviour));
        let edge = listen(move |call| edge(call, Arc::clone(&behaviour), tell.clone())).await;
        let mut command = Command::new(env!("CARGO_BIN_EXE_runner"));
        command.env_clear().envs([
            ("EDGE_URL", format!("http://{edge}")),
            ("RUNS_QUEUE_URL", format!("http://{queue}/000000000000/runs")),
            ("BACKGROUND_QUEUE_URL", format!("http://{queue}/000000000000/background")),
            ("AWS_ENDPOINT_URL", format!("http://{queue}")),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("RUNNER_WORK_DIR", "/var/tmp/tutti-runner-tests".to_owned()),
            ("RUNNER_GRACE_MS", grace_ms),
            ("RUNNER_FAULTS", faults.to_owned()),
            ("RUST_LOG", "warn".to_owned()),
        ]);
        let runner = command.stdin(Stdio::null()).kill_on_drop(true).spawn().expect("the runner starts");
        Self { runner, deeds }
    }

    /// The next thing the runner does.
    pub(crate) async fn next(&mut self) -> Deed {
        timeout(PATIENCE, self.deeds.recv()).await.expect("the runner does something").expect("the world lasts")
    }

    /// The next thing for which `pick` has an answer; what comes before is let go.
    pub(crate) async fn find<T>(&mut self, pick: impl Fn(Deed) -> Option<T>) -> T {
        loop {
            if let Some(found) = pick(self.next().await) {
                return found;
            }
        }
    }

    /// The room's end of the socket, once it is open.
    pub(crate) async fn room(&mut self) -> UnboundedSender<RoomSays> {
        self.find(|deed| if let Deed::Serves(say) = deed { Some(say) } else { None }).await
    }

    pub(crate) async fn report(&mut self) -> RunReport {
        self.find(|deed| if let Deed::Reported(report) = deed { Some(*report) } else { None }).await
    }

    pub(crate) fn terminate(&self) {
        let pid = self.runner.id().expect("it runs");
        kill(Pid::from_raw(pid.cast_signed()), Signal::SIGTERM).expect("it can be told");
    }

    pub(crate) async fn kill(&mut self) {
        self.runner.kill().await.expect("it can be killed");
    }

    pub(crate) async fn exit(&mut self) -> ExitStatus {
        timeout(PATIENCE, self.runner.wait()).await.expect("the runner leaves").expect("its status")
    }

    /// Everything that was done and not yet looked at.
    pub(crate) fn rest(&mut self) -> Vec<Deed> {
        std::iter::from_fn(|| self.deeds.try_recv().ok()).collect()
    }
}

/// SQS with one message, that is not given twice, in the queue at `place`. Another one has nothing.
async fn queue(
    call: Call,
    place: &str,
    message: Arc<Mutex<Option<String>>>,
    tell: UnboundedSender<Deed>,
) -> (u16, Value) {
    let Call::Plain(Request { headers, body, .. }) = call else { return (400, Value::Null) };
    let is_there = body["QueueUrl"].as_str().expect("a queue").ends_with(place);
    let action = headers.get("x-amz-target").and_then(|target| target.split_once('.')).map(|(_, action)| action);
    match action {
        Some("ReceiveMessage") if !is_there => drop(tell.send(Deed::FoundNothing)),
        other if !is_there => panic!("{other:?} goes to the queue that the message is not from"),
        Some("ReceiveMessage") => {
            let taken = message.lock().expect("unpoisoned").take();
            if let Some(body) = taken {
                let md5 = "00000000000000000000000000000000";
                return (
                    200,
                    json!({"Messages": [{"MessageId": "m", "ReceiptHandle": "h", "Body": body, "MD5OfBody": md5}]}),
                );
            }
            std::future::pending().await
        }
        Some("DeleteMessage") => drop(tell.send(Deed::Deleted)),
        Some("ChangeMessageVisibility") => {
            let seconds = body["VisibilityTimeout"].as_u64().expect("a number");
            drop(tell.send(Deed::Hidden { seconds }));
        }
        other => panic!("the queue was asked for {other:?}"),
    }
    (200, json!({}))
}

async fn edge(call: Call, behaviour: Arc<Mutex<Behaviour>>, tell: UnboundedSender<Deed>) -> (u16, Value) {
    let request = match call {
        Call::Plain(request) => request,
        Call::Socket(socket) => {
            room(*socket, tell).await;
            return (0, Value::Null);
        }
    };
    let is_own = |id: &String| id == "request" || request.path.contains(id.as_str());
    assert!(request.headers.get("x-request-id").is_some_and(is_own), "the request that submitted the run");
    let bearer = request.headers.get("authorization").expect("a bearer").clone();
    let mut behaviour = behaviour.lock().expect("unpoisoned");
    let (status, data, details) = match request.path.rsplit('/').next() {
        Some("claim") => {
            assert_eq!(bearer, "Bearer ticket");
            drop(tell.send(Deed::Claimed));
            let (status, details) = planned(&mut behaviour.claims);
            (status, json!(behaviour.granted), details)
        }
        Some("heartbeat") => {
            drop(tell.send(Deed::Heartbeat));
            (200, json!({"wanted": behaviour.wanted}), Value::Null)
        }
        Some("result") => {
            assert!(bearer.starts_with("Bearer credential"), "{bearer}");
            let report = serde_json::from_value(request.body).expect("a report");
            drop(tell.send(Deed::Reported(Box::new(report))));
            let (status, details) = planned(&mut behaviour.results);
            (status, json!({"run": {}}), details)
        }
        other => panic!("the edge was asked for {other:?}"),
    };
    (status, envelope(status, &data, &details))
}

/// The first of what was planned, or success.
fn planned(answers: &mut Vec<(u16, Value)>) -> (u16, Value) {
    if answers.is_empty() { (200, Value::Null) } else { answers.remove(0) }
}

fn envelope(status: u16, data: &Value, details: &Value) -> Value {
    let meta = json!({"timestamp": "", "requestId": "request"});
    let code = if status == 409 { "CONFLICT" } else { "UNAVAILABLE" };
    let error = json!({"code": code, "message": "", "details": details});
    if status == 200 {
        json!({"success": true, "data": data, "meta": meta})
    } else {
        json!({"success": false, "error": error, "meta": meta})
    }
}

/// Passes frames to the test, and what the test says to the runner.
async fn room(mut socket: WebSocketStream<TcpStream>, tell: UnboundedSender<Deed>) {
    let (say, mut said) = unbounded_channel();
    drop(tell.send(Deed::Serves(say)));
    loop {
        tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) if text.as_str() == PING => {}
                Some(Ok(Message::Text(text))) => {
                    let deed = match serde_json::from_str(&text).expect("a frame") {
                        LeaseFrame::Hello { runs, .. } => Deed::Hello(runs),
                        LeaseFrame::Begin { .. } => continue,
                        LeaseFrame::Run { run_id, frame, .. } if run_id.as_str() == RUN => Deed::Frame(frame),
                        LeaseFrame::Run { run_id, frame, .. } => Deed::OfAnother(run_id, frame),
                        LeaseFrame::Leave => {
                            let text = serde_json::to_string(&LeaseOrder::Left).expect("serialises");
                            drop(socket.send(Message::text(text)).await);
                            Deed::Leaves
                        }
                        LeaseFrame::Terminal { .. } => panic!("nobody asked for a terminal"),
                    };
                    drop(tell.send(deed));
                }
                Some(Ok(_)) => {}
                _ => return,
            },
            said = said.recv() => match said {
                Some(says) => {
                    let order = match says {
                        RoomSays::Frame(frame) => LeaseOrder::Run { run_id: RUN.parse().expect("an id"), frame },
                        RoomSays::Order(order) => order,
                        RoomSays::Hangup => return,
                    };
                    let text = serde_json::to_string(&order).expect("serialises");
                    // The runner may just be leaving.
                    drop(socket.send(Message::text(text)).await);
                }
                // Without a test there is no room.
                None => return,
            },
        }
    }
}
