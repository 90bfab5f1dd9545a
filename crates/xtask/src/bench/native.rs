//! Measurements that need no script: sizes of what is deployed, and the time of a start.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

use super::{Results, Row};
use crate::{command::Run, suites::Running, workspace::Workspace};

/// What a first visit and a cold isolate have to load.
pub(super) fn size(workspace: &Workspace, _running: &Running) -> Result<Results> {
    let build = workspace.root().join("edge/build");
    let assets = workspace.client().join("dist/assets");
    let mut rows = Vec::new();
    for (what, file) in [("edge, WebAssembly", build.join("index_bg.wasm")), ("edge, shim", build.join("index.js"))] {
        rows.extend(sizes(what, &file)?);
    }
    for entry in fs::read_dir(&assets).with_context(|| format!("cannot read {}", assets.display()))? {
        let file = entry.context("cannot read the page's folder")?.path();
        if file.extension().is_some_and(|extension| ["js", "css"].iter().any(|known| extension == *known)) {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            rows.extend(sizes(&format!("page, {name}"), &file)?);
        }
    }
    Ok(Results { rows })
}

/// How long an empty stack takes to start.
pub(super) fn start(_workspace: &Workspace, running: &Running) -> Result<Results> {
    let row = Row {
        what: "empty stack, from nothing to every part ready".to_owned(),
        tutti: running.started_in.as_secs_f64(),
        peer: None,
        unit: "s".to_owned(),
    };
    Ok(Results { rows: vec![row] })
}

/// A file's size, plain and as it travels.
fn sizes(what: &str, file: &Path) -> Result<[Row; 2]> {
    let plain = fs::metadata(file).with_context(|| format!("cannot read {}", file.display()))?.len();
    let counted = Run::new("sh").args(["-c", "gzip -9 --stdout -- \"$0\" | wc -c"]).arg(file).output()?;
    let gzipped: u32 = counted.trim().parse().with_context(|| format!("gzip of {} gave no size", file.display()))?;
    let row = |how: &str, bytes: f64| Row {
        what: format!("{what}, {how}"),
        tutti: bytes / 1024.0,
        peer: None,
        unit: "KiB".to_owned(),
    };
    let plain = u32::try_from(plain).context("a deployable of over 4 GB")?;
    Ok([row("plain", plain.into()), row("gzip", gzipped.into())])
}
