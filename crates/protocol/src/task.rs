//! Tasks: the machines that runners run on, one runner each.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest name of a task. ECS has 32 characters; that of a stand-in may be another.
const TASK_ID_MAX_CHARS: usize = 64;

/// Names a task: the last part of its ARN.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaskId(String);

/// A text that names no task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a task's id is 1 to {TASK_ID_MAX_CHARS} characters of 0-9, a-z, A-Z and -")]
pub struct InvalidTaskId;

impl TaskId {
    /// Reads an id.
    ///
    /// # Errors
    /// [`InvalidTaskId`] for anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidTaskId> {
        let is_valid = (1..=TASK_ID_MAX_CHARS).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if is_valid { Ok(Self(text.to_owned())) } else { Err(InvalidTaskId) }
    }

    /// The id at the end of a task's ARN.
    ///
    /// # Errors
    /// [`InvalidTaskId`] where there is none.
    ///
    /// ```
    /// # use protocol::task::TaskId;
    /// let task = TaskId::of_arn("arn:aws:ecs:eu-central-1:1:task/cluster/0123abc").unwrap();
    /// assert_eq!(task.as_str(), "0123abc");
    /// ```
    pub fn of_arn(arn: &str) -> Result<Self, InvalidTaskId> {
        Self::parse(arn.rsplit('/').next().unwrap_or_default())
    }

    /// The id's characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for TaskId {
    type Err = InvalidTaskId;

    fn from_str(text: &str) -> Result<Self, InvalidTaskId> {
        Self::parse(text)
    }
}

impl TryFrom<String> for TaskId {
    type Error = InvalidTaskId;

    fn try_from(text: String) -> Result<Self, InvalidTaskId> {
        Self::parse(&text)
    }
}

impl From<TaskId> for String {
    fn from(task: TaskId) -> Self {
        task.0
    }
}

/// Body of `POST /internal/runs/{id}/claim`. An absent one says the same as an empty one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimRequest {
    /// The task that claims, if it knows itself: it counts as busy until it leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_what_a_path_and_a_key_can_hold() {
        for text in ["0123456789abcdef0123456789abcdef", "a-B", &"x".repeat(64)] {
            assert_eq!(TaskId::parse(text).map(String::from), Ok(text.to_owned()));
        }
        for text in ["", "a/b", "a#b", "ä", &"x".repeat(65)] {
            assert_eq!(TaskId::parse(text), Err(InvalidTaskId), "{text}");
        }
    }
}
