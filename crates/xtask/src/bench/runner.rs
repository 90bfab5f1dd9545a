//! The runner's own benchmarks, as the image builds the runner.

use std::path::Path;

use anyhow::Result;

use crate::{command::Run, progress, setup, workspace::Workspace};

/// Measures beside bubblewrap, which is installed if it is missing.
pub(super) fn run(workspace: &Workspace, bench: &str, result: &Path) -> Result<()> {
    setup::ensure_bubblewrap()?;
    // One package, as in the image: what others want of its dependencies is not in its program.
    let cargo = |args: &[&str]| Run::new("cargo").args(args).args(["--package=runner"]).dir(workspace.root());
    let (build, caches) = (cargo(&["build", "--quiet", "--release"]), workspace.target().join("release/runner"));
    progress::quiet_step("build", "runner (release)", || build.visibly())?;
    progress::quiet_step("build", "caches of toolchains", || Run::new(caches).arg("caches").quietly())?;
    let bench = format!("--bench={bench}");
    cargo(&["bench", "--quiet", &bench]).env("TUTTI_RESULT", result).visibly()
}
