//! Programs that come from the machine's own packages: a browser for tests and the languages that runs are written in.

use std::{
    path::{Path, PathBuf},
    sync::Once,
};

use anyhow::{Context as _, Result, bail};
use nix::unistd::Uid;

use crate::{command::Run, progress, workspace::on_path};

/// The languages that the runner's table offers, as program and package.
const LANGUAGES: [(&str, &str); 8] = [
    ("/usr/bin/python3", "python3"),
    ("node", "nodejs"),
    ("gcc", "gcc libc6-dev"),
    ("g++", "g++"),
    ("/usr/bin/esbuild", "esbuild"),
    ("/usr/bin/javac", "openjdk-17-jdk-headless"),
    ("/usr/bin/go", "golang-go"),
    ("/usr/bin/rustc", "rustc-web"),
];

/// Installs the sandbox that ours is measured beside.
pub(crate) fn ensure_bubblewrap() -> Result<()> {
    if on_path("bwrap").is_some() { Ok(()) } else { install("bubblewrap") }
}

/// Finds or installs a browser of the Chromium family.
pub(crate) fn ensure_chromium() -> Result<PathBuf> {
    let find =
        || ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"].into_iter().find_map(on_path);
    if let Some(found) = find() {
        return Ok(found);
    }
    install("chromium")?;
    find().context("the package chromium brought no program of that name")
}

/// Installs the compilers and interpreters for runs that are missing.
pub(crate) fn ensure_languages() -> Result<()> {
    for (program, packages) in LANGUAGES {
        let present = if program.starts_with('/') { Path::new(program).is_file() } else { on_path(program).is_some() };
        if !present {
            install(packages)?;
        }
    }
    Ok(())
}

/// Installs packages, separated by spaces, if this process may; else says what to type.
pub(crate) fn install(packages: &str) -> Result<()> {
    if !Uid::effective().is_root() || on_path("apt-get").is_none() {
        bail!("missing on this machine: `sudo apt-get install {packages}`, then start again");
    }
    static UPDATED: Once = Once::new();
    progress::step("apt-get", packages, || {
        let apt = || Run::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive");
        UPDATED.call_once(|| {
            if let Err(error) = apt().args(["update", "--quiet"]).quietly() {
                progress::say("apt-get", &format!("update failed, trying with the lists as they are: {error:#}"));
            }
        });
        apt().args(["install", "--yes", "--quiet", "--no-install-recommends"]).args(packages.split(' ')).quietly()
    })
}
