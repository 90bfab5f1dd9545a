//! Runs a program in a sandbox of a given mode and gathers what comes out.

use std::path::{Path, PathBuf};

use protocol::language::Language;
use protocol::path::FilePath;
use protocol::run::SourceFile;
use protocol::runner::RunLimits;
use runner::languages::{Program, Recipe};
use runner::sandbox::{Job, Outcome, Running, Sandbox, SandboxConfig, StepOutcome, Tier, Withheld};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Every mode, from the strongest.
pub(crate) const MODES: [Withheld; 3] = [Withheld::Nothing, Withheld::Namespaces, Withheld::Landlock];

/// A program with its surroundings, built up word by word.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) language: Language,
    pub(crate) files: Vec<SourceFile>,
    pub(crate) stdin: String,
    pub(crate) args: Vec<String>,
    pub(crate) flags: Vec<String>,
    pub(crate) limits: RunLimits,
    pub(crate) inodes: Option<u64>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) outcome: Outcome,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Case {
    pub(crate) fn new(language: Language, source: &str) -> Self {
        let case = Self {
            language,
            files: Vec::new(),
            stdin: String::new(),
            args: Vec::new(),
            flags: Vec::new(),
            limits: RunLimits::default(),
            inodes: None,
        };
        case.with_file(language.info().entry, source)
    }

    pub(crate) fn python(source: &str) -> Self {
        Self::new(Language::Python, source)
    }

    pub(crate) fn c(source: &str) -> Self {
        Self::new(Language::C, source)
    }

    pub(crate) fn with_file(mut self, path: &str, content: &str) -> Self {
        let path = FilePath::parse(path).expect("a path");
        self.files.push(SourceFile { path, content: content.to_owned() });
        self
    }

    pub(crate) fn with_stdin(mut self, stdin: &str) -> Self {
        stdin.clone_into(&mut self.stdin);
        self
    }

    pub(crate) fn with_args(mut self, args: &[&str]) -> Self {
        self.args = args.iter().map(ToString::to_string).collect();
        self
    }

    pub(crate) fn with_flags(mut self, flags: &[&str]) -> Self {
        self.flags = flags.iter().map(ToString::to_string).collect();
        self
    }

    pub(crate) fn with_limits(mut self, change: impl FnOnce(&mut RunLimits)) -> Self {
        change(&mut self.limits);
        self
    }

    pub(crate) fn with_inodes(mut self, inodes: u64) -> Self {
        self.inodes = Some(inodes);
        self
    }

    pub(crate) fn job(&self) -> Job {
        self.job_with(None)
    }

    pub(crate) fn job_with(&self, caches: Option<&Path>) -> Job {
        let entry = FilePath::parse(self.language.info().entry).expect("a path");
        let Self { files, args, limits, .. } = self;
        let mut job =
            Recipe::of(self.language).job(Program { entry: &entry, files, args, flags: &self.flags, limits, caches });
        for step in &mut job.steps {
            step.limits.inodes = self.inodes.unwrap_or(step.limits.inodes);
        }
        job
    }

    /// Starts it in `sandbox` with its input already given.
    pub(crate) async fn start_in(&self, sandbox: &Sandbox) -> Running {
        let mut running = sandbox.start(self.job_with(sandbox.caches())).await.expect("the job starts");
        let mut stdin = running.stdin.take().expect("the job has an input");
        stdin.write_all(self.stdin.as_bytes()).await.expect("the input fits the pipe");
        running
    }

    pub(crate) async fn run_in(&self, sandbox: &Sandbox) -> Ran {
        gather(self.start_in(sandbox).await).await
    }

    /// Runs it in one mode and checks that nothing odd was left.
    pub(crate) async fn run(&self, withheld: Withheld) -> Ran {
        self.run_in(&open(withheld).await).await
    }
}

/// Waits for a job's end.
pub(crate) async fn gather(mut running: Running) -> Ran {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    drop(running.stdin.take());
    let (out, err, outcome) = tokio::join!(
        running.stdout.read_to_end(&mut stdout),
        running.stderr.read_to_end(&mut stderr),
        running.control.finish()
    );
    out.and(err).expect("the pipes can be read");
    let outcome = outcome.expect("the jail reports");
    assert_eq!(outcome.anomaly, None, "{}", String::from_utf8_lossy(&stderr));
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ran { outcome, stdout: text(stdout), stderr: text(stderr) }
}

impl Ran {
    pub(crate) fn last_step(&self) -> &StepOutcome {
        self.outcome.steps.last().expect("a step ran")
    }
}

pub(crate) fn config(withheld: Withheld) -> SandboxConfig {
    SandboxConfig {
        work_dir: PathBuf::from("/var/tmp/tutti-runner-tests"),
        minimum: Tier::Process,
        withheld,
        program: PathBuf::from(env!("CARGO_BIN_EXE_runner")),
        caches: None,
    }
}

/// Opens a sandbox and checks that the mode is what it says.
pub(crate) async fn open(withheld: Withheld) -> Sandbox {
    let sandbox = Sandbox::open(config(withheld)).await.expect("the sandbox opens");
    let expected = if withheld == Withheld::Nothing { Tier::Namespaces } else { Tier::Process };
    assert_eq!(sandbox.tier(), expected);
    assert_eq!(sandbox.has_landlock(), withheld != Withheld::Landlock);
    sandbox
}

/// Whether the folder of the job with this user id is still there.
pub(crate) fn has_folder(uid: &str) -> bool {
    config(Withheld::Nothing).work_dir.join(uid).exists()
}
