//! Large documents at each server: taking them in, giving them to somebody who comes late, opening them cold.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};

use super::books::Books;
use super::client::Client;
use super::corpus::Corpus;
use super::message::{step_1_knowing, update};
use super::process::usage;
use super::report::{Row, median};
use super::server::{Peer, Place, Programs, Server};
use super::snapshot::{State, state_of};
use super::tutti::Tutti;
use crate::room::TestRoom;
use crate::wait::within_time;

/// People who come late, one after the other; the median counts.
const LATECOMERS: usize = 5;

/// The longest that a server may take over a document.
const PATIENCE: Duration = Duration::from_secs(300);

/// The longest that a peer may take over everything that is asked of it with one document; then it has broken down.
const PEERS_PATIENCE: Duration = Duration::from_secs(90);

/// How long a question may stay without an answer.
const ASKED_AGAIN: Duration = Duration::from_secs(5);

/// What one server made of one document.
#[derive(Debug)]
struct Measured {
    /// Updates taken in in a second.
    intake: f64,
    /// Milliseconds until a latecomer has the state.
    late: f64,
    /// MiB that the server grew by.
    memory: f64,
}

/// What is measured at a server while it runs.
async fn fill(server: &Server, place: &Place, corpus: &Corpus) -> Measured {
    let before = usage(&[place.pid]).memory;
    let start = Instant::now();
    feed(&place.urls[0], corpus).await;
    let intake = corpus.updates.len() as f64 / start.elapsed().as_secs_f64();
    let mut late = Vec::new();
    for _ in 0..LATECOMERS {
        late.push(whole_state(&place.urls[1], corpus, server.name()).await.took.as_secs_f64() * 1000.0);
    }
    let memory = usage(&[place.pid]).memory - before;
    println!(
        "{}: {:<12} {intake:.0} updates/s in, late join {:.1} ms, {memory:.0} MiB",
        corpus.name,
        server.name(),
        median(late.clone())
    );
    Measured { intake, late: median(late), memory }
}

/// Sends a document as its author did, update by update, and returns when the server holds it.
async fn feed(url: &str, corpus: &Corpus) {
    let books = Rc::new(RefCell::new(Books::new(1, 0)));
    let author = Client::open(url, 0, Rc::clone(&books)).await;
    answers(&books, 1).await;
    for bytes in &corpus.updates {
        author.send(&update(bytes));
    }
    // y-sweet drops what it cannot send at once, the answer to a question too; then the question is asked again.
    let taken = async {
        while books.borrow().synced < 2 && books.borrow().closed.is_empty() {
            author.send(&step_1_knowing(&corpus.state_vector));
            let _asked_again = timeout(ASKED_AGAIN, answers(&books, 2)).await;
        }
    };
    within_time(PATIENCE, "the server to have taken a document", taken).await;
    author.leave().await;
    let closed = &books.borrow().closed;
    assert!(closed.is_empty(), "the server closed the socket of the author: {closed:?}");
}

async fn answers(books: &RefCell<Books>, count: usize) {
    let wait = async {
        while books.borrow().synced < count && books.borrow().closed.is_empty() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    within_time(PATIENCE, "the answer to a question", wait).await;
}

/// The state of a room, which has to be that of the document.
async fn whole_state(url: &str, corpus: &Corpus, server: &str) -> State {
    let state = within_time(PATIENCE, "a state", state_of(url)).await;
    assert!(corpus.is(&state.updates), "{server} gives another document than {}", corpus.name);
    state
}

/// Measures documents at Tutti and its peers. The edge has been started again afterwards.
pub async fn measure(corpora: &[Corpus], server: &Server, programs: &Programs) -> Vec<Row> {
    let Server::Tutti(tutti) = server else { panic!("it is Tutti that is compared") };
    let mut ours = Vec::new();
    let mut rooms = Vec::new();
    for corpus in corpora {
        let place = server.place(corpus.name, 2).await;
        ours.push(fill(server, &place, corpus).await);
        rooms.push(place.room.expect("Tutti has rooms"));
    }
    let cold = cold_open(corpora, &rooms, tutti).await;
    let mut rows = Vec::new();
    for ((number, corpus), (opened, bytes)) in corpora.iter().enumerate().zip(cold) {
        let first = timeout(PEERS_PATIENCE, at_y_websocket(corpus, programs)).await.ok();
        let second = timeout(PEERS_PATIENCE, at_y_sweet(corpus, programs)).await.ok();
        let of_second = |of: fn(&AtYSweet) -> f64| second.as_ref().map(of);
        let row = |what: &str, unit: &str, of: fn(&Measured) -> f64| {
            Row::new(format!("{}: {what}", corpus.name), of(&ours[number]), unit)
                .beside(Peer::YWebsocket, first.as_ref().map(of))
                .beside(Peer::YSweet, second.as_ref().map(|second| of(&second.measured)))
        };
        rows.push(row("taken in", "updates/s", |measured| measured.intake));
        rows.push(row("late join", "ms", |measured| measured.late));
        rows.push(row("memory", "MiB", |measured| measured.memory));
        let opened = Row::new(format!("{}: opened cold", corpus.name), opened, "ms");
        rows.push(opened.beside(Peer::YSweet, of_second(|second| second.opened)));
        let per_thousand = corpus.updates.len() as f64 / 1000.0;
        let stored = Row::new(format!("{}: stored for 1,000 edits", corpus.name), bytes / per_thousand / 1024.0, "KiB");
        rows.push(stored.beside(Peer::YSweet, of_second(|second| second.bytes).map(|it| it / per_thousand / 1024.0)));
    }
    rows
}

/// Opens the rooms in a runtime that has just started; gives milliseconds and bytes on disk for each.
async fn cold_open(corpora: &[Corpus], rooms: &[TestRoom], tutti: &Tutti) -> Vec<(f64, f64)> {
    tutti.be_ready(true).await;
    let mut opened = Vec::new();
    for (corpus, room) in corpora.iter().zip(rooms) {
        let (urls, _workerd) = tutti.enter(room, 1).await;
        let state = whole_state(&urls[0], corpus, "tutti").await;
        let millis = state.took.as_secs_f64() * 1000.0;
        println!(
            "{}: tutti opens it cold in {millis:.1} ms, in {} updates, silent for {:?} at most",
            corpus.name,
            state.updates.len(),
            state.longest_silence
        );
        opened.push((millis, tutti.stored_bytes(room)));
    }
    opened
}

async fn at_y_websocket(corpus: &Corpus, programs: &Programs) -> Measured {
    let server = Server::start(Peer::YWebsocket, programs).await;
    fill(&server, &server.place("document", 2).await, corpus).await
}

/// What y-sweet made of a document.
struct AtYSweet {
    measured: Measured,
    /// Milliseconds to open it cold.
    opened: f64,
    /// What it takes on disk.
    bytes: f64,
}

async fn at_y_sweet(corpus: &Corpus, programs: &Programs) -> AtYSweet {
    let store = programs.scratch.join("y-sweet");
    let name = format!("document-{}", rand::random::<u32>());
    let first = Server::start(Peer::YSweet, programs).await;
    let measured = fill(&first, &first.place(&name, 2).await, corpus).await;
    let bytes = settled_bytes(&store.join(&name)).await;
    drop(first);
    let second = Server::start(Peer::YSweet, programs).await;
    // Its place is made by opening the document, so it is not asked for one.
    let state = whole_state(&second.url_of(&name), corpus, "y-sweet").await;
    AtYSweet { measured, opened: state.took.as_secs_f64() * 1000.0, bytes }
}

/// The bytes in a folder, once they have been the same for longer than y-sweet waits before it saves.
async fn settled_bytes(folder: &Path) -> f64 {
    const SAVED_AFTER: Duration = Duration::from_secs(12);
    let mut last = (0, Instant::now());
    while last.0 == 0 || last.1.elapsed() < SAVED_AFTER {
        let bytes = bytes_in(folder);
        if bytes != last.0 {
            last = (bytes, Instant::now());
        }
        assert!(last.1.elapsed() < PATIENCE, "y-sweet stores nothing in {}", folder.display());
        sleep(Duration::from_millis(200)).await;
    }
    last.0 as f64
}

fn bytes_in(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum()
}
