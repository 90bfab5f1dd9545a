//! Mails to people.

use super::PortError;

/// A mail to one person.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// The address.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The body in plain text.
    pub text: String,
    /// The same in HTML.
    pub html: String,
}

/// Bodies hold secrets, so that no log gets to see one.
impl std::fmt::Debug for Mail {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Mail").field("subject", &self.subject).finish_non_exhaustive()
    }
}

/// Sends mails. One that was accepted may still not arrive, and one that was refused with
/// [`PortError::Unavailable`] may.
pub trait Mailer: Send + Sync + 'static {
    /// Whether this deployment sends mails at all. Known without asking anybody.
    ///
    /// # Errors
    /// [`PortError::Unavailable`], which tells the operator what to set up.
    fn ready(&self) -> Result<(), PortError>;

    /// Hands a mail over.
    fn send(&self, mail: &Mail) -> impl Future<Output = Result<(), PortError>> + Send;
}
