//! Everything that Yjs and `yrs` write passes, whole and in pieces; nothing else does.

mod author;
mod lists;
mod storm;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{Doc, ReadTxn, StateVector, Transact, Update};

use super::*;
use author::Authors;

const SEEDS: u64 = 24;

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
}

fn apply(doc: &Doc, update: &[u8]) {
    doc.transact_mut().apply_update(Update::decode_v1(update).expect("decodes")).expect("applies");
}

fn state(doc: &Doc) -> Vec<u8> {
    doc.transact().encode_state_as_update_v1(&StateVector::default())
}

type Outcome = (String, Vec<(u64, u32)>, Vec<Deletion>);

/// A client, and where a range of its clocks begins and how long it is.
type Deletion = (u64, (u64, u64));

/// What updates make of an empty document: its content, what is known of each client, and what is deleted. How the
/// blocks were joined is left out: that depends on what came together.
fn outcome<'a>(updates: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let doc = author::empty(1);
    for update in updates {
        apply(&doc, update);
        assert!(!doc.transact().has_missing_updates(), "an update waits for a later one");
    }
    let known = doc.transact().state_vector();
    let mut known: Vec<_> = known.iter().map(|(client, clock)| (client.get(), *clock)).collect();
    known.sort_unstable();
    (author::content(&doc), known, deletions(&state(&doc)))
}

fn deletions(state: &[u8]) -> Vec<Deletion> {
    let mut blocks = Blocks::of(state).expect("an update");
    while blocks.next_block().expect("a block").is_some() {}
    let mut ranges = Vec::new();
    ids::delete_set(&mut blocks.finish().expect("an order"), |client, range| ranges.push((client, range)))
        .expect("a delete set");
    ranges.sort_unstable();
    ranges
}

#[test]
fn whatever_is_written_passes() {
    for seed in 0..SEEDS {
        let mut authors = Authors::new(seed);
        for update in authors.write(60) {
            assert!(check(&update).is_ok(), "seed {seed}: {:?}", check(&update));
        }
        let doc = authors.first();
        assert_eq!(check(&state(doc)), check(&Update::decode_v1(&state(doc)).expect("decodes").encode_v1()));
        assert!(check(&state(doc)).is_ok(), "seed {seed}");
        assert_eq!(check_state_vector(&doc.transact().state_vector().encode_v1()), Ok(()));
    }
}

#[test]
fn the_pieces_make_the_same_document() {
    for seed in 0..SEEDS {
        let mut authors = Authors::new(seed);
        authors.write(80);
        let whole = state(authors.first());
        let expected = outcome([whole.as_slice()]);
        assert!(expected.0 == author::content(authors.first()), "seed {seed}");
        for max_bytes in [64, 200, 1_000, whole.len() - 1] {
            let parts = split(&whole, max_bytes);
            assert!(outcome(parts.iter().map(Vec::as_slice)) == expected, "seed {seed}, pieces of {max_bytes}");
            for part in &parts {
                assert!(check(part).is_ok(), "seed {seed}");
                // A value that cannot be divided has at most so many bytes here.
                assert!(part.len() <= max_bytes + author::VALUE_MAX_BYTES, "seed {seed}: {} bytes", part.len());
            }
        }
    }
}

#[test]
fn a_huge_text_comes_in_pieces_that_others_can_write_between() {
    let mut random = SmallRng::seed_from_u64(7);
    let text: String = (0..20_000).map(|_| if random.random() { 'a' } else { '🦀' }).collect();
    let doc = author::empty(7);
    author::paste(&doc, "pasted", &text);
    let before = state(&doc);
    let update = author::paste(&doc, "pasted", "and again");
    for bytes in [before.clone(), state(&doc)] {
        let parts = split(&bytes, 1_000);
        assert!(parts.len() > 40);
        assert!(outcome(parts.iter().map(Vec::as_slice)) == outcome([bytes.as_slice()]));
    }
    let parts = split(&before, 1_000);
    let all = parts.iter().map(Vec::as_slice).chain([update.as_slice()]);
    assert!(outcome(all) == outcome([state(&doc).as_slice()]));
}

#[test]
fn what_is_cut_short_or_goes_on_is_refused() {
    let mut authors = Authors::new(3);
    authors.write(60);
    let whole = state(authors.first());
    for end in 0..whole.len() {
        assert!(check(&whole[..end]).is_err(), "{end} bytes of {}", whole.len());
    }
    let longer: Vec<_> = whole.iter().copied().chain([0]).collect();
    assert_eq!(check(&longer), Err(Malformed::Trailing));
}

#[test]
fn structural_nonsense_is_refused() {
    for (bytes, expected) in [
        // Allocates 172 MB when it is decoded.
        ("ffff7fff0f", Malformed::Count),
        // Poisons every later encode: 1 block of client 2^28 - 1 at a clock of 15, with values that it does not have.
        ("0101ffffffff0f6d026b30408000000101010101", Malformed::Kind),
        ("", Malformed::Short),
        ("ff", Malformed::Short),
        // A client above 2^53, a clock above 2^31, a clock whose block ends above it.
        ("0101ffffffffffffff1f0000010000", Malformed::Range),
        ("0101018080808008000100", Malformed::Range),
        ("010101ffffffff070000010000", Malformed::Range),
        // Blocks without length: collected, deleted, an empty string.
        ("01010100000000", Malformed::Range),
        ("0101010001010161000000", Malformed::Range),
        ("01010100040101610000", Malformed::Range),
        // Flags that nobody sets, on content and on a collected block.
        ("01010100140101610161 00", Malformed::Kind),
        ("010101008001000100", Malformed::Kind),
        // A client twice.
        ("0201010000010101000001 00", Malformed::Order),
        // Ranges of a delete set: out of order, overlapping, empty, a client twice.
        ("0001010205010001", Malformed::Order),
        ("0001010200020101", Malformed::Order),
        ("000101010000", Malformed::Range),
        ("00020101000101010201", Malformed::Order),
        // An unknown type, a type that `yrs` reads wrongly, JSON, which it reads wrongly too.
        ("010101000701016109 00", Malformed::Kind),
        ("010101000701016105 016100", Malformed::Kind),
        ("010101000201016101 036e756c00", Malformed::Kind),
        // A string that is no UTF-8.
        ("01010100040101610 1ff00", Malformed::Text),
    ] {
        assert_eq!(check(&hex(&bytes.replace(' ', ""))), Err(expected), "{bytes}");
    }
}

#[test]
fn values_nest_only_so_deep() {
    let nested = |depth: usize| {
        let mut bytes = vec![1, 1, 1, 0, 8, 1, 1, b'a', 1];
        bytes.extend([117, 1].repeat(depth));
        bytes.extend([127, 0]);
        bytes
    };
    assert!(check(&nested(128)).is_ok());
    assert_eq!(check(&nested(129)), Err(Malformed::Depth));
    assert_eq!(check(&nested(1_000_000)), Err(Malformed::Depth));
}

#[test]
fn awareness_has_states_that_are_json() {
    let update = |state: &str| {
        let mut bytes = vec![1, 5, 1, u8::try_from(state.len()).expect("short")];
        bytes.extend(state.bytes());
        bytes
    };
    let mut read = Vec::new();
    let bytes = update("{\"user\":{\"name\":\"Ada\"}}");
    assert_eq!(read_awareness(&bytes, |client, clock, state| read.push((client, clock, is_json(state)))), Ok(()));
    assert_eq!(read, [(5, 1, true)]);
    assert!(is_json("null") && !is_json("{"));
    assert_eq!(read_awareness(&[0xff, 0xff, 0xff, 0x7f, 1], |_, _, _| {}), Err(Malformed::Count));
    assert_eq!(check_state_vector(&[0xff, 0xff, 0xff, 0x7f, 1]), Err(Malformed::Count));
    assert_eq!(check_state_vector(&[1, 5, 3]), Ok(()));
}

/// An update of client 9 with this many characters in blocks of their own.
fn typed(characters: usize) -> Vec<u8> {
    let mut bytes = vec![1];
    part::write_number(&mut bytes, characters as u64);
    bytes.extend([9, 0, 4, 1, 4, b't', b'e', b'x', b't', 1, b'0']);
    for clock in 1..characters {
        bytes.extend([block::HAS_ORIGIN | 4, 9]);
        part::write_number(&mut bytes, clock as u64 - 1);
        bytes.extend([1, b'0' + u8::try_from(clock % 10).expect("a digit")]);
    }
    bytes.push(0);
    bytes
}

#[test]
fn a_text_in_single_characters_is_joined_before_yrs_copies_it() {
    let update = typed(100_000);
    let fit = fit(&update).expect("sound");
    assert_eq!(check(&fit).expect("sound").blocks, 1);
    let doc = author::empty(1);
    apply(&doc, &fit);
    let text = doc.get_or_insert_text("text");
    let text = yrs::GetString::get_string(&text, &doc.transact());
    assert_eq!((text.len(), &text[99_995..]), (100_000, "56789"));
}

#[test]
fn joined_updates_mean_the_same() {
    for seed in 0..SEEDS {
        let mut authors = Authors::new(seed);
        let updates = authors.write(80);
        let whole = state(authors.first());
        for update in split(&whole, 100).iter().chain(&updates).chain([&whole]) {
            let joined = join::join(update).expect("sound");
            let (before, after) = (check(update).expect("sound"), check(&joined).expect("sound"));
            assert!(after.blocks <= before.blocks && after.copies_bytes <= before.copies_bytes);
        }
        let pieces = split(&whole, 100);
        let joined: Vec<_> = pieces.iter().map(|piece| join::join(piece).expect("sound")).collect();
        assert!(
            outcome(joined.iter().map(Vec::as_slice)) == outcome([join::join(&whole).expect("sound").as_slice()]),
            "seed {seed}"
        );
    }
}

/// Takes updates as the room does: what leans on something unknown is left out.
fn admitted(updates: &[&[u8]]) -> (Vec<Vec<u8>>, Vec<bool>) {
    let mut known = Places::default();
    let take = |update: &&[u8]| {
        let admit::Admitted { update, is_ahead } = admit(update, &mut known).expect("sound");
        assert!(check(&update).is_ok());
        (update.into_owned(), is_ahead)
    };
    updates.iter().map(take).unzip()
}

#[test]
fn what_leans_on_something_unknown_is_left_out() {
    for seed in 0..SEEDS {
        let mut random = SmallRng::seed_from_u64(seed);
        let mut authors = Authors::new(seed);
        let mut updates = authors.write(60);
        let whole = state(authors.first());
        let in_order: Vec<_> = updates.iter().map(Vec::as_slice).collect();
        let (taken, ahead) = admitted(&in_order);
        assert!(!ahead.contains(&true), "seed {seed}: nothing is missing");
        assert!(outcome(taken.iter().map(Vec::as_slice)) == outcome([whole.as_slice()]), "seed {seed}");

        // With holes, nothing waits; and what the client brings on being asked makes it whole.
        updates.retain(|_| random.random_range(0..4) > 0);
        let mut with_holes: Vec<_> = updates.iter().map(Vec::as_slice).collect();
        with_holes.push(&whole);
        let (taken, ahead) = admitted(&with_holes);
        assert!(outcome(taken.iter().map(Vec::as_slice)) == outcome([whole.as_slice()]), "seed {seed}");
        assert_eq!(ahead.last(), Some(&false), "seed {seed}");
    }
}

#[test]
fn the_places_of_a_state_are_those_of_its_updates() {
    for seed in 0..SEEDS {
        let mut authors = Authors::new(seed);
        let updates = authors.write(60);
        let mut by_updates = Places::default();
        for update in &updates {
            admit(update, &mut by_updates).expect("sound");
        }
        let by_state = Places::of(&state(authors.first())).expect("sound");
        // Everything after the next update leans on that.
        let next = authors.write(1).swap_remove(0);
        for mut known in [by_updates, by_state] {
            assert!(!admit(&next, &mut known).expect("placed").is_ahead, "seed {seed}");
        }
    }
}

#[test]
fn a_block_that_no_place_can_have_is_refused() {
    // Two texts, a map with an entry, a type in the map.
    let base = [1, 4, 9, 0, 4, 1, 1, b't', 1, b'a', 4, 1, 1, b'u', 1, b'b', 0x28, 1, 1, b'm', 1, b'k', 1, 127, 0x27, 1];
    let base = [&base[..], &[1, b'm', 1, b'l', 2, 0]].concat();
    let mut known = Places::default();
    admit(&base, &mut known).expect("placed");
    let verdict = |block: &[u8]| {
        admit(&[&[1, 1, 8, 0], block, &[0]].concat(), &mut known.clone()).map(|admitted| admitted.is_ahead)
    };
    assert_eq!(verdict(&[0x84, 9, 0, 1, b'x']), Ok(false));
    // Between two texts, between a text and an entry.
    assert_eq!(verdict(&[0xc4, 9, 0, 9, 1, 1, b'x']), Err(Malformed::Misplaced));
    assert_eq!(verdict(&[0xc4, 9, 0, 9, 2, 1, b'x']), Err(Malformed::Misplaced));
    // In a character, in a type, in nobody knows what.
    assert_eq!(verdict(&[4, 0, 9, 0, 1, b'x']), Err(Malformed::Misplaced));
    assert_eq!(verdict(&[4, 0, 9, 3, 1, b'x']), Ok(false));
    assert_eq!(verdict(&[4, 0, 9, 4, 1, b'x']), Ok(true));
}

/// Maps within each other, each the value of a key.
fn nested(levels: u64) -> Vec<u8> {
    let mut bytes = vec![1];
    part::write_number(&mut bytes, levels);
    bytes.extend([9, 0, 0x27, 1, 1, b'm', 1, b'k', 1]);
    for level in 1..levels {
        bytes.extend([0x27, 0, 9]);
        part::write_number(&mut bytes, level - 1);
        bytes.extend([1, b'k', 1]);
    }
    bytes.push(0);
    bytes
}

#[test]
fn types_nest_only_so_deep() {
    let admitted = |levels| admit(&nested(levels), &mut Places::default()).map(drop);
    assert_eq!(admitted(101), Ok(()));
    assert_eq!(admitted(102), Err(Malformed::Depth));
    assert_eq!(admitted(100_000), Err(Malformed::Depth));
}

#[test]
fn blocks_that_lean_on_each_other_in_a_circle_are_left_out() {
    let circle = [2, 1, 9, 0, 0x84, 8, 0, 1, b'x', 1, 8, 0, 0x84, 9, 0, 1, b'x', 0];
    let itself = [1, 1, 9, 0, 0x84, 9, 0, 1, b'x', 0];
    for update in [&circle[..], &itself] {
        let admitted = admit(update, &mut Places::default()).expect("sound");
        assert!(admitted.is_ahead);
        assert_eq!(*admitted.update, [0, 0]);
    }
}

#[test]
fn a_frame_brings_only_so_much() {
    let blocks = |count: usize, block: &[u8]| {
        let mut bytes = vec![1];
        part::write_number(&mut bytes, count as u64);
        bytes.extend([9, 0]);
        bytes.extend(block.repeat(count));
        bytes.push(0);
        bytes
    };
    let text = [4, 1, 1, b't', 1, b'x'];
    assert_eq!(check_frame(&blocks(1_000, &text)), Ok(()));
    assert_eq!(check_frame(&blocks(140_000, &text)), Err(Malformed::Heavy));
    assert_eq!(check_frame(&blocks(140_000, &[0, 1])), Err(Malformed::Heavy));
    // Documents in the document, of 7 bytes each.
    assert_eq!(check_frame(&blocks(100_000, &[9, 1, 1, b't', 1, b'g', 127])), Err(Malformed::Heavy));
    // One block with two million values.
    let mut values = vec![1, 1, 9, 0, 8, 1, 1, b't'];
    part::write_number(&mut values, 2_500_000);
    values.extend(vec![127; 2_500_000]);
    values.push(0);
    assert_eq!(check_frame(&values), Err(Malformed::Heavy));
    // A text of 10 MB is one block.
    let mut text = vec![1, 1, 9, 0, 4, 1, 1, b't'];
    part::write_number(&mut text, 10_000_000);
    text.extend(vec![b'x'; 10_000_000]);
    text.push(0);
    assert_eq!(check_frame(&text), Ok(()));
}
