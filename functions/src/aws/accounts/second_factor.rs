//! Second factors: attributes of the account's item.

use protocol::TimestampMs;
use protocol::ids::UserId;

use super::super::expression::{Change, Check};
use super::super::item::{number, text, texts};
use super::super::keys::Key;
use super::super::table::Write;
use super::DynamoAccounts;
use crate::ports::PortError;
use crate::ports::second_factor::{Authenticator, CODE_TRIES_MAX, CODE_WINDOW_MS, RightCode, SecondFactorStore};

/// Ends the counting of tries.
const COUNTING_ENDS: [(&str, Change); 2] = [("codeWindow", Change::Set(None)), ("codeTries", Change::Set(None))];

impl DynamoAccounts {
    async fn update(
        &self,
        user: &UserId,
        changes: Vec<(&'static str, Change)>,
        checks: Vec<Check>,
    ) -> Result<bool, PortError> {
        self.table.write(Write::Update(Key::account(user), changes, checks)).await
    }
}

impl SecondFactorStore for DynamoAccounts {
    async fn authenticator(&self, user: &UserId) -> Result<Option<Authenticator>, PortError> {
        let Some(row) = self.table.get(Key::account(user)).await? else { return Ok(None) };
        let attribute = |name| row.optional_text(name).map(str::to_owned);
        Ok(Some(Authenticator { secret: attribute("totpSecret"), pending: attribute("totpPending") }))
    }

    async fn keep_pending(&self, user: &UserId, secret: &str) -> Result<bool, PortError> {
        let changes = vec![("totpPending", Change::Set(Some(text(secret))))];
        self.update(user, changes, vec![Check::Present("PK"), Check::Absent("totpSecret")]).await
    }

    async fn turn_on(&self, user: &UserId, code: &RightCode, recovery: &[String]) -> Result<bool, PortError> {
        let mut changes = vec![
            ("totpSecret", Change::Set(Some(text(&code.secret)))),
            ("totpPending", Change::Set(None)),
            ("totpStep", Change::Set(Some(number(code.step)))),
            ("recoveryHashes", Change::Set(Some(texts(recovery)))),
        ];
        changes.extend(COUNTING_ENDS);
        let checks = vec![Check::Absent("totpSecret"), Check::Equal("totpPending", text(&code.secret))];
        self.update(user, changes, checks).await
    }

    async fn use_step(&self, user: &UserId, code: &RightCode, recovery: Option<&[String]>) -> Result<bool, PortError> {
        let mut changes = vec![("totpStep", Change::Set(Some(number(code.step))))];
        changes.extend(recovery.map(|hashes| ("recoveryHashes", Change::Set(Some(texts(hashes))))));
        changes.extend(COUNTING_ENDS);
        let checks = vec![Check::Equal("totpSecret", text(&code.secret)), Check::Below("totpStep", number(code.step))];
        self.update(user, changes, checks).await
    }

    async fn use_recovery_code(&self, user: &UserId, fingerprint: &str) -> Result<bool, PortError> {
        let mut changes = vec![("recoveryHashes", Change::TakeOut(texts([fingerprint])))];
        changes.extend(COUNTING_ENDS);
        let checks = vec![Check::Present("totpSecret"), Check::Contains("recoveryHashes", text(fingerprint))];
        self.update(user, changes, checks).await
    }

    async fn turn_off(&self, user: &UserId) -> Result<bool, PortError> {
        let gone = ["totpSecret", "totpPending", "totpStep", "recoveryHashes"].map(|name| (name, Change::Set(None)));
        let changes = gone.into_iter().chain(COUNTING_ENDS).collect();
        self.update(user, changes, vec![Check::Present("totpSecret")]).await
    }

    async fn count_try(&self, user: &UserId, at: TimestampMs) -> Result<bool, PortError> {
        let window = number(at / CODE_WINDOW_MS);
        let further = || {
            let checks =
                vec![Check::Equal("codeWindow", window.clone()), Check::Below("codeTries", number(CODE_TRIES_MAX))];
            self.update(user, vec![("codeTries", Change::Add(number(1)))], checks)
        };
        if further().await? {
            return Ok(true);
        }
        let first =
            vec![("codeWindow", Change::Set(Some(window.clone()))), ("codeTries", Change::Set(Some(number(1))))];
        let is_new = Check::AnyOf(vec![Check::Absent("codeWindow"), Check::Below("codeWindow", window.clone())]);
        if self.update(user, first, vec![Check::Present("PK"), is_new]).await? {
            return Ok(true);
        }
        // The limit is reached, or another try began the window in between.
        further().await
    }
}
