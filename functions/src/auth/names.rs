//! Usernames and addresses: what is accepted, and when two are the same.

pub use protocol::name::normal;

/// Fewest and most characters of a username (features B5).
const USERNAME_CHARS: std::ops::RangeInclusive<usize> = 3..=30;

/// Longest address: RFC 5321, 4.5.3.1.3, less the angle brackets.
const EMAIL_MAX_BYTES: usize = 254;

/// Longest part before the `@`: RFC 5321, 4.5.3.1.1.
const EMAIL_LOCAL_MAX_BYTES: usize = 64;

/// Longest label of a domain: RFC 1035, 2.3.4.
const DOMAIN_LABEL_MAX_BYTES: usize = 63;

/// What is wrong with a username, if anything.
#[must_use]
pub fn username_problem(username: &str) -> Option<&'static str> {
    let is_allowed = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let is_fine = USERNAME_CHARS.contains(&username.chars().count()) && username.chars().all(is_allowed);
    (!is_fine).then_some("must have 3 to 30 letters, digits or underscores")
}

/// What is wrong with an address, if anything: the dot-atom form of RFC 5322, with letters of any script as RFC 6532
/// adds them, and a domain of at least two labels.
#[must_use]
pub fn email_problem(email: &str) -> Option<&'static str> {
    let is_fine = email.len() <= EMAIL_MAX_BYTES
        && email.rsplit_once('@').is_some_and(|(local, domain)| is_local_part(local) && is_domain(domain));
    (!is_fine).then_some("must be an e-mail address")
}

fn is_local_part(local: &str) -> bool {
    let is_allowed = |character: char| character.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(character);
    local.len() <= EMAIL_LOCAL_MAX_BYTES
        && local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_allowed))
}

fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= DOMAIN_LABEL_MAX_BYTES
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|character| character.is_alphanumeric() || character == '-')
    };
    domain.contains('.') && domain.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_the_same_are_the_same() {
        for (one, other) in
            [("Ada", "ada"), ("ａｄａ", "ada"), ("  ada@Example.ORG ", "ada@example.org"), ("É", "e\u{301}")]
        {
            assert_eq!(normal(one), normal(other), "{one} and {other}");
        }
        assert_ne!(normal("ada"), normal("ad4"));
        assert_eq!(normal(&normal("İstanbul")), normal("İstanbul"));
    }

    #[test]
    fn usernames_follow_the_rules() {
        for fine in ["ada", "Ada_Lovelace_1815", &"a".repeat(30)] {
            assert_eq!(username_problem(fine), None, "{fine}");
        }
        for wrong in ["", "ab", &"a".repeat(31), "ada lovelace", "ada-l", "ädä", "ada\n"] {
            assert!(username_problem(wrong).is_some(), "{wrong}");
        }
    }

    #[test]
    fn addresses_follow_the_rules() {
        let long_local = format!("{}@example.org", "a".repeat(65));
        let long = format!("a@{}.org", "a.".repeat(124));
        for fine in ["a@b.co", "ada.lovelace+x@mail.example.org", "o'neil@example.ie", "ünal@örnek.example"] {
            assert_eq!(email_problem(fine), None, "{fine}");
        }
        for wrong in [
            "",
            "a",
            "@b.co",
            "a@",
            "a@b",
            "a@b.",
            "a@.co",
            "a..b@c.de",
            ".a@b.co",
            "a b@c.de",
            "a@b c.de",
            "a@-b.co",
            "a@b.co\r\nBcc: x",
            "a,b@c.de",
            "<a@b.co>",
            &long_local,
            &long,
        ] {
            assert!(email_problem(wrong).is_some(), "{wrong}");
        }
    }
}
