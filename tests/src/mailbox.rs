//! The mails that the stack sends: it writes them to files instead.

use std::fs;

use serde::Deserialize;

use crate::stack::Stack;

/// A mail.
#[derive(Debug, Clone, Deserialize)]
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

impl Mail {
    /// The token in a link such as `…/#reset=TOKEN`, if the mail has one.
    #[must_use]
    pub fn token(&self, name: &str) -> Option<String> {
        let (_, rest) = self.text.split_once(&format!("/#{name}="))?;
        rest.split_whitespace().next().map(str::to_owned)
    }
}

impl Stack {
    /// All mails to an address, the oldest first. Whoever was answered by a call that mails finds the mail there.
    ///
    /// # Panics
    /// When the outbox holds something else.
    #[must_use]
    pub fn mails_to(&self, address: &str) -> Vec<Mail> {
        let Ok(entries) = fs::read_dir(self.outbox()) else { return Vec::new() };
        let paths = entries.map(|entry| entry.expect("the outbox can be listed").path());
        let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
        paths.sort();
        let mails = paths.iter().map(|path| {
            let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            serde_json::from_str::<Mail>(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
        });
        mails.filter(|mail| mail.to == address).collect()
    }

    /// The token of the newest link of a name that was mailed to an address.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn mailed_token(&self, address: &str, name: &str) -> String {
        let mails = self.mails_to(address);
        let token = mails.iter().rev().find_map(|mail| mail.token(name));
        token.unwrap_or_else(|| panic!("no link {name} in {mails:?}"))
    }
}
