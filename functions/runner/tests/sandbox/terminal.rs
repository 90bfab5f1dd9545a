//! Terminals: what people do in a shell and in a REPL, and how a terminal ends.

use std::time::Duration;

use protocol::language::Language;
use runner::sandbox::Withheld;
use runner::terminal::{
    ChangesError, EndReason, InputRefused, TerminalBounds, TerminalEvent, TerminalOrder, TerminalProgram,
};

use crate::support::{MODES, open};
use crate::talk::{PROMPT, Talk, file, order, processes_of, size, uid_of};

#[tokio::test]
async fn a_shell_prompts_echoes_and_tells_its_exit_code() {
    for mode in MODES {
        let mut talk = Talk::shell(mode, &[file("notes.txt", "written before")]).await;
        let shown = talk.ask("echo $((6 * 7))", "42\r\n").await;
        assert!(shown.starts_with("echo $((6 * 7))"), "{mode:?}: {shown:?}");
        talk.ask("cat notes.txt; pwd | grep -c work", "written before1\r\n").await;
        talk.ask("cd ..; echo $OLDPWD $HOME | awk '{ print $1 == $2 }'", "1\r\n").await;
        talk.say("exit 7");
        let (_, end) = talk.end().await;
        assert_eq!((end.reason, end.exit_code), (EndReason::Exited, Some(7)), "{mode:?}");
    }
}

#[tokio::test]
async fn the_size_is_told_and_follows() {
    for mode in MODES {
        let mut talk = Talk::shell(mode, &[]).await;
        talk.ask("stty size", "24 80\r\n").await;
        talk.handle.resize(size(33, 101)).await;
        talk.ask("stty size; tput cols", "33 101\r\n101\r\n").await;
        talk.ask("sh -c 'trap \"echo re\"sized WINCH; echo rea\"\"dy; while :; do sleep 0.01; done'", "ready\r\n")
            .await;
        talk.handle.resize(size(1, 500)).await;
        talk.until("resized").await;
        talk.close().await;
    }
}

#[tokio::test]
async fn ctrl_c_interrupts_and_ctrl_d_ends() {
    for mode in MODES {
        let mut talk = Talk::shell(mode, &[]).await;
        talk.ask("sh -c 'echo rea\"\"dy; exec sleep 100'", "ready\r\n").await;
        talk.handle.input("\x03").expect("typed");
        talk.until(PROMPT).await;
        talk.ask("echo code $?", "code 130\r\n").await;
        talk.until(PROMPT).await;
        talk.handle.input("\x04").expect("typed");
        let (_, end) = talk.end().await;
        assert_eq!((end.reason, end.exit_code), (EndReason::Exited, Some(0)), "{mode:?}");
    }
}

#[tokio::test]
async fn jobs_go_to_the_background_and_back() {
    for mode in MODES {
        let mut talk = Talk::shell(mode, &[]).await;
        let started = talk.ask("sleep 100 &", "[1] ").await;
        assert!(!started.contains("no job control"), "{mode:?}: {started}");
        talk.until(PROMPT).await;
        talk.ask("jobs", "Running").await;
        talk.until(PROMPT).await;
        talk.ask("fg", "sleep 100\r\n").await;
        talk.handle.input("\x1a").expect("typed");
        talk.until("Stopped").await;
        talk.until(PROMPT).await;
        talk.ask("bg", "sleep 100 &").await;
        talk.until(PROMPT).await;
        talk.ask("fg", "sleep 100\r\n").await;
        talk.handle.input("\x03").expect("typed");
        talk.until(PROMPT).await;
        let shown = talk.ask("jobs; echo $((1 + 1)) left", "2 left\r\n").await;
        assert!(!shown.contains("Running") && !shown.contains("Stopped"), "{mode:?}: {shown}");
        talk.close().await;
    }
}

#[tokio::test]
async fn programs_reach_their_terminal_by_its_names() {
    for mode in MODES {
        let mut talk = Talk::shell(mode, &[]).await;
        talk.ask("echo by$((1)) > /dev/tty; echo by$((2)) > /dev/stderr", "by1\r\nby2\r\n").await;
        talk.ask("head -n1 /dev/stdin | sed s/x/y/; echo rea''dy", "\n").await;
        talk.say("axb");
        talk.until("ayb\r\nready\r\n").await;
        let hidden = "python3 -c 'import getpass; print(len(getpass.getpass(\"pass\" + \"word: \")))'";
        talk.ask(hidden, "password: ").await;
        let shown = talk.ask("secret", "6\r\n").await;
        assert!(!shown.contains("secret"), "{mode:?}: {shown}");
        talk.close().await;
    }
}

#[tokio::test]
async fn repls_answer() {
    let talks = [
        (Language::Python, ">>> ", "6 * 7", "42\r\n", "exit(3)", 3),
        (Language::JavaScript, "> ", "6 * 7", "42", "process.exit(4)", 4),
        (Language::Java, "jshell> ", "6 * 7", "==> 42", "/exit 5", 5),
    ];
    for mode in MODES {
        let sandbox = open(mode).await;
        for (language, prompt, question, answer, leave, code) in talks {
            let mut talk = Talk::open(&sandbox, order(TerminalProgram::Repl(language), &[])).await;
            talk.until(prompt).await;
            talk.ask(question, answer).await;
            talk.until(prompt).await;
            talk.say(leave);
            let (shown, end) = talk.end().await;
            assert_eq!((end.reason, end.exit_code), (EndReason::Exited, Some(code)), "{mode:?} {language:?}: {shown}");
        }
    }
}

#[tokio::test]
async fn python_edits_lines_and_is_interrupted() {
    for mode in MODES {
        let mut talk = Talk::open(&open(mode).await, order(TerminalProgram::Repl(Language::Python), &[])).await;
        talk.until(">>> ").await;
        // The arrow to the left twice, then the missing digit: readline is there.
        talk.ask("print(40 + )\x1b[D\x1b[D\x1b[D\x1b[C\x1b[C2", "42\r\n").await;
        talk.ask("while True: pass\r", "... ").await;
        talk.handle.input("\x03").expect("typed");
        talk.until("KeyboardInterrupt").await;
        talk.until(">>> ").await;
        talk.close().await;
    }
}

#[tokio::test]
async fn a_language_without_a_repl_gives_a_shell_beside_its_toolchain() {
    let by_hand = [
        (Language::TypeScript, "esbuild --bundle main.ts --outfile=main.js && node main.js"),
        (Language::C, "gcc main.c && ./a.out"),
        (Language::Rust, "rustc main.rs && ./main"),
        (Language::Go, "go run main.go"),
        (Language::Bash, "bash main.sh"),
    ];
    for mode in MODES {
        let sandbox = open(mode).await;
        for (language, line) in by_hand {
            let info = language.info();
            let files = [file(info.entry, info.hello_world)];
            let mut talk = Talk::open(&sandbox, order(TerminalProgram::Repl(language), &files)).await;
            talk.until(PROMPT).await;
            talk.ask(line, "Hello, world!\r\n").await;
            talk.close().await;
        }
    }
}

#[tokio::test]
async fn characters_split_between_writes_stay_whole() {
    let source = "import os, time\nfor byte in '☃ä🦀'.encode():\n  os.write(1, bytes([byte])); time.sleep(0.02)\nos.write(1, b'!')";
    let mut talk = Talk::shell(Withheld::Nothing, &[file("slow.py", source)]).await;
    talk.ask("python3 slow.py", "\r☃ä🦀!").await;
    talk.close().await;
}

#[tokio::test]
async fn a_terminal_that_nobody_types_into_ends() {
    for mode in MODES {
        let bounds = TerminalBounds { idle: Duration::from_secs(5), ..TerminalBounds::default() };
        let order = TerminalOrder { bounds, ..order(TerminalProgram::Shell, &[]) };
        let mut talk = Talk::open(&open(mode).await, order).await;
        talk.until(PROMPT).await;
        let uid = uid_of(&mut talk).await;
        talk.say("setsid sleep 1000 & echo busy > busy; while :; do :; done");
        let (_, end) = talk.end().await;
        assert_eq!((end.reason, end.exit_code), (EndReason::Idle, None), "{mode:?}");
        assert_eq!(end.changes.expect("collected").created, [file("busy", "busy\n")], "{mode:?}");
        assert_eq!(processes_of(&uid), "", "{mode:?}");
        assert_eq!(talk.handle.input("x"), Err(InputRefused::Ended));
        assert_eq!(talk.handle.changes().await, Err(ChangesError::Ended));
    }
}

#[tokio::test]
async fn closing_kills_everything() {
    for mode in MODES {
        let mut talk = Talk::shell(mode, &[]).await;
        let uid = uid_of(&mut talk).await;
        talk.ask("trap '' HUP TERM; (setsid nohup sleep 1000 &) ; cat & echo rea''dy", "ready\r\n").await;
        talk.close().await;
        assert_eq!(processes_of(&uid), "", "{mode:?}");
    }
}

#[tokio::test]
async fn a_terminal_that_nobody_holds_or_hears_ends() {
    for mode in MODES {
        let mut talk = Talk::shell(mode, &[]).await;
        let uid = uid_of(&mut talk).await;
        let Talk { handle, mut events, .. } = talk;
        drop(handle);
        let ended = loop {
            match events.recv().await {
                Some(TerminalEvent::Output(_)) => {}
                ended => break ended,
            }
        };
        assert!(matches!(ended, Some(TerminalEvent::Ended(end)) if end.reason == EndReason::Closed), "{mode:?}");
        assert_eq!(processes_of(&uid), "", "{mode:?}");

        let mut talk = Talk::shell(mode, &[]).await;
        let uid = uid_of(&mut talk).await;
        let Talk { handle, events, .. } = talk;
        drop(events);
        // Its task ends after the job, and then takes no question.
        while handle.changes().await != Err(ChangesError::Ended) {}
        for _ in 0..1_000 {
            if processes_of(&uid).is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(processes_of(&uid), "", "{mode:?}");
    }
}

/// A shell in which `line` reaches a bound.
async fn check_bound(bounds: TerminalBounds, line: &str, reason: EndReason) {
    for mode in MODES {
        let order = TerminalOrder { bounds, ..order(TerminalProgram::Shell, &[]) };
        let mut talk = Talk::open(&open(mode).await, order).await;
        talk.until(PROMPT).await;
        talk.say(line);
        let (shown, end) = talk.end().await;
        assert_eq!((end.reason, end.exit_code), (reason, None), "{mode:?}: {shown}");
    }
}

#[tokio::test]
async fn bounds_end_a_terminal_with_their_reason() {
    let bounds = TerminalBounds::default();
    let memory = "python3 -c \"import time; data = bytearray(b'x') * 600_000_000; time.sleep(60)\"";
    check_bound(bounds, memory, EndReason::MemoryLimit).await;
    let bomb = "f() { f | f & }; f; sleep 60";
    check_bound(bounds, bomb, EndReason::ProcessLimit).await;
    check_bound(bounds, "cat /dev/zero > a & cat /dev/zero > b & sleep 60", EndReason::DiskLimit).await;
    let wall = TerminalBounds { wall: Duration::from_secs(4), ..bounds };
    check_bound(wall, "sleep 60", EndReason::TimeLimit).await;
    let cpu = TerminalBounds { cpu: Duration::from_secs(1), ..bounds };
    check_bound(cpu, "while :; do :; done", EndReason::TimeLimit).await;
}

#[tokio::test]
async fn input_has_bounds_and_a_stuck_program_can_be_closed() {
    let mut talk = Talk::shell(Withheld::Nothing, &[]).await;
    assert_eq!(talk.handle.input(&"x".repeat(16 * 1024 + 1)), Err(InputRefused::TooLong));
    talk.ask("stty -echo; echo rea''dy; sleep 1000", "ready\r\n").await;
    let lines = "x\n".repeat(8 * 1024);
    let mut answers = Vec::new();
    for _ in 0..20 {
        answers.push(talk.handle.input(&lines));
        // A round through the terminal's task, so that it takes what it can.
        talk.handle.changes().await.expect("collected");
    }
    assert_eq!((answers[0], answers[19]), (Ok(()), Err(InputRefused::NotRead)));
    talk.close().await;
}

#[tokio::test]
async fn a_flood_waits_for_who_reads_it_and_loses_nothing() {
    let source = "
for number in range(200):
    print(f'{number:04} ' + 'x' * 65531, flush=True)
    open('written', 'w').write(str(number))";
    let mut talk = Talk::shell(Withheld::Nothing, &[file("flood.py", source)]).await;
    talk.say("stty -opost; python3 flood.py; echo over$((1 + 1))");
    talk.until("\n").await;
    // Nobody takes events: after a while the program stands still.
    let mut written = (usize::MAX, 0);
    while written.0 != written.1 || written.1 == 0 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let changes = talk.handle.changes().await.expect("collected");
        let number = changes.created.first().and_then(|file| file.content.parse().ok()).unwrap_or(0);
        written = (written.1, number);
    }
    assert!(written.1 < 20, "of 200 pieces of 64 KiB {} were taken before anybody read them", written.1);
    let shown = talk.until("over2").await;
    let whole = shown.lines().filter(|line| line.len() >= 65_535 && line.ends_with('x')).count();
    assert_eq!(whole, 200);
    assert!(shown.len() >= 200 * 65_536, "{}", shown.len());
    // Interrupting works while everything is full.
    talk.ask("yes", "y\n").await;
    talk.handle.input("\x03").expect("typed");
    talk.ask("echo en''d", "\rend\n").await;
    talk.close().await;
}
