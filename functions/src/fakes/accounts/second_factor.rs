//! Second factors in memory.

use std::collections::BTreeSet;

use protocol::TimestampMs;
use protocol::ids::UserId;

use super::{MemoryAccounts, State};
use crate::ports::PortError;
use crate::ports::second_factor::{Authenticator, CODE_TRIES_MAX, CODE_WINDOW_MS, RightCode, SecondFactorStore};

/// What an account has.
#[derive(Debug, Default)]
pub(super) struct Factor {
    authenticator: Authenticator,
    step: u64,
    recovery: BTreeSet<String>,
    tries: (u64, u32),
}

impl State {
    fn factor(&mut self, user: &UserId) -> &mut Factor {
        self.factors.entry(user.clone()).or_default()
    }

    fn mark(&mut self, user: &UserId) {
        let is_on = self.factor(user).authenticator.secret.is_some();
        if let Some(account) = self.accounts.get_mut(user) {
            account.user.second_factor = is_on;
        }
    }
}

impl SecondFactorStore for MemoryAccounts {
    async fn authenticator(&self, user: &UserId) -> Result<Option<Authenticator>, PortError> {
        self.with(|state| state.accounts.contains_key(user).then(|| state.factor(user).authenticator.clone()))
    }

    async fn keep_pending(&self, user: &UserId, secret: &str) -> Result<bool, PortError> {
        self.with(|state| {
            let factor = state.factor(user);
            if factor.authenticator.secret.is_some() {
                return false;
            }
            factor.authenticator.pending = Some(secret.to_owned());
            true
        })
    }

    async fn turn_on(&self, user: &UserId, code: &RightCode, recovery: &[String]) -> Result<bool, PortError> {
        self.with(|state| {
            let factor = state.factor(user);
            let Authenticator { secret: None, pending: Some(pending) } = &factor.authenticator else { return false };
            if *pending != code.secret {
                return false;
            }
            let authenticator = Authenticator { secret: Some(code.secret.clone()), pending: None };
            let recovery = recovery.iter().cloned().collect();
            *factor = Factor { authenticator, step: code.step, recovery, tries: (0, 0) };
            state.mark(user);
            true
        })
    }

    async fn use_step(&self, user: &UserId, code: &RightCode, recovery: Option<&[String]>) -> Result<bool, PortError> {
        self.with(|state| {
            let factor = state.factor(user);
            if factor.authenticator.secret.as_ref() != Some(&code.secret) || factor.step >= code.step {
                return false;
            }
            (factor.step, factor.tries) = (code.step, (0, 0));
            if let Some(recovery) = recovery {
                factor.recovery = recovery.iter().cloned().collect();
            }
            true
        })
    }

    async fn use_recovery_code(&self, user: &UserId, fingerprint: &str) -> Result<bool, PortError> {
        self.with(|state| {
            let factor = state.factor(user);
            let is_used = factor.authenticator.secret.is_some() && factor.recovery.remove(fingerprint);
            if is_used {
                factor.tries = (0, 0);
            }
            is_used
        })
    }

    async fn turn_off(&self, user: &UserId) -> Result<bool, PortError> {
        self.with(|state| {
            let was_on = state.factor(user).authenticator.secret.is_some();
            if was_on {
                state.factors.remove(user);
                state.mark(user);
            }
            was_on
        })
    }

    async fn count_try(&self, user: &UserId, at: TimestampMs) -> Result<bool, PortError> {
        self.with(|state| {
            let factor = state.factor(user);
            let window = at / CODE_WINDOW_MS;
            let tries = if factor.tries.0 == window { factor.tries.1 } else { 0 };
            if tries < CODE_TRIES_MAX {
                factor.tries = (window, tries + 1);
            }
            tries < CODE_TRIES_MAX
        })
    }
}
