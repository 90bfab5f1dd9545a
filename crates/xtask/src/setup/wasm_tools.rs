//! worker-build at a pinned version, and wasm-bindgen's command line at exactly the version of the crate in
//! `Cargo.lock`: the two speak a format that has no compatibility between versions.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use crate::{
    command::Run,
    progress,
    workspace::{Workspace, on_path, variable},
};

/// The version that the `worker` crate in `Cargo.toml` belongs to.
const WORKER_BUILD_VERSION: &str = "0.8.7";

/// Finds or installs both and gives their paths.
pub(crate) fn ensure(workspace: &Workspace) -> Result<(PathBuf, PathBuf)> {
    let lock_path = workspace.root().join("Cargo.lock");
    let lock = fs::read_to_string(&lock_path).with_context(|| format!("cannot read {}", lock_path.display()))?;
    let bindgen_version = locked_version(&lock, "wasm-bindgen").context("Cargo.lock has no wasm-bindgen")?;
    let worker_build = tool(workspace, "worker-build", "worker-build", WORKER_BUILD_VERSION)?;
    let wasm_bindgen = tool(workspace, "wasm-bindgen-cli", "wasm-bindgen", bindgen_version)?;
    Ok((worker_build, wasm_bindgen))
}

fn tool(workspace: &Workspace, package: &str, program: &str, version: &str) -> Result<PathBuf> {
    let own = workspace.tools().join("bin").join(program);
    let home = variable("HOME").map(|home| Path::new(&home).join(".cargo/bin").join(program));
    let candidates = [Some(own.clone()), on_path(program), home];
    if let Some(found) = candidates.into_iter().flatten().find(|path| has_version(path, version)) {
        return Ok(found);
    }
    let spec = format!("{package}@{version}");
    progress::step("cargo", &format!("install {spec} (some minutes)"), || install(workspace, &spec))?;
    Ok(own)
}

fn has_version(program: &Path, version: &str) -> bool {
    program.is_file()
        && Run::new(program)
            .arg("--version")
            .output()
            .is_ok_and(|printed| printed.split_whitespace().any(|word| word == version))
}

/// Installs with the dependencies that the tool's authors locked, and if one of those cannot be had, with newer ones.
fn install(workspace: &Workspace, spec: &str) -> Result<()> {
    let command = |locked: &[&str]| {
        Run::new("cargo")
            .args(["install", spec, "--root"])
            .arg(workspace.tools())
            .args(locked)
            .env("CARGO_TARGET_DIR", workspace.tools().join("build"))
            .dir(workspace.root())
    };
    if let Err(error) = command(&["--locked"]).quietly() {
        let text = format!("{error:#}");
        progress::say("cargo", text.lines().next().unwrap_or_default());
        progress::say("cargo", &format!("{spec} with newer dependencies than it locked …"));
        command(&[]).quietly().with_context(|| format!("once `cargo install {spec}` works, start again"))?;
    }
    // Only the binary is wanted; what it was compiled from is half a gigabyte.
    fs::remove_dir_all(workspace.tools().join("build")).context("cannot remove the build folder of the tool")
}

/// The version of a package in the text of a `Cargo.lock`.
fn locked_version<'lock>(lock: &'lock str, package: &str) -> Option<&'lock str> {
    let mut lines = lock.lines().skip_while(|line| *line != format!("name = \"{package}\""));
    lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_is_of_the_package_with_exactly_that_name() {
        let lock = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(locked_version(lock, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(locked_version(lock, "wasm"), None);
    }
}
