//! Runs over systems that break.

use std::sync::Arc;

use protocol::ids::{ParticipantId, RoomId, RunId};
use protocol::language::Language;
use protocol::lease::RequeueRequest;
use protocol::path::FilePath;
use protocol::run::{
    CaseVerdict, Priority, RunCase, RunChange, RunReason, RunResult, RunState, SourceFile, TransitionError, Verdict,
    Waiting,
};
use protocol::runner::{QueueMessage, RunReport};
use protocol::task::ClaimRequest;
use protocol::token::{AttemptClaims, ClaimTicket};

use super::error::RunError;
use super::ledger::Ledger;
use super::order::Order;
use super::outlook::Outlook;
use super::submit::{Sender, Submitter, Way, Who};
use crate::attempts::reports::Reports;
use crate::config::Switch;
use crate::dead_letters::{Batch, DeadLetters, Letter};
use crate::fakes::{Break, MemoryArtifacts, MemoryEdge, MemoryLauncher, MemoryQueue, MemoryRuns, signer};
use crate::ports::PortError;
use crate::ports::runs::RunRecord;

const NOW: u64 = 1_800_000_000_000;
const LEASE: u64 = protocol::limits::ATTEMPT_LEASE_MS;

type TestSubmitter = Submitter<MemoryRuns, MemoryArtifacts, MemoryQueue, MemoryLauncher>;

fn submitter() -> TestSubmitter {
    Submitter {
        ledger: Ledger { store: MemoryRuns::default(), artifacts: MemoryArtifacts::default() },
        queue: MemoryQueue::default(),
        launcher: MemoryLauncher::default(),
        outlook: Outlook::default(),
        signer: Arc::new(signer()),
        limits: Switch::On,
        source_max_bytes: 1024 * 1024,
    }
}

fn order(source: &str) -> Order {
    let path = FilePath::parse("main.py").expect("a path");
    let files = vec![SourceFile { path, content: source.to_owned() }];
    Order {
        language: Language::Python,
        entry: None,
        stdin: String::new(),
        args: Vec::new(),
        interactive: false,
        flags: Vec::new(),
        cases: Vec::new(),
        files,
        priority: Priority::Critical,
        fingerprint: source.to_owned(),
    }
}

fn sender(key: Option<&str>) -> Sender {
    let who = Who::Guest { participant: ParticipantId::from_entropy(&[1; 32]), name: "Ada".to_owned() };
    Sender {
        who,
        room: Some((RoomId::from_entropy(&[2; 32]), 7)),
        address: "192.0.2.1".to_owned(),
        key: key.map(str::to_owned),
        request_id: "r".to_owned(),
    }
}

fn result(stdout: &str) -> RunReport {
    RunReport {
        result: RunResult {
            reason: None,
            exit_code: Some(0),
            signal: None,
            stdout: stdout.to_owned(),
            stderr: String::new(),
            truncated: false,
            wall_ms: 5,
            cpu_ms: 4,
            memory_bytes: 3,
            sandbox: "process".to_owned(),
            verdicts: None,
        },
    }
}

fn ticket(run: &RunId) -> ClaimTicket {
    ClaimTicket { run: run.clone(), iat: 0, exp: u64::MAX }
}

fn attempt(run: &RunId, attempt: u32) -> AttemptClaims {
    AttemptClaims { run: run.clone(), room: None, attempt, task: None, iat: 0, exp: u64::MAX }
}

/// Submits by the queue.
async fn submit(by: &TestSubmitter, order: Order, sender: &Sender, now: u64) -> Result<RunRecord, RunError> {
    by.submit(order, sender, Way::Queue, now).await.map(|submitted| submitted.run)
}

/// The runs in the queue, with their tickets.
fn queued_runs(submitter: &TestSubmitter) -> Vec<(RunId, String)> {
    let run_of = |message: &QueueMessage| match message {
        QueueMessage::Run { run_id, ticket, .. } => Some((run_id.clone(), ticket.clone())),
        QueueMessage::Lease { .. } => None,
    };
    submitter.queue.messages.lock().expect("no panic").iter().filter_map(run_of).collect()
}

/// A queued run, and the reports about it.
async fn queued() -> (Reports<MemoryRuns, MemoryArtifacts>, RunId) {
    let submitter = submitter();
    let run = submit(&submitter, order("print()"), &sender(None), NOW).await.expect("submitted");
    (Reports { ledger: submitter.ledger, signer: submitter.signer }, run.id)
}

fn refused(answer: Result<impl std::fmt::Debug, RunError>) -> TransitionError {
    match answer.expect_err("refused") {
        RunError::Transition(error) => error,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_submitted_run_is_queued_once_and_wakes_a_runner() {
    let submitter = submitter();
    let run = submit(&submitter, order("print()"), &sender(None), NOW).await.expect("submitted");
    assert_eq!(run.status.state(), RunState::Queued);
    let messages = queued_runs(&submitter);
    assert_eq!(messages.iter().map(|(run, _)| run).collect::<Vec<_>>(), [&run.id]);
    let claims: ClaimTicket = submitter.signer.key_set().verify(&messages[0].1, NOW).expect("a ticket");
    assert_eq!(claims.run, run.id);
    assert_eq!(*submitter.launcher.calls.lock().expect("no panic"), 1);
}

#[tokio::test]
async fn a_run_for_a_rooms_own_runner_is_claimed_at_once_and_stays_out_of_the_queue() {
    let submitter = submitter();
    let submitted = submitter.submit(order("print()"), &sender(None), Way::Room, NOW).await.expect("submitted");
    assert_eq!((submitted.run.status.state(), submitted.run.status.attempt()), (RunState::Running, 1));
    assert!(queued_runs(&submitter).is_empty());
    let dispatch = submitted.dispatch.expect("for the room");
    assert_eq!(dispatch.claim.files.len(), 1);
    let keys = submitter.signer.key_set();
    let attempt: AttemptClaims = keys.verify(&dispatch.claim.credential, NOW).expect("a credential");
    assert_eq!((&attempt.run, attempt.attempt), (&submitted.run.id, 1));
    let ticket: ClaimTicket = keys.verify(&dispatch.ticket, NOW).expect("a ticket");
    assert_eq!(ticket.run, submitted.run.id);
}

#[tokio::test]
async fn a_run_is_queued_again_when_its_runner_is_gone_or_its_lease_is_over_and_else_not() {
    let submitter = submitter();
    let run = submitter.submit(order("a"), &sender(None), Way::Room, NOW).await.expect("submitted").run;
    let requeue = async |is_lost, now| {
        let (_, is_queued) =
            submitter.requeue(&run.id, &RequeueRequest { attempt: 1, is_lost }, "r", now).await.expect("answered");
        is_queued
    };
    assert!(!requeue(false, NOW + LEASE - 1).await, "the attempt goes on");
    assert!(requeue(false, NOW + LEASE).await);
    assert!(requeue(true, NOW + 1).await);
    assert_eq!(queued_runs(&submitter).len(), 2);
    let reports = Reports { ledger: submitter.ledger, signer: Arc::clone(&submitter.signer) };
    let claim = reports.claim(&run.id, &ticket(&run.id), ClaimRequest::default(), NOW + 2).await.expect("claimed");
    assert_eq!(claim.attempt, 2);
    assert!(claim.lease.is_some(), "the claim wins the runner for the room");
    let submitter = Submitter { ledger: reports.ledger, ..self::submitter() };
    let request = RequeueRequest { attempt: 1, is_lost: true };
    let (run, is_queued) = submitter.requeue(&run.id, &request, "r", NOW + 3).await.expect("answered");
    assert!(!is_queued && run.status.attempt() == 2, "the old attempt has no say any more");
}

#[tokio::test]
async fn the_same_key_answers_the_same_run_and_another_request_is_a_conflict() {
    let submitter = submitter();
    let first = submit(&submitter, order("a"), &sender(Some("k")), NOW).await.expect("submitted");
    let again = submit(&submitter, order("a"), &sender(Some("k")), NOW + 1).await.expect("answered");
    assert_eq!(first.id, again.id);
    let other = submit(&submitter, order("b"), &sender(Some("k")), NOW + 2).await;
    assert!(matches!(other, Err(RunError::KeyReused)), "{other:?}");
    assert_eq!(submitter.ledger.store.runs.lock().expect("no panic").len(), 1);
}

#[tokio::test]
async fn a_key_makes_up_for_a_queue_that_failed() {
    for kind in [Break::Before, Break::After] {
        let submitter = submitter();
        submitter.queue.breaks.next(kind);
        let broken = submit(&submitter, order("a"), &sender(Some("k")), NOW).await;
        assert!(matches!(broken, Err(RunError::Port(PortError::Unavailable { .. }))), "{broken:?}");
        let run = submit(&submitter, order("a"), &sender(Some("k")), NOW + 1).await.expect("submitted");
        assert_eq!(queued_runs(&submitter).last().map(|(run, _)| run.clone()), Some(run.id));
        assert_eq!(submitter.ledger.store.runs.lock().expect("no panic").len(), 1);
    }
}

#[tokio::test]
async fn a_run_that_was_not_queued_does_not_wait_for_ever() {
    let submitter = submitter();
    submitter.queue.breaks.next(Break::Before);
    submit(&submitter, order("a"), &sender(None), NOW).await.expect_err("the queue failed");
    let states: Vec<_> =
        submitter.ledger.store.runs.lock().expect("no panic").values().map(|run| run.status.state()).collect();
    assert_eq!(states, [RunState::Failed]);
}

#[tokio::test]
async fn a_launcher_that_fails_does_not_fail_the_run() {
    let submitter = submitter();
    submitter.launcher.breaks.next(Break::Before);
    submit(&submitter, order("a"), &sender(None), NOW).await.expect("submitted");
}

#[tokio::test]
async fn a_run_that_would_wait_in_vain_is_not_recorded() {
    let submitter = submitter();
    *submitter.queue.waiting.lock().expect("no panic") = (400, 0);
    let refused = submit(&submitter, order("a"), &sender(None), NOW).await;
    assert!(matches!(refused, Err(RunError::NoCapacity { .. })), "{refused:?}");
    assert!(submitter.ledger.store.runs.lock().expect("no panic").is_empty());
}

#[tokio::test]
async fn a_queued_run_says_what_it_waits_for_and_goes_where_its_priority_has_it() {
    let submitter = submitter();
    *submitter.queue.waiting.lock().expect("no panic") = (2, 3);
    let patient = Order { priority: Priority::Background, ..order("a") };
    let run = submit(&submitter, patient, &sender(None), NOW).await.expect("submitted");
    let waiting = submitter.view(&run).await.expect("a view").waiting;
    assert_eq!(waiting, Some(Waiting { ahead: Some(5), starting_s: None }));
    let turns: Vec<_> = submitter.queue.turns.lock().expect("no panic").iter().map(|turn| turn.priority).collect();
    assert_eq!(turns, [Priority::Background]);
}

#[tokio::test]
async fn a_run_that_ended_is_tried_again_with_the_same_program() {
    let submitter = submitter();
    let source = "\u{1}".repeat(30_000);
    let large = Order { stdin: "in".to_owned(), args: vec!["-x".to_owned()], ..order(&source) };
    let first = submit(&submitter, large, &sender(None), NOW).await.expect("submitted");
    let early = Order::again(&submitter.ledger, &first).await;
    assert!(matches!(early, Err(RunError::NotOver)), "{early:?}");
    let ended = submitter.ledger.change(&first.id, RunChange::Cancel, NOW).await.expect("cancelled");
    let again = Order::again(&submitter.ledger, &ended).await.expect("an order");
    let second = submit(&submitter, again, &sender(None), NOW + 1).await.expect("submitted");
    assert_ne!(second.id, first.id);
    assert_eq!((second.program.stdin.as_str(), &second.program.args), ("in", &first.program.args));
    let files = submitter.ledger.read(&second.program.source).await.expect("files");
    assert_eq!(files[0].content, source);
    assert_ne!(second.program.source, first.program.source, "its files live as long as it does");
}

#[tokio::test]
async fn a_guest_starts_20_runs_a_minute() {
    let submitter = submitter();
    for _ in 0..20 {
        submit(&submitter, order("a"), &sender(None), NOW + 15_000).await.expect("submitted");
    }
    let refused = submit(&submitter, order("a"), &sender(None), NOW + 15_000).await;
    assert!(matches!(refused, Err(RunError::TooMany { retry_after_s: 45 })), "{refused:?}");
    submit(&submitter, order("a"), &sender(None), NOW + 60_000).await.expect("the next minute");
    let lifted = Submitter { limits: Switch::Off, ..submitter };
    for _ in 0..30 {
        submit(&lifted, order("a"), &sender(None), NOW).await.expect("submitted");
    }
}

#[tokio::test]
async fn a_large_bundle_reaches_the_runner_whole() {
    let submitter = submitter();
    let source = "\u{1}".repeat(30_000);
    let run = submit(&submitter, order(&source), &sender(None), NOW).await.expect("submitted");
    assert_eq!(submitter.ledger.artifacts.texts.lock().expect("no panic").len(), 1);
    let reports = Reports { ledger: submitter.ledger, signer: submitter.signer };
    let granted = reports.claim(&run.id, &ticket(&run.id), ClaimRequest::default(), NOW).await.expect("granted");
    assert_eq!(granted.files[0].content, source);
}

#[tokio::test]
async fn a_result_is_recorded_once_even_if_its_answer_is_lost() {
    for kind in [Break::Before, Break::After] {
        let (reports, run) = queued().await;
        assert_eq!(reports.claim(&run, &ticket(&run), ClaimRequest::default(), NOW).await.expect("granted").attempt, 1);
        reports.ledger.store.breaks.next(kind);
        reports.finish(&run, &attempt(&run, 1), result("one"), NOW + 1).await.expect_err("broken");
        let recorded = reports.finish(&run, &attempt(&run, 1), result("one"), NOW + 2).await.expect("recorded");
        let view = reports.ledger.view(&recorded).await.expect("a view");
        assert_eq!((view.state, view.stdout.as_str(), view.exit_code), (RunState::Finished, "one", Some(0)));
        // Nothing that comes later changes it.
        assert_eq!(
            refused(reports.finish(&run, &attempt(&run, 2), result("two"), NOW + 3).await),
            TransitionError::Over
        );
        assert_eq!(
            refused(reports.claim(&run, &ticket(&run), ClaimRequest::default(), NOW + LEASE).await),
            TransitionError::Over
        );
    }
}

#[tokio::test]
async fn a_claim_whose_answer_is_lost_is_made_again_after_the_lease() {
    let (reports, run) = queued().await;
    reports.ledger.store.breaks.next(Break::After);
    reports.claim(&run, &ticket(&run), ClaimRequest::default(), NOW).await.expect_err("broken");
    assert_eq!(
        refused(reports.claim(&run, &ticket(&run), ClaimRequest::default(), NOW + LEASE - 1).await),
        TransitionError::Leased
    );
    assert_eq!(
        reports.claim(&run, &ticket(&run), ClaimRequest::default(), NOW + LEASE).await.expect("granted").attempt,
        2
    );
    let late = reports.finish(&run, &attempt(&run, 1), result("late"), NOW + LEASE + 1).await;
    assert_eq!(refused(late), TransitionError::Superseded);
    let heartbeat = reports.heartbeat(&run, &attempt(&run, 1), NOW + LEASE + 1).await.expect("answered");
    assert!(!heartbeat.wanted);
    assert!(reports.heartbeat(&run, &attempt(&run, 2), NOW + LEASE + 1).await.expect("answered").wanted);
}

#[tokio::test]
async fn a_credential_speaks_for_its_own_run_only() {
    let (reports, run) = queued().await;
    let other = RunId::from_entropy(&[9; 32]);
    assert!(matches!(
        reports.claim(&run, &ticket(&other), ClaimRequest::default(), NOW).await,
        Err(RunError::Forbidden)
    ));
    assert!(matches!(reports.heartbeat(&run, &attempt(&other, 1), NOW).await, Err(RunError::Forbidden)));
    let finish = reports.finish(&run, &attempt(&other, 1), result(""), NOW).await;
    assert!(matches!(finish, Err(RunError::Forbidden)));
}

#[tokio::test]
async fn a_large_output_is_kept_apart_by_attempt() {
    let (reports, run) = queued().await;
    reports.claim(&run, &ticket(&run), ClaimRequest::default(), NOW).await.expect("granted");
    let output = "x".repeat(200_000);
    let record = reports.finish(&run, &attempt(&run, 1), result(&output), NOW).await.expect("recorded");
    assert_eq!(record.output_key, Some(format!("outputs/{run}/1.json")));
    assert_eq!(reports.ledger.view(&record).await.expect("a view").stdout, output);
}

fn verdict(stdout: Option<&str>) -> CaseVerdict {
    CaseVerdict {
        name: "1".to_owned(),
        verdict: Verdict::Passed,
        exit_code: stdout.map(|_| 0),
        signal: None,
        wall_ms: 1,
        cpu_ms: 1,
        memory_bytes: 1,
        stdout: stdout.map(str::to_owned),
        stderr: stdout.map(str::to_owned),
        expected: stdout.map(str::to_owned),
    }
}

#[tokio::test]
async fn cases_reach_the_runner_whatever_their_size_and_nobody_else() {
    for bytes in [1, 100_000] {
        let case = RunCase { stdin: "s3cret".repeat(bytes), hidden: true, ..RunCase::default() };
        let submitter = submitter();
        let order = Order { cases: vec![case.clone()], ..order("print()") };
        let run = submit(&submitter, order, &sender(None), NOW).await.expect("submitted");
        let stored = submitter.ledger.artifacts.texts.lock().expect("no panic").len();
        assert_eq!(stored, usize::from(bytes > 1), "only what is large is stored apart");
        let seen = serde_json::to_string(&submitter.ledger.view(&run).await.expect("a view")).expect("serialises");
        assert!(!seen.contains("s3cret"));
        let reports = Reports { ledger: submitter.ledger, signer: submitter.signer };
        assert_eq!(
            reports.claim(&run.id, &ticket(&run.id), ClaimRequest::default(), NOW).await.expect("granted").cases,
            [case]
        );
    }
}

#[tokio::test]
async fn verdicts_are_recorded_whatever_their_size_and_a_list_has_no_texts() {
    for bytes in [1, 200_000] {
        let (reports, run) = queued().await;
        reports.claim(&run, &ticket(&run), ClaimRequest::default(), NOW).await.expect("granted");
        let verdicts = vec![verdict(Some(&"x".repeat(bytes))), verdict(None)];
        let mut report = result("");
        report.result.verdicts = Some(verdicts.clone());
        let record = reports.finish(&run, &attempt(&run, 1), report, NOW).await.expect("recorded");
        assert_eq!(record.output_key.is_some(), bytes > 1);
        assert_eq!(reports.ledger.view(&record).await.expect("a view").verdicts, Some(verdicts.clone()));
        let listed = super::view::summary(&record).verdicts.expect("verdicts");
        assert_eq!(listed, verdicts.iter().map(CaseVerdict::without_texts).collect::<Vec<_>>());
    }
}

fn dead_letter(run: &RunId) -> Batch {
    let body = format!(r#"{{"kind":"run","runId":"{run}","ticket":"t","requestId":"r"}}"#);
    Batch { records: vec![Letter { message_id: "m".to_owned(), body }] }
}

#[tokio::test]
async fn a_dead_letter_loses_its_run_and_the_room_hears_it_even_if_not_at_once() {
    let (reports, run) = queued().await;
    let dead_letters = DeadLetters { ledger: reports.ledger, edge: MemoryEdge::default() };
    dead_letters.edge.breaks.next(Break::Before);
    assert_eq!(dead_letters.handle(dead_letter(&run), NOW).await.batch_item_failures.len(), 1);
    assert!(dead_letters.handle(dead_letter(&run), NOW).await.batch_item_failures.is_empty());
    let told = dead_letters.edge.runs.lock().expect("no panic");
    let told: Vec<_> = told.iter().map(|(_, run)| (run.state, run.reason)).collect();
    assert_eq!(told, [(RunState::Failed, Some(RunReason::Lost))]);
}

#[tokio::test]
async fn a_dead_letter_of_a_live_attempt_comes_again_and_one_of_an_ended_run_goes() {
    let (reports, run) = queued().await;
    reports.claim(&run, &ticket(&run), ClaimRequest::default(), NOW).await.expect("granted");
    let dead_letters = DeadLetters { ledger: reports.ledger, edge: MemoryEdge::default() };
    assert_eq!(dead_letters.handle(dead_letter(&run), NOW + 1).await.batch_item_failures.len(), 1);
    let reports = Reports { ledger: dead_letters.ledger, signer: reports.signer };
    reports.finish(&run, &attempt(&run, 1), result("done"), NOW + 2).await.expect("recorded");
    let dead_letters = DeadLetters { ledger: reports.ledger, edge: MemoryEdge::default() };
    assert!(dead_letters.handle(dead_letter(&run), NOW + LEASE).await.batch_item_failures.is_empty());
    assert!(dead_letters.edge.runs.lock().expect("no panic").is_empty());
    let run = dead_letters.ledger.record(&run).await.expect("a run");
    assert_eq!(run.status.state(), RunState::Finished);
}

#[tokio::test]
async fn an_unreadable_letter_is_not_kept() {
    let (reports, _) = queued().await;
    let dead_letters = DeadLetters { ledger: reports.ledger, edge: MemoryEdge::default() };
    let batch = Batch { records: vec![Letter { message_id: "m".to_owned(), body: "?".to_owned() }] };
    assert!(dead_letters.handle(batch, NOW).await.batch_item_failures.is_empty());
}
