//! The refresh token's cookie. Scripts cannot read it, other sites cannot make a browser send it, and only the paths
//! of this function get it.

use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName};

use super::logins::lifetime_ms;
use crate::ports::accounts::LoginKind;

const NAME: &str = "tutti_refresh";
const ATTRIBUTES: &str = "HttpOnly; Secure; SameSite=Strict; Path=/api/v1/auth";

/// The header that hands a refresh token to a browser: to keep for a remembered login, else until the browser ends.
pub(super) fn set(refresh_token: &str, kind: LoginKind) -> (HeaderName, String) {
    let max_age = match kind {
        LoginKind::Remembered => format!("; Max-Age={}", lifetime_ms(kind) / 1000),
        LoginKind::Brief => String::new(),
    };
    (SET_COOKIE, format!("{NAME}={refresh_token}; {ATTRIBUTES}{max_age}"))
}

/// The header that takes it back.
pub(super) fn clear() -> (HeaderName, String) {
    (SET_COOKIE, format!("{NAME}=; {ATTRIBUTES}; Max-Age=0"))
}

/// The refresh token among a request's cookies.
pub(super) fn read(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == NAME).map(|(_, value)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        assert_eq!(read(&headers), None);
        headers.insert(COOKIE, "a=1; tutti_refresh=x-y_z; b=2".parse().expect("a header"));
        assert_eq!(read(&headers), Some("x-y_z".to_owned()));
    }

    #[test]
    fn a_browser_keeps_it_from_scripts_and_other_sites() {
        let (_, value) = set("t", LoginKind::Remembered);
        let expected = "tutti_refresh=t; HttpOnly; Secure; SameSite=Strict; Path=/api/v1/auth; Max-Age=604800";
        assert_eq!(value, expected);
    }

    #[test]
    fn a_login_that_is_not_remembered_ends_with_the_browser() {
        let (_, value) = set("t", LoginKind::Brief);
        assert_eq!(value, "tutti_refresh=t; HttpOnly; Secure; SameSite=Strict; Path=/api/v1/auth");
    }
}
