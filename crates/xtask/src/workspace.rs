//! Where things are: the paths that the tasks share, all derived from the repository's root.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

/// The repository, seen as folders.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// The workspace that this binary was built from.
    pub(crate) fn here() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(2)
            .expect("crates/xtask lies two folders below the root")
            .to_owned();
        let target = variable("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
        Self { root, target }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo's output folder.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Everything that a task writes outside `target/`: tools, data, logs. Ignored by git.
    pub(crate) fn state(&self) -> PathBuf {
        self.root.join(".tutti")
    }

    /// Tools installed for this repository alone.
    pub(crate) fn tools(&self) -> PathBuf {
        self.state().join("tools")
    }

    /// The npm package that holds the page and every Node tool.
    pub(crate) fn client(&self) -> PathBuf {
        self.root.join("edge/client")
    }

    /// A program of the client's npm dependencies.
    pub(crate) fn npm_bin(&self, name: &str) -> PathBuf {
        self.client().join("node_modules/.bin").join(name)
    }

    /// A native binary of this workspace, as a debug build leaves it.
    pub(crate) fn debug_binary(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(name)
    }
}

/// An environment variable, unless it is empty or not Unicode.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub(crate) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// The first program of this name on `PATH`.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&variable("PATH")?).map(|dir| dir.join(name)).find(|file| file.is_file())
}

/// The variables that cargo and rustup set for this process because they started it. Handed on, they would pin the
/// toolchain of nested cargo calls, and make build scripts run again that look at the name of the package.
#[expect(clippy::disallowed_methods, reason = "it asks for names alone, to leave them out")]
pub(crate) fn cargo_leftovers() -> impl Iterator<Item = OsString> {
    const NAMES: [&str; 6] =
        ["CARGO", "CARGO_BIN_NAME", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "OUT_DIR", "RUSTUP_TOOLCHAIN"];
    env::vars_os().map(|(name, _)| name).filter(|name| {
        let name = name.to_string_lossy();
        NAMES.contains(&&*name) || name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
    })
}
