//! Whether the inputs of a build changed: a hash over names and contents, kept under `.tutti/built`.
//!
//! Contents rather than times, so that a fresh checkout with a restored output folder builds nothing.

use std::{
    fs::{self, File},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

/// A build that is repeated only when its inputs have changed.
pub(super) struct Cached<'name> {
    pub(super) root: &'name Path,
    /// Files and folders below `root`.
    pub(super) inputs: &'name [&'name str],
    /// Those below the inputs that are none.
    pub(super) except: &'name [&'name str],
    /// Tells builds of the same inputs apart.
    pub(super) variant: &'name str,
    /// A file that the build leaves behind.
    pub(super) output: &'name Path,
    /// Where the state of the inputs of the last build is kept.
    pub(super) marker: &'name Path,
}

impl Cached<'_> {
    /// Builds unless that has been done for the inputs as they are. One at a time: whoever watches the sources may
    /// call this again for each file that has changed.
    pub(super) fn build(&self, build: impl FnOnce() -> Result<()>) -> Result<()> {
        let dir = self.marker.parent().context("the marker has no folder")?;
        fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let path = self.marker.with_extension("lock");
        let lock = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
        lock.lock().with_context(|| format!("cannot lock {}", path.display()))?;
        // Before the build: what changes during it counts as changed.
        let state = self.state()?;
        if self.output.is_file() && fs::read_to_string(self.marker).is_ok_and(|built| built == state) {
            return Ok(());
        }
        build()?;
        fs::write(self.marker, state).with_context(|| format!("cannot write {}", self.marker.display()))
    }

    fn state(&self) -> Result<String> {
        let except: Vec<PathBuf> = self.except.iter().map(|path| self.root.join(path)).collect();
        let mut files = Vec::new();
        for input in self.inputs {
            collect(&self.root.join(input), &except, &mut files)?;
        }
        files.sort();
        let mut hasher = DefaultHasher::new();
        self.variant.hash(&mut hasher);
        for file in files {
            file.strip_prefix(self.root).unwrap_or(&file).hash(&mut hasher);
            fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?.hash(&mut hasher);
        }
        Ok(format!("{:016x}", hasher.finish()))
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
        builds_variant(root, "")
    }

    fn builds_variant(root: &Path, variant: &str) -> bool {
        let mut built = false;
        let (output, marker) = (root.join("out"), root.join("built/out"));
        let cached =
            Cached { root, inputs: &["src"], except: &["src/ignored"], variant, output: &output, marker: &marker };
        let build = || {
            built = true;
            Ok(fs::write(&output, "")?)
        };
        cached.build(build).unwrap();
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
        assert!(builds_variant(&root, "another"));
        fs::remove_dir_all(root).unwrap();
    }
}
