//! One attempt in the sandbox: from what the claim gave to the result, with frames on the way.

use std::time::Duration;

use nix::sys::signal::Signal;
use protocol::run::{RunReason, RunResult};
use protocol::runner::{ClaimGranted, OutputStream, RunnerFrame};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use crate::cases::execute_cases;
use crate::languages::{Program, Recipe};
use crate::output::{Kept, Output};
use crate::sandbox::{Bound, Control, Ended, Outcome, Running, Sandbox, SandboxError, Stop, Tier};

/// How long after a job's own bounds its jail may take to say so.
pub(crate) const JAIL_GRACE: Duration = Duration::from_secs(10);

/// Size of one read: a pipe's usual capacity.
const READ_BYTES: usize = 64 * 1024;

/// What an attempt came to.
#[derive(Debug)]
pub struct Executed {
    /// For the record.
    pub result: RunResult,
    /// True if it was ended by [`Wish::Stop`]: the result says nothing about the program.
    pub was_stopped: bool,
    /// What is odd about the machine now: this runner has to be replaced.
    pub anomaly: Option<String>,
}

/// What the runner wants of the attempt in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Its end by itself.
    Finish,
    /// Its end now.
    Stop,
}

/// What somebody types into a running program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// What.
    pub data: String,
    /// True if no more follows.
    pub end: bool,
}

/// What connects an attempt with its watchers.
#[derive(Debug)]
pub struct Wires<'a> {
    /// Gets its output as it comes, and the end.
    pub frames: &'a UnboundedSender<RunnerFrame>,
    /// What is wanted of it.
    pub wishes: watch::Receiver<Wish>,
    /// What is typed into it, if it takes input while it runs.
    pub input: UnboundedReceiver<Input>,
}

/// Runs an attempt.
pub async fn execute(sandbox: &Sandbox, claim: &ClaimGranted, wires: Wires<'_>) -> Executed {
    let recipe = Recipe::of(claim.language);
    let missing = recipe.missing_tools();
    if let Some(tool) = missing.first() {
        return Executed { result: failed(sandbox.tier(), tool.missing_words()), was_stopped: false, anomaly: None };
    }
    let executed = if claim.cases.is_empty() {
        try_execute(sandbox, claim, recipe, wires).await
    } else {
        execute_cases(sandbox, claim, recipe, wires.frames, wires.wishes).await
    };
    match executed {
        Ok(executed) => executed,
        Err(error) => {
            tracing::error!(error = crate::chain(&error), "the sandbox failed");
            let anomaly = !matches!(error, SandboxError::Refused(_));
            let anomaly = anomaly.then(|| crate::chain(&error));
            Executed { result: failed(sandbox.tier(), String::new()), was_stopped: false, anomaly }
        }
    }
}

async fn try_execute(
    sandbox: &Sandbox,
    claim: &ClaimGranted,
    recipe: &Recipe,
    Wires { frames, wishes, mut input }: Wires<'_>,
) -> Result<Executed, SandboxError> {
    let ClaimGranted { entry, files, args, flags, limits, .. } = claim;
    let job = recipe.job(Program { entry, files, args, flags, limits, caches: sandbox.caches() });
    let bounds: u64 = job.steps.iter().map(|step| step.limits.wall_ms).sum();
    let Running { stdout, stderr, stdin, control } = sandbox.start(job).await?;
    let mut pump = Pump {
        control,
        output: Output::new(limits.output_kept_bytes),
        frames,
        kill_bytes: limits.output_kill_bytes,
        stop: None,
    };
    let give_input = async {
        if let Some(stdin) = stdin
            && let Err(error) = give(stdin, claim, &mut input).await
        {
            tracing::debug!(%error, "the program did not read its input");
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        ended = timeout(Duration::from_millis(bounds) + JAIL_GRACE, pump.run(stdout, stderr, wishes)) => {
            ended.map_err(|_elapsed| SandboxError::NoReport)?;
        }
        () = give_input => {}
    }
    let Pump { control, output, stop, .. } = pump;
    let outcome = timeout(JAIL_GRACE, control.finish()).await.map_err(|_elapsed| SandboxError::NoReport)??;
    let result = result(&outcome, output.into_kept());
    Ok(Executed { result, was_stopped: stop == Some(Stop::Cancel), anomaly: outcome.anomaly })
}

/// Gives a program its input. A program that takes more while it runs hears its end when somebody says so.
async fn give(
    mut stdin: pipe::Sender,
    claim: &ClaimGranted,
    input: &mut UnboundedReceiver<Input>,
) -> std::io::Result<()> {
    stdin.write_all(claim.stdin.as_bytes()).await?;
    if !claim.interactive {
        return Ok(());
    }
    while let Some(Input { data, end }) = input.recv().await {
        stdin.write_all(data.as_bytes()).await?;
        if end {
            break;
        }
    }
    Ok(())
}

/// Moves output from the job's pipes to its watchers.
struct Pump<'a> {
    control: Control,
    output: Output,
    frames: &'a UnboundedSender<RunnerFrame>,
    kill_bytes: u64,
    /// What the job was told to end for.
    stop: Option<Stop>,
}

impl Pump<'_> {
    /// Ends when both streams have; the jail closes them when everything of the job is dead.
    async fn run(&mut self, mut stdout: pipe::Receiver, mut stderr: pipe::Receiver, mut wishes: watch::Receiver<Wish>) {
        let (mut out, mut err) = (vec![0; READ_BYTES], vec![0; READ_BYTES]);
        let (mut out_open, mut err_open) = (true, true);
        while out_open || err_open {
            let due = self.output.due();
            tokio::select! {
                read = stdout.read(&mut out), if out_open => {
                    out_open = self.took(OutputStream::Stdout, read.map(|length| &out[..length])).await;
                }
                read = stderr.read(&mut err), if err_open => {
                    err_open = self.took(OutputStream::Stderr, read.map(|length| &err[..length])).await;
                }
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    let frames = self.output.flush(Instant::now());
                    self.send(frames);
                }
                () = stop_wished(&mut wishes), if self.stop.is_none() => self.stop(Stop::Cancel).await,
            }
        }
        let mut last = self.output.flush(Instant::now());
        last.push(self.output.end());
        self.send(last);
    }

    /// Takes what a read gave; answers whether more may come.
    async fn took(&mut self, stream: OutputStream, read: std::io::Result<&[u8]>) -> bool {
        let now = Instant::now();
        let (frames, is_open) = match read {
            Ok([]) => (self.output.take_end(stream, now), false),
            Ok(bytes) => (self.output.take(stream, bytes, now), true),
            Err(error) => {
                tracing::error!(%error, "reading the program's output");
                (self.output.take_end(stream, now), false)
            }
        };
        self.send(frames);
        if self.output.written_bytes() > self.kill_bytes && self.stop.is_none() {
            self.stop(Stop::Output).await;
        }
        is_open
    }

    async fn stop(&mut self, stop: Stop) {
        self.stop = Some(stop);
        self.control.stop(stop).await;
    }

    fn send(&self, frames: Vec<RunnerFrame>) {
        for frame in frames {
            // Nobody listens to a run without a room.
            let _unheard = self.frames.send(frame);
        }
    }
}

/// Waits until the attempt's end is wished for.
pub(crate) async fn stop_wished(wishes: &mut watch::Receiver<Wish>) {
    // Where nobody can wish any more, the attempt is being dropped.
    let _nobody = wishes.wait_for(|wish| *wish == Wish::Stop).await;
}

/// The record of a job: its last step says how it ended, all of them what it used.
pub(crate) fn result(outcome: &Outcome, kept: Kept) -> RunResult {
    let last = outcome.steps.last();
    let (exit_code, signal) = match last.map(|step| step.ended) {
        Some(Ended::Exited(code)) => (Some(code), None),
        Some(Ended::Signalled(number)) => (None, Some(signal_name(number))),
        None => (None, None),
    };
    let reason = match last.map(|step| (step.stopped, step.bound)) {
        Some((Some(Stop::Output), _)) => Some(RunReason::OutputLimit),
        Some((_, Some(bound))) => Some(reason(bound)),
        Some((_, None)) => None,
        None => Some(RunReason::Internal),
    };
    RunResult {
        reason,
        exit_code,
        signal,
        stdout: kept.stdout,
        stderr: kept.stderr,
        truncated: kept.is_truncated,
        wall_ms: outcome.steps.iter().map(|step| step.wall_ms).sum(),
        cpu_ms: outcome.steps.iter().map(|step| step.cpu_ms).sum(),
        memory_bytes: outcome.steps.iter().map(|step| step.memory_bytes).max().unwrap_or(0),
        sandbox: tier_word(outcome.tier).to_owned(),
        verdicts: None,
    }
}

/// The record of a run that could not be executed, through no fault of its program.
fn failed(tier: Tier, words: String) -> RunResult {
    let steps = Outcome { tier, landlock: false, steps: Vec::new(), anomaly: None };
    result(&steps, Kept { stdout: String::new(), stderr: words, is_truncated: false })
}

fn reason(bound: Bound) -> RunReason {
    match bound {
        Bound::Time => RunReason::TimeLimit,
        Bound::Memory => RunReason::MemoryLimit,
        Bound::Processes => RunReason::ProcessLimit,
        Bound::Disk => RunReason::DiskLimit,
    }
}

fn signal_name(number: i32) -> String {
    // Only real-time signals have no name.
    Signal::try_from(number).map_or_else(|_unnamed| format!("SIG{number}"), |signal| signal.as_str().to_owned())
}

/// The tier's word on the wire.
#[must_use]
pub fn tier_word(tier: Tier) -> &'static str {
    match tier {
        Tier::Process => "process",
        Tier::Namespaces => "namespaces",
    }
}
