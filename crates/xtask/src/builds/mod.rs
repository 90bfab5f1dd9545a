//! Building the deployables: the Worker, the page, the functions and the runner.
//!
//! Cargo knows by itself when a Rust build has nothing to do. The steps around it (wasm-bindgen, wasm-opt, bundling)
//! do not, so the edge and the page are built only when the fingerprint of their inputs differs from the last build's.

mod fingerprint;

use anyhow::Result;
use fingerprint::Cached;

use crate::{
    command::Run,
    progress,
    setup::{self, Tools},
    workspace::{Workspace, variable},
};

/// Set for a wrangler whose edge has been built and stays as it is: a test's stack keeps still while sources change.
pub(crate) const EDGE_IS_BUILT: &str = "TUTTI_EDGE_IS_BUILT";

/// Set by wrangler to the command that wants the build: `dev`, `deploy`.
const WRANGLER_COMMAND: &str = "WRANGLER_COMMAND";

/// How much work the Worker is worth.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Polish {
    /// As the compiler leaves it: for trying and testing.
    None,
    /// With `wasm-opt` on top, which takes minutes and some percent off size and time: for deploying and measuring.
    WasmOpt,
}

/// `cargo xtask build-edge`, which wrangler also calls before it serves or deploys.
pub(crate) fn edge_command() -> Result<()> {
    if variable(EDGE_IS_BUILT).is_some() {
        return Ok(());
    }
    let tools = setup::run(setup::Scope::Edge)?;
    let is_waited_for = variable(WRANGLER_COMMAND).is_some_and(|command| command == "dev");
    let polish = if is_waited_for { Polish::None } else { Polish::WasmOpt };
    edge(&Workspace::here(), &tools, polish)
}

/// Everything that the stack runs.
pub(crate) fn all(workspace: &Workspace, tools: &Tools, polish: Polish) -> Result<()> {
    edge(workspace, tools, polish)?;
    native(workspace)?;
    caches(workspace);
    Ok(())
}

/// The Worker, as WebAssembly with its JavaScript shim, and the page.
fn edge(workspace: &Workspace, tools: &Tools, polish: Polish) -> Result<()> {
    worker(workspace, tools, polish)?;
    page(workspace, tools)
}

fn worker(workspace: &Workspace, tools: &Tools, polish: Polish) -> Result<()> {
    let cached = Cached {
        root: workspace.root(),
        inputs: &[
            "Cargo.lock",
            "Cargo.toml",
            ".cargo",
            "edge/Cargo.toml",
            "edge/src",
            "crates/protocol/Cargo.toml",
            "crates/protocol/src",
            "crates/room/Cargo.toml",
            "crates/room/src",
        ],
        except: &[],
        variant: if polish == Polish::WasmOpt { "wasm-opt" } else { "" },
        output: &workspace.root().join("edge/build/index.js"),
        marker: &workspace.state().join("built/edge"),
    };
    let build = || {
        // Without these three worker-build downloads its own copies.
        Run::new(&tools.worker_build)
            .args(["--profile", "edge", "--panic-unwind"])
            .args((polish == Polish::None).then_some("--no-opt"))
            .env("WASM_BINDGEN_BIN", &tools.wasm_bindgen)
            .env("WASM_OPT_BIN", workspace.npm_bin("wasm-opt"))
            .env("ESBUILD_BIN", workspace.npm_bin("esbuild"))
            .env("PATH", tools.path_with_node())
            .dir(workspace.root().join("edge"))
            .quietly()?;
        if polish == Polish::WasmOpt { strip(workspace, tools) } else { Ok(()) }
    };
    cached.build(|| progress::step("build", "edge (WebAssembly)", build))
}

/// Takes the names of functions out, which worker-build keeps for wasm-bindgen: a twentieth of what a cold start loads.
fn strip(workspace: &Workspace, tools: &Tools) -> Result<()> {
    let module = workspace.root().join("edge/build/index_bg.wasm");
    Run::new(workspace.npm_bin("wasm-opt"))
        .args(["--strip-debug", "--strip-producers", "-o"])
        .args([&module, &module])
        .env("PATH", tools.path_with_node())
        .quietly()
}

fn page(workspace: &Workspace, tools: &Tools) -> Result<()> {
    let cached = Cached {
        root: workspace.root(),
        inputs: &["edge/client"],
        except: &["edge/client/dist", "edge/client/node_modules", "edge/client/test"],
        variant: "",
        output: &workspace.client().join("dist/index.html"),
        marker: &workspace.state().join("built/page"),
    };
    let npm = || Run::new("npm").args(["run", "build"]).env("PATH", tools.path_with_node()).dir(workspace.client());
    cached.build(|| progress::step("build", "page", || npm().quietly()))
}

/// The binaries that the stack runs natively: the functions, then the runner.
const BINARIES: [&str; 8] = ["auth", "rooms", "runs", "attempts", "dead-letters", "sweeper", "audit", "runner"];

/// The functions and the runner, as debug builds; compile errors and warnings go to the terminal.
fn native(workspace: &Workspace) -> Result<()> {
    // No package is selected, here and wherever else cargo builds natively: the features of dependencies then come
    // out the same, and nothing is compiled twice.
    let build = Run::new("cargo").args(["build", "--quiet"]).args(BINARIES.map(|name| format!("--bin={name}")));
    progress::quiet_step("build", "functions and runner", || build.dir(workspace.root()).visibly())
}

/// What the toolchains of runs can have worked out before. Everything works without, only more slowly.
fn caches(workspace: &Workspace) {
    let make = || Run::new(workspace.debug_binary("runner")).arg("caches").quietly();
    if let Err(error) = progress::quiet_step("build", "caches of toolchains", make) {
        progress::say("build", &format!("without caches of toolchains programs compile more slowly: {error:#}"));
    }
}
