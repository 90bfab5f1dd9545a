//! The signing keys in Secrets Manager, read once at start.

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use protocol::token::{Signer, TokenError};
use thiserror::Error;

use super::port_error;
use crate::ports::PortError;

/// Why there is nothing to sign with.
#[derive(Debug, Error)]
pub enum SigningKeyError {
    /// The secret could not be read.
    #[error("the signing key could not be read")]
    Port(#[from] PortError),
    /// The secret has no text.
    #[error("the secret with the signing key is empty")]
    Empty,
    /// The secret is something else.
    #[error("the secret with the signing key is not usable")]
    Key(#[from] TokenError),
}

/// Reads the keys: one or more PKCS#8 PEM blocks, of which the first signs.
///
/// # Errors
/// When the secret cannot be read or holds no key.
pub async fn signer(config: &SdkConfig, secret_id: &str) -> Result<Signer, SigningKeyError> {
    let call = Client::new(config).get_secret_value().secret_id(secret_id);
    let answer = call.send().await.map_err(|error| port_error("secret of the signing key", error))?;
    Ok(Signer::from_pem(&answer.secret_string.ok_or(SigningKeyError::Empty)?)?)
}
