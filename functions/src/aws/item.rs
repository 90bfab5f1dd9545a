//! Items of a table: writing attributes, and reading them with an error that says where.

use std::collections::HashMap;
use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ports::PortError;

/// An item as the SDK has it.
pub(super) type Item = HashMap<String, AttributeValue>;

/// A text attribute.
pub(super) fn text(value: impl ToString) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

/// A number attribute.
pub(super) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A set of texts. DynamoDB knows no empty one.
pub(super) fn texts(values: impl IntoIterator<Item = impl ToString>) -> AttributeValue {
    AttributeValue::Ss(values.into_iter().map(|value| value.to_string()).collect())
}

/// A value in its wire form: a word as text, anything else as JSON in a text.
pub(super) fn json(value: &impl Serialize) -> AttributeValue {
    let value = serde_json::to_value(value).expect("wire types have text keys only");
    match value {
        serde_json::Value::String(word) => AttributeValue::S(word),
        other => AttributeValue::S(other.to_string()),
    }
}

/// Leaves out attributes without a value.
pub(super) fn present<const N: usize>(
    attributes: [(&'static str, Option<AttributeValue>); N],
) -> impl Iterator<Item = (String, AttributeValue)> {
    attributes.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)))
}

/// An item that was read.
pub(super) struct Row {
    /// The table, for errors.
    pub(super) table: &'static str,
    /// The attributes.
    pub(super) item: Item,
}

impl Row {
    /// The text under a name.
    pub(super) fn text(&self, name: &str) -> Result<&str, PortError> {
        self.optional_text(name).ok_or_else(|| self.unreadable(name))
    }

    /// The text under a name, if there is one.
    pub(super) fn optional_text(&self, name: &str) -> Option<&str> {
        self.item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str)
    }

    /// An id or another type that a text spells.
    pub(super) fn id<I: FromStr>(&self, name: &str) -> Result<I, PortError> {
        self.text(name)?.parse().ok().ok_or_else(|| self.unreadable(name))
    }

    /// An id, if there is one.
    pub(super) fn optional_id<I: FromStr>(&self, name: &str) -> Result<Option<I>, PortError> {
        if self.item.contains_key(name) { self.id(name).map(Some) } else { Ok(None) }
    }

    /// The number under a name.
    pub(super) fn number<N: FromStr>(&self, name: &str) -> Result<N, PortError> {
        self.optional_number(name)?.ok_or_else(|| self.unreadable(name))
    }

    /// The number under a name, if there is one.
    pub(super) fn optional_number<N: FromStr>(&self, name: &str) -> Result<Option<N>, PortError> {
        let Some(value) = self.item.get(name) else { return Ok(None) };
        let digits = value.as_n().ok().and_then(|digits| digits.parse().ok());
        digits.map(Some).ok_or_else(|| self.unreadable(name))
    }

    /// A value that [`json`] wrote.
    pub(super) fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T, PortError> {
        let text = self.text(name)?;
        let word = || serde_json::from_value(serde_json::Value::String(text.to_owned()));
        serde_json::from_str(text).or_else(|_| word()).ok().ok_or_else(|| self.unreadable(name))
    }

    /// A value that [`json`] wrote, if there is one.
    pub(super) fn optional_json<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, PortError> {
        if self.item.contains_key(name) { self.json(name).map(Some) } else { Ok(None) }
    }

    fn unreadable(&self, name: &str) -> PortError {
        let key = self.optional_text("PK").unwrap_or("an item without a key");
        // Keys of secrets are fingerprints, so that naming one gives nothing away.
        PortError::Unreadable { part: self.table, what: format!("{name} of {key}") }
    }
}

#[cfg(test)]
mod tests {
    use protocol::language::Language;

    use super::*;

    #[test]
    fn values_are_read_as_they_were_written() {
        let attributes = [
            ("word", Some(json(&Language::Python))),
            ("list", Some(json(&["a", "1"]))),
            ("digits", Some(json(&"12"))),
            ("number", Some(number(7_u64))),
            ("nothing", None),
        ];
        let row = Row { table: "t", item: present(attributes).collect() };
        assert_eq!(row.json::<Language>("word").expect("a word"), Language::Python);
        assert_eq!(row.json::<Vec<String>>("list").expect("a list"), ["a", "1"]);
        assert_eq!(row.text("digits").expect("a text"), "12");
        assert_eq!(row.number::<u64>("number").expect("a number"), 7);
        assert_eq!(row.optional_number::<u64>("nothing").expect("may be absent"), None);
        assert!(row.number::<u64>("word").is_err());
        assert!(row.text("nothing").is_err());
    }
}
