//! One step of a job: starts it, watches it from outside, ends it, says what it came to.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::process::exit;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::signalfd::SignalFd;
use nix::unistd::{ForkResult, Pid, fork, getpid, pipe2, read};

use super::collect::{self, Collector};
use super::job::{self, LANDLOCK_ON, Plan};
use super::place::Place;
use super::spec::{Bound, Ended, Order, StepOutcome, Stop};
use super::usage::{Reaped, Usage};
use super::{kill as executioner, namespaces, watch};

/// How often a running job is measured: 10 ms at a page fault each microsecond is 40 MB past the memory bound.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// How many looks pass between measurements of the disk, which cost a walk through the job's folders.
const LOOKS_PER_DISK_CHECK: u32 = 10;

/// What the warden has for every step.
#[derive(Debug)]
pub(super) struct Surroundings<'warden> {
    pub(super) place: &'warden Place,
    /// The runner's orders.
    pub(super) orders: BorrowedFd<'warden>,
    /// Says that a child has ended.
    pub(super) child_ended: &'warden SignalFd,
    /// Looks at the job's files when the runner asks, of jobs with a terminal.
    pub(super) collector: Option<&'warden Collector<'warden>>,
}

/// A step's outcome, and what the warden needs beside it.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) outcome: StepOutcome,
    pub(super) landlock: bool,
    /// What survived, if anything did.
    pub(super) survivors: Option<String>,
}

/// Runs a step to its end.
///
/// # Errors
/// When it could not be started; nothing of it is alive then.
pub(super) fn run(plan: &Plan<'_>, around: &Surroundings<'_>) -> Result<Finished, String> {
    let started = Instant::now();
    let mut child = Started::fork(plan, around.place.root()).map_err(|error| format!("starting the job: {error}"))?;
    let mut usage = Usage::default();
    let mut guard = Guard {
        plan,
        around,
        main: child.main,
        started,
        looked: started,
        peak_bytes: 0,
        looks: 0,
        collecting: None,
        ending: Ending::default(),
    };
    let status = guard.until_main_ends(&mut usage)?;
    let wall_ms = millis(started.elapsed());
    let Guard { peak_bytes, mut ending, collecting, .. } = guard;
    collecting.inspect(|child| collect::end(*child));
    let survivors = end_all(plan.uid, around, &mut usage).err();
    let (landlock, ended) = child.read_notes(status)?;
    if ending.bound.is_none() && ending.stopped.is_none() {
        ending.bound = bound_hit_unseen(ended, plan, around.place, &usage);
    }
    let outcome = StepOutcome {
        ended,
        bound: ending.bound,
        stopped: ending.stopped,
        wall_ms,
        cpu_ms: usage.cpu_ms,
        memory_bytes: usage.peak_bytes.max(peak_bytes),
    };
    Ok(Finished { outcome, landlock, survivors })
}

/// Kills what the main process has left. With namespaces the kernel has done so when their first process ended.
fn end_all(uid: u32, around: &Surroundings<'_>, usage: &mut Usage) -> Result<(), String> {
    // The warden is the subreaper of all that the job started: without a child there is nothing to kill.
    if !usage.has_children().map_err(|error| format!("reaping: {error}"))? {
        return Ok(());
    }
    if around.place.root().is_none() {
        executioner::everything_of(uid)?;
    }
    executioner::reap_all(usage, around.child_ended)
}

/// A bound that the kernel enforced, or that was crossed between two looks.
fn bound_hit_unseen(ended: Ended, plan: &Plan<'_>, place: &Place, usage: &Usage) -> Option<Bound> {
    match ended {
        Ended::Signalled(libc::SIGXCPU) => Some(Bound::Time),
        Ended::Signalled(libc::SIGXFSZ) => Some(Bound::Disk),
        Ended::Exited(0) => None,
        _ if usage.cpu_ms >= plan.limits.cpu_ms => Some(Bound::Time),
        _ if usage.peak_bytes > plan.limits.memory_bytes => Some(Bound::Memory),
        _ if place.is_full(&plan.limits) => Some(Bound::Disk),
        _ => None,
    }
}

/// The processes of a step that has just been forked.
#[derive(Debug)]
struct Started {
    /// The job itself, or the first process of its namespaces, which ends with it.
    main: Pid,
    /// What the job's process wrote before it became the program.
    notes: File,
    /// The job's wait status, told by the first process of its namespaces.
    told_status: Option<File>,
}

impl Started {
    fn fork(plan: &Plan<'_>, root: Option<&Path>) -> nix::Result<Self> {
        let (notes, notes_write) = pipe2(OFlag::O_CLOEXEC)?;
        let (status, status_write) = pipe2(OFlag::O_CLOEXEC)?;
        let warden = getpid();
        let forked = match root {
            Some(_) => namespaces::fork_first_process()?,
            // SAFETY: the warden has one thread, so the child may do anything.
            None => unsafe { fork()? },
        };
        match (forked, root) {
            (ForkResult::Parent { child }, _) => {
                Ok(Self { main: child, notes: notes.into(), told_status: root.map(|_| status.into()) })
            }
            (ForkResult::Child, None) => job::enter(plan, warden, notes_write.into()),
            (ForkResult::Child, Some(root)) => first_process(plan, root, notes_write.into(), status_write.into()),
        }
    }

    /// What the job's end was, unless it never became the program.
    fn read_notes(&mut self, main_status: i32) -> Result<(bool, Ended), String> {
        let mut notes = Vec::new();
        self.notes.read_to_end(&mut notes).map_err(|error| format!("reading the job's notes: {error}"))?;
        let landlock = match notes.split_first() {
            Some((flag, [])) => *flag == LANDLOCK_ON,
            Some(_) => return Err(String::from_utf8_lossy(&notes).into_owned()),
            // Killed before it came that far.
            None => false,
        };
        let mut told = [0; 4];
        let status = match self.told_status.as_mut().map(|pipe| pipe.read_exact(&mut told)) {
            Some(Ok(())) => i32::from_ne_bytes(told),
            // The first process was killed together with the job.
            Some(Err(_)) | None => main_status,
        };
        Ok((landlock, Ended::of(status)))
    }
}

/// The first process of a job's namespaces: makes the root, starts the job, reaps until the job has ended.
fn first_process(plan: &Plan<'_>, root: &Path, mut notes: File, mut status: File) -> ! {
    let outcome = (|| -> io::Result<i32> {
        nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
        namespaces::enter(root)?;
        let first = getpid();
        // SAFETY: this process has one thread, so the child may do anything.
        let job = match unsafe { fork()? } {
            ForkResult::Child => job::enter(plan, first, notes.try_clone()?),
            ForkResult::Parent { child } => child,
        };
        let mut usage = Usage::default();
        loop {
            let reaped = usage.reap_one()?;
            if reaped.pid == job {
                return Ok(reaped.status);
            }
        }
    })();
    let told = match outcome {
        Ok(job_status) => io::Write::write_all(&mut status, &job_status.to_ne_bytes()),
        Err(error) => io::Write::write_all(&mut notes, format!("entering namespaces: {error}").as_bytes()),
    };
    exit(if told.is_ok() { 0 } else { 1 });
}

/// Why a step is being ended.
#[derive(Debug, Clone, Copy, Default)]
struct Ending {
    bound: Option<Bound>,
    stopped: Option<Stop>,
}

/// Watches one step.
struct Guard<'run, 'warden> {
    plan: &'run Plan<'warden>,
    around: &'run Surroundings<'warden>,
    main: Pid,
    started: Instant,
    /// When the job was last measured.
    looked: Instant,
    /// The most memory that was seen.
    peak_bytes: u64,
    looks: u32,
    /// The child that looks at the job's files.
    collecting: Option<Pid>,
    ending: Ending,
}

impl Guard<'_, '_> {
    /// Returns the wait status of the main process. Whatever ends it, this ends: the wall clock bounds the loop.
    fn until_main_ends(&mut self, usage: &mut Usage) -> Result<i32, String> {
        loop {
            while let Some(Reaped { pid, status }) = usage.reap_ended().map_err(|error| format!("reaping: {error}"))? {
                if pid == self.main {
                    return Ok(status);
                }
                self.collecting = self.collecting.filter(|child| *child != pid);
            }
            // By the clock and not by the wait's end: children that end all the time must not keep it from looking.
            let is_due = self.looked.elapsed() >= LOOK_EVERY;
            if is_due && self.ending.bound.is_none() && self.ending.stopped.is_none() {
                self.looked = Instant::now();
                self.ending.bound = self.bound_reached(usage);
            }
            if self.ending.bound.is_some() || self.ending.stopped.is_some() {
                self.kill_main();
            }
            self.wait().map_err(|error| format!("waiting for the job: {error}"))?;
        }
    }

    /// Sleeps until a child ends, an order comes, or it is time to look again.
    fn wait(&mut self) -> nix::Result<()> {
        let orders = PollFd::new(self.around.orders, PollFlags::POLLIN);
        let mut events = [PollFd::new(self.around.child_ended.as_fd(), PollFlags::POLLIN), orders];
        // An order stays readable at the end of the pipe, so it is looked at once.
        let watched = if self.ending.stopped.is_some() { &mut events[..1] } else { &mut events[..] };
        let timeout = PollTimeout::try_from(LOOK_EVERY).unwrap_or(PollTimeout::ZERO);
        poll(watched, timeout)?;
        if events[0].any() == Some(true) {
            self.around.child_ended.read_signal()?;
        }
        if self.ending.stopped.is_none() && events[1].any() == Some(true) {
            let mut byte = [0];
            let length = read(self.around.orders, &mut byte)?;
            match Order::from_byte(byte[..length].first().copied()) {
                Order::Stop(stop) => self.ending.stopped = Some(stop),
                Order::Changes => self.collect(),
            }
        }
        Ok(())
    }

    /// Begins to look at the job's files. The runner asks again only when it has given up on the answer before.
    fn collect(&mut self) {
        self.collecting.take().inspect(|child| collect::end(*child));
        // Without a process to spare there is no answer, and the runner waits for none for ever.
        self.collecting = self.around.collector.and_then(|collector| collector.start().ok());
    }

    fn bound_reached(&mut self, usage: &Usage) -> Option<Bound> {
        let limits = &self.plan.limits;
        if millis(self.started.elapsed()) >= limits.wall_ms {
            return Some(Bound::Time);
        }
        let warden = getpid().as_raw().unsigned_abs();
        let load = watch::below(warden);
        // The first process of the namespaces is ours, and so is who looks at the files.
        let ours = u32::from(self.around.place.root().is_some()) + u32::from(self.collecting.is_some());
        if load.tasks.saturating_sub(ours) > limits.processes {
            return Some(Bound::Processes);
        }
        if load.cpu_ms + usage.cpu_ms >= limits.cpu_ms {
            return Some(Bound::Time);
        }
        let is_over = load.resident_bytes > limits.memory_bytes;
        let resident_bytes = if is_over { watch::proportional_bytes_below(warden) } else { load.resident_bytes };
        self.peak_bytes = self.peak_bytes.max(resident_bytes);
        if resident_bytes > limits.memory_bytes {
            return Some(Bound::Memory);
        }
        self.looks += 1;
        (self.looks.is_multiple_of(LOOKS_PER_DISK_CHECK) && self.around.place.is_full(limits)).then_some(Bound::Disk)
    }

    /// The main process is the warden's child and not yet reaped, so its id cannot be another's.
    fn kill_main(&self) {
        // It may be a zombie already; then there is nothing to do.
        let _gone = kill(self.main, Signal::SIGKILL);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
