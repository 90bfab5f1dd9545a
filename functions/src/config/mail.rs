//! How mails are sent.

use std::path::PathBuf;

use super::{ConfigError, Environment};

/// One of the ways, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailConfig {
    /// By SES.
    Ses {
        /// `MAIL_FROM`: the address that they come from, which SES has verified.
        from: String,
    },
    /// As files, on a local stack only.
    Outbox {
        /// `MAIL_OUTBOX_DIR`.
        dir: PathBuf,
    },
    /// Not at all, where neither is set.
    None,
}

impl<L: Fn(&str) -> Option<String>> Environment<L> {
    /// A deployed stack has no folder that somebody reads: `MAIL_OUTBOX_DIR` needs `STAGE=local`.
    pub(super) fn mail(&self) -> Result<MailConfig, ConfigError> {
        let set = |name| (self.0)(name).filter(|value| !value.is_empty());
        match (set("MAIL_FROM"), set("MAIL_OUTBOX_DIR")) {
            (from, Some(dir)) if from.is_some() || !self.is_local() => {
                let takes = "a folder only together with STAGE=local and without MAIL_FROM".to_owned();
                Err(ConfigError::Wrong { name: "MAIL_OUTBOX_DIR", value: dir, takes })
            }
            (_, Some(dir)) => Ok(MailConfig::Outbox { dir: PathBuf::from(dir) }),
            (Some(from), None) if !from.contains('@') => {
                Err(ConfigError::Wrong { name: "MAIL_FROM", value: from, takes: "an e-mail address".to_owned() })
            }
            (Some(from), None) => Ok(MailConfig::Ses { from }),
            (None, None) => Ok(MailConfig::None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mails_go_by_ses_or_into_a_local_folder() {
        let mail = |set: &'static [(&str, &str)]| {
            let find = |name: &str| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
            Environment(find).mail()
        };
        assert_eq!(mail(&[]), Ok(MailConfig::None));
        assert_eq!(mail(&[("MAIL_FROM", "a@b.c")]), Ok(MailConfig::Ses { from: "a@b.c".to_owned() }));
        assert!(mail(&[("MAIL_FROM", "nobody")]).is_err());
        assert!(mail(&[("MAIL_OUTBOX_DIR", "/tmp/m")]).is_err());
        let local = mail(&[("MAIL_OUTBOX_DIR", "/tmp/m"), ("STAGE", "local")]);
        assert_eq!(local, Ok(MailConfig::Outbox { dir: PathBuf::from("/tmp/m") }));
        assert!(mail(&[("MAIL_OUTBOX_DIR", "/tmp/m"), ("STAGE", "local"), ("MAIL_FROM", "a@b.c")]).is_err());
    }
}
