//! `cargo xtask check`: everything that can be said about the code without running the product.
//!
//! Every check runs even when an earlier one fails, so that one call shows all findings.

mod dependencies;
mod licence;

use std::{fs, time::Instant};

use anyhow::{Context as _, Result, bail};

use crate::{
    command::Run,
    progress::{say, seconds},
    setup::{self, Tools},
    workspace::Workspace,
};

/// A check and what makes it.
type Check<'run> = (&'static str, Box<dyn FnOnce() -> Result<()> + 'run>);

/// A check by a command that says by its exit code what it found.
type Command = (&'static str, Run);

/// Runs all checks and fails if one finds something.
pub(crate) fn run() -> Result<()> {
    let start = Instant::now();
    let workspace = Workspace::here();
    let tools = setup::run(setup::Scope::All)?;
    let mut failed = Vec::new();
    let commands = rust_checks(&workspace).into_iter().chain(other_checks(&workspace, &tools)?);
    let mut checks: Vec<Check<'_>> = Vec::new();
    checks.extend(commands.map(|(name, command)| (name, Box::new(|| command.quietly()) as _)));
    checks.push(("dependencies", Box::new(|| dependencies::check(&workspace))));
    for (name, check) in checks {
        let begun = Instant::now();
        match check() {
            Ok(()) => say("passed", &format!("{name} ({})", seconds(begun.elapsed()))),
            Err(error) => {
                println!("{error:#}\n");
                say("FAILED", name);
                failed.push(name);
            }
        }
    }
    say("check", &format!("all of it took {}", seconds(start.elapsed())));
    if !failed.is_empty() {
        bail!("findings in: {}", failed.join(", "));
    }
    Ok(())
}

fn rust_checks(workspace: &Workspace) -> [Command; 7] {
    let cargo = |args: &[&str]| Run::new("cargo").args(args).dir(workspace.root());
    let wasm = ["--package", "edge", "--target", "wasm32-unknown-unknown"];
    [
        ("formatting of Rust", cargo(&["fmt", "--all", "--check"])),
        ("lints, native", cargo(&["clippy", "--quiet", "--all-targets", "--", "-D", "warnings"])),
        // Left out of all targets, since a plain `cargo test` leaves it out.
        ("lints, black-box suite", cargo(&["clippy", "--quiet", "--test", "black_box", "--", "-D", "warnings"])),
        ("lints, wasm32", cargo(&["clippy", "--quiet"]).args(wasm).args(["--", "-D", "warnings"])),
        (
            "docs, native",
            cargo(&["doc", "--quiet", "--no-deps", "--document-private-items"]).env("RUSTDOCFLAGS", "-D warnings"),
        ),
        (
            "docs, wasm32",
            // All of the Worker is private: its docs are for those who work on it.
            cargo(&["doc", "--quiet", "--no-deps", "--document-private-items"])
                .args(wasm)
                .env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private-intra-doc-links"),
        ),
        ("generated files", cargo(&["test", "--quiet", "--package", "protocol"])),
    ]
}

fn other_checks(workspace: &Workspace, tools: &Tools) -> Result<Vec<Command>> {
    let mut templates = vec!["template.yaml".to_owned()];
    for entry in fs::read_dir(workspace.root().join("infra")).context("cannot read infra/")? {
        let name = entry.context("cannot read infra/")?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".yaml") {
            templates.push(format!("infra/{name}"));
        }
    }
    Ok(vec![
        ("page", Run::new("npm").args(["run", "check"]).env("PATH", tools.path_with_node()).dir(workspace.client())),
        ("templates, cfn-lint", Run::new(tools.lint.program("cfn-lint")).args(templates).dir(workspace.root())),
        (
            "templates, sam",
            Run::new(tools.lint.program("sam"))
                .args(["validate", "--lint"])
                .env("AWS_DEFAULT_REGION", "us-east-1")
                .env("SAM_CLI_TELEMETRY", "0")
                .dir(workspace.root()),
        ),
    ])
}
