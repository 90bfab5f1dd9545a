//! Everything that a document shows, as text: which element comes after which in every list, what stands in it, and
//! what is in every map.
//!
//! Every type is read as a list and as a map, whatever it is said to be: that is how clients differ in what they see.
//! Elements are told by who wrote them and when, since `yrs` reads no characters of two UTF-16 units in an array.

use yrs::branch::{Branch, BranchID};
use yrs::types::text::YChange;
use yrs::{
    Any, Assoc, Doc, IndexScope, IndexedSequence, Map, MapRef, Nested, Out, ReadTxn, Text, TextRef, Transact,
    XmlElementRef,
};

/// What a document shows under these names.
pub(crate) fn of(doc: &Doc, names: &[&str]) -> String {
    let name = |name: &&str| {
        let (text, map) = (doc.get_or_insert_text(*name), doc.get_or_insert_map(*name));
        let transaction = doc.transact();
        format!("{name:?}: {}{}\n", list(&text, &transaction), entries(&map, &transaction))
    };
    names.iter().map(name).collect()
}

fn value(value: &Out, transaction: &impl ReadTxn) -> String {
    match value {
        Out::Any(value) => any(value),
        Out::YDoc(doc) => format!("document {}", doc.guid()),
        Out::YText(it) => branch(it.as_ref(), transaction),
        Out::YArray(it) => branch(it.as_ref(), transaction),
        Out::YMap(it) => branch(it.as_ref(), transaction),
        Out::YXmlElement(it) => format!("<{}>{}", tag(it), branch(it.as_ref(), transaction)),
        Out::YXmlFragment(it) => branch(it.as_ref(), transaction),
        Out::YXmlText(it) => branch(it.as_ref(), transaction),
        Out::UndefinedRef(it) => branch(it, transaction),
    }
}

fn tag(element: &XmlElementRef) -> String {
    element.try_tag().map(ToString::to_string).unwrap_or_default()
}

/// A type that lies in another.
fn branch(branch: &Branch, transaction: &impl ReadTxn) -> String {
    let BranchID::Nested(id) = branch.id() else { return "top-level".to_owned() };
    let text = Nested::<TextRef>::new(id).get(transaction).map(|text| list(&text, transaction));
    let map = Nested::<MapRef>::new(id).get(transaction).map(|map| entries(&map, transaction));
    format!("{id:?}{text:?}{map:?}")
}

fn list(text: &TextRef, transaction: &impl ReadTxn) -> String {
    let elements = (0..text.len(transaction)).map(|index| {
        let sticky = text.sticky_index(transaction, index, Assoc::After);
        match sticky.as_ref().map(yrs::StickyIndex::scope) {
            Some(IndexScope::Relative(id)) => format!("{}:{} ", id.client, id.clock),
            other => format!("{other:?} "),
        }
    });
    let elements: String = elements.collect();
    let chunks = text.diff(transaction, YChange::identity).into_iter().map(|chunk| {
        let formats = chunk.attributes.into_iter().flat_map(|formats| *formats);
        let formats = sorted(formats.map(|(key, value)| format!("{key:?}={}", any(&value))));
        format!("{}{formats}", value(&chunk.insert, transaction))
    });
    format!("({elements})[{}]", chunks.collect::<Vec<_>>().join(","))
}

fn entries(map: &MapRef, transaction: &impl ReadTxn) -> String {
    sorted(map.iter(transaction).map(|(key, entry)| format!("{key:?}={}", value(&entry, transaction))))
}

fn any(any: &Any) -> String {
    match any {
        Any::Map(entries) => sorted(entries.iter().map(|(key, value)| format!("{key:?}={}", self::any(value)))),
        Any::Array(values) => values.iter().map(self::any).collect::<Vec<_>>().join(","),
        other => format!("{other:?}"),
    }
}

fn sorted(entries: impl Iterator<Item = String>) -> String {
    let mut entries: Vec<String> = entries.collect();
    entries.sort();
    format!("{{{}}}", entries.join(","))
}
