//! Terminals: who opens one, who types into it, and what is left when its runner goes.

use protocol::event::RoomEvent;
use protocol::ids::TerminalId;
use protocol::lease::{LeaseFrame, LeaseOrder};
use protocol::limits::{LEASE_RESUME_MS, TERMINAL_INPUT_MAX_BYTES, TERMINAL_WAIT_MS, TERMINALS_MAX};
use protocol::rights::Role;
use protocol::terminal::{TerminalEnd, TerminalFrame, TerminalOrder, TerminalSize};
use room::{Channel, Effect, Input, Room, SocketId};
use serde_json::{Value, json};

use crate::harness::*;
use crate::runner::*;

/// A person sends an event.
fn asks(room: &mut Room, socket: SocketId, event: &Value) -> Vec<Effect> {
    room.handle(Input::Text { socket, text: event.to_string() }, NOW)
}

fn open_shell(room: &mut Room, socket: SocketId) -> (TerminalId, Vec<Effect>) {
    let size = json!({"rows": 24, "cols": 80});
    let effects = asks(room, socket, &json!({"type": "terminal:open", "program": {"kind": "shell"}, "size": size}));
    let id = events_to(&effects, socket).into_iter().find_map(|event| match event {
        RoomEvent::TerminalOpened { terminal_id, .. } => Some(terminal_id),
        _ => None,
    });
    (id.expect("it is told"), effects)
}

fn tells(room: &mut Room, runner: SocketId, terminal_id: &TerminalId, frame: TerminalFrame) -> Vec<Effect> {
    says(room, runner, &LeaseFrame::Terminal { terminal_id: terminal_id.clone(), frame }, NOW)
}

fn of_terminal(effects: &[Effect], runner: SocketId) -> Vec<TerminalOrder> {
    let order = |order| if let LeaseOrder::Terminal { order, .. } = order { Some(order) } else { None };
    orders(effects, runner).into_iter().filter_map(order).collect()
}

/// A room with a runner, its owner, an editor, and a shell that the owner has open.
fn shell() -> (Room, SocketId, [SocketId; 2], TerminalId) {
    let mut room = room();
    let runner = runner(&mut room, 1, &[]);
    let people =
        [("Ada", Role::Owner), ("Bob", Role::Editor)].map(|(name, role)| join(&mut room, Channel::Events, name, role));
    let (id, effects) = open_shell(&mut room, people[0]);
    assert!(matches!(&of_terminal(&effects, runner)[..], [TerminalOrder::Open { .. }]));
    tells(&mut room, runner, &id, TerminalFrame::Opened);
    (room, runner, people, id)
}

#[test]
fn a_terminal_waits_for_a_runner_which_opens_it() {
    let mut room = room();
    let ada = join(&mut room, Channel::Events, "Ada", Role::Owner);
    let (id, effects) = open_shell(&mut room, ada);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::RequestLease { socket, .. } if *socket == ada)));
    let (runner, effects) = greeted(&mut room, 1, &[], NOW);
    assert!(matches!(&of_terminal(&effects, runner)[..], [TerminalOrder::Open { .. }]));
    let told = tells(&mut room, runner, &id, TerminalFrame::Opened);
    let [RoomEvent::TerminalUpdated { terminal, .. }] = &events_to(&told, ada)[..] else { panic!("{told:?}") };
    assert!(terminal.is_open);
    assert!(orders(&says(&mut room, runner, &LeaseFrame::Leave, NOW), runner).is_empty(), "it is needed");
}

#[test]
fn nobody_waits_for_ever() {
    let mut room = room();
    let ada = join(&mut room, Channel::Events, "Ada", Role::Owner);
    let (_, effects) = open_shell(&mut room, ada);
    assert!(effects.contains(&Effect::AlarmAt(NOW + TERMINAL_WAIT_MS)), "{effects:?}");
    let told = room.handle(Input::Alarm { pings: Vec::new() }, NOW + TERMINAL_WAIT_MS);
    let [RoomEvent::TerminalClosed { reason, .. }] = &events_to(&told, ada)[..] else { panic!("{told:?}") };
    assert_eq!(*reason, TerminalEnd::Lost);
}

#[test]
fn everybody_sees_it_and_one_holds_the_keyboard() {
    let (mut room, runner, [ada, bob], id) = shell();
    let told = tells(&mut room, runner, &id, TerminalFrame::Output { data: "$ ".to_owned() });
    assert_eq!(types(&events_to(&told, bob)), ["terminal:output"]);
    let input = json!({"type": "terminal:input", "terminalId": id, "data": "ls\n"});
    let typed = asks(&mut room, ada, &input);
    assert_eq!(of_terminal(&typed, runner), [TerminalOrder::Input { data: "ls\n".to_owned() }]);
    let refused = asks(&mut room, bob, &input);
    assert_eq!((types(&events_to(&refused, bob)), of_terminal(&refused, runner)), (vec!["error".to_owned()], vec![]));
    let to_bob = json!({"type": "terminal:keyboard", "terminalId": id, "to": session(Channel::Events, "Bob", Role::Editor).participant.expect("a person").id});
    assert_eq!(types(&events_to(&asks(&mut room, bob, &to_bob), bob)), ["error"], "an editor does not take it");
    assert_eq!(types(&events_to(&asks(&mut room, ada, &to_bob), bob)), ["terminal:updated"]);
    assert_eq!(of_terminal(&asks(&mut room, bob, &input), runner).len(), 1);
    assert_eq!(types(&events_to(&asks(&mut room, ada, &input), ada)), ["error"]);
    let to_ada = json!({"type": "terminal:keyboard", "terminalId": id, "to": session(Channel::Events, "Ada", Role::Owner).participant.expect("a person").id});
    assert_eq!(types(&events_to(&asks(&mut room, ada, &to_ada), ada)), ["terminal:updated"], "whoever may, takes it");
}

#[test]
fn who_comes_later_sees_what_is_on_the_screen() {
    let (mut room, runner, _, id) = shell();
    for data in ["$ ls\r\n", "main.py\r\n"] {
        tells(&mut room, runner, &id, TerminalFrame::Output { data: data.to_owned() });
    }
    let (late, welcome) = open(&mut room, session(Channel::Events, "Eve", Role::Viewer));
    let [RoomEvent::Welcome { terminals, .. }, ..] = &events_to(&welcome, late)[..] else { panic!("{welcome:?}") };
    assert_eq!(terminals[0].output, "$ ls\r\nmain.py\r\n");
    assert!(terminals[0].terminal.is_open);
}

#[test]
fn its_end_is_told_once_with_its_reason() {
    let (mut room, runner, [ada, _], id) = shell();
    let closed = TerminalFrame::Closed { reason: TerminalEnd::Exited, exit_code: Some(3) };
    let told = tells(&mut room, runner, &id, closed.clone());
    let expected =
        RoomEvent::TerminalClosed { terminal_id: id.clone(), reason: TerminalEnd::Exited, exit_code: Some(3) };
    assert_eq!(events_to(&told, ada), [expected]);
    assert!(events_to(&tells(&mut room, runner, &id, closed), ada).is_empty());
    assert_eq!(orders(&says(&mut room, runner, &LeaseFrame::Leave, NOW), runner), [LeaseOrder::Left]);
    let late = tells(&mut room, runner, &id, TerminalFrame::Output { data: "late".to_owned() });
    assert_eq!(of_terminal(&late, runner), [TerminalOrder::Close], "one that nobody knows is closed");
}

#[test]
fn a_terminal_is_lost_with_its_runner_unless_that_comes_back() {
    let (mut room, lost, [ada, _], id) = shell();
    room.handle(Input::Closed { socket: lost }, NOW);
    let hello = LeaseFrame::Hello { slots: 2, runs: Vec::new(), terminals: vec![id] };
    let (back, _) = greeted(&mut room, 1, &[], NOW);
    says(&mut room, back, &hello, NOW);
    let due = NOW + LEASE_RESUME_MS;
    assert!(events_to(&room.handle(Input::Alarm { pings: Vec::new() }, due), ada).is_empty());
    room.handle(Input::Closed { socket: back }, due);
    let told = room.handle(Input::Alarm { pings: Vec::new() }, due + LEASE_RESUME_MS);
    assert_eq!(types(&events_to(&told, ada)), ["terminal:closed"]);
}

#[test]
fn rights_sizes_and_numbers_are_bounded() {
    let (mut room, runner, [ada, bob], id) = shell();
    let open =
        |rows: u16| json!({"type": "terminal:open", "program": {"kind": "shell"}, "size": {"rows": rows, "cols": 80}});
    assert_eq!(types(&events_to(&asks(&mut room, bob, &open(24)), bob)), ["error"], "an editor opens none");
    for rows in [0, 501] {
        assert_eq!(types(&events_to(&asks(&mut room, ada, &open(rows)), ada)), ["error"], "{rows} rows");
    }
    for _ in 1..TERMINALS_MAX {
        open_shell(&mut room, ada);
    }
    assert_eq!(types(&events_to(&asks(&mut room, ada, &open(24)), ada)), ["error"], "one too many");
    let input = |bytes: usize| json!({"type": "terminal:input", "terminalId": id, "data": "x".repeat(bytes)});
    assert_eq!(of_terminal(&asks(&mut room, ada, &input(TERMINAL_INPUT_MAX_BYTES)), runner).len(), 1);
    assert_eq!(types(&events_to(&asks(&mut room, ada, &input(TERMINAL_INPUT_MAX_BYTES + 1)), ada)), ["error"]);
    let resize = json!({"type": "terminal:resize", "terminalId": id, "size": {"rows": 500, "cols": 1}});
    let resized = asks(&mut room, ada, &resize);
    assert_eq!(of_terminal(&resized, runner), [TerminalOrder::Resize { size: TerminalSize { rows: 500, cols: 1 } }]);
}
