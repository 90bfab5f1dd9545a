//! The load generator of `tests/`, its build, and the peers that it measures beside Tutti.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::{
    command::Run,
    progress,
    setup::Tools,
    suites::Running,
    workspace::{Workspace, on_path},
};

/// The version of y-sweet that everybody compares with.
const Y_SWEET: &str = "y-sweet@0.9.1";

/// Plays the scenarios whose names contain `part`, and fails if Tutti lost an update.
pub(super) async fn run(
    workspace: &Workspace,
    tools: &Tools,
    running: &Running,
    part: Option<&str>,
    result: &Path,
) -> Result<()> {
    let y_sweet = y_sweet(workspace)?;
    let build = Run::new("cargo").args(["build", "--quiet", "--release", "--bin=load"]).dir(workspace.root());
    progress::quiet_step("build", "load generator", || build.visibly())?;
    let y_websocket = workspace.client().join("node_modules/y-websocket-server/bin/server.cjs");
    Run::new(workspace.target().join("release/load"))
        .arg(&tools.node)
        .arg(y_websocket)
        .arg(y_sweet)
        .arg(result)
        .args(part)
        .envs(running.env.clone())
        .visibly_while_awaited()
        .await
}

/// y-sweet: the machine's, or one below `target/`, built if it is missing.
fn y_sweet(workspace: &Workspace) -> Result<PathBuf> {
    let root = workspace.target().join("peers");
    let own = root.join("bin/y-sweet");
    if let Some(found) = [own.clone()].into_iter().chain(on_path("y-sweet")).find(|program| program.is_file()) {
        return Ok(found);
    }
    let install = Run::new("cargo").args(["install", Y_SWEET, "--locked", "--root"]).arg(&root).dir(workspace.root());
    progress::step("cargo", &format!("install {Y_SWEET} (some minutes)"), || install.quietly())
        .with_context(|| format!("once `cargo install {Y_SWEET} --locked` works, start again"))?;
    Ok(own)
}
