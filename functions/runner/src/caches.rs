//! `runner caches`: makes the toolchains' caches that are missing, and removes those of other versions.
//!
//! It is a step of setting a machine or an image up, so that no runner starts later for it. Each cache comes out of a
//! job of its own; this only names folders, and moves one into its place when it is whole.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use protocol::language::LANGUAGES;
use tokio::io::AsyncReadExt;

use crate::config::{Config, ConfigError};
use crate::languages::Recipe;
use crate::sandbox::{Running, Sandbox, SandboxError};

/// Why the caches are not there. Every language runs without.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// A variable is wrong.
    #[error("the configuration")]
    Config(#[from] ConfigError),
    /// There is no sandbox to make them in.
    #[error("the sandbox")]
    Sandbox(#[from] SandboxError),
    /// The folder cannot be written.
    #[error("the folder {folder}")]
    Folder {
        /// Which.
        folder: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// A job did not come to its end.
    #[error("the cache of {language}: {said}")]
    Failed {
        /// The language's name.
        language: &'static str,
        /// What the job wrote.
        said: String,
    },
}

/// Makes what is missing in the folder that the configuration names.
///
/// # Errors
/// The first cache that cannot be made.
pub async fn make() -> Result<(), CacheError> {
    let config = Config::sandbox_from_env()?;
    let Some(folder) = config.caches.clone() else { return Ok(()) };
    let lock = open(&folder).map_err(|cause| CacheError::Folder { folder: folder.clone(), cause })?;
    let wanted: BTreeSet<String> = recipes().filter_map(Recipe::cache_name).collect();
    sweep(&folder, &wanted).map_err(|cause| CacheError::Folder { folder: folder.clone(), cause })?;
    if wanted.iter().all(|name| folder.join(name).exists()) {
        return Ok(());
    }
    let sandbox = Sandbox::open(config).await?;
    for recipe in recipes() {
        make_one(&sandbox, recipe, &folder).await?;
    }
    drop(lock);
    Ok(())
}

/// The languages whose toolchains are here.
fn recipes() -> impl Iterator<Item = &'static Recipe> {
    LANGUAGES.iter().map(|info| Recipe::of(info.id)).filter(|recipe| recipe.missing_tools().is_empty())
}

/// Makes the folder, and locks it against others who make caches.
fn open(folder: &Path) -> io::Result<File> {
    DirBuilder::new().recursive(true).mode(0o755).create(folder)?;
    let lock = File::create(folder.join(LOCK))?;
    lock.lock()?;
    Ok(lock)
}

const LOCK: &str = "lock";

/// Removes what a making that was killed has left, and caches of other versions.
fn sweep(folder: &Path, wanted: &BTreeSet<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let is_wanted = entry.file_name().to_str().is_some_and(|name| name == LOCK || wanted.contains(name));
        if !is_wanted && entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

async fn make_one(sandbox: &Sandbox, recipe: &Recipe, folder: &Path) -> Result<(), CacheError> {
    let at = |cause| CacheError::Folder { folder: folder.to_owned(), cause };
    let Some(place) = recipe.cache_name().map(|name| folder.join(name)).filter(|place| !place.exists()) else {
        return Ok(());
    };
    let unfinished = place.with_extension("unfinished");
    DirBuilder::new().create(&unfinished).map_err(at)?;
    fs::set_permissions(&unfinished, Permissions::from_mode(0o755)).map_err(at)?;
    let Some(job) = recipe.cache_job(unfinished.clone()) else { return Ok(()) };
    let Running { mut stdout, mut stderr, stdin, control } = sandbox.start(job).await?;
    drop(stdin);
    let (mut out, mut said) = (Vec::new(), Vec::new());
    let read = tokio::join!(stdout.read_to_end(&mut out), stderr.read_to_end(&mut said));
    read.0.and(read.1).map_err(at)?;
    let outcome = control.finish().await?;
    let is_whole = outcome.anomaly.is_none() && outcome.steps.iter().all(|step| step.is_success());
    if !is_whole {
        fs::remove_dir_all(&unfinished).map_err(at)?;
        said.extend(format!("{outcome:?}").bytes());
        let said = String::from_utf8_lossy(&said).into_owned();
        return Err(CacheError::Failed { language: recipe.language.info().name, said });
    }
    fs::rename(&unfinished, &place).map_err(at)?;
    tracing::info!(place = %place.display(), "made");
    Ok(())
}
