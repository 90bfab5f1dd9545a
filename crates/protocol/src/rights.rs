//! Who may do what in a room.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A person's role in a room. Each role has all that the one before it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Reads and writes.
    Editor,
    /// Manages people and links.
    Admin,
    /// Manages everything; there is one.
    Owner,
}

impl Role {
    /// True for roles that may make and withdraw links and remove people.
    #[must_use]
    pub fn can_manage(self) -> bool {
        self >= Self::Admin
    }

    /// True for roles that a link may hand out.
    #[must_use]
    pub fn is_grantable_by_link(self) -> bool {
        self <= Self::Editor
    }

    /// The rights that come with the role when no link narrows them.
    #[must_use]
    pub fn rights(self) -> Rights {
        let edits = self >= Self::Editor;
        Rights { view: true, edit: edits, run: edits, terminal: self.can_manage() }
    }
}

/// What a token lets its bearer do in its room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Rights {
    /// May read files, chat and output, and write chat.
    pub view: bool,
    /// May change files.
    pub edit: bool,
    /// May start runs and stop them.
    pub run: bool,
    /// May open a terminal.
    pub terminal: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_has_what_the_one_before_it_has() {
        let flags = |role: Role| {
            let Rights { view, edit, run, terminal } = role.rights();
            [view, edit, run, terminal]
        };
        for pair in [Role::Viewer, Role::Editor, Role::Admin, Role::Owner].windows(2) {
            let (less, more) = (flags(pair[0]), flags(pair[1]));
            assert!(less.iter().zip(more).all(|(less, more)| !less || more), "{pair:?}");
        }
        assert_eq!(flags(Role::Viewer), [true, false, false, false]);
    }
}
