//! What a toolchain can have worked out before anybody's program comes: precompiled headers, compiled packages, loaded
//! classes. Each is made by a job and is read-only to all others; without it a program compiles more slowly and comes to
//! the same.
//!
//! A cache's folder is named after the toolchain that it was made with, so another version never sees it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use protocol::path::FilePath;
use protocol::run::SourceFile;
use protocol::secret;

use super::Recipe;
use crate::sandbox::{Job, Product, Step, StepLimits};

/// How a language's cache is made.
#[derive(Debug)]
pub(super) struct Cache {
    /// The toolchain's program, whose change makes another cache.
    pub(super) tool: &'static str,
    /// What the job compiles: path and content.
    pub(super) file: (&'static str, &'static str),
    /// The shell's words that leave the cache in `../out`.
    pub(super) script: &'static str,
}

/// Bounds of the job: the Go packages take a minute of a slow processor, the C++ header 124 MB of disk.
const LIMITS: StepLimits = StepLimits {
    wall_ms: 300_000,
    cpu_ms: 300_000,
    memory_bytes: 2 << 30,
    processes: 64,
    disk_bytes: 512 << 20,
    inodes: 20_000,
};

impl Recipe {
    /// The name of the language's cache for the toolchain that is installed, if the language has one.
    #[must_use]
    pub fn cache_name(&self) -> Option<String> {
        let cache = self.cache.as_ref()?;
        // Debian's program is a link to the one with the version in its name.
        let tool = fs::canonicalize(cache.tool).ok()?;
        let metadata = fs::metadata(&tool).ok()?;
        let version = format!("{} {} {}", tool.display(), metadata.len(), metadata.mtime());
        // How it is made is a part of what it is.
        let made = format!("{version} {:?} {}", cache.file, cache.script);
        let extension = self.language.info().extension;
        Some(format!("{extension}-{}", &secret::fingerprint(&made)[..16]))
    }

    /// The language's cache, if it is there.
    pub(super) fn cache_in(&self, caches: Option<&Path>) -> Option<PathBuf> {
        let folder = caches?.join(self.cache_name()?);
        folder.is_dir().then_some(folder)
    }

    /// The job that leaves the language's cache in `to`.
    #[must_use]
    pub fn cache_job(&self, to: PathBuf) -> Option<Job> {
        let Cache { file: (path, content), script, .. } = self.cache.as_ref()?;
        let path = FilePath::parse(path).expect("a constant path; a test sees to it");
        let step = Step {
            program: "/bin/bash".to_owned(),
            args: vec!["-euc".to_owned(), (*script).to_owned()],
            env: Vec::new(),
            reads_stdin: false,
            limits: LIMITS,
        };
        let files = vec![SourceFile { path, content: (*content).to_owned() }];
        Some(Job { files, steps: vec![step], product: Product::Keep(to) })
    }
}
