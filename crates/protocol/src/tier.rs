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

/// How many calls of the API somebody may make: so many in a minute over time, and so many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Quota {
    /// What flows back in a minute.
    pub per_minute: u32,
    /// What may come at once after a pause.
    pub burst: u32,
}

impl Tier {
    /// What a person of the tier may ask of the API (features L2).
    #[must_use]
    pub fn quota(self) -> Quota {
        match self {
            Self::Anonymous => Quota { per_minute: 60, burst: 10 },
            Self::Free => Quota { per_minute: 300, burst: 30 },
            Self::Pro => Quota { per_minute: 1_200, burst: 100 },
            // No quota of a minute binds them. The burst flows back within a second: half of what one object can
            // count, which is the bound of the platform and not of the tier.
            Self::Enterprise => Quota { per_minute: 30_000, burst: 500 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_back_within_ten_seconds() {
        // An object that nobody asks for ten seconds may be taken out of memory, and its counts with it.
        for tier in [Tier::Anonymous, Tier::Free, Tier::Pro, Tier::Enterprise] {
            let Quota { per_minute, burst } = tier.quota();
            assert!(burst * 60 <= per_minute * 10, "{tier:?}");
        }
    }
}
