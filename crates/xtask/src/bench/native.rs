//! Measurements that need no script: sizes of what is deployed, and the time of a start.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result};

use super::{Results, Row};
use crate::{command::Run, suites::Running, workspace::Workspace};

/// What a cold isolate has to load, and what the page can come to with every language that it knows.
pub(super) fn size(workspace: &Workspace, _running: &Running) -> Result<Results> {
    let build = workspace.root().join("edge/build");
    let assets = workspace.client().join("dist/assets");
    let entries = fs::read_dir(&assets).with_context(|| format!("cannot read {}", assets.display()))?;
    let files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    let of_kind =
        |kind: &str| files.iter().filter(|file| file.extension().is_some_and(|it| it == kind)).cloned().collect();
    let groups: [(&str, Vec<PathBuf>); 4] = [
        ("edge, WebAssembly", vec![build.join("index_bg.wasm")]),
        ("edge, shim", vec![build.join("index.js")]),
        ("page, all scripts", of_kind("js")),
        ("page, all styles", of_kind("css")),
    ];
    let mut rows = Vec::new();
    for (what, files) in groups {
        rows.extend(sizes(what, &files)?);
    }
    Ok(Results { rows })
}

/// How long an empty stack takes to start.
pub(super) fn start(_workspace: &Workspace, running: &Running) -> Result<Results> {
    let row = Row::of_tutti("empty stack, from nothing to every part ready", running.started_in.as_secs_f64(), "s");
    Ok(Results { rows: vec![row] })
}

/// The size of some files together, plain and as they travel.
fn sizes(what: &str, files: &[PathBuf]) -> Result<[Row; 2]> {
    let (mut plain, mut gzipped) = (0.0, 0.0);
    for file in files {
        let bytes = fs::metadata(file).with_context(|| format!("cannot read {}", file.display()))?.len();
        plain += f64::from(u32::try_from(bytes).context("a deployable of over 4 GB")?);
        let counted = Run::new("sh").args(["-c", "gzip -9 --stdout -- \"$0\" | wc -c"]).arg(file).output()?;
        let counted = counted.trim().parse::<u32>();
        gzipped += f64::from(counted.with_context(|| format!("gzip of {} gave no size", file.display()))?);
    }
    let row = |how: &str, bytes: f64| Row::of_tutti(&format!("{what}, {how}"), bytes / 1024.0, "KiB");
    Ok([row("plain", plain), row("gzip", gzipped)])
}
