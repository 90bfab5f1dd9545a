//! Applying updates to a document so that `yrs` can do no harm beyond it.
//!
//! What comes from a client is taken only as far as the document has what it leans on. Whatever panics is caught; the
//! document is suspect then, and the room loads it again from what it stored.

use yrs::{ReadTxn, Transact, TransactionMut, Update};

use crate::document::{Document, DocumentError, Novelty, caught, decode};
use crate::update::{Places, admit, check_frame, deletion};

/// What was taken of a client's update.
#[derive(Debug)]
pub(crate) struct Taken {
    /// What it brought, if that was something new.
    pub(crate) update: Option<Vec<u8>>,
    /// True if something was left out that leans on what the document lacks.
    pub(crate) is_ahead: bool,
}

impl Document {
    /// Applies what a client sent, as far as the document has what it leans on.
    ///
    /// # Errors
    /// [`DocumentError`]. After [`DocumentError::Inapplicable`] the document must not be used again.
    pub(crate) fn take(&mut self, update: Vec<u8>) -> Result<Taken, DocumentError> {
        check_frame(&update)?;
        let mut places = match self.places.take() {
            Some(places) => places,
            None => Places::of(&self.state()?)?,
        };
        let admitted = match admit(&update, &mut places) {
            Ok(admitted) => admitted,
            Err(malformed) => {
                self.places = Some(places);
                return Err(malformed.into());
            }
        };
        let written = self.write(&admitted.update)?;
        if written.waits {
            return Err(DocumentError::Inapplicable);
        }
        self.places = Some(places);
        let update = written.is_new.then(|| admitted.update.into_owned());
        Ok(Taken { update, is_ahead: admitted.is_ahead })
    }

    /// Applies an update and encodes it again.
    ///
    /// # Errors
    /// [`DocumentError`]. After [`DocumentError::Inapplicable`] the document must not be used again.
    pub fn apply(&mut self, update: &[u8]) -> Result<Novelty, DocumentError> {
        self.write(update).map(|written| if written.is_new { Novelty::New } else { Novelty::Known })
    }

    fn write(&mut self, update: &[u8]) -> Result<Written, DocumentError> {
        self.places = None;
        let update = decode(update)?;
        let mut transaction = self.doc.transact_mut();
        let written = caught(|| integrate(&mut transaction, update));
        // Dropping a transaction commits it, and a panic in there while another one unwinds would end the process.
        let committed = caught(|| {
            transaction.commit();
            Some(())
        });
        written.filter(|_| committed.is_some()).ok_or(DocumentError::Inapplicable)
    }
}

/// What an update did to a document.
struct Written {
    /// True if something was inserted or deleted, or waits.
    is_new: bool,
    /// True if something came to wait for what comes before it.
    waits: bool,
}

fn integrate(transaction: &mut TransactionMut<'_>, update: Update) -> Option<Written> {
    let was_waiting = transaction.has_missing_updates();
    transaction.apply_update(update).ok()?;
    let is_changed = !transaction.insert_set().is_empty() || !transaction.delete_set().is_empty();
    // Encoding finds what applied well and would panic in every later encode.
    transaction.encode_update_v1();
    let waits = transaction.has_missing_updates();
    if waits {
        // What waits is merged into every encoded state, and only then read in full.
        let state = transaction.state_vector();
        transaction.encode_state_as_update_v1(&state);
    }
    Some(Written { is_new: is_changed || waits || was_waiting, waits: waits && !was_waiting })
}

impl Drop for Document {
    /// A document within a document refers to the one around it, by which both would live on. Deleting everything
    /// parts them.
    fn drop(&mut self) {
        let has_documents = self.doc.transact().subdocs().next().is_some();
        if has_documents {
            let state = self.state_vector();
            let everything = state.iter().map(|(client, clock)| (client.get(), (0, u64::from(*clock))));
            // Where it does not apply some memory is lost.
            self.apply(&deletion(everything)).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use yrs::{Array, Doc, Map, MapPrelim, MapRef, StateVector, Text};

    use super::*;

    fn document() -> Document {
        Document::load(None, &[]).0
    }

    fn change(doc: &Doc, act: impl FnOnce(&mut TransactionMut<'_>)) -> Vec<u8> {
        let mut transaction = doc.transact_mut();
        act(&mut transaction);
        transaction.encode_update_v1()
    }

    #[test]
    fn what_leans_on_something_missing_is_left_out_until_it_comes() {
        let doc = Doc::with_client_id(7);
        let text = doc.get_or_insert_text("t");
        let [first, second] = ["a", "b"].map(|word| change(&doc, |transaction| text.push(transaction, word)));
        let mut document = document();
        let taken = document.take(second.clone()).expect("sound");
        assert!(taken.is_ahead && taken.update.is_none());
        assert_eq!(document.state_vector(), StateVector::default());
        let whole = doc.transact().encode_state_as_update_v1(&document.state_vector());
        let taken = document.take(whole).expect("sound");
        assert!(!taken.is_ahead && taken.update.is_some());
        for known in [first, second] {
            let taken = document.take(known).expect("sound");
            assert!(!taken.is_ahead && taken.update.is_none());
        }
        assert_eq!(document.state_vector(), doc.transact().state_vector());
    }

    #[test]
    fn a_clock_in_the_future_is_not_shown_before_its_past() {
        let mut document = document();
        let taken = document.take(vec![1, 1, 9, 100, 4, 1, 1, b't', 1, b'x', 0]).expect("sound");
        assert!(taken.is_ahead && taken.update.is_none());
        let taken = document.take(vec![1, 1, 9, 0, 4, 1, 1, b't', 1, b'x', 1, 9, 1, 0, 50]).expect("sound");
        assert!(taken.is_ahead, "it deletes what is not there");
        assert_eq!(check_frame(&taken.update.expect("what is there")), Ok(()));
    }

    #[test]
    fn types_nest_only_so_deep_however_they_come() {
        let doc = Doc::with_client_id(7);
        let mut map: MapRef = doc.get_or_insert_map("m");
        let mut document = document();
        let updates = (0..200)
            .map(|_| change(&doc, |transaction| map = map.insert(transaction, "k", MapPrelim::from([("x", 1)]))));
        let refused = updates.into_iter().position(|update| document.take(update).is_err());
        assert_eq!(refused, Some(100));
        let whole = doc.transact().encode_state_as_update_v1(&StateVector::default());
        assert_eq!(document.take(whole).err(), Some(DocumentError::Misplaced));
    }

    #[test]
    fn a_type_beside_another_is_as_deep() {
        let doc = Doc::with_client_id(7);
        let array = doc.get_or_insert_array("a");
        let mut document = document();
        for _ in 0..200 {
            let update = change(&doc, |transaction| {
                array.push_back(transaction, MapPrelim::from([("x", 1)]));
                array.push_back(transaction, 5);
            });
            assert!(document.take(update).is_ok());
        }
    }
}
