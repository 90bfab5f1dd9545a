//! Terminals that people share.

use std::time::Duration;

use protocol::event::{ClientEvent, RoomEvent};
use protocol::ids::TerminalId;
use protocol::path::FilePath;
use protocol::terminal::{TerminalChange, TerminalEnd, TerminalProgram, TerminalSize};
use tests::{EventsSocket, Stack};

/// A runner may have to start first.
const OPENS_WITHIN: Duration = Duration::from_secs(30);

const SIZE: TerminalSize = TerminalSize { rows: 24, cols: 80 };

/// Opens a shell, and waits until it is there.
async fn open(events: &mut EventsSocket) -> TerminalId {
    events.send(&ClientEvent::TerminalOpen { program: TerminalProgram::Shell, size: SIZE }).await;
    events
        .until_within(OPENS_WITHIN, "a terminal", |event| match event {
            RoomEvent::TerminalUpdated { terminal, .. } if terminal.is_open => Some(terminal.id.clone()),
            _ => None,
        })
        .await
}

async fn types(events: &mut EventsSocket, terminal_id: &TerminalId, data: &str) {
    events.send(&ClientEvent::TerminalInput { terminal_id: terminal_id.clone(), data: data.to_owned() }).await;
}

/// Waits until the terminal has shown some text, whatever pieces it comes in.
async fn shows(events: &mut EventsSocket, text: &str) {
    let mut screen = String::new();
    events
        .until(&format!("{text:?} on the screen"), |event| {
            if let RoomEvent::TerminalOutput { data, .. } = event {
                screen.push_str(data);
            }
            screen.contains(text).then_some(())
        })
        .await;
}

#[tokio::test]
async fn a_shell_is_shared_typed_into_by_one_and_its_files_are_offered() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Shell").await;
    let mut document = room.owner.document().await;
    document.write("main.py", "print(1)\n").await;
    document.barrier().await;
    let bob = room.join_as("Bob").await;
    let (mut ones, mut others) = (room.owner.events().await, bob.events().await);
    let terminal = open(&mut ones).await;
    types(&mut ones, &terminal, "echo hello-$((40+2)); cat main.py\n").await;
    shows(&mut others, "hello-42\r\nprint(1)").await;

    types(&mut others, &terminal, "echo not mine\n").await;
    others.until("a refusal", |event| matches!(event, RoomEvent::Error { .. }).then_some(())).await;
    let (terminal_id, to) = (terminal.clone(), bob.id().clone());
    ones.send(&ClientEvent::TerminalKeyboard { terminal_id, to: to.clone() }).await;
    others
        .until("the keyboard", |event| match event {
            RoomEvent::TerminalUpdated { terminal, .. } => (terminal.keyboard == to).then_some(()),
            _ => None,
        })
        .await;
    types(
        &mut others,
        &terminal,
        "echo 'print(2)' > main.py; echo new > note.txt; ln -s /etc/passwd link; echo done-$((1+1))\n",
    )
    .await;
    shows(&mut ones, "done-2").await;

    ones.send(&ClientEvent::TerminalChanges { terminal_id: terminal.clone() }).await;
    let (mut changes, left_out) = ones
        .until("the files that differ", |event| match event {
            RoomEvent::TerminalChanges { changes, left_out, .. } => Some((changes.clone(), left_out.clone())),
            _ => None,
        })
        .await;
    changes.sort_by(|left, right| left.path.cmp(&right.path));
    let change = |path: &str, content: &str| TerminalChange {
        path: FilePath::parse(path).expect("a path"),
        content: Some(content.to_owned()),
    };
    assert_eq!(changes, [change("main.py", "print(2)\n"), change("note.txt", "new\n")]);
    assert!(left_out.iter().any(|line| line.starts_with("link: ")), "{left_out:?}");

    let welcome = room.watch_as("Late").await.events().await.welcome;
    assert_eq!(welcome.terminals.len(), 1);
    assert!(welcome.terminals[0].output.contains("hello-42"), "{:?}", welcome.terminals[0].output);
    types(&mut others, &terminal, "exit 3\n").await;
    let end = ones.until("its end", |event| match event {
        RoomEvent::TerminalClosed { reason, exit_code, .. } => Some((*reason, *exit_code)),
        _ => None,
    });
    assert_eq!(end.await, (TerminalEnd::Exited, Some(3)));
    assert!(room.owner.events().await.welcome.terminals.is_empty());
}

#[tokio::test]
async fn a_terminal_and_runs_share_the_rooms_runner() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Both").await;
    let mut document = room.owner.document().await;
    document.write("main.py", "print('ran')\n").await;
    document.barrier().await;
    let mut events = room.owner.events().await;
    let terminal = open(&mut events).await;
    events.send(&tests::person::start(protocol::language::Language::Python)).await;
    let run = events
        .until("a run to be queued", |event| match event {
            RoomEvent::RunQueued { run, .. } => Some(run.clone()),
            _ => None,
        })
        .await;
    assert!(run.waiting.is_none(), "it went straight to the runner");
    events.end_of(&run.id).await;
    types(&mut events, &terminal, "stty size\n").await;
    shows(&mut events, "24 80").await;
    let size = TerminalSize { rows: 10, cols: 40 };
    events.send(&ClientEvent::TerminalResize { terminal_id: terminal.clone(), size }).await;
    types(&mut events, &terminal, "stty size\n").await;
    shows(&mut events, "10 40").await;
    events.send(&ClientEvent::TerminalClose { terminal_id: terminal }).await;
    let end = events.until("its end", |event| match event {
        RoomEvent::TerminalClosed { reason, .. } => Some(*reason),
        _ => None,
    });
    assert_eq!(end.await, TerminalEnd::Closed);
}
