//! Paths of a room's files.
//!
//! A path names a file below the room's root. The rules keep every part safe at once: what passes here can be
//! joined to the runner's work directory, put into a zip, and shown in a tab.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use ts_rs::TS;

/// Longest path in bytes: the usual limit of one name in a file system, kept for the whole path.
pub const PATH_MAX_BYTES: usize = 255;

/// Deepest nesting of folders. Deeper trees only serve to exhaust inodes.
pub const PATH_MAX_SEGMENTS: usize = 16;

/// Why a text is no file path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidPath {
    /// Nothing at all.
    #[error("a file path must not be empty")]
    Empty,
    /// More than [`PATH_MAX_BYTES`].
    #[error("a file path has at most {PATH_MAX_BYTES} bytes")]
    TooLong,
    /// More than [`PATH_MAX_SEGMENTS`].
    #[error("a file path has at most {PATH_MAX_SEGMENTS} parts")]
    TooDeep,
    /// `/a`, `a//b`, `a/`, `.`, `..`.
    #[error("a file path is relative, without empty, '.' or '..' parts")]
    NotRelative,
    /// A control character or a backslash.
    #[error("a file path has no control characters and no backslash")]
    ForbiddenCharacter,
}

/// A relative path with `/` between its parts, such as `src/main.py`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(try_from = "String", into = "String")]
#[ts(type = "string")]
pub struct FilePath(String);

impl FilePath {
    /// Accepts a path that is safe in every part of the system.
    ///
    /// # Errors
    /// [`InvalidPath`] says which rule it breaks.
    ///
    /// ```
    /// use protocol::path::{FilePath, InvalidPath};
    /// assert_eq!(FilePath::parse("src/main.py").map(String::from), Ok("src/main.py".to_owned()));
    /// assert_eq!(FilePath::parse("../etc/passwd"), Err(InvalidPath::NotRelative));
    /// ```
    pub fn parse(text: &str) -> Result<Self, InvalidPath> {
        if text.is_empty() {
            return Err(InvalidPath::Empty);
        }
        if text.len() > PATH_MAX_BYTES {
            return Err(InvalidPath::TooLong);
        }
        if text.chars().any(|character| character.is_control() || character == '\\') {
            return Err(InvalidPath::ForbiddenCharacter);
        }
        if text.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(InvalidPath::NotRelative);
        }
        if text.split('/').count() > PATH_MAX_SEGMENTS {
            return Err(InvalidPath::TooDeep);
        }
        Ok(Self(text.to_owned()))
    }

    /// The path's characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows the last dot of the file's name, if anything does.
    #[must_use]
    pub fn extension(&self) -> Option<&str> {
        let name = self.0.rsplit('/').next()?;
        name.rsplit_once('.').map(|(_, extension)| extension)
    }
}

impl TryFrom<String> for FilePath {
    type Error = InvalidPath;
    fn try_from(text: String) -> Result<Self, InvalidPath> {
        Self::parse(&text)
    }
}

impl From<FilePath> for String {
    fn from(path: FilePath) -> Self {
        path.0
    }
}

impl std::fmt::Display for FilePath {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Result<(), InvalidPath>) {
        assert_eq!(FilePath::parse(text).map(|_| ()), expect, "{text:?}");
    }

    #[test]
    fn paths_that_leave_the_room_or_confuse_are_refused() {
        check("main.py", Ok(()));
        check("a/b c/ü.txt", Ok(()));
        check("..hidden", Ok(()));
        check("", Err(InvalidPath::Empty));
        check("/etc/passwd", Err(InvalidPath::NotRelative));
        check("a/../b", Err(InvalidPath::NotRelative));
        check("a//b", Err(InvalidPath::NotRelative));
        check("a/", Err(InvalidPath::NotRelative));
        check("a\0b", Err(InvalidPath::ForbiddenCharacter));
        check("a\\b", Err(InvalidPath::ForbiddenCharacter));
    }

    #[test]
    fn the_limits_hold_at_their_edges() {
        check(&"x".repeat(PATH_MAX_BYTES), Ok(()));
        check(&"x".repeat(PATH_MAX_BYTES + 1), Err(InvalidPath::TooLong));
        check(&vec!["d"; PATH_MAX_SEGMENTS].join("/"), Ok(()));
        check(&vec!["d"; PATH_MAX_SEGMENTS + 1].join("/"), Err(InvalidPath::TooDeep));
    }

    #[test]
    fn the_extension_is_that_of_the_name() {
        let of = |text| FilePath::parse(text).ok().and_then(|path| path.extension().map(str::to_owned));
        assert_eq!(of("src.d/main.tar.gz").as_deref(), Some("gz"));
        assert_eq!(of("src.d/Makefile"), None);
    }
}
