//! A run with cases: its program is compiled once, then run for one case after the other.
//!
//! Each case has a place, a user id and bounds of its own, and what was compiled is shown to it read-only, so that no
//! case can change what the next one finds. Nothing that a case prints is streamed: it belongs to the case's verdict,
//! and with a hidden case to nobody. What the compiler says is the run's output.

use std::time::Duration;

use protocol::run::{CaseVerdict, RunCase, RunReason, RunResult, Verdict};
use protocol::runner::{ClaimGranted, OutputStream, RunnerFrame};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::execute::{Executed, JAIL_GRACE, Wish, result, stop_wished};
use crate::languages::{Program, Recipe};
use crate::output::{Kept, Output};
use crate::sandbox::{Artefact, Job, Outcome, Running, Sandbox, SandboxError, Stop, Tier};

/// Runs an attempt of a run with cases. `frames` gets what the compiler says, and the end.
pub(crate) async fn execute_cases(
    sandbox: &Sandbox,
    claim: &ClaimGranted,
    recipe: &Recipe,
    frames: &UnboundedSender<RunnerFrame>,
    wishes: watch::Receiver<Wish>,
) -> Result<Executed, SandboxError> {
    let mut cases = Cases { sandbox, claim, recipe, wishes, artefact: sandbox.artefact()? };
    let (mut executed, is_compiled) = cases.compile(frames).await?;
    if is_compiled {
        cases.run_all(&mut executed).await?;
    }
    Ok(executed)
}

/// What all jobs of the run share.
struct Cases<'a> {
    sandbox: &'a Sandbox,
    claim: &'a ClaimGranted,
    recipe: &'a Recipe,
    wishes: watch::Receiver<Wish>,
    artefact: Artefact,
}

/// What a job came to.
struct Ran {
    outcome: Outcome,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// True if it was ended by [`Wish::Stop`].
    was_stopped: bool,
}

impl Cases<'_> {
    fn program<'a>(&'a self, case: Option<&'a RunCase>) -> Program<'a> {
        let ClaimGranted { entry, files, args, flags, limits, .. } = self.claim;
        let args = case.and_then(|case| case.args.as_ref()).unwrap_or(args);
        Program { entry, files, args, flags, limits, caches: self.sandbox.caches() }
    }

    /// Compiles, if the language has a compiler. Answers the run's result so far, and whether the cases can follow.
    async fn compile(&mut self, frames: &UnboundedSender<RunnerFrame>) -> Result<(Executed, bool), SandboxError> {
        let Some(job) = self.recipe.compile_job(self.program(None), &self.artefact) else {
            let result = RunResult { verdicts: Some(Vec::new()), exit_code: Some(0), ..nothing(self.sandbox.tier()) };
            // As well as a compiler that said nothing.
            self.say(frames, &[], &[]);
            return Ok((Executed { result, was_stopped: false, anomaly: None }, true));
        };
        let Ran { outcome, stdout, stderr, was_stopped } = self.run_job(job, "").await?;
        let kept = self.say(frames, &stdout, &stderr);
        let is_compiled = outcome.steps.iter().all(|step| step.is_success()) && outcome.anomaly.is_none();
        let result = RunResult { verdicts: Some(Vec::new()), ..result(&outcome, kept) };
        Ok((Executed { result, was_stopped, anomaly: outcome.anomaly }, is_compiled && !was_stopped))
    }

    /// Sends what the compiler said, and that no more follows; answers what of it is kept.
    fn say(&self, frames: &UnboundedSender<RunnerFrame>, stdout: &[u8], stderr: &[u8]) -> Kept {
        let now = Instant::now();
        let mut output = Output::new(self.claim.limits.output_kept_bytes);
        let mut said = output.take(OutputStream::Stdout, stdout, now);
        said.extend(output.take_end(OutputStream::Stdout, now));
        said.extend(output.take(OutputStream::Stderr, stderr, now));
        said.extend(output.take_end(OutputStream::Stderr, now));
        said.extend(output.flush(now));
        said.push(output.end());
        for frame in said {
            // Nobody listens to a run without a room.
            let _unheard = frames.send(frame);
        }
        output.into_kept()
    }

    /// Runs the cases, until the runner wants the end or something odd is left.
    async fn run_all(&mut self, executed: &mut Executed) -> Result<(), SandboxError> {
        let end = Instant::now() + Duration::from_millis(self.claim.limits.cases_wall_ms);
        let mut verdicts = Vec::new();
        for (place, case) in self.claim.cases.iter().enumerate() {
            let name = case.name.clone().unwrap_or_else(|| (place + 1).to_string());
            let left_ms = u64::try_from(end.saturating_duration_since(Instant::now()).as_millis()).unwrap_or(u64::MAX);
            if left_ms == 0 {
                verdicts.push(not_begun(name));
                continue;
            }
            let ran = self.run_case(case, left_ms).await?;
            executed.was_stopped |= ran.was_stopped;
            executed.anomaly = ran.outcome.anomaly.clone();
            let figures = result(&ran.outcome, nothing_kept());
            executed.result.wall_ms += figures.wall_ms;
            executed.result.cpu_ms += figures.cpu_ms;
            executed.result.memory_bytes = executed.result.memory_bytes.max(figures.memory_bytes);
            verdicts.push(self.verdict(name, case, &ran, figures, &mut executed.result.truncated));
            if executed.was_stopped || executed.anomaly.is_some() {
                break;
            }
        }
        if verdicts.len() < self.claim.cases.len() {
            // Nobody may run code here any more, so the other cases have no verdict.
            executed.result.reason = Some(RunReason::Internal);
        }
        executed.result.verdicts = Some(verdicts);
        Ok(())
    }

    async fn run_case(&mut self, case: &RunCase, left_ms: u64) -> Result<Ran, SandboxError> {
        let mut job = self.recipe.run_job(self.program(Some(case)), &self.artefact);
        for step in &mut job.steps {
            step.limits.wall_ms = step.limits.wall_ms.min(left_ms);
        }
        self.run_job(job, &case.stdin).await
    }

    fn verdict(
        &self,
        name: String,
        case: &RunCase,
        ran: &Ran,
        figures: RunResult,
        truncated: &mut bool,
    ) -> CaseVerdict {
        let verdict = match figures.reason.and_then(Verdict::of_limit) {
            Some(limit) => limit,
            None if figures.exit_code != Some(0) => Verdict::RuntimeError,
            None if case.is_met_by(&ran.stdout) => Verdict::Passed,
            None => Verdict::WrongOutput,
        };
        let RunResult { exit_code, signal, wall_ms, cpu_ms, memory_bytes, .. } = figures;
        let bare = CaseVerdict { wall_ms, cpu_ms, memory_bytes, ..not_begun(name) };
        if case.hidden {
            return CaseVerdict { verdict, ..bare };
        }
        let mut left = self.claim.limits.output_kept_bytes / self.claim.cases.len();
        let mut keep = |text: &[u8]| Some(beginning(&String::from_utf8_lossy(text), &mut left, truncated));
        let (stdout, stderr) = (keep(&ran.stdout), keep(&ran.stderr));
        let mut left = self.claim.limits.output_kept_bytes / self.claim.cases.len();
        let expected = Some(beginning(&case.expected, &mut left, truncated));
        CaseVerdict { verdict, exit_code, signal, stdout, stderr, expected, ..bare }
    }

    /// Runs a job to its end, gathering what it writes.
    async fn run_job(&mut self, job: Job, input: &str) -> Result<Ran, SandboxError> {
        let bounds: u64 = job.steps.iter().map(|step| step.limits.wall_ms).sum();
        let Running { mut stdout, mut stderr, stdin, mut control } = self.sandbox.start(job).await?;
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let (mut out_open, mut err_open, mut stop) = (true, true, None);
        let kill_bytes = usize::try_from(self.claim.limits.output_kill_bytes).unwrap_or(usize::MAX);
        let wishes = &mut self.wishes;
        let gather = async {
            while out_open || err_open {
                tokio::select! {
                    read = stdout.read_buf(&mut out), if out_open => out_open = is_open(read),
                    read = stderr.read_buf(&mut err), if err_open => err_open = is_open(read),
                    () = stop_wished(wishes), if stop.is_none() => {
                        stop = Some(Stop::Cancel);
                        control.stop(Stop::Cancel).await;
                    }
                }
                if out.len() + err.len() > kill_bytes && stop.is_none() {
                    stop = Some(Stop::Output);
                    control.stop(Stop::Output).await;
                }
                if stop.is_some() {
                    // It is being killed; what it still has in its pipes helps nobody.
                    out.truncate(kill_bytes);
                    err.truncate(kill_bytes);
                }
            }
        };
        let give_input = async {
            if let Some(mut stdin) = stdin
                && let Err(error) = stdin.write_all(input.as_bytes()).await
            {
                tracing::debug!(%error, "the program did not read its input");
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            ended = timeout(Duration::from_millis(bounds) + JAIL_GRACE, gather) => {
                ended.map_err(|_elapsed| SandboxError::NoReport)?;
            }
            () = give_input => {}
        }
        let outcome = timeout(JAIL_GRACE, control.finish()).await.map_err(|_elapsed| SandboxError::NoReport)??;
        Ok(Ran { outcome, stdout: out, stderr: err, was_stopped: stop == Some(Stop::Cancel) })
    }
}

fn is_open(read: std::io::Result<usize>) -> bool {
    match read {
        Ok(length) => length > 0,
        Err(error) => {
            tracing::error!(%error, "reading the program's output");
            false
        }
    }
}

/// The verdict of a case for which no time was left, and where those of others begin.
fn not_begun(name: String) -> CaseVerdict {
    CaseVerdict {
        name,
        verdict: Verdict::TimeLimit,
        exit_code: None,
        signal: None,
        wall_ms: 0,
        cpu_ms: 0,
        memory_bytes: 0,
        stdout: None,
        stderr: None,
        expected: None,
    }
}

fn nothing_kept() -> Kept {
    Kept { stdout: String::new(), stderr: String::new(), is_truncated: false }
}

/// The result of no job at all.
fn nothing(tier: Tier) -> RunResult {
    let outcome = Outcome { tier, landlock: false, steps: Vec::new(), anomaly: None };
    RunResult { reason: None, ..result(&outcome, nothing_kept()) }
}

/// As much of a text as takes at most `left` bytes in JSON, which it takes off them.
fn beginning(text: &str, left: &mut usize, truncated: &mut bool) -> String {
    for (place, character) in text.char_indices() {
        let bytes = bytes_in_json(character);
        if bytes > *left {
            *truncated = true;
            return text[..place].to_owned();
        }
        *left -= bytes;
    }
    text.to_owned()
}

fn bytes_in_json(character: char) -> usize {
    match character {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        control if control < ' ' => 6,
        other => other.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_by_its_size_in_json() {
        let text = "a\n\"\u{1}\u{7f}é☃";
        let (mut left, mut truncated) = (100, false);
        assert_eq!(beginning(text, &mut left, &mut truncated), text);
        assert_eq!((100 - left, truncated), (serde_json::to_string(text).expect("serialises").len() - 2, false));
        let mut left = 10;
        assert_eq!(beginning(text, &mut left, &mut truncated), "a\n\"");
        assert_eq!((left, truncated), (5, true));
    }
}
