//! What the sandbox costs: a run beside a bare process and beside bubblewrap, runs in a second, every language beside its
//! bare toolchain, and what the runner takes while it has nothing to do.
//!
//! `cargo xtask bench runs` runs it; the result goes to the file that `TUTTI_RESULT` names. Needs root.

mod idle;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use protocol::language::{LANGUAGES, Language};
use protocol::path::FilePath;
use protocol::run::SourceFile;
use protocol::runner::RunLimits;
use runner::languages::{Program, Recipe};
use runner::sandbox::{Artefact, Job, Running, Sandbox, SandboxConfig, Step, Tier, Withheld};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

/// The runner as it is deployed.
const RUNNER: &str = env!("CARGO_BIN_EXE_runner");

/// Where jobs live.
const WORK_DIR: &str = "/var/tmp/tutti-runner-bench";

/// Where a machine's caches are.
const CACHES: &str = "/var/cache/tutti-runner";

/// Runs of each kind, in turn, so that what else the machine does falls on all of them alike.
const ROUNDS: usize = 300;

/// The same where a round takes a second.
const LANGUAGE_ROUNDS: usize = 7;

/// Jobs under way at once when runs are counted: two for each of two processors.
const AT_ONCE: usize = 4;

/// How long runs are counted.
const COUNTED: Duration = Duration::from_secs(3);

const BUBBLEWRAP: &str = "bubblewrap";
const BARE: &str = "bare process";

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let rows = runtime.block_on(measure());
    #[expect(clippy::disallowed_methods, reason = "whoever asks for the result names its file here")]
    let result = std::env::var_os("TUTTI_RESULT").map(PathBuf::from);
    let text = serde_json::to_string_pretty(&json!({ "rows": rows })).expect("serialises");
    match result {
        Some(file) => fs::write(file, text).expect("the result can be written"),
        None => println!("{text}"),
    }
}

async fn measure() -> Vec<Value> {
    let [process, namespaces] = [open(Withheld::Namespaces).await, open(Withheld::Nothing).await];
    assert_eq!((process.tier(), namespaces.tier()), (Tier::Process, Tier::Namespaces));
    let mut rows = overhead(&process, &namespaces).await;
    for (sandbox, mode) in [(&process, "process tier"), (&namespaces, "namespaces")] {
        rows.push(throughput(sandbox, mode).await);
    }
    rows.extend(languages(&process, &namespaces).await);
    rows.extend(idle::rows());
    rows
}

async fn open(withheld: Withheld) -> Sandbox {
    let config = SandboxConfig {
        work_dir: PathBuf::from(WORK_DIR),
        minimum: Tier::Process,
        withheld,
        program: PathBuf::from(RUNNER),
        caches: Some(PathBuf::from(CACHES)),
    };
    Sandbox::open(config).await.expect("the sandbox opens")
}

/// A program of one file.
struct Source {
    recipe: &'static Recipe,
    entry: FilePath,
    files: Vec<SourceFile>,
    limits: RunLimits,
}

impl Source {
    fn hello(language: Language) -> Self {
        let info = language.info();
        let entry = FilePath::parse(info.entry).expect("a path");
        let files = vec![SourceFile { path: entry.clone(), content: info.hello_world.to_owned() }];
        Self { recipe: Recipe::of(language), entry, files, limits: RunLimits::default() }
    }

    fn program<'a>(&'a self, caches: Option<&'a Path>) -> Program<'a> {
        let Self { entry, files, limits, .. } = self;
        Program { entry, files, args: &[], flags: &[], limits, caches }
    }
}

/// Runs a job to its end.
async fn run(sandbox: &Sandbox, job: Job) {
    let Running { mut stdout, mut stderr, stdin, control } = sandbox.start(job).await.expect("the job starts");
    drop(stdin);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let (out_read, err_read) = tokio::join!(stdout.read_to_end(&mut out), stderr.read_to_end(&mut err));
    out_read.and(err_read).expect("the pipes can be read");
    let outcome = control.finish().await.expect("the jail reports");
    let is_well = outcome.anomaly.is_none() && outcome.steps.iter().all(|step| step.is_success());
    assert!(is_well, "{outcome:?} {}", String::from_utf8_lossy(&err));
}

/// Compiles hello in C, to be run without its compiler.
async fn compiled(sandbox: &Sandbox, source: &Source) -> Artefact {
    let artefact = sandbox.artefact().expect("a folder");
    run(sandbox, source.recipe.compile_job(source.program(None), &artefact).expect("C has a compiler")).await;
    artefact
}

fn spawn(command: &mut Command) {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let output = child.and_then(std::process::Child::wait_with_output).expect("it runs");
    assert!(output.status.success(), "{output:?}");
}

/// bubblewrap with what the tier `namespaces` has: every namespace, the machine's programs read-only, memory for the
/// rest, an empty environment, no capability.
fn bubblewrap(program: &Path) -> Command {
    let mut command = Command::new("bwrap");
    command.args(["--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"]);
    command.args(["--uid", "65534", "--gid", "65534", "--ro-bind", "/usr", "/usr", "--symlink", "usr/lib", "/lib"]);
    command.args([
        "--symlink",
        "usr/lib64",
        "/lib64",
        "--symlink",
        "usr/bin",
        "/bin",
        "--proc",
        "/proc",
        "--dev",
        "/dev",
    ]);
    command.args(["--tmpfs", "/job", "--ro-bind"]).arg(program).args([
        "/job/program",
        "--chdir",
        "/job",
        "/job/program",
    ]);
    command
}

/// A run of hello in C, compiled before.
async fn overhead(process: &Sandbox, namespaces: &Sandbox) -> Vec<Value> {
    let source = Source::hello(Language::C);
    let artefact = compiled(process, &source).await;
    let program = artefact.product().join("program");
    let mut times: [Vec<f64>; 4] = Default::default();
    for round in 0..ROUNDS + 20 {
        let started = Instant::now();
        spawn(Command::new(&program).env_clear());
        let bare = started.elapsed();
        spawn(&mut bubblewrap(&program));
        let wrapped = started.elapsed() - bare;
        let mut taken = vec![bare, wrapped];
        for sandbox in [process, namespaces] {
            let started = Instant::now();
            run(sandbox, source.recipe.run_job(source.program(None), &artefact)).await;
            taken.push(started.elapsed());
        }
        // The first ones find nothing in the machine's caches.
        if round >= 20 {
            times.iter_mut().zip(taken).for_each(|(times, taken)| times.push(taken.as_secs_f64() * 1_000.0));
        }
    }
    let [bare, wrapped, process, namespaces] = times;
    let mut rows = Vec::new();
    for (mode, times, most_over) in [("process tier", &process, 1.0), ("namespaces", &namespaces, 2.5)] {
        for (name, part) in [("p50", 0.5), ("p95", 0.95)] {
            let of = |times: &[f64]| percentile(times, part);
            let (ours, bare, wrapped) = (of(times), of(&bare), of(&wrapped));
            let peers = [(BARE, bare), (BUBBLEWRAP, wrapped)];
            let mut row = row(&format!("hello in C, {mode}, {name}"), ours, &peers, "ms");
            if part == 0.5 {
                let wanted = format!("{most_over} ms over a bare process at most, and less than bubblewrap");
                let is_met = ours - bare <= most_over && ours < wrapped;
                row["goal"] = json!({ "wanted": wanted, "isMet": is_met });
            }
            rows.push(row);
        }
    }
    rows
}

/// Runs of hello in C in a second.
async fn throughput(sandbox: &Sandbox, mode: &str) -> Value {
    let source = Source::hello(Language::C);
    let artefact = compiled(sandbox, &source).await;
    let started = Instant::now();
    let one_after_the_other = async || {
        let mut runs = 0_u32;
        while started.elapsed() < COUNTED {
            run(sandbox, source.recipe.run_job(source.program(None), &artefact)).await;
            runs += 1;
        }
        runs
    };
    let runs: u32 = futures_util::future::join_all((0..AT_ONCE).map(|_| one_after_the_other())).await.iter().sum();
    let per_second = f64::from(runs) / started.elapsed().as_secs_f64();
    let mut row = row(&format!("hello in C, {mode}, {AT_ONCE} at once"), per_second, &[], "runs/s");
    if mode == "process tier" {
        row["goal"] = json!({ "wanted": "1,000 on two processors", "isMet": per_second >= 1_000.0 });
    }
    row
}

/// Hello of each language, compiled and run.
async fn languages(process: &Sandbox, namespaces: &Sandbox) -> Vec<Value> {
    let mut rows = Vec::new();
    for info in &LANGUAGES {
        let source = Source::hello(info.id);
        let mut times: [Vec<f64>; 3] = Default::default();
        for _ in 0..LANGUAGE_ROUNDS {
            let started = Instant::now();
            run_bare(source.recipe.job(source.program(None)));
            times[0].push(started.elapsed().as_secs_f64() * 1_000.0);
            for (times, sandbox) in times[1..].iter_mut().zip([process, namespaces]) {
                let started = Instant::now();
                run(sandbox, source.recipe.job(source.program(sandbox.caches()))).await;
                times.push(started.elapsed().as_secs_f64() * 1_000.0);
            }
        }
        let [bare, process, namespaces] = times.map(|times| percentile(&times, 0.5));
        for (mode, ours) in [("process tier", process), ("namespaces", namespaces)] {
            let what = format!("hello in {}, compiled and run, {mode}, p50", info.name);
            rows.push(row(&what, ours, &[("bare toolchain", bare)], "ms"));
        }
    }
    rows
}

/// The same command lines without a sandbox, in a folder of their own.
fn run_bare(job: Job) {
    let folder = PathBuf::from(format!("{WORK_DIR}/bare"));
    fs::remove_dir_all(&folder).ok();
    for part in ["work", "out", "tmp"] {
        fs::create_dir_all(folder.join(part)).expect("a folder");
    }
    for file in &job.files {
        fs::write(folder.join("work").join(file.path.as_str()), &file.content).expect("a file");
    }
    for Step { program, args, env, .. } in &job.steps {
        let mut command = Command::new(program);
        command.args(args).current_dir(folder.join("work")).env_clear().env("PATH", "/usr/bin:/bin");
        let home = folder.join("tmp");
        command.env("HOME", &home).env("TMPDIR", &home).envs(env.iter().map(|(name, value)| (name, value)));
        spawn(&mut command);
    }
    fs::remove_dir_all(&folder).expect("removed");
}

fn percentile(times: &[f64], part: f64) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a short list")]
    let place = (sorted.len() as f64 * part) as usize;
    sorted[place.min(sorted.len() - 1)]
}

fn row(what: &str, ours: f64, peers: &[(&str, f64)], unit: &str) -> Value {
    let peers: BTreeMap<_, _> = peers.iter().copied().collect();
    json!({ "what": what, "tutti": ours, "peers": peers, "unit": unit })
}
