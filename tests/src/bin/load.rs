//! The load generator: `load NODE Y_WEBSOCKET_SERVER Y_SWEET RESULT [PART_OF_A_NAME [alone]]`, with the stack named as
//! for tests; `alone` leaves out the peers.
//!
//! `cargo xtask bench rooms` calls it. It ends with a failure if Tutti lost a keystroke.

use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;

use tests::Stack;
use tests::load::plan::{CASES, measure};
use tests::load::report::Report;
use tests::load::server::{PEERS, Peer, Programs, Server};
use tests::load::tutti::Tutti;
use tests::load::{corpus, cost, documents};
use tokio::runtime::Builder;
use tokio::task::LocalSet;

/// The name of everything that is measured around documents and storage, beside the scenarios of [`CASES`].
const DOCUMENTS: &str = "documents";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).map(PathBuf::from);
    let mut next = |what: &str| arguments.next().unwrap_or_else(|| panic!("{what} is missing"));
    let [node, y_websocket, y_sweet, result] = ["node", "y-websocket's server", "y-sweet", "a result"].map(&mut next);
    let wanted = arguments.next().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let peers: &[Peer] = if arguments.next().is_some() { &[] } else { &PEERS };
    let scratch = result.with_extension("scratch");
    std::fs::create_dir_all(&scratch).expect("a folder for the peers");
    let programs = Programs { node, y_websocket, y_sweet, scratch, peers };
    // One thread: the other processor is the server's.
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let held = LocalSet::new().block_on(&runtime, run(&programs, Report::new(result), &wanted));
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn run(programs: &Programs, mut report: Report, wanted: &str) -> bool {
    let server = Rc::new(Server::Tutti(Tutti(Stack::from_env().await)));
    let mut held = true;
    for case in CASES.iter().filter(|case| case.name.contains(wanted)) {
        let (rows, lost_nothing) = measure(case, &server, programs).await;
        report.add(rows);
        held &= lost_nothing;
    }
    if DOCUMENTS.contains(wanted) {
        let sampled = cost::sample(&server).await;
        report.add(documents::measure(&[corpus::paper(), corpus::files()], &server, programs).await);
        report.add(cost::rows(&sampled, &server));
    }
    held
}
