//! `cargo xtask test`: every suite, with a stack of its own for the black-box ones.

use std::{
    fs::{self, File},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use crate::{
    builds::{self, Polish},
    cli::{Switch, TestOptions},
    command::Run,
    progress::{say, seconds},
    setup::{self, Tools},
    stack::{Ports, Settings, Stack, Waits, control},
    supervisor::{self, Logs},
    workspace::Workspace,
};

/// One line of the summary.
struct Outcome {
    suite: &'static str,
    took: Duration,
    result: Result<()>,
}

/// Runs every suite, or the one named, and fails if one does.
pub(crate) fn run(options: &TestOptions) -> Result<()> {
    let start = Instant::now();
    let workspace = Workspace::here();
    let tools = setup::run(setup::Scope::Stack)?;
    builds::all(&workspace, &tools, Polish::None)?;
    let wanted = |suite: &str| options.suite.as_ref().is_none_or(|name| name == suite);
    let filter = options.filter.as_deref();
    let mut outcomes = Vec::new();
    supervisor::block_on(async {
        if wanted("page") {
            outcomes.push(timed("page", page(&workspace, &tools)).await);
        }
        if wanted("crates") {
            outcomes.push(timed("crates", cargo_tests(&workspace).args(filter)).await);
        }
        if wanted(BLACK_BOX) {
            outcomes.push(timed("build of black_box", cargo_test(&workspace, BLACK_BOX).arg("--no-run")).await);
        }
        Ok(())
    })?;
    let with_stack = SUITES_WITH_STACK.iter().any(|suite| wanted(suite));
    if with_stack {
        on_own_stack(&workspace, &tools, Switch::On, TEST_WAITS, async |running| {
            for suite in SUITES_WITH_STACK.into_iter().filter(|suite| wanted(suite)) {
                let run = match suite {
                    BLACK_BOX => cargo_test(&workspace, BLACK_BOX).args(filter),
                    folder => node_test(&workspace, &tools, folder, filter),
                };
                outcomes.push(timed(suite, run.envs(running.env.clone())).await);
            }
            Ok(())
        })?;
    }
    summarise(&outcomes, start)
}

/// The suite in Rust that asks a running stack everything that the product promises. It has no part in a plain
/// `cargo test`, since that has no stack.
pub(crate) const BLACK_BOX: &str = "black_box";

/// The suites that need a running stack: the black-box one, then what Node runs from the folders of that name, stock
/// clients from npm and the page in a browser.
const SUITES_WITH_STACK: [&str; 3] = [BLACK_BOX, "stock", "browser"];

/// So that expired runs and idle runners are seen in a test's time. A runner keeps its room for longer than a test takes
/// from one run to the next, and leaves the others theirs.
const TEST_WAITS: Waits =
    Waits { run_queued_max: Some(Duration::from_secs(60)), runner_idle: Some(Duration::from_secs(5)) };

/// The suites come from this machine's one address as a crowd of guests, whose calls of the API are therefore not
/// counted. Those about limits come from addresses of their own, which a local edge believes (tests/black_box/limits.rs);
/// all other limits are on. The origin is the one that tests/black_box/origins.rs calls from.
const EDGE_VARIABLES: [(&str, &str); 2] =
    [("LIMITS_EXEMPT", "127.0.0.1"), ("CORS_ORIGINS", "https://app.tutti.example")];

/// How many tests of one suite run at once: those of the black-box suite wait far more than they compute.
const BLACK_BOX_THREADS: &str = "6";

/// A `cargo test` of one suite.
pub(crate) fn cargo_test(workspace: &Workspace, suite: &str) -> Run {
    cargo_tests(workspace).args(["--test", suite]).env("RUST_TEST_THREADS", BLACK_BOX_THREADS)
}

/// A `cargo test` of every native package.
fn cargo_tests(workspace: &Workspace) -> Run {
    Run::new("cargo").args(["test", "--no-fail-fast"]).dir(workspace.root())
}

/// The page's own tests, which need no stack.
fn page(workspace: &Workspace, tools: &Tools) -> Run {
    Run::new("npm").args(["test", "--silent"]).env("PATH", tools.path_with_node()).dir(workspace.client())
}

/// The Node suite in a folder below `tests/`.
fn node_test(workspace: &Workspace, tools: &Tools, folder: &str, filter: Option<&str>) -> Run {
    let pattern = filter.map(|filter| format!("--test-name-pattern={filter}"));
    let dir = workspace.root().join("tests").join(folder);
    Run::new(&tools.node).arg("--test").args(pattern).env("PATH", tools.path_with_node()).dir(dir)
}

/// A stack that answers.
pub(crate) struct Running {
    /// The variables that lead to it.
    pub(crate) env: Vec<(String, String)>,
    /// How long it took from nothing to the last part's first good answer, with everything built.
    pub(crate) started_in: Duration,
}

/// Starts an empty stack on free ports, runs `work` on it, and ends the stack.
pub(crate) fn on_own_stack(
    workspace: &Workspace,
    tools: &Tools,
    limits: Switch,
    waits: Waits,
    work: impl AsyncFnOnce(Running) -> Result<()>,
) -> Result<()> {
    let (dir, _claim) = own_folder(workspace)?;
    let settings = Settings {
        ports: Ports::any()?,
        data: dir.join("data"),
        logs: Logs { dir: dir.join("logs"), verbose: false },
        limits,
        waits,
        reload: false,
        edge_variables: &EDGE_VARIABLES,
    };
    let stack = Arc::new(Stack::new(workspace.clone(), tools.clone(), settings)?);
    let description = dir.join("stack.json");
    supervisor::block_on(async {
        let result = tokio::select! {
            result = async {
                let start = Instant::now();
                stack.bring_up().await?;
                let started_in = start.elapsed();
                say("stack", &format!("{} after {}", stack.edge_url(), seconds(started_in)));
                let (control, _serving) = control::serve(Arc::clone(&stack)).await?;
                let text = stack.description(&control).to_string();
                fs::write(&description, text).with_context(|| format!("cannot write {}", description.display()))?;
                let env = vec![
                    ("TUTTI_URL".to_owned(), stack.edge_url()),
                    ("TUTTI_STACK".to_owned(), description.to_string_lossy().into_owned()),
                ];
                work(Running { env, started_in }).await
            } => result,
            ended = supervisor::termination() => ended.and_then(|()| bail!("interrupted")),
        };
        stack.stop().await;
        result
    })
}

/// An empty folder below `target/` for a stack, locked for this process: another test may be running.
fn own_folder(workspace: &Workspace) -> Result<(PathBuf, File)> {
    fs::create_dir_all(workspace.target()).context("cannot create the target folder")?;
    for number in 1.. {
        let dir = workspace.target().join(format!("stack-{number}"));
        let path = dir.with_extension("lock");
        let claim = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
        if claim.try_lock().is_err() {
            continue;
        }
        if dir.exists() {
            fs::remove_dir_all(&dir).with_context(|| format!("cannot remove {}", dir.display()))?;
        }
        return Ok((dir, claim));
    }
    bail!("every number of a stack is taken")
}

async fn timed(suite: &'static str, run: Run) -> Outcome {
    say("test", &format!("{suite} …"));
    let start = Instant::now();
    let result = run.visibly_while_awaited().await;
    Outcome { suite, took: start.elapsed(), result }
}

fn summarise(outcomes: &[Outcome], start: Instant) -> Result<()> {
    println!();
    for Outcome { suite, took, result } in outcomes {
        match result {
            Ok(()) => say("passed", &format!("{suite} ({})", seconds(*took))),
            Err(error) => say("FAILED", &format!("{suite} ({}): {error:#}", seconds(*took))),
        }
    }
    say("test", &format!("all of it took {}", seconds(start.elapsed())));
    if outcomes.iter().any(|outcome| outcome.result.is_err()) {
        bail!("not every suite passed");
    }
    Ok(())
}
