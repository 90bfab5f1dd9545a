//! Documents that are large, have many files, or were written in many edits: those who come late get them in frames
//! that arrive in time, storage takes them in rows that the runtime allows, and the next edge opens them as they were.

use protocol::limits::FILES_MAX;
use tests::trace::{EDITS, edits};
use tests::{RoomDatabase, Stack, SyncSocket, TestRoom};
use yrs::{Map as _, MapRef, Out, Text as _, TextPrelim, TransactionMut, WriteTxn as _};

/// Characters of a large document, each of them a byte.
const LARGE: usize = 10 * 1024 * 1024;

/// A large document comes in one paste, or in so many.
const PASTES: usize = 20;

/// Edits that one frame brings.
const EDITS_PER_FRAME: usize = 100;

/// The session that is written down.
const SEED: u64 = 20_260_000;

/// Largest frame that a latecomer gets, with what surrounds the part of an update in it.
const FRAME_MAX_BYTES: usize = 512 * 1024 + 4 * 1024;

/// Largest row that the runtime stores.
const ROW_MAX_BYTES: usize = 2_000_000;

/// Lines that do not repeat, so that nothing takes them for less than they are.
fn prose(bytes: usize) -> String {
    let mut text: String = (0..).map(|line| format!("{line:>9} and so on\n")).take(bytes / 20 + 1).collect();
    text.truncate(bytes);
    text
}

fn files(transaction: &mut TransactionMut<'_>) -> MapRef {
    transaction.get_or_insert_map("files")
}

/// A room with a large document, and the document as its writer has it.
struct Large {
    room: TestRoom,
    document: SyncSocket,
}

impl Large {
    async fn written(stack: &Stack, name: &str, write: impl AsyncFnOnce(&mut SyncSocket)) -> Self {
        let room = stack.guest_room(name).await;
        let mut document = room.owner.document().await;
        write(&mut document).await;
        document.barrier().await;
        Self { room, document }
    }

    /// Somebody who comes now gets all of it, in frames that arrive in time; so does whoever asks from outside.
    async fn reaches_latecomers(&self) {
        let late = self.room.watch_as("Late").await.document().await;
        let name = &self.room.room.name;
        assert!(late.largest <= FRAME_MAX_BYTES, "{name}: a frame has {} bytes", late.largest);
        let files = self.room.owner.files().await.items;
        assert_eq!(files.len(), self.document.paths().len());
        for file in files {
            // Not `assert_eq`: nobody reads 10 MB.
            assert!(
                self.document.text(&file.path).as_ref() == Some(&file.content),
                "{name}: {} from outside",
                file.path
            );
            assert!(late.text(&file.path).as_ref() == Some(&file.content), "{name}: {} for a latecomer", file.path);
        }
    }

    /// No row is larger than the runtime allows, by far.
    fn has_small_rows(&self, stack: &Stack) {
        let largest = RoomDatabase::of(stack, self.room.id()).largest_row();
        assert!(largest.bytes < ROW_MAX_BYTES, "{}: {largest:?}", self.room.room.name);
    }

    /// Its writer goes on.
    async fn goes_on(&mut self) {
        let mut document = self.room.owner.document_with(self.document.doc().clone()).await;
        document.write("new.txt", "on it goes").await;
        document.barrier().await;
        self.document = document;
        self.reaches_latecomers().await;
    }
}

async fn one_paste(document: &mut SyncSocket) {
    document.write("large.txt", &prose(LARGE)).await;
}

async fn many_pastes(document: &mut SyncSocket) {
    document.write("large.txt", "").await;
    let text = prose(LARGE);
    for at in (0..LARGE).step_by(LARGE.div_ceil(PASTES)) {
        let piece = &text[at..(at + LARGE.div_ceil(PASTES)).min(LARGE)];
        document.insert("large.txt", u32::try_from(at).expect("it fits"), piece).await;
    }
}

async fn many_files(document: &mut SyncSocket) {
    document
        .change(|transaction| {
            let files = files(transaction);
            for number in 0..FILES_MAX {
                let path = format!("folder {}/file {number}.txt", number % 7);
                files.insert(transaction, path, TextPrelim::new(format!("the text of file {number}\n")));
            }
        })
        .await;
}

async fn many_edits(document: &mut SyncSocket) {
    document.write("paper.tex", "").await;
    let (mut session, mut left) = (edits(SEED), EDITS);
    while left > 0 {
        let count = left.min(EDITS_PER_FRAME);
        document
            .change(|transaction| {
                let Some(Out::YText(text)) = files(transaction).get(transaction, "paper.tex") else {
                    panic!("no paper")
                };
                for edit in session.by_ref().take(count) {
                    text.remove_range(transaction, edit.at, edit.deleted);
                    let inserted: String = edit.inserted.into_iter().collect();
                    text.insert(transaction, edit.at, &inserted);
                }
            })
            .await;
        left -= count;
        // What the room lets one person send at once is less than all of it.
        if left.is_multiple_of(EDITS_PER_FRAME * 100) {
            document.barrier().await;
        }
    }
}

#[tokio::test]
async fn what_is_large_or_many_reaches_latecomers_and_outlives_the_edge() {
    let stack = Stack::alone_from_env().await;
    let mut all = [
        Large::written(&stack, "One paste", one_paste).await,
        Large::written(&stack, "Many pastes", many_pastes).await,
        Large::written(&stack, "Many files", many_files).await,
        Large::written(&stack, "Many edits", many_edits).await,
    ];
    for large in &all {
        large.reaches_latecomers().await;
    }
    stack.while_resting("edge", || all.iter().for_each(|large| large.has_small_rows(&stack))).await;
    for large in &all {
        large.reaches_latecomers().await;
    }
    stack.kill("edge").await;
    for large in &mut all {
        large.goes_on().await;
    }
}
