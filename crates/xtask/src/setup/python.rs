//! Virtual environments for the tools that come from PyPI, one for each file under `crates/xtask/requirements`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use super::debian;
use crate::{
    command::Run,
    progress,
    workspace::{Workspace, on_path},
};

/// One virtual environment.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    name: &'static str,
    dir: PathBuf,
}

impl Environment {
    /// The environment of `crates/xtask/requirements/{name}.txt`, whether it exists yet or not.
    pub(crate) fn of(workspace: &Workspace, name: &'static str) -> Self {
        Self { name, dir: workspace.tools().join(name) }
    }

    /// A program in the environment.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.dir.join("bin").join(name)
    }

    /// Makes the environment anew unless it was made from exactly the requirements as they are now.
    pub(crate) fn ensure(&self, workspace: &Workspace) -> Result<()> {
        let file = workspace.root().join("crates/xtask/requirements").join(format!("{}.txt", self.name));
        let wanted = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        // Written last, so an interrupted install is seen as none.
        let marker = self.dir.join("installed.txt");
        let interpreter_stands = self.program("python").exists();
        if interpreter_stands && fs::read_to_string(&marker).is_ok_and(|installed| installed == wanted) {
            return Ok(());
        }
        progress::step("python", &format!("environment {}", self.name), || self.create(&file))?;
        fs::write(&marker, wanted).with_context(|| format!("cannot write {}", marker.display()))
    }

    fn create(&self, requirements: &Path) -> Result<()> {
        let python = interpreter()?;
        Run::new(&python).args(["-m", "venv", "--clear"]).arg(&self.dir).quietly()?;
        Run::new(self.program("python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
            .arg(requirements)
            .quietly()
    }
}

/// A Python that can make virtual environments.
fn interpreter() -> Result<PathBuf> {
    if let Some(found) = usable_interpreter() {
        return Ok(found);
    }
    debian::install("python3-venv")?;
    match usable_interpreter() {
        Some(found) => Ok(found),
        None => bail!("no Python of at least 3.10 with the modules venv and ensurepip on PATH"),
    }
}

fn usable_interpreter() -> Option<PathBuf> {
    let probe = "import sys, venv, ensurepip; assert sys.version_info >= (3, 10)";
    let candidates = [on_path("python3"), Some(PathBuf::from("/usr/bin/python3"))];
    candidates.into_iter().flatten().find(|python| Run::new(python).args(["-c", probe]).quietly().is_ok())
}
