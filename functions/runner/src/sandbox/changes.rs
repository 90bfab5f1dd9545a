//! What has become of the files that a job was given: created, changed, deleted.
//!
//! Whoever looks has the job's own rights ([`super::collect`]) and still trusts no name: every open is `openat2` that
//! stays below the work folder and passes no link of any kind, and what was opened is looked at once more before it is
//! read. A file with two names may be another's, so it is left out like links, devices, and what is no text. What is
//! left out is named with its reason, except what [`is_leftover`] declares nobody to want.

use std::collections::HashSet;
use std::ffi::CStr;
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;

use nix::NixPath;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, openat2};
use nix::sys::stat::{FileStat, SFlag, fstat, fstatat};
use protocol::limits::{FILES_MAX, RUN_SOURCE_MAX_BYTES};
use protocol::path::{FilePath, PATH_MAX_BYTES, PATH_MAX_SEGMENTS};
use protocol::run::SourceFile;
use serde::{Deserialize, Serialize};

use super::files::names;

/// Most files that are taken: as many as a room has.
pub const CHANGED_FILES_MAX: usize = FILES_MAX;

/// Largest file that is taken: 5,000 lines of code. What is larger was made by a program, for a program.
pub const CHANGED_FILE_MAX_BYTES: usize = 256 * 1024;

/// Most bytes of all files together that are taken: more could not be run again.
pub const CHANGED_MAX_BYTES: usize = RUN_SOURCE_MAX_BYTES;

/// Most files that are named as left out; the others are counted.
pub const LEFT_OUT_MAX: usize = 50;

/// Most bytes that are read to find out what is text: a job may have a thousand files that are none.
const READ_MAX_BYTES: usize = 16 * CHANGED_MAX_BYTES;

/// Most names that are looked at: what a job may have, with room for what it makes before it is ended for that.
const LOOKED_AT_MAX: usize = 10_000;

/// Folders that tools fill, beside those whose name begins with a dot.
const LEFTOVER_FOLDERS: [&str; 3] = ["__pycache__", "node_modules", "target"];

/// Files that compilers make of others.
const LEFTOVER_EXTENSIONS: [&str; 3] = [".class", ".o", ".pyc"];

/// Files in which shells and REPLs keep what was typed.
const LEFTOVER_FILES: [&str; 4] = [".bash_history", ".lesshst", ".node_repl_history", ".python_history"];

/// What has become of a job's files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// Files that were not given.
    pub created: Vec<SourceFile>,
    /// Files that were given with another text.
    pub changed: Vec<SourceFile>,
    /// Files that were given and are gone.
    pub deleted: Vec<FilePath>,
    /// Files that are not taken: [`LEFT_OUT_MAX`] of them at most.
    pub left_out: Vec<LeftOut>,
    /// How many more are not taken.
    pub more_left_out: u32,
}

/// A file that is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Its path, as far as it can be written: what is not UTF-8 is replaced, what is too long is cut off.
    pub path: String,
    /// Why.
    pub why: WhyLeftOut,
}

/// Why a file is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyLeftOut {
    /// It is not UTF-8, or holds zero bytes.
    NotText,
    /// More than [`CHANGED_FILE_MAX_BYTES`].
    TooLarge,
    /// [`CHANGED_FILES_MAX`], [`CHANGED_MAX_BYTES`], or the bytes and names that are looked at, are used up.
    TooMany,
    /// A folder in more folders than a path of a room has.
    TooDeep,
    /// A symbolic link, a file with several names, or one that belongs to somebody else.
    Link,
    /// A pipe, a socket, a device.
    NotAFile,
    /// The job itself may not read it.
    Unreadable,
    /// Its name cannot be one in a room.
    BadName,
}

/// Compares the work folder below `job` with the files that it held at first.
pub(super) fn since(originals: &[SourceFile], job: &OwnedFd, uid: u32) -> nix::Result<Changes> {
    let given = originals.iter().map(|file| file.path.as_str()).collect();
    let mut look = Look { uid, given, found: Changes::default(), taken_bytes: 0, read_bytes: 0, looked_at: 0 };
    let work = match openat2(job, "work", beneath(OFlag::O_RDONLY | OFlag::O_DIRECTORY)) {
        // The folder is the job's, which may have closed it to itself.
        Err(Errno::EACCES) => {
            look.leave_out(".", WhyLeftOut::Unreadable);
            return Ok(look.found);
        }
        opened => opened?,
    };
    for file in originals {
        look.compare(&work, file);
    }
    look.walk(&work, "", 1);
    Ok(look.found)
}

/// How everything is opened: below the handle, past no link, on no other file system, without waiting for anybody.
fn beneath(flags: OFlag) -> OpenHow {
    let resolve = ResolveFlag::RESOLVE_BENEATH
        | ResolveFlag::RESOLVE_NO_SYMLINKS
        | ResolveFlag::RESOLVE_NO_MAGICLINKS
        | ResolveFlag::RESOLVE_NO_XDEV;
    let flags = flags | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    OpenHow::new().flags(flags).resolve(resolve)
}

/// Why there is no text to be had of a path.
enum NoText {
    /// There is no file, or a folder in its place.
    Gone,
    LeftOut(WhyLeftOut),
}

/// One comparison.
struct Look<'a> {
    uid: u32,
    /// Paths that the job was given.
    given: HashSet<&'a str>,
    found: Changes,
    taken_bytes: usize,
    read_bytes: usize,
    looked_at: usize,
}

impl Look<'_> {
    /// Looks at a file that was given. It is asked for by its path, so that no folder can hide it by being left out.
    fn compare(&mut self, work: &OwnedFd, given: &SourceFile) {
        let max_bytes = CHANGED_FILE_MAX_BYTES.max(given.content.len());
        match self.read(work, given.path.as_str(), max_bytes) {
            Ok(text) if text == given.content => {}
            Ok(text) if text.len() > CHANGED_FILE_MAX_BYTES => {
                self.leave_out(given.path.as_str(), WhyLeftOut::TooLarge)
            }
            Ok(text) => self.take(given.path.clone(), text),
            Err(NoText::Gone) => self.found.deleted.push(given.path.clone()),
            Err(NoText::LeftOut(why)) => self.leave_out(given.path.as_str(), why),
        }
    }

    fn walk(&mut self, folder: &OwnedFd, prefix: &str, depth: usize) {
        let mut names = names(folder).unwrap_or_default();
        names.sort();
        for name in names {
            self.looked_at += 1;
            let path = format!("{prefix}{}", name.to_string_lossy());
            if self.looked_at > LOOKED_AT_MAX {
                return self.leave_out(&path, WhyLeftOut::TooMany);
            }
            // What vanishes in between was not there.
            let Ok(stat) = fstatat(folder, name.as_c_str(), AtFlags::AT_SYMLINK_NOFOLLOW) else { continue };
            if kind(&stat) == SFlag::S_IFDIR {
                self.enter(folder, &name, &path, depth);
            } else if !self.given.contains(path.as_str()) && !is_leftover(&name.to_string_lossy()) {
                self.look_at(folder, &name, &path, &stat);
            }
        }
    }

    fn enter(&mut self, parent: &OwnedFd, name: &CStr, path: &str, depth: usize) {
        let text = name.to_string_lossy();
        if text.starts_with('.') || LEFTOVER_FOLDERS.contains(&&*text) {
            return;
        }
        if depth >= PATH_MAX_SEGMENTS {
            return self.leave_out(path, WhyLeftOut::TooDeep);
        }
        match openat2(parent, name, beneath(OFlag::O_RDONLY | OFlag::O_DIRECTORY)) {
            Ok(folder) => self.walk(&folder, &format!("{path}/"), depth + 1),
            Err(Errno::ENOENT) => {}
            Err(_) => self.leave_out(path, WhyLeftOut::Unreadable),
        }
    }

    /// Looks at something that was not given.
    fn look_at(&mut self, folder: &OwnedFd, name: &CStr, path: &str, stat: &FileStat) {
        if kind(stat) == SFlag::S_IFLNK {
            return self.leave_out(path, WhyLeftOut::Link);
        }
        if kind(stat) != SFlag::S_IFREG {
            return self.leave_out(path, WhyLeftOut::NotAFile);
        }
        let Some(valid) = name.to_str().ok().and_then(|_utf8| FilePath::parse(path).ok()) else {
            return self.leave_out(path, WhyLeftOut::BadName);
        };
        match self.read(folder, name, CHANGED_FILE_MAX_BYTES) {
            Ok(text) => self.take(valid, text),
            Err(NoText::Gone) => {}
            Err(NoText::LeftOut(why)) => self.leave_out(path, why),
        }
    }

    fn read<P: NixPath + ?Sized>(&mut self, folder: &OwnedFd, path: &P, max_bytes: usize) -> Result<String, NoText> {
        let file = openat2(folder, path, beneath(OFlag::O_RDONLY)).map_err(no_text)?;
        let stat = fstat(&file).map_err(no_text)?;
        match kind(&stat) {
            SFlag::S_IFREG if stat.st_nlink == 1 && stat.st_uid == self.uid => {}
            SFlag::S_IFREG => return Err(NoText::LeftOut(WhyLeftOut::Link)),
            SFlag::S_IFDIR => return Err(NoText::Gone),
            _ => return Err(NoText::LeftOut(WhyLeftOut::NotAFile)),
        }
        if u64::try_from(stat.st_size).is_ok_and(|size| size > max_bytes as u64) {
            return Err(NoText::LeftOut(WhyLeftOut::TooLarge));
        }
        if self.read_bytes > READ_MAX_BYTES {
            return Err(NoText::LeftOut(WhyLeftOut::TooMany));
        }
        let mut bytes = Vec::new();
        // One byte more tells a file that grows meanwhile.
        let read = File::from(file).take(max_bytes as u64 + 1).read_to_end(&mut bytes);
        if let Err(error) = read {
            return Err(no_text(error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)));
        }
        self.read_bytes += bytes.len();
        if bytes.len() > max_bytes {
            return Err(NoText::LeftOut(WhyLeftOut::TooLarge));
        }
        let text = String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'));
        text.ok_or(NoText::LeftOut(WhyLeftOut::NotText))
    }

    fn take(&mut self, path: FilePath, content: String) {
        let count = self.found.created.len() + self.found.changed.len();
        if count >= CHANGED_FILES_MAX || self.taken_bytes + content.len() > CHANGED_MAX_BYTES {
            return self.leave_out(path.as_str(), WhyLeftOut::TooMany);
        }
        self.taken_bytes += content.len();
        let is_given = self.given.contains(path.as_str());
        let list = if is_given { &mut self.found.changed } else { &mut self.found.created };
        list.push(SourceFile { path, content });
    }

    fn leave_out(&mut self, path: &str, why: WhyLeftOut) {
        if self.found.left_out.len() >= LEFT_OUT_MAX {
            self.found.more_left_out = self.found.more_left_out.saturating_add(1);
            return;
        }
        let path = path[..path.floor_char_boundary(PATH_MAX_BYTES)].to_owned();
        self.found.left_out.push(LeftOut { path, why });
    }
}

/// What a refused open says of a path.
fn no_text(error: Errno) -> NoText {
    match error {
        // The second: a folder of the path is none any more.
        Errno::ENOENT | Errno::ENOTDIR => NoText::Gone,
        Errno::ELOOP | Errno::EXDEV => NoText::LeftOut(WhyLeftOut::Link),
        Errno::ENXIO => NoText::LeftOut(WhyLeftOut::NotAFile),
        _ => NoText::LeftOut(WhyLeftOut::Unreadable),
    }
}

/// Whether nobody wants a file of this name.
fn is_leftover(name: &str) -> bool {
    LEFTOVER_FILES.contains(&name) || LEFTOVER_EXTENSIONS.iter().any(|extension| name.ends_with(extension))
}

fn kind(stat: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT
}
