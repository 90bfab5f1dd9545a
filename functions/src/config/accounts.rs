//! What the functions of accounts and of their audit trail read.

use super::mail::MailConfig;
use super::{ConfigError, Environment, Trust};
use crate::auth::names::normal;

/// Environment of `auth`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthConfig {
    /// `SIGNING_KEY_SECRET_ID` and `EDGE_URL`.
    pub trust: Trust,
    /// `ACCOUNTS_TABLE`.
    pub accounts_table: String,
    /// `AUDIT_TABLE`: what administrators read of the trail.
    pub audit_table: String,
    /// `ADMIN_EMAILS`: addresses, with commas between, whose owners are administrators once they have verified them.
    pub admin_emails: Vec<String>,
    /// How mails are sent.
    pub mail: MailConfig,
    /// `SEALING_SECRET_ID`: name or ARN of the secret that authenticators' secrets are sealed with.
    pub sealing_secret_id: String,
}

/// Environment of `audit`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditConfig {
    /// `AUDIT_TABLE`.
    pub audit_table: String,
    /// `ARCHIVE_BUCKET`.
    pub archive_bucket: String,
}

impl<L: Fn(&str) -> Option<String>> Environment<L> {
    /// Reads the environment of `auth`.
    ///
    /// # Errors
    /// Names the first variable that is missing or wrong.
    pub fn auth(&self) -> Result<AuthConfig, ConfigError> {
        Ok(AuthConfig {
            trust: self.trust()?,
            accounts_table: self.required("ACCOUNTS_TABLE")?,
            audit_table: self.required("AUDIT_TABLE")?,
            admin_emails: self.admin_emails()?,
            sealing_secret_id: self.required("SEALING_SECRET_ID")?,
            mail: self.mail()?,
        })
    }

    /// Reads the environment of `audit`.
    ///
    /// # Errors
    /// Names the first variable that is missing.
    pub fn audit(&self) -> Result<AuditConfig, ConfigError> {
        Ok(AuditConfig { audit_table: self.required("AUDIT_TABLE")?, archive_bucket: self.required("ARCHIVE_BUCKET")? })
    }

    /// The addresses in their normal form.
    fn admin_emails(&self) -> Result<Vec<String>, ConfigError> {
        let value = (self.0)("ADMIN_EMAILS").unwrap_or_default();
        let addresses: Vec<_> = value.split(',').map(normal).filter(|address| !address.is_empty()).collect();
        if addresses.iter().all(|address| address.contains('@')) {
            return Ok(addresses);
        }
        Err(ConfigError::Wrong {
            name: "ADMIN_EMAILS",
            value,
            takes: "e-mail addresses with commas between".to_owned(),
        })
    }
}
