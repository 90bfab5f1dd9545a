//! Random documents with everything that Yjs has: texts with formats and embeds, maps, arrays, XML, binary values,
//! nested types, documents within documents, by several people at once.

use std::collections::HashMap;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use yrs::types::{Attrs, ToJson};
use yrs::updates::decoder::Decode;
use yrs::{
    Any, Array, ArrayPrelim, Doc, GetString, Map, MapPrelim, OffsetKind, Options, ReadTxn, Text, TextPrelim, Transact,
    TransactionMut, Update, Xml, XmlElementPrelim, XmlFragment, XmlTextPrelim,
};

/// Bytes of the largest value that is written in one piece.
pub(super) const VALUE_MAX_BYTES: usize = 600;

const WORDS: [&str; 6] = ["a", "hello ", "Grüße", "🦀🦀", "\n", "let x = 1;"];

/// An empty document. It leaves formats alone that have become idle: `yrs` cleans up differently in one transaction and
/// in several.
pub(super) fn empty(client: u64) -> Doc {
    let mut options = Options::with_client_id(yrs::block::ClientID::new(client));
    options.offset_kind = OffsetKind::Utf16;
    options.cleanup_formatting = false;
    Doc::with_options(options)
}

/// All content of a document, in a fixed order.
pub(super) fn content(doc: &Doc) -> String {
    let (text, xml) = (doc.get_or_insert_text("text"), doc.get_or_insert_xml_fragment("xml"));
    let (map, array) = (doc.get_or_insert_map("map"), doc.get_or_insert_array("array"));
    let pasted = doc.get_or_insert_text("pasted");
    let transaction = doc.transact();
    let mut entries: Vec<_> = map.iter(&transaction).map(|(key, value)| (key.to_owned(), value)).collect();
    entries.sort_by(|one, other| one.0.cmp(&other.0));
    let entries: Vec<_> = entries.into_iter().map(|(key, value)| (key, sorted(&value.to_json(&transaction)))).collect();
    let chunks: Vec<_> = text
        .diff(&transaction, yrs::types::text::YChange::identity)
        .into_iter()
        .map(|chunk| {
            let mut formats: Vec<_> =
                chunk.attributes.into_iter().flat_map(|attributes| *attributes).map(|(key, _)| key).collect();
            formats.sort();
            (sorted(&chunk.insert.to_json(&transaction)), formats)
        })
        .collect();
    let array = sorted(&array.to_json(&transaction));
    format!("{chunks:?} {} {entries:?} {array} {}", xml.get_string(&transaction), pasted.get_string(&transaction))
}

/// A value as text, its maps in order.
fn sorted(value: &Any) -> String {
    match value {
        Any::Map(entries) => {
            let mut entries: Vec<_> = entries.iter().map(|(key, value)| format!("{key}:{}", sorted(value))).collect();
            entries.sort();
            format!("{{{}}}", entries.join(","))
        }
        Any::Array(values) => format!("[{}]", values.iter().map(sorted).collect::<Vec<_>>().join(",")),
        // A whole number beyond 32 bits comes back as a fraction.
        Any::Number(number) => format!("{:?}", number.as_f64()),
        other => format!("{other:?}"),
    }
}

/// Puts a text into the middle of another, and returns the update.
pub(super) fn paste(doc: &Doc, name: &str, content: &str) -> Vec<u8> {
    let text = doc.get_or_insert_text(name);
    let mut transaction = doc.transact_mut();
    let length = text.len(&transaction);
    text.insert(&mut transaction, if length > 4 { 2 } else { 0 }, content);
    transaction.encode_update_v1()
}

/// People who write, each in a document of their own.
pub(super) struct Authors {
    random: SmallRng,
    docs: Vec<Doc>,
}

impl Authors {
    pub(super) fn new(seed: u64) -> Self {
        let count = SmallRng::seed_from_u64(seed).random_range(1..4);
        Self::of_count(seed, count)
    }

    pub(super) fn of_count(seed: u64, count: usize) -> Self {
        let mut random = SmallRng::seed_from_u64(seed);
        let docs = (0..count).map(|_| empty(random.random_range(2..1 << 53))).collect();
        Self { random, docs }
    }

    pub(super) fn first(&self) -> &Doc {
        &self.docs[0]
    }

    pub(super) fn all(&self) -> &[Doc] {
        &self.docs
    }

    /// Writes, exchanges what was written now and then, and returns all updates. At the end everybody knows all.
    pub(super) fn write(&mut self, rounds: u32) -> Vec<Vec<u8>> {
        let mut updates = Vec::new();
        for _ in 0..rounds {
            let author = self.random.random_range(0..self.docs.len());
            updates.push(self.write_once(author));
            if self.random.random_range(0..8) == 0 {
                let other = self.random.random_range(0..self.docs.len());
                updates.push(self.bring(other, author));
            }
        }
        for _ in 0..2 {
            for (one, other) in (1..self.docs.len()).flat_map(|index| [(index, 0), (0, index)]) {
                updates.push(self.bring(one, other));
            }
        }
        updates
    }

    /// Brings somebody what another lacks, and returns that.
    pub(super) fn bring(&self, from: usize, to: usize) -> Vec<u8> {
        if from == to {
            return vec![0, 0];
        }
        let known = self.docs[to].transact().state_vector();
        let update = self.docs[from].transact().encode_state_as_update_v1(&known);
        let decoded = Update::decode_v1(&update).expect("decodes");
        self.docs[to].transact_mut().apply_update(decoded).expect("applies");
        update
    }

    pub(super) fn write_once(&mut self, author: usize) -> Vec<u8> {
        let random = &mut self.random;
        let doc = &self.docs[author];
        let (text, xml) = (doc.get_or_insert_text("text"), doc.get_or_insert_xml_fragment("xml"));
        let (map, array) = (doc.get_or_insert_map("map"), doc.get_or_insert_array("array"));
        let mut transaction = doc.transact_mut();
        for _ in 0..random.random_range(1..4) {
            match random.random_range(0..4) {
                0 => write_text(random, &text, &mut transaction),
                1 => write_map(random, &map, &mut transaction),
                2 => write_array(random, &array, &mut transaction),
                _ => write_xml(random, &xml, &mut transaction),
            }
        }
        transaction.encode_update_v1()
    }
}

fn word(random: &mut SmallRng) -> &'static str {
    WORDS[random.random_range(0..WORDS.len())]
}

fn formats(random: &mut SmallRng) -> Attrs {
    let value = match random.random_range(0..3) {
        0 => Any::Bool(true),
        1 => Any::Null,
        _ => Any::String(word(random).into()),
    };
    Attrs::from([(if random.random() { "bold".into() } else { "link".into() }, value)])
}

fn value(random: &mut SmallRng, depth: u32) -> Any {
    match random.random_range(0..if depth > 3 { 9 } else { 11 }) {
        0 => Any::Null,
        1 => Any::Undefined,
        2 => Any::Bool(random.random()),
        3 => Any::from(random.random::<i64>() >> random.random_range(0..64)),
        4 => Any::Number(yrs::any::Number::Float(random.random())),
        5 | 6 => Any::String(word(random).into()),
        7 => Any::from(random.random::<i32>()),
        8 => Any::Buffer(vec![7; random.random_range(0..20)].into()),
        9 => Any::Array((0..random.random_range(0..4)).map(|_| value(random, depth + 1)).collect()),
        _ => {
            let entries: HashMap<_, _> =
                (0..random.random_range(0..3)).map(|_| (word(random).to_owned(), value(random, depth + 1))).collect();
            Any::from(entries)
        }
    }
}

fn write_text(random: &mut SmallRng, text: &yrs::TextRef, transaction: &mut TransactionMut<'_>) {
    // Whoever cuts a surrogate pair has two replacement characters; who hears of both halves at once, the pair.
    let word = |random: &mut SmallRng| word(random).replace('🦀', "ü");
    let length = text.len(transaction);
    let at = random.random_range(0..=length);
    let span = random.random_range(0..=(length - at).min(12));
    match random.random_range(0..7) {
        0..3 => text.insert(transaction, at, &word(random)),
        3 => text.insert_with_attributes(transaction, at, &word(random), formats(random)),
        4 => text.format(transaction, at, span, formats(random)),
        5 => drop(text.insert_embed(transaction, at, Any::from(HashMap::from([("image".to_owned(), Any::from(1))])))),
        _ => text.remove_range(transaction, at, span),
    }
}

fn write_map(random: &mut SmallRng, map: &yrs::MapRef, transaction: &mut TransactionMut<'_>) {
    let key = format!("key {}", random.random_range(0..5));
    match random.random_range(0..6) {
        0 => drop(map.insert(transaction, key, TextPrelim::new(word(random)))),
        1 => drop(map.insert(transaction, key, MapPrelim::from([("inner", value(random, 2))]))),
        2 => drop(map.remove(transaction, &key)),
        3 => drop(map.insert(transaction, key, Doc::new())),
        _ => drop(map.insert(transaction, key, value(random, 0))),
    }
}

fn write_array(random: &mut SmallRng, array: &yrs::ArrayRef, transaction: &mut TransactionMut<'_>) {
    let length = array.len(transaction);
    let at = random.random_range(0..=length);
    match random.random_range(0..6) {
        0 => drop(array.insert(transaction, at, ArrayPrelim::from([1, 2, 3]))),
        1 => drop(array.insert(transaction, at, MapPrelim::from([("deep", TextPrelim::new("er"))]))),
        2 => array.remove_range(transaction, at, random.random_range(0..=(length - at).min(4))),
        _ => {
            let values: Vec<_> = (0..random.random_range(1..5)).map(|_| value(random, 0)).collect();
            array.insert_range(transaction, at, values);
        }
    }
}

fn write_xml(random: &mut SmallRng, xml: &yrs::XmlFragmentRef, transaction: &mut TransactionMut<'_>) {
    let length = xml.len(transaction);
    let at = random.random_range(0..=length);
    match random.random_range(0..4) {
        0 => drop(xml.insert(transaction, at, XmlTextPrelim::new(word(random)))),
        1 | 2 => {
            let element = xml.insert(transaction, at, XmlElementPrelim::empty("p"));
            element.insert_attribute(transaction, "class", word(random));
            element.push_back(transaction, XmlTextPrelim::new(word(random)));
        }
        _ if at < length => xml.remove_range(transaction, at, 1),
        _ => {}
    }
}
