//! Mails by SES.

use aws_config::SdkConfig;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::error::BuildError;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};

use super::port_error;
use crate::ports::PortError;
use crate::ports::mailer::{Mail, Mailer};

/// How the log names this part.
const PART: &str = "SES";

/// SES with the address that mails come from.
pub struct SesMailer {
    client: Client,
    from: String,
}

impl SesMailer {
    /// Sends from an address that SES has verified.
    #[must_use]
    pub fn new(config: &SdkConfig, from: String) -> Self {
        Self { client: Client::new(config), from }
    }
}

fn content(text: &str) -> Result<Content, PortError> {
    Content::builder().data(text).charset("UTF-8").build().map_err(misbuilt)
}

fn misbuilt(error: BuildError) -> PortError {
    PortError::Refused { part: PART, source: error.into() }
}

impl Mailer for SesMailer {
    fn ready(&self) -> Result<(), PortError> {
        Ok(())
    }

    async fn send(&self, mail: &Mail) -> Result<(), PortError> {
        let body = Body::builder().text(content(&mail.text)?).html(content(&mail.html)?).build();
        let message = Message::builder().subject(content(&mail.subject)?).body(body).build();
        let call = self.client.send_email().from_email_address(&self.from);
        let call = call.destination(Destination::builder().to_addresses(&mail.to).build());
        let call = call.content(EmailContent::builder().simple(message).build());
        call.send().await.map(drop).map_err(|error| port_error(PART, error))
    }
}
