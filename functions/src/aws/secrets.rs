//! Secrets Manager: the signing keys, and the secret that others are sealed with. Each is read once, at start.

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use protocol::token::{Signer, TokenError};
use thiserror::Error;

use super::port_error;
use crate::ports::PortError;

/// Why a secret is of no use.
#[derive(Debug, Error)]
pub enum SecretError {
    /// The secret could not be read.
    #[error("the secret could not be read")]
    Port(#[from] PortError),
    /// The secret has no text.
    #[error("the secret {id} is empty")]
    Empty {
        /// Its name or ARN.
        id: String,
    },
    /// The secret is something else.
    #[error("the secret with the signing key is not usable")]
    Key(#[from] TokenError),
}

/// Reads the keys: one or more PKCS#8 PEM blocks, of which the first signs.
///
/// # Errors
/// When the secret cannot be read or holds no key.
pub async fn signer(config: &SdkConfig, secret_id: &str) -> Result<Signer, SecretError> {
    Ok(Signer::from_pem(&text(config, secret_id).await?)?)
}

/// Reads a secret's text.
///
/// # Errors
/// When the secret cannot be read or has none.
pub async fn text(config: &SdkConfig, secret_id: &str) -> Result<String, SecretError> {
    let call = Client::new(config).get_secret_value().secret_id(secret_id);
    let answer = call.send().await.map_err(|error| port_error("secrets", error))?;
    let text = answer.secret_string.filter(|text| !text.is_empty());
    text.ok_or_else(|| SecretError::Empty { id: secret_id.to_owned() })
}
