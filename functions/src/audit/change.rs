//! A change of an item, as DynamoDB Streams tells it to a function.

use std::collections::BTreeMap;

use protocol::TimestampMs;
use protocol::envelope::rfc3339;
use serde::Deserialize;

/// Digits of the longest sequence number (API reference of DynamoDB Streams, `StreamRecord`).
const SEQUENCE_MAX_DIGITS: usize = 40;

/// What a stream hands to the function: the part of it that matters here.
#[derive(Debug, Deserialize)]
pub struct Batch {
    /// The changes, oldest first.
    #[serde(rename = "Records")]
    pub records: Vec<Change>,
}

/// One change of one item.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    #[serde(rename = "eventID")]
    event_id: String,
    dynamodb: Images,
    user_identity: Option<Identity>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Images {
    /// In seconds.
    approximate_creation_date_time: Option<f64>,
    sequence_number: String,
    old_image: Option<Image>,
    new_image: Option<Image>,
}

/// Who changed it, where it was a service of AWS.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    principal_id: Option<String>,
}

/// An item's attributes. Texts and numbers are read, the rest is passed over.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Image(BTreeMap<String, Value>);

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
enum Value {
    Text {
        #[serde(rename = "S")]
        text: String,
    },
    Number {
        #[serde(rename = "N")]
        number: String,
    },
    Other(serde_json::Value),
}

impl Image {
    /// The text or the digits under a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        match self.0.get(name)? {
            Value::Text { text } | Value::Number { number: text } => Some(text),
            Value::Other(_) => None,
        }
    }
}

impl Change {
    /// Its place in the stream.
    #[must_use]
    pub fn sequence_number(&self) -> String {
        self.dynamodb.sequence_number.clone()
    }

    /// Names it, also when it comes again. Of the changes of one second the names sort as they happened: times are no
    /// finer than that, so the place in the stream comes first.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{:0>width$}.{}", self.dynamodb.sequence_number, self.event_id, width = SEQUENCE_MAX_DIGITS)
    }

    /// When it happened, to the second.
    #[must_use]
    pub fn at(&self) -> TimestampMs {
        let seconds = self.dynamodb.approximate_creation_date_time.unwrap_or_default();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds since 1970, in this era")]
        let ms = (seconds * 1_000.0) as TimestampMs;
        ms
    }

    /// The item before and after.
    #[must_use]
    pub fn images(&self) -> (Option<&Image>, Option<&Image>) {
        (self.dynamodb.old_image.as_ref(), self.dynamodb.new_image.as_ref())
    }

    /// True if the item's time was over: nobody did it.
    #[must_use]
    pub fn is_expiry(&self) -> bool {
        let principal = self.user_identity.as_ref().and_then(|identity| identity.principal_id.as_deref());
        principal == Some("dynamodb.amazonaws.com")
    }
}

/// The day of a moment in UTC, such as `2026-03-01`.
#[must_use]
pub fn day_of(at: TimestampMs) -> String {
    rfc3339(at).chars().take(10).collect()
}
