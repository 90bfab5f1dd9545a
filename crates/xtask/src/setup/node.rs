//! Node and the npm packages of `edge/client`, which hold every Node tool of the repository.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::{
    command::Run,
    progress,
    workspace::{Workspace, on_path},
};

/// Installs the locked packages when they are not, and gives a Node that wrangler runs on.
pub(crate) fn ensure(workspace: &Workspace) -> Result<PathBuf> {
    let Some(machine_node) = on_path("node") else {
        bail!("Node is missing: `apt-get install nodejs npm`, or see https://nodejs.org");
    };
    let lock = read_json(workspace.client().join("package-lock.json"))?;
    let installed = read_json(workspace.client().join("node_modules/.package-lock.json")).unwrap_or(Value::Null);
    if !matches_lock(&lock, &installed) {
        progress::step("npm", "packages of edge/client", || {
            Run::new("npm").args(["ci", "--no-audit", "--no-fund"]).dir(workspace.client()).quietly()
        })?;
    }
    choose_node(workspace, &lock, machine_node)
}

fn read_json(path: PathBuf) -> Result<Value> {
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))
}

/// Whether `node_modules` holds what the lock file says; packages for other platforms are absent from it by design.
fn matches_lock(lock: &Value, installed: &Value) -> bool {
    let (Some(wanted), Some(present)) = (lock["packages"].as_object(), installed["packages"].as_object()) else {
        return false;
    };
    let version = |entry: &Value| entry["version"].as_str().map(str::to_owned);
    let all_wanted_present = wanted
        .iter()
        .filter(|(path, entry)| !path.is_empty() && entry["optional"] != true)
        .all(|(path, entry)| present.get(path).is_some_and(|found| version(found) == version(entry)));
    let nothing_else =
        present.iter().all(|(path, entry)| wanted.get(path).is_some_and(|locked| version(locked) == version(entry)));
    all_wanted_present && nothing_else
}

/// The machine's Node, or the one among the npm packages when the machine's is too old for wrangler.
fn choose_node(workspace: &Workspace, lock: &Value, machine_node: PathBuf) -> Result<PathBuf> {
    let wanted = lock["packages"]["node_modules/wrangler"]["engines"]["node"].as_str().unwrap_or(">=0");
    let printed = Run::new(&machine_node).arg("--version").output()?;
    if version_of(&printed) >= version_of(wanted) {
        return Ok(machine_node);
    }
    let packaged = workspace.client().join("node_modules/node/bin/node");
    if !packaged.is_file() {
        bail!(
            "wrangler needs Node {wanted}, this machine has {}: `npm install --save-dev node@22` in edge/client",
            printed.trim()
        );
    }
    progress::say("node", &format!("{} is too old for wrangler, taking the npm package's", printed.trim()));
    Ok(packaged)
}

/// The first three numbers in a text such as `v20.11.1` or `>=20.3.0`.
fn version_of(text: &str) -> [u32; 3] {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok());
    [(); 3].map(|()| numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lock(version: &str) -> Value {
        json!({"packages": {"": {}, "node_modules/yjs": {"version": version},
            "node_modules/esbuild-other": {"version": "1.0.0", "optional": true}}})
    }

    #[test]
    fn same_versions_match_even_without_optional_packages() {
        assert!(matches_lock(&lock("1.0.0"), &json!({"packages": {"node_modules/yjs": {"version": "1.0.0"}}})));
    }

    #[test]
    fn other_absent_and_unknown_packages_do_not_match() {
        assert!(!matches_lock(&lock("1.0.1"), &json!({"packages": {"node_modules/yjs": {"version": "1.0.0"}}})));
        assert!(!matches_lock(&lock("1.0.0"), &json!({"packages": {}})));
        assert!(!matches_lock(&lock("1.0.0"), &Value::Null));
        let more =
            json!({"packages": {"node_modules/yjs": {"version": "1.0.0"}, "node_modules/x": {"version": "1.0.0"}}});
        assert!(!matches_lock(&lock("1.0.0"), &more));
    }

    #[test]
    fn versions_compare_by_number() {
        assert!(version_of("v20.11.1") > version_of(">=20.3.0"));
        assert!(version_of("v20.20.2\n") < version_of(">=22"));
    }
}
