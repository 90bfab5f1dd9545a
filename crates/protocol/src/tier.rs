//! Tiers: how much a person may ask of a deployment.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a person's limits go by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// A guest without an account.
    #[default]
    Anonymous,
    /// An account.
    Free,
    /// A paying account.
    Pro,
    /// An organisation's account.
    Enterprise,
}

impl Tier {
    /// What an account begins with.
    #[must_use]
    pub fn of_account() -> Self {
        Self::Free
    }
}
