//! Rust's own parts: the WebAssembly target, and for nightly also its standard library's source, which building with
//! panic unwinding recompiles.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::{command::Run, progress, workspace::Workspace};

const TARGET: &str = "wasm32-unknown-unknown";

/// Adds what rustup has not installed yet.
pub(crate) fn ensure_targets(workspace: &Workspace) -> Result<()> {
    let stable = sysroot(workspace, "+stable")?;
    if !has_target(&stable) {
        rustup("target for stable", &["target", "add", TARGET, "--toolchain", "stable"])?;
    }
    let nightly = match sysroot(workspace, "+nightly") {
        Ok(nightly) => nightly,
        Err(_absent) => {
            rustup("nightly toolchain", &["toolchain", "install", "nightly", "--profile", "minimal"])?;
            sysroot(workspace, "+nightly")?
        }
    };
    if !has_target(&nightly) {
        rustup("target for nightly", &["target", "add", TARGET, "--toolchain", "nightly"])?;
    }
    if !nightly.join("lib/rustlib/src/rust/library").is_dir() {
        rustup("library source for nightly", &["component", "add", "rust-src", "--toolchain", "nightly"])?;
    }
    Ok(())
}

fn sysroot(workspace: &Workspace, toolchain: &str) -> Result<PathBuf> {
    let printed = Run::new("rustc").args([toolchain, "--print", "sysroot"]).dir(workspace.root()).output()?;
    Ok(printed.trim().into())
}

fn has_target(sysroot: &std::path::Path) -> bool {
    sysroot.join("lib/rustlib").join(TARGET).is_dir()
}

fn rustup(what: &str, args: &[&str]) -> Result<()> {
    progress::step("rustup", what, || {
        Run::new("rustup")
            .args(args)
            .quietly()
            .with_context(|| format!("cannot install it; once `rustup {}` works, start again", args.join(" ")))
    })
}
