//! Calls that a cookie authenticates must come from our own page, or from an origin of `CORS_ORIGINS`: a browser sends
//! cookies along whoever makes it call. `SameSite=Strict` keeps them from other sites already; this also keeps out
//! other pages below the same registered domain, and whoever stole a cookie and does not know better.

use protocol::account::RefreshRequest;
use protocol::envelope::ErrorCode;
use worker::{Method, Request};

use crate::answer::Failure;
use crate::cors;
use crate::request_context::RequestContext;

/// Checks where a call comes from that changes something and has a cookie.
///
/// A call whose body names its refresh token is authenticated by that, as programs do it: whoever forges calls in a
/// browser cannot know it.
///
/// # Errors
/// `FORBIDDEN` where nothing shows that our page sent it.
pub(crate) fn check(context: &RequestContext, request: &Request, body: &[u8]) -> Result<(), Failure> {
    let has_cookie = request.headers().has("cookie")?;
    if !has_cookie || matches!(request.method(), Method::Get | Method::Head) || names_its_token(body) {
        return Ok(());
    }
    let site = request.headers().get("sec-fetch-site")?;
    let sender = context.sender.as_deref();
    if cors::allowed(context).is_some() || is_ours(&context.origin(), sender, site.as_deref()) {
        return Ok(());
    }
    let message = "a call with a cookie needs the Origin of our own page; programs send {\"refreshToken\"} instead";
    Err(Failure::refused(ErrorCode::Forbidden, message))
}

fn is_ours(own: &str, sender: Option<&str>, site: Option<&str>) -> bool {
    match sender {
        Some(sender) => sender == own,
        None => site == Some("same-origin"),
    }
}

fn names_its_token(body: &[u8]) -> bool {
    serde_json::from_slice::<RefreshRequest>(body).is_ok_and(|request| request.refresh_token.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_page_counts_as_ours() {
        let own = "https://code.example.org";
        assert!(is_ours(own, Some(own), None) && is_ours(own, Some(own), Some("same-origin")));
        assert!(is_ours(own, None, Some("same-origin")));
        for sender in ["https://evil.example", "http://code.example.org", "https://code.example.org:8443", "null", ""] {
            assert!(!is_ours(own, Some(sender), Some("same-origin")), "{sender}");
        }
        for site in [None, Some("same-site"), Some("cross-site"), Some("none")] {
            assert!(!is_ours(own, None, site), "{site:?}");
        }
    }

    #[test]
    fn a_token_in_the_body_is_what_authenticates() {
        assert!(names_its_token(br#"{"refreshToken":"x"}"#));
        for body in ["", "{}", r#"{"refreshToken":null}"#, "[]", "x"] {
            assert!(!names_its_token(body.as_bytes()), "{body}");
        }
    }
}
