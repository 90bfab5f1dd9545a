//! The warden: a process for one job. Takes its orders, runs the steps, leaves nothing behind, reports.

use std::ffi::{CString, NulError};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::{Gid, Uid, fchown, geteuid};

use super::collect::Collector;
use super::job::Plan;
use super::keeper::Ends;
use super::kill;
use super::place::Place;
use super::seccomp::{self, JobFilter};
use super::spec::{self, Attached, Bound, JailSpec, Outcome, Product, Report, Step, StepOutcome};
use super::step::{self, Surroundings};
use super::uid;

/// Sees one job through; returns the exit code. The process has one thread.
pub(super) fn main(ends: Ends<OwnedFd>, filter: &JobFilter) -> i32 {
    let report = match serve(&ends, filter) {
        Ok(outcome) => Report::Done(outcome),
        Err(why) => Report::Refused(why),
    };
    let sent = serde_json::to_vec(&report)
        .map_err(io::Error::from)
        .and_then(|bytes| File::from(ends.report).write_all(&bytes));
    i32::from(sent.is_err())
}

fn serve(ends: &Ends<OwnedFd>, filter: &JobFilter) -> Result<Outcome, String> {
    let orders = ends.orders.try_clone().map_err(|error| format!("no orders: {error}"))?;
    let spec = spec::read(File::from(orders)).map_err(|error| format!("reading the orders: {error}"))?;
    seccomp::withhold(spec.withheld).map_err(|error| crate::chain(&error))?;
    set_child_subreaper(true).map_err(|error| format!("becoming subreaper: {error}"))?;
    if geteuid().is_root() {
        end_earlier(&spec, ends)?;
        // A job may open /dev/stdout again, for which the pipe has to be its own.
        for stream in &ends.streams {
            let (user, group) = (Uid::from_raw(spec.uid), Gid::from_raw(spec.uid));
            fchown(stream, Some(user), Some(group)).map_err(|error| format!("giving the pipes away: {error}"))?;
        }
    }
    let place = Place::prepare(&spec).map_err(|error| format!("preparing the job's place: {error}"))?;
    let ran = run_steps(&spec, ends, filter, &place);
    let removed = place.remove().map_err(|error| format!("removing the job's place: {error}"));
    let mut outcome = ran?;
    outcome.anomaly = outcome.anomaly.or(removed.err());
    if let (Some(lock), None) = (&ends.lock, &outcome.anomaly) {
        uid::give_back(lock.as_fd()).map_err(|error| format!("giving the user id back: {error}"))?;
    }
    Ok(outcome)
}

/// Kills what a warden that was killed itself has left of the user id.
fn end_earlier(spec: &JailSpec, ends: &Ends<OwnedFd>) -> Result<(), String> {
    let lock = ends.lock.as_ref();
    let is_clean = lock.map(|lock| uid::take(lock.as_fd())).transpose();
    let is_clean = is_clean.map_err(|error| format!("taking the user id: {error}"))? == Some(true);
    // Without a step there is nothing else to do: somebody wants it clean whatever the lock says.
    if is_clean && !spec.steps.is_empty() { Ok(()) } else { kill::everything_of(spec.uid) }
}

fn run_steps(spec: &JailSpec, ends: &Ends<OwnedFd>, filter: &JobFilter, place: &Place) -> Result<Outcome, String> {
    let streams = &ends.streams;
    let child_ended = watch_children().map_err(|error| format!("watching children: {error}"))?;
    let nothing = File::open("/dev/null").map_err(|error| format!("opening /dev/null: {error}"))?;
    let collector = collector(spec, ends, place)?;
    let collector = collector.as_ref();
    let around = Surroundings { place, orders: ends.orders.as_fd(), child_ended: &child_ended, collector };
    let mut outcome = Outcome { tier: spec.tier, landlock: true, steps: Vec::new(), anomaly: None };
    for step in &spec.steps {
        let input = if step.reads_stdin { streams[0].as_fd() } else { nothing.as_fd() };
        let job_streams = [input, streams[1].as_fd(), streams[2].as_fd()];
        let plan = plan(step, spec, place.home(), job_streams, filter).map_err(|error| error.to_string())?;
        let finished = step::run(&plan, &around)?;
        outcome.steps.push(finished.outcome);
        outcome.landlock &= finished.landlock;
        outcome.anomaly = outcome.anomaly.or(finished.survivors);
        if !finished.outcome.is_success() || outcome.anomaly.is_some() {
            break;
        }
    }
    if let Some(collector) = collector
        && outcome.anomaly.is_none()
    {
        outcome.anomaly = collector.finish(&child_ended).err();
    }
    if outcome.anomaly.is_none() {
        keep_product(spec, place, &mut outcome)?;
    }
    Ok(outcome)
}

/// Who looks at the files of a job with a terminal.
fn collector<'a>(spec: &'a JailSpec, ends: &Ends<OwnedFd>, place: &'a Place) -> Result<Option<Collector<'a>>, String> {
    match (spec.attached, &ends.changes) {
        (Attached::Pipes, None) => Ok(None),
        (Attached::Terminal, Some(changes)) => {
            let answers = changes.try_clone().map_err(|error| format!("no pipe for the job's files: {error}"))?;
            let (job, originals) = (place.job(), spec.files.as_slice());
            Ok(Some(Collector { job, originals, uid: spec.uid, answers: File::from(answers) }))
        }
        (attached, _) => Err(format!("the orders speak of {attached:?}, the descriptors are of another kind")),
    }
}

/// Keeps what the job has made, if that is wanted and every step has ended well. Everything of the job is dead.
fn keep_product(spec: &JailSpec, place: &Place, outcome: &mut Outcome) -> Result<(), String> {
    let are_done = outcome.steps.len() == spec.steps.len() && outcome.steps.iter().all(StepOutcome::is_success);
    if are_done
        && let (Product::Keep(folder), Some(step), Some(last)) =
            (&spec.product, spec.steps.last(), outcome.steps.last_mut())
        && !place.keep(folder, &step.limits).map_err(|error| format!("keeping what was made: {error}"))?
    {
        last.bound = Some(Bound::Disk);
    }
    Ok(())
}

fn plan<'a>(
    step: &Step,
    spec: &JailSpec,
    home: &Path,
    streams: [BorrowedFd<'a>; 3],
    filter: &'a JobFilter,
) -> Result<Plan<'a>, NulError> {
    let home_text = home.to_string_lossy();
    // People look for their files where a shell starts; a program's own belongings are none of them.
    let own_folder = if spec.attached == Attached::Terminal { "work" } else { "tmp" };
    let own = [
        "PATH=/usr/bin:/bin".to_owned(),
        "LANG=C.UTF-8".to_owned(),
        format!("HOME={home_text}/{own_folder}"),
        format!("TMPDIR={home_text}/tmp"),
    ];
    let env = own.into_iter().chain(step.env.iter().map(|(name, value)| format!("{name}={value}")));
    let args = std::iter::once(&step.program).chain(&step.args).cloned();
    Ok(Plan {
        program: CString::new(step.program.as_str())?,
        args: args.map(CString::new).collect::<Result<_, _>>()?,
        env: env.map(CString::new).collect::<Result<_, _>>()?,
        home: home.to_owned(),
        caches: spec.caches.clone(),
        streams,
        attached: spec.attached,
        uid: spec.uid,
        tier: spec.tier,
        limits: step.limits,
        filter,
    })
}

fn watch_children() -> nix::Result<SignalFd> {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGCHLD);
    signals.thread_block()?;
    SignalFd::with_flags(&signals, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
}
