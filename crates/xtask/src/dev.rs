//! `cargo xtask dev`: the whole product on this machine, until Ctrl-C.

mod demo_room;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, Result, bail};

use crate::{
    builds::{self, Polish},
    cli::DevOptions,
    progress::{say, seconds},
    setup,
    stack::{ADMIN_EMAIL, OUTBOX, Ports, Settings, Stack, Waits},
    supervisor::{self, Logs},
    workspace::Workspace,
};

/// Sets up, builds, starts, and stays until it is asked to end.
pub(crate) fn run(options: &DevOptions) -> Result<()> {
    let start = Instant::now();
    let workspace = Workspace::here();
    let tools = setup::run(setup::Scope::Stack)?;
    builds::all(&workspace, &tools, Polish::None)?;

    let data = options.data.clone().unwrap_or_else(|| workspace.state().join("data"));
    let data = std::path::absolute(&data).with_context(|| format!("{} is not a path", data.display()))?;
    let _lock = claim(&data, options.fresh)?;
    let logs = Logs { dir: fresh_logs(&workspace)?, verbose: options.verbose };
    let ports = Ports::usual(options.port)?;
    let settings = Settings {
        ports,
        data: data.clone(),
        logs,
        limits: options.limits,
        waits: Waits::default(),
        reload: true,
        edge_variables: &[],
    };
    let stack = Stack::new(workspace, tools, settings)?;
    supervisor::block_on(async {
        let result = tokio::select! {
            result = serve(&stack, &data, start) => result,
            ended = supervisor::termination() => ended,
        };
        say("stop", "ending every part …");
        let stopping = Instant::now();
        stack.stop().await;
        say("stop", &format!("all ended in {}", seconds(stopping.elapsed())));
        result
    })
}

/// Brings everything up, says so, and never returns by itself.
async fn serve(stack: &Stack, data: &Path, start: Instant) -> Result<()> {
    stack.bring_up().await?;
    let link = demo_room::link(&stack.edge_url(), data).await?;
    say(
        "start",
        &format!("every part answers after {}; logs are in .tutti/logs; Ctrl-C ends it", seconds(start.elapsed())),
    );
    say("start", &format!("{ADMIN_EMAIL} administers, once it is registered and verified"));
    say("start", &format!("mails are not sent but written to {}", stack.outbox().display()));
    println!("ready {link}");
    std::future::pending().await
}

/// Takes the data folder for this process alone, emptied if `fresh`.
fn claim(data: &Path, fresh: bool) -> Result<File> {
    fs::create_dir_all(data).with_context(|| format!("cannot create {}", data.display()))?;
    let path = data.join("lock");
    let lock = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
    if lock.try_lock().is_err() {
        bail!("{} is in use by another `cargo xtask dev`; end that one, or give --data", data.display());
    }
    if fresh {
        for name in ["aws", "edge", OUTBOX, demo_room::FILE] {
            remove(&data.join(name))?;
        }
    }
    Ok(lock)
}

fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// The folder for logs, without those of an earlier start.
fn fresh_logs(workspace: &Workspace) -> Result<PathBuf> {
    let dir = workspace.state().join("logs");
    remove(&dir)?;
    Ok(dir)
}
