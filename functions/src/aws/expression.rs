//! Conditions and changes of items, spelled as DynamoDB's expressions. Every name goes through a placeholder, since
//! the list of reserved words is long and grows.

use std::collections::HashMap;
use std::fmt::Write as _;

use aws_sdk_dynamodb::types::AttributeValue;

/// What has to hold of the stored item for a write to happen.
#[derive(Debug, Clone)]
pub(super) enum Check {
    /// No such attribute, or no such item.
    Absent(&'static str),
    /// There is such an attribute.
    Present(&'static str),
    /// The attribute has this value.
    Equal(&'static str, AttributeValue),
    /// The attribute is a smaller number.
    Below(&'static str, AttributeValue),
    /// The attribute is a set of texts with this one in it.
    Contains(&'static str, AttributeValue),
    /// One of these at least.
    AnyOf(Vec<Check>),
}

/// An expression with its placeholders.
#[derive(Debug, Default)]
pub(super) struct Expression {
    /// Values by placeholder. DynamoDB refuses an empty map.
    pub(super) values: HashMap<String, AttributeValue>,
    /// Names by placeholder.
    pub(super) names: HashMap<String, String>,
}

impl Expression {
    /// The placeholder of a name.
    pub(super) fn name(&mut self, name: &str) -> String {
        let placeholder = format!("#{name}");
        self.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    /// The placeholder of a value.
    pub(super) fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }

    /// Spells checks that have to hold together; nothing if there are none.
    pub(super) fn condition(&mut self, checks: Vec<Check>) -> Option<String> {
        let terms: Vec<_> = checks.into_iter().map(|check| self.term(check)).collect();
        (!terms.is_empty()).then(|| terms.join(" AND "))
    }

    fn term(&mut self, check: Check) -> String {
        match check {
            Check::Absent(name) => format!("attribute_not_exists({})", self.name(name)),
            Check::Present(name) => format!("attribute_exists({})", self.name(name)),
            Check::Equal(name, value) => format!("{} = {}", self.name(name), self.value(value)),
            Check::Below(name, value) => format!("{} < {}", self.name(name), self.value(value)),
            Check::Contains(name, value) => format!("contains({}, {})", self.name(name), self.value(value)),
            Check::AnyOf(checks) => {
                let terms: Vec<_> = checks.into_iter().map(|check| self.term(check)).collect();
                format!("({})", terms.join(" OR "))
            }
        }
    }

    /// Spells a change of attributes.
    pub(super) fn update(&mut self, changes: Vec<(&'static str, Change)>) -> String {
        let [mut sets, mut removes, mut adds, mut deletes] = [const { Vec::new() }; 4];
        for (name, change) in changes {
            let name = self.name(name);
            match change {
                Change::Set(Some(value)) => sets.push(format!("{name} = {}", self.value(value))),
                Change::Set(None) => removes.push(name),
                Change::Add(amount) => adds.push(format!("{name} {}", self.value(amount))),
                Change::TakeOut(texts) => deletes.push(format!("{name} {}", self.value(texts))),
            }
        }
        let mut text = String::new();
        for (word, terms) in [("SET", sets), ("REMOVE", removes), ("ADD", adds), ("DELETE", deletes)] {
            if !terms.is_empty() {
                write!(text, "{word} {} ", terms.join(", ")).expect("writing to a text does not fail");
            }
        }
        text
    }
}

/// What becomes of an attribute.
#[derive(Debug, Clone)]
pub(super) enum Change {
    /// It gets this value, or goes away.
    Set(Option<AttributeValue>),
    /// It goes up by this number.
    Add(AttributeValue),
    /// These texts go out of the set that it is.
    TakeOut(AttributeValue),
}

#[cfg(test)]
mod tests {
    use super::super::item::{number, text, texts};
    use super::*;

    #[test]
    fn names_never_appear_bare() {
        let mut expression = Expression::default();
        let update = expression.update(vec![
            ("status", Change::Set(Some(text("x")))),
            ("ttl", Change::Set(None)),
            ("uses", Change::Add(number(1))),
            ("codes", Change::TakeOut(texts(["a"]))),
        ]);
        assert_eq!(update, "SET #status = :v0 REMOVE #ttl ADD #uses :v1 DELETE #codes :v2 ");
        let condition = expression.condition(vec![
            Check::Present("PK"),
            Check::Contains("codes", text("a")),
            Check::AnyOf(vec![Check::Absent("uses"), Check::Below("uses", number(3))]),
        ]);
        let expected =
            "attribute_exists(#PK) AND contains(#codes, :v3) AND (attribute_not_exists(#uses) OR #uses < :v4)";
        assert_eq!(condition.as_deref(), Some(expected));
        assert_eq!((expression.names.len(), expression.values.len()), (5, 5));
        assert_eq!(expression.condition(Vec::new()), None);
    }
}
