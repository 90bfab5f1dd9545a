//! What a runner takes up that waits for its first message.

use std::fs;
use std::io::{ErrorKind, Read};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::{RUNNER, WORK_DIR, row};

/// A runner that waits for its first message.
pub(super) fn rows() -> Vec<Value> {
    let queue = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = queue.local_addr().expect("an address");
    let mut runner = Command::new(RUNNER)
        .env_clear()
        .env("EDGE_URL", format!("http://{address}"))
        .env("RUNS_QUEUE_URL", format!("http://{address}/000000000000/runs"))
        .env("BACKGROUND_QUEUE_URL", format!("http://{address}/000000000000/background"))
        .env("AWS_ENDPOINT_URL", format!("http://{address}"))
        .envs([("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "x")])
        .envs([("RUNNER_WORK_DIR", WORK_DIR), ("RUST_LOG", "warn")])
        .stdin(Stdio::null())
        .spawn()
        .expect("the runner starts");
    // It asks for messages when everything else is done, and this queue never answers.
    let mut asked = accept_from(&queue, &mut runner);
    asked.read_exact(&mut [0; 64]).expect("a request");
    let bytes: u64 = family(runner.id()).into_iter().map(proportional_bytes).sum();
    runner.kill().and_then(|()| runner.wait()).expect("the runner ends");
    let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let size = fs::metadata(RUNNER).expect("the runner's program").len();
    let mut memory = row("memory of the idle runner, all its processes", mebibytes(bytes), &[], "MiB");
    memory["goal"] = json!({ "wanted": "20 MiB at most", "isMet": bytes <= 20 << 20 });
    let mut size_row = row("the runner's program", mebibytes(size), &[], "MiB");
    size_row["goal"] = json!({ "wanted": "15 MiB at most", "isMet": size <= 15 << 20 });
    vec![memory, size_row]
}

/// The first connection of a process.
fn accept_from(queue: &TcpListener, asking: &mut Child) -> TcpStream {
    queue.set_nonblocking(true).expect("a socket takes its options");
    loop {
        match queue.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false).expect("a socket takes its options");
                return stream;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(Duration::from_millis(5)),
            Err(error) => panic!("no connection: {error}"),
        }
        let ended = asking.try_wait().expect("the state of a child");
        assert!(ended.is_none(), "the runner ended before it asked: {ended:?}");
    }
}

/// A process and everything below it.
fn family(root: u32) -> Vec<u32> {
    let mut found = vec![root];
    let mut looked_at = 0;
    while let Some(pid) = found.get(looked_at) {
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        found.extend(children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
        looked_at += 1;
    }
    found
}

/// Memory, with pages that processes share divided among them.
fn proportional_bytes(pid: u32) -> u64 {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("the process is there");
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:")).expect("a size");
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").trim().parse().expect("a number");
    kilobytes * 1_024
}
