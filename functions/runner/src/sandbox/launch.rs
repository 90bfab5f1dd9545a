//! The runner's side: finds out what the machine allows, has a warden made for each job, and hands out its pipes.

use std::fs::DirBuilder;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use nix::fcntl::OFlag;
use nix::unistd::{geteuid, getuid, pipe2};
use protocol::run::SourceFile;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;

use super::artefact::Artefact;
use super::keeper::{Ends, Keeper};
use super::spec::{self, JailSpec, Outcome, Product, Report, Step, StepLimits, Stop, Tier, Withheld};
use super::streams::Streams;
use super::uid::UidLease;
use super::{SandboxError, during};

/// What the sandbox needs to know of its surroundings.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// Folder for jobs' folders and mount points. Everybody must be able to pass through its parents.
    pub work_dir: PathBuf,
    /// Least isolation to run with.
    pub minimum: Tier,
    /// Kernel features to do without.
    pub withheld: Withheld,
    /// The runner's own program, which is also the keeper of its jobs.
    pub program: PathBuf,
    /// A folder that every job may read, if it is there, under the same path.
    pub caches: Option<PathBuf>,
}

/// A sandbox that has proved that it works here.
#[derive(Debug)]
pub struct Sandbox {
    config: SandboxConfig,
    tier: Tier,
    landlock: bool,
    /// Makes a warden for each job.
    keeper: Keeper,
}

/// What to run.
#[derive(Debug, Clone)]
pub struct Job {
    /// Files of the work folder.
    pub files: Vec<SourceFile>,
    /// Run in order until one fails.
    pub steps: Vec<Step>,
    /// What becomes of what compilers make.
    pub product: Product,
}

/// A job under way. Dropping it kills the job.
#[derive(Debug)]
pub struct Running {
    /// The steps' standard output, one after the other. Ends after everything of the job is dead.
    pub stdout: pipe::Receiver,
    /// Likewise their standard error.
    pub stderr: pipe::Receiver,
    /// Standard input of the step that reads it. Drop it to end the input.
    pub stdin: Option<pipe::Sender>,
    /// The half that stops and waits.
    pub control: Control,
}

/// Stops a job and waits for its outcome.
#[derive(Debug)]
pub struct Control {
    orders: pipe::Sender,
    report: pipe::Receiver,
    /// Keeps the user id from being given to another job.
    _lease: Option<UidLease>,
}

impl Sandbox {
    /// Tries the tiers from the strongest, each with a real job.
    ///
    /// # Errors
    /// When not even [`Tier::Process`] can be had, or less than the configured minimum.
    pub async fn open(config: SandboxConfig) -> Result<Self, SandboxError> {
        // Job folders are closed by their own modes; the folder above lets job users pass and nothing else.
        let created = DirBuilder::new().recursive(true).mode(0o711).create(&config.work_dir);
        created.map_err(during("creating the work folder"))?;
        let keeper = Keeper::new(&config.program);
        let mut sandbox = Self { config, tier: Tier::Namespaces, landlock: false, keeper };
        sandbox.sweep().await?;
        let why = match sandbox.prove().await {
            Ok(()) => return Ok(sandbox),
            Err(SandboxError::Refused(why)) if geteuid().is_root() => why,
            Err(SandboxError::Refused(why)) => return Err(SandboxError::NotRoot(why)),
            Err(error) => return Err(error),
        };
        let demanded = sandbox.config.minimum;
        if demanded > Tier::Process {
            return Err(SandboxError::TierTooLow { reached: Tier::Process, demanded, why });
        }
        sandbox.tier = Tier::Process;
        sandbox.prove().await?;
        tracing::warn!(why, "no namespaces here: jobs run in the tier `process`");
        Ok(sandbox)
    }

    /// The tier that jobs run in.
    #[must_use]
    pub fn tier(&self) -> Tier {
        self.tier
    }

    /// Whether Landlock is enforced.
    #[must_use]
    pub fn has_landlock(&self) -> bool {
        self.landlock
    }

    /// The folder that every job may read, if it is there.
    #[must_use]
    pub fn caches(&self) -> Option<&Path> {
        self.config.caches.as_deref().filter(|folder| folder.is_dir())
    }

    /// Cleans up after runners and wardens that were killed: whose user id is free and whose folder is still there.
    async fn sweep(&self) -> Result<(), SandboxError> {
        let folders = std::fs::read_dir(&self.config.work_dir).map_err(during("reading the work folder"))?;
        let names = folders.filter_map(|folder| folder.ok()?.file_name().into_string().ok());
        for name in names {
            drop(Artefact::left_over(&self.config.work_dir, &name)?);
            let Ok(uid) = name.parse() else { continue };
            if geteuid().is_root()
                && let Some(lease) = UidLease::try_acquire(uid)?
            {
                tracing::warn!(uid, "cleaning up after a jail that was killed");
                let nothing = Job { files: Vec::new(), steps: Vec::new(), product: Product::Own };
                self.start_as(Some(lease), Tier::Process, nothing).await?.control.finish().await?;
            }
        }
        Ok(())
    }

    /// Runs `true` as a job.
    async fn prove(&mut self) -> Result<(), SandboxError> {
        let step = Step {
            program: "/usr/bin/true".to_owned(),
            args: Vec::new(),
            env: Vec::new(),
            reads_stdin: false,
            limits: PROOF_LIMITS,
        };
        let running = self.start(Job { files: Vec::new(), steps: vec![step], product: Product::Own }).await?;
        let outcome = running.control.finish().await?;
        if let Some(anomaly) = outcome.anomaly {
            return Err(SandboxError::Refused(anomaly));
        }
        if !outcome.steps.iter().all(spec::StepOutcome::is_success) {
            return Err(SandboxError::Refused(format!("the trial job came to {:?}", outcome.steps)));
        }
        self.landlock = outcome.landlock;
        Ok(())
    }

    /// Starts a job.
    ///
    /// # Errors
    /// When the machine gives no process, pipe or user id.
    pub async fn start(&self, job: Job) -> Result<Running, SandboxError> {
        let lease = if geteuid().is_root() { Some(UidLease::acquire()?) } else { None };
        self.start_as(lease, self.tier, job).await
    }

    /// A place for what one job makes and others use.
    ///
    /// # Errors
    /// When the machine gives no folder or no name for it.
    pub fn artefact(&self) -> Result<Artefact, SandboxError> {
        Artefact::create(&self.config.work_dir)
    }

    async fn start_as(&self, lease: Option<UidLease>, tier: Tier, job: Job) -> Result<Running, SandboxError> {
        let (streams, [stdin, stdout, stderr]) = Streams::pipes().map_err(during("making the job's pipes"))?;
        Ok(Running {
            stdout: pipe::Receiver::from_owned_fd(stdout).map_err(during("reading the job's output"))?,
            stderr: pipe::Receiver::from_owned_fd(stderr).map_err(during("reading the job's output"))?,
            stdin: Some(pipe::Sender::from_owned_fd(stdin).map_err(during("writing the job's input"))?),
            control: self.confine(lease, tier, job, streams).await?,
        })
    }

    /// Has a warden made for the job and gives it its orders.
    pub(super) async fn confine(
        &self,
        lease: Option<UidLease>,
        tier: Tier,
        job: Job,
        streams: Streams,
    ) -> Result<Control, SandboxError> {
        let (uid, folder) = match &lease {
            Some(lease) => (lease.uid(), lease.uid().to_string()),
            None => (getuid().as_raw(), unique_name()),
        };
        let spec = JailSpec {
            uid,
            directory: self.config.work_dir.join(folder),
            tier,
            withheld: self.config.withheld,
            attached: streams.attached(),
            files: job.files,
            steps: job.steps,
            product: job.product,
            caches: self.caches().map(Path::to_owned),
        };
        let orders = spec::encode(&spec).map_err(during("writing the jail's orders"))?;
        let mut control = launch(&self.keeper, lease, &streams).map_err(during("starting the jail"))?;
        // From here on the warden alone holds the job's ends, which close with it.
        drop(streams);
        control.orders.write_all(&orders).await.map_err(during("sending the jail's orders"))?;
        Ok(control)
    }
}

/// Without user ids of their own, jobs are told apart by their order.
pub(super) fn unique_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("job-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Bounds of the trial job.
const PROOF_LIMITS: StepLimits =
    StepLimits { wall_ms: 5_000, cpu_ms: 5_000, memory_bytes: 64 << 20, processes: 4, disk_bytes: 1 << 20, inodes: 64 };

impl Control {
    /// Asks for the job's end. It is dead when [`Control::finish`] returns.
    pub async fn stop(&mut self, stop: Stop) {
        self.order(stop.as_byte()).await;
    }

    /// Asks what has become of the files of a job with a terminal.
    pub async fn ask_changes(&mut self) {
        self.order(spec::CHANGES).await;
    }

    async fn order(&mut self, byte: u8) {
        // A warden that has closed its end has finished already.
        if let Err(error) = self.orders.write_all(&[byte]).await {
            tracing::debug!(%error, "the jail had ended before it was given an order");
        }
    }

    /// Waits until everything of the job is dead and cleaned up. Safe to cancel and call again.
    ///
    /// # Errors
    /// When the job could not be run, or its end is unknown.
    pub async fn finish(mut self) -> Result<Outcome, SandboxError> {
        let mut bytes = Vec::new();
        self.report.read_to_end(&mut bytes).await.map_err(during("reading the jail's report"))?;
        match serde_json::from_slice(&bytes) {
            Ok(Report::Done(outcome)) => Ok(outcome),
            Ok(Report::Refused(why)) => Err(SandboxError::Refused(why)),
            Err(error) => {
                tracing::error!(%error, "the jail sent no report");
                Err(SandboxError::NoReport)
            }
        }
    }
}

fn launch(keeper: &Keeper, lease: Option<UidLease>, streams: &Streams) -> io::Result<Control> {
    let (orders_read, orders) = pipe2(OFlag::O_CLOEXEC)?;
    let (report, report_write) = pipe2(OFlag::O_CLOEXEC)?;
    keeper.make_warden(&Ends {
        orders: orders_read.as_fd(),
        report: report_write.as_fd(),
        streams: streams.standard(),
        changes: streams.changes(),
        lock: lease.as_ref().map(UidLease::lock),
    })?;
    Ok(Control {
        orders: pipe::Sender::from_owned_fd(orders)?,
        report: pipe::Receiver::from_owned_fd(report)?,
        _lease: lease,
    })
}
