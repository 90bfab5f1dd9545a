//! Whether the inputs of a build changed: a hash over names and contents, kept under `.tutti/built`.
//!
//! Contents rather than times, so that a fresh checkout with a restored output folder builds nothing.

use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

/// The state of a set of input files.
pub(crate) struct Fingerprint(String);

impl Fingerprint {
    /// Hashes the files and folders `inputs` below `root`, leaving out `except`.
    pub(crate) fn of(root: &Path, inputs: &[&str], except: &[&str]) -> Result<Self> {
        let except: Vec<PathBuf> = except.iter().map(|path| root.join(path)).collect();
        let mut files = Vec::new();
        for input in inputs {
            collect(&root.join(input), &except, &mut files)?;
        }
        files.sort();
        let mut hasher = DefaultHasher::new();
        for file in files {
            file.strip_prefix(root).unwrap_or(&file).hash(&mut hasher);
            fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?.hash(&mut hasher);
        }
        Ok(Self(format!("{:016x}", hasher.finish())))
    }

    /// Runs `build` unless `output` exists and, as `marker` remembers, was built from inputs in this state.
    pub(crate) fn unless_built(&self, output: &Path, marker: &Path, build: impl FnOnce() -> Result<()>) -> Result<()> {
        if output.is_file() && fs::read_to_string(marker).is_ok_and(|built| built == self.0) {
            return Ok(());
        }
        build()?;
        if let Some(dir) = marker.parent() {
            fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
        }
        fs::write(marker, &self.0).with_context(|| format!("cannot write {}", marker.display()))
    }
}

fn collect(path: &Path, except: &[PathBuf], files: &mut Vec<PathBuf>) -> Result<()> {
    if except.iter().any(|left_out| left_out == path) {
        return Ok(());
    }
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let entries = fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?;
    for entry in entries {
        collect(&entry?.path(), except, files)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own under the system's temporary one, with one input file.
    fn folder(name: &str) -> PathBuf {
        let root = std::env::temp_dir().join(format!("tutti-fingerprint-{name}-{}", std::process::id()));
        fs::create_dir_all(root.join("src/ignored")).unwrap();
        fs::write(root.join("src/a"), "1").unwrap();
        root
    }

    fn builds(root: &Path) -> bool {
        let mut built = false;
        let print = Fingerprint::of(root, &["src"], &["src/ignored"]).unwrap();
        print
            .unless_built(&root.join("out"), &root.join("built/out"), || {
                built = true;
                Ok(fs::write(root.join("out"), "")?)
            })
            .unwrap();
        built
    }

    #[test]
    fn builds_again_only_when_an_input_changed() {
        let root = folder("changed");
        assert!(builds(&root));
        assert!(!builds(&root));
        fs::write(root.join("src/ignored/b"), "x").unwrap();
        assert!(!builds(&root));
        fs::write(root.join("src/a"), "2").unwrap();
        assert!(builds(&root));
        fs::rename(root.join("src/a"), root.join("src/c")).unwrap();
        assert!(builds(&root));
        fs::remove_file(root.join("out")).unwrap();
        assert!(builds(&root));
        fs::remove_dir_all(root).unwrap();
    }
}
