//! How this deployment sends mails, as its configuration has it.

use aws_config::SdkConfig;
use thiserror::Error;

use crate::aws::mail::SesMailer;
use crate::config::MailConfig;
use crate::outbox::Outbox;
use crate::ports::PortError;
use crate::ports::mailer::{Mail, Mailer};

/// One of the ways.
pub enum Post {
    /// By SES.
    Ses(SesMailer),
    /// Into a folder of this machine.
    Outbox(Outbox),
    /// Not at all.
    None,
}

/// What the operator reads in the log.
#[derive(Debug, Error)]
#[error("this deployment sends no mails: deploy it with the parameter MailFrom, as infra/deploy.md says")]
struct NotSetUp;

impl Post {
    /// Opens what the configuration names.
    #[must_use]
    pub fn open(config: MailConfig, aws: &SdkConfig) -> Self {
        match config {
            MailConfig::Ses { from } => Self::Ses(SesMailer::new(aws, from)),
            MailConfig::Outbox { dir } => Self::Outbox(Outbox::new(dir)),
            MailConfig::None => Self::None,
        }
    }
}

fn not_set_up() -> PortError {
    PortError::Unavailable { part: "mail", source: NotSetUp.into() }
}

impl Mailer for Post {
    fn ready(&self) -> Result<(), PortError> {
        match self {
            Self::Ses(ses) => ses.ready(),
            Self::Outbox(outbox) => outbox.ready(),
            Self::None => Err(not_set_up()),
        }
    }

    async fn send(&self, mail: &Mail) -> Result<(), PortError> {
        match self {
            Self::Ses(ses) => ses.send(mail).await,
            Self::Outbox(outbox) => outbox.send(mail).await,
            Self::None => Err(not_set_up()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::chain;

    #[test]
    fn without_mail_the_log_tells_the_operator_what_to_set_up() {
        let refused = Post::None.ready().expect_err("no way to send");
        assert!(chain(&refused).contains("MailFrom"), "{refused:?}");
        assert!(Post::Outbox(Outbox::new("/nowhere".into())).ready().is_ok());
    }
}
