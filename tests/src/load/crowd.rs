//! A crowd of clients in one room, and one scenario played with them.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::iter;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::books::Books;
use super::client::Client;
use super::message::{RENEWAL_S, update};
use super::snapshot::state_of;
use super::update::keystroke;

/// Handshakes at a time.
const ARRIVALS: usize = 16;

/// The room is quiet when no frame came for this long.
const QUIET: Duration = Duration::from_millis(400);

/// The longest wait for a first state, and for quiet.
const PATIENCE: Duration = Duration::from_secs(60);

/// Typing before it counts: every server has its code hot then.
const WARM_UP: Duration = Duration::from_secs(2);

/// A server that has delivered nothing for this long after the last keystroke has lost the rest.
const STALLED: Duration = Duration::from_secs(5);

/// The longest that a server may take to deliver what it was behind.
const BEHIND: Duration = Duration::from_secs(20);

/// How the writers type.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// Not at all.
    Never,
    /// So many keystrokes a second in all, whatever the server makes of them.
    PerSecond(u32),
    /// As fast as the server delivers, with so many keystrokes on their way.
    OnTheWay(u64),
}

/// What clients say about themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// That they are there: when they come, and every 15 s.
    Renewed,
    /// Where their cursor is as well, after each keystroke.
    WithCursor,
}

/// What happens in a room.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Sockets.
    pub clients: usize,
    /// How many of them write.
    pub writers: usize,
    /// How fast.
    pub pace: Pace,
    /// For how long, after the warm-up.
    pub seconds: u64,
    /// What clients say about themselves.
    pub presence: Presence,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// The books.
    pub books: Books,
    /// Keystrokes that never came to somebody.
    pub missing: u64,
    /// Keystrokes that somebody who comes afterwards does not find.
    pub not_kept: u64,
    /// Seconds from the end of the warm-up to the last delivery.
    pub seconds: f64,
    /// The most that the generator itself was late with a keystroke.
    pub generator_lag: Duration,
}

impl Outcome {
    /// Measured deliveries in a second.
    #[must_use]
    pub fn deliveries_per_second(&self) -> f64 {
        self.books.latencies.count() as f64 / self.seconds
    }

    /// Whether every keystroke came to everybody, in order, and stayed.
    #[must_use]
    pub fn lost_nothing(&self) -> bool {
        self.missing == 0 && self.not_kept == 0 && self.books.gaps == 0 && self.books.closed.is_empty()
    }
}

/// Plays a scenario in a room with one URL for each client and one for somebody who comes afterwards. `meanwhile` is
/// called at the end of the typing, with everybody still there.
pub async fn play(scenario: &Scenario, urls: &[String], meanwhile: impl FnOnce()) -> Outcome {
    let books = Rc::new(RefCell::new(Books::new(scenario.clients, scenario.writers)));
    let clients = arrive(scenario, urls, &books).await;
    settle(&books).await;
    let mut crowd = Crowd { scenario, books: Rc::clone(&books), clients, next_writer: 0, lag: Duration::ZERO };
    crowd.type_for(WARM_UP).await;
    books.borrow_mut().measure_from_now();
    crowd.type_for(Duration::from_secs(scenario.seconds)).await;
    let generator_lag = crowd.lag;
    drain(&books).await;
    meanwhile();
    let patience = if books.borrow().missing() == 0 { PATIENCE } else { BEHIND / 2 };
    let late = timeout(patience, state_of(urls.last().expect("a URL for the last one"))).await;
    let clients = std::mem::take(&mut crowd.clients);
    drop(crowd);
    iter(clients).for_each_concurrent(ARRIVALS, Client::leave).await;
    let books = Rc::try_unwrap(books).expect("everybody has left").into_inner();
    let not_kept = late.map_or(books.keystrokes, |state| books.missing_in(&state.updates));
    let seconds = f64::from(books.last_delivery.saturating_sub(books.measured_from())) / 1e6;
    Outcome { missing: books.missing(), not_kept, seconds, generator_lag, books }
}

/// Everybody comes, and has the state.
async fn arrive(scenario: &Scenario, urls: &[String], books: &Rc<RefCell<Books>>) -> Vec<Client> {
    let opened = urls[..scenario.clients].iter().enumerate();
    let opened = opened.map(|(number, url)| Client::open(url, number, Rc::clone(books)));
    let clients: Vec<_> = iter(opened).buffered(ARRIVALS).collect().await;
    let deadline = Instant::now() + PATIENCE;
    while books.borrow().synced < scenario.clients {
        assert!(Instant::now() < deadline, "{} clients came, {} have the state", clients.len(), books.borrow().synced);
        sleep(QUIET / 10).await;
    }
    clients
}

/// Waits until the arrivals have been told to everybody.
async fn settle(books: &RefCell<Books>) {
    let deadline = Instant::now() + PATIENCE;
    let mut before = u64::MAX;
    while before != books.borrow().frames && Instant::now() < deadline {
        before = books.borrow().frames;
        sleep(QUIET).await;
    }
}

/// Waits until everything has come, or nothing comes any more.
async fn drain(books: &RefCell<Books>) {
    let deadline = Instant::now() + BEHIND;
    let mut stalled = (books.borrow().delivered, Instant::now() + STALLED);
    while books.borrow().missing() > 0 && Instant::now() < deadline.min(stalled.1) {
        sleep(Duration::from_millis(20)).await;
        if books.borrow().delivered != stalled.0 {
            stalled = (books.borrow().delivered, Instant::now() + STALLED);
        }
    }
}

/// The clients, typing.
struct Crowd<'scenario> {
    scenario: &'scenario Scenario,
    books: Rc<RefCell<Books>>,
    clients: Vec<Client>,
    next_writer: usize,
    lag: Duration,
}

impl Crowd<'_> {
    async fn type_for(&mut self, span: Duration) {
        match self.scenario.pace {
            Pace::Never => self.be_idle(span).await,
            Pace::PerSecond(rate) => self.type_at(rate, span).await,
            Pace::OnTheWay(most) => self.type_with(most, span).await,
        }
    }

    async fn be_idle(&mut self, span: Duration) {
        let start = Instant::now();
        let mut renewed = 0;
        while start.elapsed() < span {
            self.renew(start.elapsed(), &mut renewed);
            sleep(Duration::from_millis(10)).await;
        }
    }

    async fn type_at(&mut self, rate: u32, span: Duration) {
        let (start, pause) = (Instant::now(), Duration::from_secs(1) / rate);
        let count = u32::try_from(span.as_nanos() / pause.as_nanos()).expect("no run has four billion keystrokes");
        let mut renewed = 0;
        for number in 0..count {
            let due = start + pause * number;
            sleep_until(due).await;
            self.lag = self.lag.max(due.elapsed());
            self.renew(start.elapsed(), &mut renewed);
            self.type_once();
        }
        sleep_until(start + span).await;
    }

    async fn type_with(&mut self, most: u64, span: Duration) {
        let start = Instant::now();
        let mut renewed = 0;
        while start.elapsed() < span {
            let others = self.scenario.clients as u64 - 1;
            let on_the_way = self.books.borrow().missing().div_ceil(others);
            for _ in on_the_way..most {
                self.type_once();
            }
            self.renew(start.elapsed(), &mut renewed);
            sleep(Duration::from_millis(1)).await;
        }
    }

    fn type_once(&mut self) {
        let writer = self.next_writer;
        self.next_writer = (writer + 1) % self.scenario.writers;
        let clock = self.books.borrow_mut().typed(writer);
        let client = &mut self.clients[writer];
        client.send(&update(&keystroke(writer, clock)));
        let mut frames = 1;
        if self.scenario.presence == Presence::WithCursor {
            client.be_present(clock);
            frames += 1;
        }
        self.books.borrow_mut().sent_frames += frames;
    }

    /// Has those clients renew their presence whose turn has come: all in 15 s, evenly, as people who came one by one.
    fn renew(&mut self, elapsed: Duration, renewed: &mut usize) {
        let due = elapsed.as_millis() as usize * self.clients.len() / (RENEWAL_S as usize * 1000);
        let count = self.clients.len();
        while *renewed < due {
            let number = *renewed % count;
            let typed = match self.scenario.presence {
                Presence::Renewed => 0,
                Presence::WithCursor => self.books.borrow().typed_by(number).saturating_sub(1),
            };
            self.clients[number].be_present(typed);
            self.books.borrow_mut().sent_frames += 1;
            *renewed += 1;
        }
    }
}
