//! Dependencies: each may be used here by its licence, and each that is declared is used.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::licence;
use crate::{command::Run, workspace::Workspace};

/// Declared to choose features of a package that others use; nothing names them.
const NAMED_NOWHERE: [&str; 2] = ["getrandom", "rustls"];

/// Looks at every package of the dependency graph and every declaration in the workspace.
pub(super) fn check(workspace: &Workspace) -> Result<()> {
    let printed = Run::new("cargo").args(["metadata", "--format-version", "1"]).dir(workspace.root()).output()?;
    let metadata: Value = serde_json::from_str(&printed).context("cargo metadata printed no JSON")?;
    let mut findings = licences(&metadata);
    findings.extend(unused(workspace, &metadata)?);
    if !findings.is_empty() {
        bail!("{}", findings.join("\n"));
    }
    Ok(())
}

fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    metadata["packages"].as_array().into_iter().flatten()
}

fn licences(metadata: &Value) -> Vec<String> {
    packages(metadata)
        .filter(|package| !licence::is_allowed(package["license"].as_str().unwrap_or_default()))
        .map(|package| format!("{} {} has the licence {}", package["name"], package["version"], package["license"]))
        .collect()
}

/// Dependencies of a member that its sources do not name, and of the workspace that no member takes.
fn unused(workspace: &Workspace, metadata: &Value) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    let mut taken = BTreeSet::new();
    for member in packages(metadata).filter(|package| package["source"].is_null()) {
        let manifest = Path::new(member["manifest_path"].as_str().unwrap_or_default());
        let mut sources = String::new();
        read_sources(manifest.parent().unwrap_or(workspace.root()), &mut sources)?;
        for dependency in member["dependencies"].as_array().into_iter().flatten() {
            let name = dependency["rename"].as_str().or(dependency["name"].as_str()).unwrap_or_default();
            taken.insert(name.to_owned());
            if !NAMED_NOWHERE.contains(&name) && !names(&sources, &name.replace('-', "_")) {
                findings.push(format!("{} does not use its dependency {name}", member["name"]));
            }
        }
    }
    let path = workspace.root().join("Cargo.toml");
    let manifest = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    findings.extend(
        declared(&manifest).filter(|name| !taken.contains(*name)).map(|name| format!("no package uses {name}")),
    );
    Ok(findings)
}

/// The names under `[workspace.dependencies]`.
fn declared(manifest: &str) -> impl Iterator<Item = &str> {
    let after = manifest.split_once("[workspace.dependencies]").map_or("", |(_, after)| after);
    let table = after.lines().take_while(|line| !line.starts_with('['));
    table.filter_map(|line| line.split_once(" =")).map(|(name, _)| name).filter(|name| !name.starts_with('#'))
}

/// Whether `crate_name` stands in the text as a path's root or in a `use`.
fn names(sources: &str, crate_name: &str) -> bool {
    sources.match_indices(crate_name).any(|(at, _)| {
        let before = sources[..at].chars().next_back();
        let after = &sources[at + crate_name.len()..];
        let starts = before.is_none_or(|c| !c.is_alphanumeric() && c != '_');
        starts && ["::", ";", " as ", ","].iter().any(|next| after.starts_with(next))
    })
}

fn read_sources(dir: &Path, into: &mut String) -> Result<()> {
    for entry in fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let path = entry.context("cannot read a folder")?.path();
        let nested_package = path.join("Cargo.toml").is_file();
        if path.is_dir() && !nested_package && !path.ends_with("node_modules") {
            read_sources(&path, into)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push_str(&fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_whole_words_that_begin_a_path() {
        assert!(names("use serde::Serialize;", "serde"));
        assert!(names("#[derive(thiserror::Error)]", "thiserror"));
        assert!(!names("use serde_json::Value;", "serde"));
        assert!(!names("my_serde::x", "serde"));
    }

    #[test]
    fn declarations_end_with_their_table() {
        let manifest =
            "[workspace.dependencies]\na = \"1\"\n# c = \"1\"\nb = { version = \"1\" }\n\n[profile.dev]\ndebug = 1";
        assert_eq!(declared(manifest).collect::<Vec<_>>(), ["a", "b"]);
    }
}
