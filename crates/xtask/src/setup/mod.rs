//! Installs what the tasks need and finds what is already there.
//!
//! Every step looks first and acts only when something is missing, so a second call costs a fraction of a second.
//! Tools go under `.tutti/tools`, never over those of the machine; only rustup's targets and, when run as root,
//! Debian packages change the machine. What cannot be installed is named with the command that would.

mod debian;
mod node;
mod python;
mod rust;
mod wasm_tools;

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    path::PathBuf,
    thread,
};

use anyhow::{Context as _, Result, anyhow};
pub(crate) use debian::ensure_bubblewrap;

use crate::{
    progress,
    workspace::{Workspace, on_path, variable},
};

/// Which tasks the tools are for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Building the edge alone.
    Edge,
    /// Starting and testing the stack.
    Stack,
    /// All of it, with the linters.
    All,
}

/// Where the tools are. Those that the scope leaves out are where they would be.
#[derive(Clone, Debug)]
pub(crate) struct Tools {
    /// Compiles the edge to WebAssembly.
    pub(crate) worker_build: PathBuf,
    /// Exactly the version of the `wasm-bindgen` crate in `Cargo.lock`.
    pub(crate) wasm_bindgen: PathBuf,
    /// A Node that the locked wrangler runs on.
    pub(crate) node: PathBuf,
    /// The environment with ministack.
    pub(crate) local_aws: python::Environment,
    /// The environment with cargo-lambda.
    pub(crate) cargo_lambda: python::Environment,
    /// The environment with cfn-lint and sam.
    pub(crate) lint: python::Environment,
    /// The browser for tests; absent when the scope is the edge alone.
    pub(crate) chromium: Option<PathBuf>,
}

/// Installs what is missing for `scope`.
pub(crate) fn run(scope: Scope) -> Result<Tools> {
    let workspace = Workspace::here();
    progress::quiet_step("setup", "everything in place", || install(&workspace, scope))
}

fn install(workspace: &Workspace, scope: Scope) -> Result<Tools> {
    let _lock = lock(workspace)?;
    thread::scope(|threads| {
        // Compiling tools takes the processor, the other thread mostly the network.
        let wasm = threads.spawn(|| -> Result<_> {
            rust::ensure_targets(workspace)?;
            wasm_tools::ensure(workspace)
        });
        let node = node::ensure(workspace)?;
        let [local_aws, cargo_lambda, lint] =
            ["local-aws", "cargo-lambda", "lint"].map(|name| python::Environment::of(workspace, name));
        if scope != Scope::Edge {
            local_aws.ensure(workspace)?;
            cargo_lambda.ensure(workspace)?;
            debian::ensure_languages()?;
        }
        if scope == Scope::All {
            lint.ensure(workspace)?;
        }
        let chromium = (scope != Scope::Edge).then(debian::ensure_chromium).transpose()?;
        let (worker_build, wasm_bindgen) = wasm.join().map_err(|_panic| anyhow!("the Rust setup panicked"))??;
        Ok(Tools { worker_build, wasm_bindgen, node, local_aws, cargo_lambda, lint, chromium })
    })
}

/// One setup at a time: wrangler calls `build-edge` while another task may be installing.
fn lock(workspace: &Workspace) -> Result<File> {
    fs::create_dir_all(workspace.tools()).with_context(|| format!("cannot create {}", workspace.tools().display()))?;
    let path = workspace.tools().join("setup.lock");
    let file = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
    if file.try_lock().is_err() {
        progress::say("setup", "another setup is running, waiting for it …");
        file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    }
    Ok(file)
}

impl Tools {
    /// `PATH` on which `node` is the chosen one. A folder that is there already keeps its place: what else lies beside
    /// a distribution's Node, an older Rust among it, is not to come before what the person prefers.
    pub(crate) fn path_with_node(&self) -> OsString {
        let rest = OsString::from(variable("PATH").unwrap_or_default());
        if on_path("node").is_some_and(|found| found == self.node) {
            return rest;
        }
        let node_dir = self.node.parent().map(PathBuf::from);
        let all: Vec<PathBuf> = node_dir.into_iter().chain(env::split_paths(&rest)).collect();
        env::join_paths(all).unwrap_or(rest)
    }
}
