//! Tokens made by hand, with the stack's own key or without: what an attacker would try, and the control that only the
//! forged part makes the difference.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::pkcs8::DecodePrivateKey as _;
use ed25519_dalek::{Signer as _, SigningKey};
use protocol::token::{Claims, ISSUER, KeySet, Signer};
use serde_json::{Value, json};

use crate::api::{Answer, Call};
use crate::stack::Stack;

/// What the stack signs its tokens with.
pub struct Forge {
    signer: Signer,
    key: SigningKey,
}

impl Forge {
    /// Reads the key where the operator put it.
    ///
    /// # Panics
    /// When it is not there.
    pub async fn of(stack: &Stack) -> Self {
        let listed = aws(stack, "ListSecrets", &json!({})).await;
        let secrets = listed["SecretList"].as_array().expect("a list of secrets");
        let signs = |secret: &&Value| secret["Description"].as_str().is_some_and(|text| text.contains("sign tokens"));
        let secret = secrets.iter().find(signs).expect("a secret that signs tokens");
        let value = aws(stack, "GetSecretValue", &json!({"SecretId": secret["ARN"]})).await;
        let pem = value["SecretString"].as_str().expect("a secret of text");
        let key = SigningKey::from_pkcs8_pem(pem).expect("one key in PEM");
        Self { signer: Signer::from_pem(pem).expect("the key again"), key }
    }

    /// The public keys that the stack publishes.
    #[must_use]
    pub fn key_set(&self) -> &KeySet {
        self.signer.key_set()
    }

    /// A good token of a kind.
    ///
    /// # Panics
    /// When the claims are no JSON.
    #[must_use]
    pub fn sign(&self, claims: &impl Claims) -> String {
        self.signer.sign(claims).expect("claims are signed")
    }

    /// The stack's signature of a message.
    #[must_use]
    pub fn signature(&self, message: &[u8]) -> Vec<u8> {
        self.key.sign(message).to_vec()
    }

    /// The header of a good token.
    #[must_use]
    pub fn header(&self) -> Value {
        json!({"alg": "EdDSA", "typ": "JWT", "kid": self.key_set().keys[0].kid})
    }
}

/// The claims in a token, as JSON.
///
/// # Panics
/// For what is no token.
#[must_use]
pub fn claims_in(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64url")).expect("JSON")
}

/// Claims with what every kind of token carries beside its own.
///
/// # Panics
/// For claims that are no object.
#[must_use]
pub fn issued<C: Claims>(claims: &C) -> Value {
    let mut all = serde_json::to_value(claims).expect("claims are JSON");
    all["iss"] = json!(ISSUER);
    all["aud"] = json!(C::AUDIENCE);
    all
}

/// A token of these parts, signed by whoever.
#[must_use]
pub fn sealed(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let message = format!("{}.{}", encode(header), encode(claims));
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(sign(message.as_bytes())))
}

async fn aws(stack: &Stack, action: &str, body: &Value) -> Value {
    let request = reqwest::Client::new().post(stack.aws_endpoint());
    let request = request.header("x-amz-target", format!("secretsmanager.{action}"));
    let request = request.header("content-type", "application/x-amz-json-1.1").body(body.to_string());
    let answer: Answer = Call::new(request).send().await;
    serde_json::from_slice(&answer.body).unwrap_or_else(|error| panic!("{action}: {error}: {answer}"))
}
