//! `cargo xtask test`: every suite, with a stack of its own for the black-box ones.

use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use crate::{
    builds,
    cli::{Switch, TestOptions},
    command::Run,
    progress::{say, seconds},
    setup::{self, Tools},
    stack::{Ports, Settings, Stack, control},
    supervisor::{self, Logs},
    workspace::Workspace,
};

/// One line of the summary.
struct Outcome {
    suite: &'static str,
    took: Duration,
    result: Result<()>,
}

/// Runs every suite and fails if one does.
pub(crate) fn run(options: &TestOptions) -> Result<()> {
    let start = Instant::now();
    let workspace = Workspace::here();
    let tools = setup::run(setup::Scope::Stack)?;
    builds::all(&workspace, &tools)?;
    let mut outcomes = Vec::new();
    if options.name.is_none() {
        outcomes.push(timed("page", || page(&workspace, &tools)));
    }
    outcomes.push(timed("build of the tests", || cargo_test(&workspace).arg("--no-run").visibly()));
    if outcomes.iter().all(|outcome| outcome.result.is_ok()) {
        outcomes.push(timed("crates and stack", || {
            on_own_stack(&workspace, &tools, Switch::On, async |running| {
                let run = cargo_test(&workspace).args(options.name.as_deref()).envs(running.env);
                run.visibly_while_awaited().await
            })
        }));
    }
    summarise(&outcomes, start)
}

/// A `cargo test` of every native package, and of the suites in `tests/` with them.
fn cargo_test(workspace: &Workspace) -> Run {
    Run::new("cargo").args(["test", "--no-fail-fast"]).dir(workspace.root())
}

fn page(workspace: &Workspace, tools: &Tools) -> Result<()> {
    Run::new("npm").args(["test", "--silent"]).env("PATH", tools.path_with_node()).dir(workspace.client()).visibly()
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
    work: impl AsyncFnOnce(Running) -> Result<()>,
) -> Result<()> {
    let dir = workspace.target().join("stack");
    if dir.exists() {
        fs::remove_dir_all(&dir).with_context(|| format!("cannot remove {}", dir.display()))?;
    }
    let settings = Settings {
        ports: Ports::any()?,
        data: dir.join("data"),
        logs: Logs { dir: dir.join("logs"), verbose: false },
        limits,
        reload: false,
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

fn timed(suite: &'static str, work: impl FnOnce() -> Result<()>) -> Outcome {
    say("test", &format!("{suite} …"));
    let start = Instant::now();
    let result = work();
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
