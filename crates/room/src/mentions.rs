//! Mentions in the chat: `@name`, or `@"name with spaces"`.

use protocol::ids::ParticipantId;

/// Who is mentioned in a text. Names are compared without regard to case; the longest that fits counts, so that `@Ann
/// Lee` means Ann Lee where there is one, and Ann otherwise.
pub(crate) fn mentions(text: &str, people: &[(ParticipantId, String)]) -> Vec<ParticipantId> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices('@') {
        let before = text[..at].chars().next_back();
        if before.is_some_and(char::is_alphanumeric) {
            // An address, not a mention.
            continue;
        }
        let rest = &text[at + 1..];
        let (rest, is_quoted) = rest.strip_prefix('"').map_or((rest, false), |quoted| (quoted, true));
        let fitting = people.iter().filter(|(_, name)| fits(rest, name, is_quoted));
        let longest = fitting.clone().map(|(_, name)| name.chars().count()).max();
        for (id, name) in fitting {
            if Some(name.chars().count()) == longest && !found.contains(id) {
                found.push(id.clone());
            }
        }
    }
    found
}

/// True if the text starts with the name, and the name ends there.
fn fits(text: &str, name: &str, is_quoted: bool) -> bool {
    let mut rest = text.chars();
    for wanted in name.chars() {
        if !rest.next().is_some_and(|there| there.to_lowercase().eq(wanted.to_lowercase())) {
            return false;
        }
    }
    match rest.next() {
        Some('"') => true,
        Some(next) => !is_quoted && !next.is_alphanumeric() && next != '_',
        None => !is_quoted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mentioned(text: &str) -> Vec<usize> {
        let names = ["Ada", "Ann", "Ann Lee", "Zoë", "grace_h"];
        let id = |number: usize| ParticipantId::from_entropy(&[u8::try_from(number).expect("small"); 32]);
        let people: Vec<_> = names.iter().enumerate().map(|(number, name)| (id(number), (*name).to_owned())).collect();
        mentions(text, &people)
            .iter()
            .map(|found| (0..5).find(|number| id(*number) == *found).expect("known"))
            .collect()
    }

    #[test]
    fn names_are_found_where_they_are_meant() {
        assert_eq!(mentioned("hi @ada, look"), [0]);
        assert_eq!(mentioned("@ann lee and @Ann"), [2, 1]);
        assert_eq!(mentioned("@\"Ann Lee\"!"), [2]);
        assert_eq!(mentioned("@zoë @ZOË @grace_h."), [3, 4]);
        assert_eq!(mentioned("mail ada@ada.example, @adam, @ada_x, @ nobody @"), [0_usize; 0]);
    }
}
