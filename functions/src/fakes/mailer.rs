//! A mailer that keeps what it was given.

use std::sync::Mutex;

use super::Breaks;
use crate::ports::PortError;
use crate::ports::mailer::{Mail, Mailer};

/// See [`Mailer`].
#[derive(Debug, Default)]
pub(crate) struct MemoryMailer {
    pub(crate) sent: Mutex<Vec<Mail>>,
    /// Whether the deployment has none.
    pub(crate) is_missing: bool,
    pub(crate) breaks: Breaks,
}

impl MemoryMailer {
    /// The token in the link of the last mail.
    pub(crate) fn last_token(&self, name: &str) -> String {
        let sent = self.sent.lock().expect("no panic");
        let text = &sent.last().expect("a mail").text;
        let (_, rest) = text.split_once(&format!("/#{name}=")).expect("a link");
        rest.split_whitespace().next().expect("a token").to_owned()
    }
}

impl Mailer for MemoryMailer {
    fn ready(&self) -> Result<(), PortError> {
        if self.is_missing {
            return Err(PortError::Unavailable { part: "memory", source: "no mailer".into() });
        }
        Ok(())
    }

    async fn send(&self, mail: &Mail) -> Result<(), PortError> {
        self.breaks.around(|| self.sent.lock().expect("no panic").push(mail.clone()))
    }
}
