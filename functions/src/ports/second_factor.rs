//! The second factor of an account: where its secret, its codes and the tries of them are kept.

use protocol::TimestampMs;
use protocol::ids::UserId;

use super::PortError;

/// Codes that may be tried of an account in [`CODE_WINDOW_MS`], unless one was right. Three of a million codes are
/// right at any time: at this pace somebody who knows the password finds one within a day with a probability of 0.3 %.
pub const CODE_TRIES_MAX: u32 = 10;

/// How long tries are counted together: as long as tries of passwords are (features L1).
pub const CODE_WINDOW_MS: u64 = 15 * 60_000;

/// What is stored of an authenticator. Its secret is sealed (`auth::seal`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authenticator {
    /// The secret that is asked for at logins.
    pub secret: Option<String>,
    /// A secret that was handed out and not confirmed yet.
    pub pending: Option<String>,
}

/// A right code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RightCode {
    /// The sealed secret that it was checked with.
    pub secret: String,
    /// The step that it is of.
    pub step: u64,
}

/// Where second factors are kept, with the account: each write happens whole or not at all, and says whether what it
/// depends on still held.
pub trait SecondFactorStore: Send + Sync + 'static {
    /// What the account has; nothing for an account that is not there.
    fn authenticator(&self, user: &UserId) -> impl Future<Output = Result<Option<Authenticator>, PortError>> + Send;

    /// Keeps a secret as pending, in place of an earlier one, unless a second factor is on.
    fn keep_pending(&self, user: &UserId, secret: &str) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Turns the second factor on, if the code's secret is still the pending one. The step counts as used.
    fn turn_on(
        &self,
        user: &UserId,
        code: &RightCode,
        recovery: &[String],
    ) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Uses a step up, if the secret is still the account's and neither the step nor a later one was used. With
    /// `recovery`, these fingerprints replace the former ones in the same write. Ends the counting of tries.
    fn use_step(
        &self,
        user: &UserId,
        code: &RightCode,
        recovery: Option<&[String]>,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Uses a recovery code up, if it is among those left. Ends the counting of tries.
    fn use_recovery_code(
        &self,
        user: &UserId,
        fingerprint: &str,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Takes the second factor away with everything that belongs to it, if it is on.
    fn turn_off(&self, user: &UserId) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Counts a try of a code, if there were less than [`CODE_TRIES_MAX`] in this window.
    fn count_try(&self, user: &UserId, at: TimestampMs) -> impl Future<Output = Result<bool, PortError>> + Send;
}
