//! Mails as files: what a stack on a developer's machine has in place of a mail service. One JSON file for each mail,
//! named by its time, so that `ls` lists them in order.

use std::path::PathBuf;

use protocol::envelope::rfc3339;
use protocol::ids::RunId;
use serde::Serialize;

use crate::ambient::{entropy, now_ms};
use crate::ports::PortError;
use crate::ports::mailer::{Mail, Mailer};

/// How the log names this part.
const PART: &str = "mail outbox";

/// The folder.
#[derive(Debug, Clone)]
pub struct Outbox {
    dir: PathBuf,
}

/// What a file says.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MailFile<'mail> {
    sent_at: String,
    to: &'mail str,
    subject: &'mail str,
    text: &'mail str,
    html: &'mail str,
}

impl Outbox {
    /// The outbox in a folder, which is made when the first mail comes.
    #[must_use]
    pub fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    async fn write(&self, mail: &Mail) -> std::io::Result<()> {
        let (now, unique) = (now_ms(), RunId::from_entropy(&entropy()));
        let Mail { to, subject, text, html } = mail;
        let file = MailFile { sent_at: rfc3339(now), to, subject, text, html };
        tokio::fs::create_dir_all(&self.dir).await?;
        let path = self.dir.join(format!("{now:013}-{unique}.json"));
        // Whoever waits for a mail sees the whole file or none.
        let partial = path.with_extension("partial");
        tokio::fs::write(&partial, serde_json::to_vec_pretty(&file)?).await?;
        tokio::fs::rename(&partial, &path).await
    }
}

impl Mailer for Outbox {
    fn ready(&self) -> Result<(), PortError> {
        Ok(())
    }

    async fn send(&self, mail: &Mail) -> Result<(), PortError> {
        self.write(mail).await.map_err(|source| PortError::Unavailable { part: PART, source: source.into() })
    }
}
