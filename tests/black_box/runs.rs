//! Runs that go well.

use std::time::{Duration, Instant};

use protocol::envelope::{ErrorCode, Page};
use protocol::event::RoomEvent;
use protocol::language::{LANGUAGES, Language};
use protocol::path::FilePath;
use protocol::run::{Run, RunCase, RunState, SourceFile, SubmitRunRequest, Verdict};
use protocol::runner::OutputStream;
use serde_json::{Value, json};
use tests::Stack;
use tests::person::start;
use tests::run::{program, run_of};

/// The id of the next run that is queued.
async fn next_run(events: &mut tests::EventsSocket) -> Run {
    events
        .until("a run to be queued", |event| match event {
            RoomEvent::RunQueued { run, .. } => Some(run.clone()),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn hello_runs_in_every_language() {
    let stack = Stack::from_env().await;
    let listed: Value = stack.get("/api/v1/languages").send().await.data();
    let listed = listed["items"].as_array().expect("items");
    assert_eq!(listed.len(), LANGUAGES.len());
    for (info, listed) in LANGUAGES.iter().zip(listed) {
        assert_eq!((&listed["id"], &listed["entry"]), (&json!(info.id), &json!(info.entry)));
        let hello = listed["helloWorld"].as_str().expect("a source text");
        let run = stack.run(&program(info.id, hello)).await;
        assert_eq!(
            (run.state, run.exit_code, run.stdout.as_str()),
            (RunState::Finished, Some(0), "Hello, world!\n"),
            "{run:?}"
        );
        assert_eq!((run.reason, run.stderr.as_str(), run.truncated, run.attempt), (None, "", false, 1));
        assert!(run.wall_ms.is_some() && run.cpu_ms.is_some() && run.memory_bytes.is_some_and(|bytes| bytes > 0));
    }
}

#[tokio::test]
async fn a_program_gets_its_input_its_arguments_and_its_files() {
    let stack = Stack::from_env().await;
    let text = "import sys, part.two\nprint(input().upper(), sys.argv[1:], part.two.word)\nsys.stderr.write('aside\\n')\nsys.exit(3)\n";
    let file = |path: &str, content: &str| SourceFile {
        path: FilePath::parse(path).expect("a path"),
        content: content.to_owned(),
    };
    let request = SubmitRunRequest {
        language: Language::Python,
        files: vec![file("start.py", text), file("part/two.py", "word = 'two'\n"), file("other.py", "")],
        entry: Some(FilePath::parse("start.py").expect("a path")),
        stdin: Some("ä line\n".to_owned()),
        args: Some(vec!["-x".to_owned(), "a b".to_owned()]),
        flags: None,
        cases: None,
        priority: None,
    };
    let run = stack.run(&request).await;
    assert_eq!(run.stdout, "Ä LINE ['-x', 'a b'] two\n", "{run:?}");
    assert_eq!(
        (run.stderr.as_str(), run.exit_code, run.signal, run.state),
        ("aside\n", Some(3), None, RunState::Finished)
    );
}

#[tokio::test]
async fn a_program_that_does_not_compile_says_why() {
    let stack = Stack::from_env().await;
    let run = stack.run(&program(Language::C, "int main(void) { return undefined_name; }\n")).await;
    assert_eq!(run.state, RunState::Finished);
    assert!(run.exit_code.is_some_and(|code| code != 0) && run.stderr.contains("undefined_name"), "{run:?}");
}

#[tokio::test]
async fn a_run_has_a_verdict_for_each_case_and_nobody_sees_a_hidden_one() {
    let stack = Stack::from_env().await;
    let source = "#include <stdio.h>\nint main(void) { int n; scanf(\"%d\", &n); printf(\"%d\\n\", n * n); }\n";
    let case = |stdin: &str, expected: &str, hidden| RunCase {
        stdin: stdin.to_owned(),
        expected: expected.to_owned(),
        hidden,
        ..RunCase::default()
    };
    let cases = vec![case("3", "9", false), case("2", "5", false), case("31415", "986902225", true)];
    let flags = Some(vec!["-O1".to_owned(), "-std=c11".to_owned()]);
    let request = SubmitRunRequest { cases: Some(cases), flags, ..program(Language::C, source) };
    let run = stack.run(&request).await;
    let verdicts = run.verdicts.as_ref().expect("a run with cases has verdicts");
    let words: Vec<_> = verdicts.iter().map(|verdict| (verdict.name.as_str(), verdict.verdict)).collect();
    assert_eq!(words, [("1", Verdict::Passed), ("2", Verdict::WrongOutput), ("3", Verdict::Passed)], "{run:?}");
    assert_eq!((verdicts[1].stdout.as_deref(), verdicts[1].expected.as_deref()), (Some("4\n"), Some("5")));
    let seen = serde_json::to_string(&stack.look_at(&run).await).expect("serialises");
    assert!(!seen.contains("31415") && !seen.contains("986902225"), "{seen}");
}

#[tokio::test]
async fn wrong_flags_and_cases_are_named() {
    let stack = Stack::from_env().await;
    let case = RunCase { name: Some("x".repeat(101)), ..RunCase::default() };
    let request = SubmitRunRequest {
        flags: Some(vec!["-O2".to_owned(), "-fplugin=x.so".to_owned()]),
        cases: Some(vec![case]),
        stdin: Some("1".to_owned()),
        ..program(Language::C, "int main(void) { return 0; }\n")
    };
    let answer = stack.submit(&request).send().await;
    assert_eq!(answer.wrong_fields(), ["cases[0].name", "flags[1]", "stdin"]);
}

#[tokio::test]
async fn a_crash_is_reported_by_its_signal() {
    let stack = Stack::from_env().await;
    let run = stack.run(&program(Language::C, "#include <stdlib.h>\nint main(void) { abort(); }\n")).await;
    assert_eq!(
        (run.state, run.exit_code, run.signal.as_deref()),
        (RunState::Finished, None, Some("SIGABRT")),
        "{run:?}"
    );
}

#[tokio::test]
async fn everybody_sees_the_output_before_the_run_ends() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Shared run").await;
    let (ada, vic) = (room.join_as("Ada").await, room.watch_as("Vic").await);
    let mut document = ada.document().await;
    let text = "import sys, time\nprint('first', flush=True)\nsys.stderr.write('aside\\n')\nsys.stderr.flush()\ntime.sleep(3)\nprint('last')\n";
    document.write("main.py", text).await;
    document.barrier().await;
    let (mut ones, mut others) = (ada.events().await, vic.events().await);
    ones.send(&start(Language::Python)).await;
    let run = next_run(&mut others).await;
    assert_eq!(
        (run.state, run.started_by.as_str(), &run.entry.to_string()),
        (RunState::Queued, "Ada", &"main.py".to_owned())
    );

    others.started(&run.id, 1).await;
    others.output_has(&run.id, OutputStream::Stdout, "first\n").await;
    others.output_has(&run.id, OutputStream::Stderr, "aside\n").await;
    let first_seen = Instant::now();

    for events in [&mut others, &mut ones] {
        let RoomEvent::RunFinished { exit_code, state, reason, truncated, .. } = events.end_of(&run.id).await else {
            panic!("cancelled")
        };
        assert!(first_seen.elapsed() > Duration::from_secs(1), "the program slept for 3 s in between");
        assert_eq!((exit_code, state, reason, truncated), (Some(0), RunState::Finished, None, false));
        assert_eq!(events.output_of(&run.id, OutputStream::Stdout), "first\nlast\n");
        assert_eq!(events.output_of(&run.id, OutputStream::Stderr), "aside\n");
    }
    let record = vic.look_at(&run.id).await;
    assert_eq!((record.stdout.as_str(), record.stderr.as_str()), ("first\nlast\n", "aside\n"));
    let late = room.watch_as("Late").await.events().await;
    let [kept] = late.welcome.runs.as_slice() else { panic!("{:?}", late.welcome.runs) };
    let replayed: String = kept
        .output
        .iter()
        .filter(|chunk| chunk.stream == OutputStream::Stdout)
        .map(|chunk| chunk.data.as_str())
        .collect();
    assert_eq!((kept.run.state, replayed.as_str()), (RunState::Finished, "first\nlast\n"));
    let listed: Page<Run> = vic.get("/runs").send().await.data();
    assert_eq!(listed.items.iter().map(|run| &run.id).collect::<Vec<_>>(), [&run.id]);
}

#[tokio::test]
async fn a_run_has_the_files_of_the_moment_it_was_submitted() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Frozen").await;
    let mut document = room.owner.document().await;
    // The only runner is busy with the first run, so the second is still queued when the file changes.
    document.write("main.py", "print(input())").await;
    document.barrier().await;
    let busy = stack.submit(&program(Language::Python, "import time\ntime.sleep(2)\n")).send().await;
    let submitted = room.owner.post("/runs").json(&json!({"language": "python", "stdin": "old"})).send().await;
    let run = run_of(&submitted);
    let position = room.owner.files().await.position;
    document.write("main.py", "print('new')").await;
    document.barrier().await;
    assert_eq!((run.state, run.position), (RunState::Queued, Some(position)));
    let mut events = room.owner.events().await;
    if !tests::run::is_over(&room.owner.look_at(&run.id).await) {
        events.end_of(&run.id).await;
    }
    let record = room.owner.look_at(&run.id).await;
    assert_eq!((record.stdout.as_str(), record.exit_code), ("old\n", Some(0)), "{record:?}");
    assert_eq!(stack.end_of(&run_of(&busy)).await.exit_code, Some(0));
}

#[tokio::test]
async fn a_submission_with_a_key_is_one_run_however_often_it_is_sent() {
    let stack = Stack::from_env().await;
    let key = format!("key-{:016x}", rand::random::<u64>());
    let send = async |text: &str, wait: &str| {
        let call = stack.post(&format!("/api/v1/runs{wait}")).header("idempotency-key", &key);
        call.json(&program(Language::Python, text)).send().await
    };
    let first = run_of(&send("print(1)", "").await);
    let second = send("print(1)", "?wait=true").await;
    assert_eq!(run_of(&second).id, first.id);
    send("print(2)", "").await.refuses_with(ErrorCode::Conflict);
    assert_eq!(stack.end_of(&first).await.stdout, "1\n");
    assert_eq!(run_of(&send("print(1)", "").await).id, first.id, "also when it is over");
}

#[tokio::test]
async fn a_room_takes_a_key_as_well() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Keyed").await;
    let mut document = room.owner.document().await;
    document.write("main.py", "print(1)").await;
    document.barrier().await;
    let send = async || {
        let call = room.owner.post("/runs").header("idempotency-key", "once");
        run_of(&call.json(&json!({"language": "python"})).send().await)
    };
    assert_eq!(send().await.id, send().await.id);
    let listed: Page<Run> = room.owner.get("/runs").send().await.data();
    assert_eq!(listed.items.len(), 1);
}

#[tokio::test]
async fn every_wrong_field_of_a_run_is_named() {
    let stack = Stack::from_env().await;
    let check = async |body: Value, expect: &[&str]| {
        let answer = stack.post("/api/v1/runs").json(&body).send().await;
        assert_eq!(answer.wrong_fields(), expect, "{body}");
    };
    let main = json!({"path": "main.py", "content": ""});
    check(json!({"language": "klingon", "files": [main]}), &["language"]).await;
    check(json!({"language": "python", "files": []}), &["entry", "files"]).await;
    check(json!({"language": "python", "files": [main], "entry": "other.py"}), &["entry"]).await;
    check(json!({"language": "python", "files": [{"path": "../x", "content": ""}]}), &["files[0].path"]).await;
    check(json!({"language": "python", "files": [main], "stdin": "x".repeat(10_241)}), &["stdin"]).await;
    let large = json!({"path": "main.py", "content": "#".repeat(50 * 1024 + 1)});
    check(json!({"language": "python", "files": [large]}), &["files"]).await;
}

#[tokio::test]
async fn a_rooms_run_is_nobody_elses_business() {
    let stack = Stack::from_env().await;
    let (room, abroad) = (stack.guest_room("Private run").await, stack.guest_room("Elsewhere").await);
    let mut document = room.owner.document().await;
    document.write("main.py", "print(1)").await;
    document.barrier().await;
    let run = room.owner.run(Language::Python).await;
    let path = format!("/api/v1/runs/{}", run.id);
    stack.get(&path).send().await.refuses_with(ErrorCode::Unauthorized);
    stack.get(&path).bearer(abroad.owner.token()).send().await.refuses_with(ErrorCode::Forbidden);
    let stop = stack.post(&format!("{path}/cancel"));
    stop.bearer(abroad.owner.token()).send().await.refuses_with(ErrorCode::Forbidden);
    let account = stack.account().await;
    account.get(&path).send().await.refuses_with(ErrorCode::Forbidden);
    assert_eq!(room.watch_as("Vic").await.look_at(&run.id).await.id, run.id);
}
