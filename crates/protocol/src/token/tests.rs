//! Which tokens are accepted and, above all, which are not.

use ed25519_dalek::Signer as _;
use ed25519_dalek::pkcs8::EncodePrivateKey as _;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use jwt_compact::alg::{Hs256, Hs256Key};
use jwt_compact::{Algorithm as _, AlgorithmSignature as _};
use serde_json::json;

use super::*;
use crate::ids::RunId;

const NOW: TimestampMs = 1_800_000_000_000;

fn pem(seed: u8) -> String {
    SigningKey::from_bytes(&[seed; 32]).to_pkcs8_pem(LineEnding::LF).expect("encodes").to_string()
}

fn ticket(exp: u64) -> ClaimTicket {
    ClaimTicket { run: RunId::from_entropy(&[1; 32]), iat: exp - 60, exp }
}

#[test]
fn a_token_is_accepted_until_it_expires() {
    let signer = Signer::from_pem(&pem(1)).expect("a key");
    let exp = NOW / 1000 + 60;
    let token = signer.sign(&ticket(exp)).expect("signs");
    let check = |now| signer.key_set().verify::<ClaimTicket>(&token, now);
    assert_eq!(check(NOW).expect("valid"), ticket(exp));
    assert!(check((exp + LEEWAY_S) * 1000 - 1).is_ok());
    assert!(matches!(check((exp + LEEWAY_S) * 1000), Err(TokenError::Expired)));
}

#[test]
fn one_kind_is_never_taken_for_another() {
    let signer = Signer::from_pem(&pem(1)).expect("a key");
    let token = signer.sign(&ticket(NOW / 1000 + 60)).expect("signs");
    assert!(matches!(signer.key_set().verify::<AttemptClaims>(&token, NOW), Err(TokenError::Invalid(_))));
}

#[test]
fn a_foreign_key_and_a_changed_token_are_refused() {
    let (ours, foreign) = (Signer::from_pem(&pem(1)).expect("a key"), Signer::from_pem(&pem(2)).expect("a key"));
    let token = foreign.sign(&ticket(NOW / 1000 + 60)).expect("signs");
    assert!(matches!(ours.key_set().verify::<ClaimTicket>(&token, NOW), Err(TokenError::UnknownKey)));
    let mut changed = ours.sign(&ticket(NOW / 1000 + 60)).expect("signs");
    let middle = changed.len() - 40;
    let other = if changed[middle..].starts_with('A') { "B" } else { "A" };
    changed.replace_range(middle..=middle, other);
    assert!(matches!(ours.key_set().verify::<ClaimTicket>(&changed, NOW), Err(TokenError::Invalid(_))));
}

/// A token made by hand: this header, the claims of a valid ticket, and what `sign` makes of the two.
fn forged(header: &serde_json::Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let exp = NOW / 1000 + 60;
    let mut claims = serde_json::to_value(ticket(exp)).expect("serialises");
    claims["iss"] = ISSUER.into();
    claims["aud"] = ClaimTicket::AUDIENCE.into();
    signed_json(header, &claims, sign)
}

fn signed_json(header: &serde_json::Value, claims: &serde_json::Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let encode = |part: &serde_json::Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let message = format!("{}.{}", encode(header), encode(claims));
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(sign(message.as_bytes())))
}

fn eddsa(seed: u8) -> impl Fn(&[u8]) -> Vec<u8> {
    move |message| SigningKey::from_bytes(&[seed; 32]).sign(message).to_vec()
}

fn verdict(key_set: &KeySet, token: &str) -> Result<ClaimTicket, TokenError> {
    key_set.verify(token, NOW)
}

#[test]
fn a_token_made_by_hand_is_like_ours() {
    let signer = Signer::from_pem(&pem(1)).expect("a key");
    let token = forged(&json!({ "alg": "EdDSA", "kid": signer.kid }), eddsa(1));
    assert!(verdict(signer.key_set(), &token).is_ok());
}

#[test]
fn the_algorithm_none_is_refused() {
    let signer = Signer::from_pem(&pem(1)).expect("a key");
    for alg in ["none", "None", "NONE", ""] {
        let unsigned = forged(&json!({ "alg": alg, "kid": signer.kid }), |_| Vec::new());
        assert!(matches!(verdict(signer.key_set(), &unsigned), Err(TokenError::Invalid(_))), "{alg:?}");
    }
}

#[test]
fn the_public_key_is_no_secret_to_sign_with() {
    let signer = Signer::from_pem(&pem(1)).expect("a key");
    let x = &signer.key_set().keys[0].x;
    let secrets = [URL_SAFE_NO_PAD.decode(x).expect("base64url"), x.clone().into_bytes()];
    for secret in secrets {
        for alg in ["HS256", "EdDSA"] {
            let hmac = |message: &[u8]| Hs256.sign(&Hs256Key::new(&secret), message).as_bytes().into_owned();
            let token = forged(&json!({ "alg": alg, "kid": signer.kid }), hmac);
            assert!(matches!(verdict(signer.key_set(), &token), Err(TokenError::Invalid(_))), "{alg}");
        }
    }
}

#[test]
fn another_algorithm_is_refused_though_the_signature_is_right() {
    let signer = Signer::from_pem(&pem(1)).expect("a key");
    for header in [json!({ "alg": "ES256", "kid": signer.kid }), json!({ "kid": signer.kid })] {
        let token = forged(&header, eddsa(1));
        assert!(matches!(verdict(signer.key_set(), &token), Err(TokenError::Invalid(_))), "{header}");
    }
}

#[test]
fn the_key_that_the_header_names_is_the_only_one_tried() {
    let signer = Signer::from_pem(&format!("{}\n{}", pem(1), pem(2))).expect("two keys");
    let [first, second] = [0, 1].map(|index| signer.key_set().keys[index].kid.clone());
    let named = |kid: &str| forged(&json!({ "alg": "EdDSA", "kid": kid }), eddsa(2));
    assert!(verdict(signer.key_set(), &named(&second)).is_ok());
    assert!(matches!(verdict(signer.key_set(), &named(&first)), Err(TokenError::Invalid(_))));
    assert!(matches!(verdict(signer.key_set(), &named("another")), Err(TokenError::UnknownKey)));
    assert!(!signer.key_set().knows_key_of(&named("another")));
    let nameless = forged(&json!({ "alg": "EdDSA" }), eddsa(2));
    assert!(matches!(verdict(signer.key_set(), &nameless), Err(TokenError::UnknownKey)));
}

#[test]
fn issuer_audience_and_expiry_must_be_there_and_right() {
    let signer = Signer::from_pem(&pem(1)).expect("a key");
    let header = json!({ "alg": "EdDSA", "kid": signer.kid });
    let right = json!({ "iss": ISSUER, "aud": ClaimTicket::AUDIENCE, "run": RunId::from_entropy(&[1; 32]),
        "iat": NOW / 1000, "exp": NOW / 1000 + 60 });
    assert!(verdict(signer.key_set(), &signed_json(&header, &right, eddsa(1))).is_ok());
    for claim in ["iss", "aud", "exp"] {
        for wrong in [json!(null), json!("another")] {
            let mut claims = right.clone();
            claims[claim] = wrong;
            let token = signed_json(&header, &claims, eddsa(1));
            assert!(matches!(verdict(signer.key_set(), &token), Err(TokenError::Invalid(_))), "{claims}");
        }
        let mut claims = right.clone();
        claims.as_object_mut().expect("an object").remove(claim);
        let token = signed_json(&header, &claims, eddsa(1));
        assert!(matches!(verdict(signer.key_set(), &token), Err(TokenError::Invalid(_))), "without {claim}");
    }
}

#[test]
fn what_is_no_token_is_refused() {
    let signer = Signer::from_pem(&pem(1)).expect("a key");
    let token = signer.sign(&ticket(NOW / 1000 + 60)).expect("signs");
    let head = token.rsplit_once('.').expect("three parts").0;
    for text in ["", ".", "..", "...", head, &format!("{token}."), &format!("{token}="), &format!(" {token}")] {
        assert!(matches!(verdict(signer.key_set(), text), Err(TokenError::Invalid(_))), "{text:?}");
        assert!(!signer.key_set().knows_key_of(text), "{text:?}");
    }
}

#[test]
fn after_a_rotation_tokens_of_the_old_key_still_stand() {
    let token = Signer::from_pem(&pem(1)).expect("a key").sign(&ticket(NOW / 1000 + 60)).expect("signs");
    let rotated = Signer::from_pem(&format!("{}\n{}", pem(2), pem(1))).expect("two keys");
    assert!(rotated.key_set().verify::<ClaimTicket>(&token, NOW).is_ok());
    assert!(matches!(Signer::from_pem("no key"), Err(TokenError::NoKey)));
}
