//! What an operator does once for each deployment (infra/deploy.md): makes the key that signs tokens and puts it
//! into the secret, which the template creates empty. A key that is there stays, as do the tokens it signed.

use anyhow::{Context as _, Result};
use ed25519_dalek::pkcs8::{EncodePrivateKey as _, KeypairBytes, spki::der::pem::LineEnding};
use serde_json::json;

use super::service::Service;

/// Puts a fresh key into the secret unless it holds one.
pub(super) fn ensure(aws: &Service, secret_id: &str) -> Result<()> {
    let held = aws.call("secretsmanager.GetSecretValue", &json!({ "SecretId": secret_id }))?;
    if held["SecretString"].as_str().is_some_and(|value| !value.is_empty()) {
        return Ok(());
    }
    // Without the public half, which is the form that OpenSSL writes.
    let key = KeypairBytes { secret_key: rand::random(), public_key: None };
    let pem = key.to_pkcs8_pem(LineEnding::LF).context("an Ed25519 key did not become PEM")?;
    let request = json!({ "SecretId": secret_id, "SecretString": pem.as_str() });
    aws.call("secretsmanager.PutSecretValue", &request).map(drop)
}
