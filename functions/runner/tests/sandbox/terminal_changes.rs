//! What a terminal says of its files: what is taken, what is left out and why, and that no trick shows it more.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use runner::sandbox::{
    CHANGED_FILE_MAX_BYTES, CHANGED_FILES_MAX, CHANGED_MAX_BYTES, Changes, LEFT_OUT_MAX, LeftOut, WhyLeftOut, Withheld,
};

use crate::support::MODES;
use crate::talk::{PROMPT, Talk, file};

/// Runs a line to its end and looks at the files.
async fn after(talk: &mut Talk, line: &str) -> Changes {
    talk.ask(&format!("{line}; echo do''ne"), "done\r\n").await;
    talk.handle.changes().await.expect("collected")
}

fn left_out(path: &str, why: WhyLeftOut) -> LeftOut {
    LeftOut { path: path.to_owned(), why }
}

/// The reason for which each path was left out.
fn reasons(changes: &Changes) -> Vec<(&str, WhyLeftOut)> {
    changes.left_out.iter().map(|left| (left.path.as_str(), left.why)).collect()
}

#[tokio::test]
async fn created_changed_and_deleted_files_are_told_while_the_shell_runs_and_at_its_end() {
    let files = [file("same.txt", "same"), file("lib/edited.txt", "before"), file("gone.txt", "gone")];
    for mode in MODES {
        let mut talk = Talk::shell(mode, &files).await;
        assert_eq!(talk.handle.changes().await, Ok(Changes::default()), "{mode:?}");
        let line = "echo after > lib/edited.txt; rm gone.txt; mkdir -p new/below; echo ä > new/below/made.txt; touch .gitignore";
        let expected = Changes {
            created: vec![file(".gitignore", ""), file("new/below/made.txt", "ä\n")],
            changed: vec![file("lib/edited.txt", "after\n")],
            deleted: vec![file("gone.txt", "").path],
            ..Changes::default()
        };
        assert_eq!(after(&mut talk, line).await, expected, "{mode:?}");
        let back = "printf before > lib/edited.txt; printf gone > gone.txt; rm -r new .gitignore";
        assert_eq!(after(&mut talk, back).await, Changes::default(), "{mode:?}");
        after(&mut talk, line).await;
        talk.say("exit");
        let (_, end) = talk.end().await;
        assert_eq!(end.changes, Some(expected), "{mode:?}");
    }
}

#[tokio::test]
async fn files_that_moved_away_or_became_something_else_are_told() {
    let files = [file("a/file.txt", "a"), file("b.txt", "b"), file("c.txt", "c"), file("d/file.txt", "d")];
    for mode in MODES {
        let mut talk = Talk::shell(mode, &files).await;
        let line = "mv a moved; rm b.txt c.txt; mkdir b.txt; ln -s /etc/passwd c.txt; rm -r d; echo > d";
        let changes = after(&mut talk, line).await;
        let expected = Changes {
            created: vec![file("d", "\n"), file("moved/file.txt", "a")],
            deleted: vec![file("a/file.txt", "").path, file("b.txt", "").path, file("d/file.txt", "").path],
            left_out: vec![left_out("c.txt", WhyLeftOut::Link)],
            ..Changes::default()
        };
        assert_eq!(changes, expected, "{mode:?}");
        talk.close().await;
    }
}

#[tokio::test]
async fn what_is_no_text_of_ones_own_is_left_out_with_its_reason() {
    let source = "
import os
os.symlink('/etc/passwd', 'link'); os.symlink('/etc', 'linked'); os.symlink('nothing', 'dangling')
open('first', 'w').write('x'); os.link('first', 'second')
os.mkfifo('pipe')
open('binary', 'wb').write(b'\\xff'); open('zero', 'w').write('a\\0b')
open('large', 'w').write('x' * (256 * 1024 + 1)); open('largest', 'w').write('x' * 256 * 1024)
open('closed', 'w').write('x'); os.chmod('closed', 0)
os.mkdir('shut'); open('shut/file', 'w').write('x'); os.chmod('shut', 0)
open(b'not\\xfftext', 'w').write('x'); open('back\\\\slash', 'w').write('x')
os.makedirs('/'.join(['d'] * 17)); open('/'.join(['d'] * 16) + '/deep', 'w').write('x'); open('/'.join(['d'] * 15) + '/deep', 'w').write('x')";
    for mode in MODES {
        let mut talk = Talk::shell(mode, &[file("main.py", source)]).await;
        let changes = after(&mut talk, "python3 main.py").await;
        let created: Vec<_> = changes.created.iter().map(|file| file.path.as_str()).collect();
        let deepest = ["d"; 15].join("/") + "/deep";
        assert_eq!(created, [deepest.as_str(), "largest"], "{mode:?}: {:?}", changes.left_out);
        let too_deep = ["d"; 16].join("/");
        let expected = [
            ("back\\slash", WhyLeftOut::BadName),
            ("binary", WhyLeftOut::NotText),
            ("closed", WhyLeftOut::Unreadable),
            (too_deep.as_str(), WhyLeftOut::TooDeep),
            ("dangling", WhyLeftOut::Link),
            ("first", WhyLeftOut::Link),
            ("large", WhyLeftOut::TooLarge),
            ("link", WhyLeftOut::Link),
            ("linked", WhyLeftOut::Link),
            ("not\u{fffd}text", WhyLeftOut::BadName),
            ("pipe", WhyLeftOut::NotAFile),
            ("second", WhyLeftOut::Link),
            ("shut", WhyLeftOut::Unreadable),
            ("zero", WhyLeftOut::NotText),
        ];
        assert_eq!(reasons(&changes), expected, "{mode:?}");
        talk.close().await;
    }
}

#[tokio::test]
async fn leftovers_of_tools_are_not_told() {
    let files = [file("target/given.txt", "given"), file(".github/ci.yml", "on: push")];
    let line = "mkdir -p node_modules/x target/debug __pycache__ .cache; for file in node_modules/x/a target/debug/a \
                __pycache__/a.pyc .cache/a A.class a.o .python_history; do echo x > $file; done; echo y > target/given.txt; rm .github/ci.yml";
    for mode in MODES {
        let mut talk = Talk::shell(mode, &files).await;
        let changes = after(&mut talk, line).await;
        // What people have brought is theirs, wherever it lies.
        let expected = Changes {
            changed: vec![file("target/given.txt", "y\n")],
            deleted: vec![file(".github/ci.yml", "").path],
            ..Changes::default()
        };
        assert_eq!(changes, expected, "{mode:?}");
        talk.close().await;
    }
}

#[tokio::test]
async fn what_is_taken_is_bounded() {
    let mut talk = Talk::shell(Withheld::Nothing, &[]).await;
    let changes = after(&mut talk, "for n in {1..600}; do echo > $n; done").await;
    assert_eq!(changes.created.len(), CHANGED_FILES_MAX);
    assert_eq!((changes.left_out.len(), changes.more_left_out), (LEFT_OUT_MAX, 50));
    assert!(changes.left_out.iter().all(|left| left.why == WhyLeftOut::TooMany));
    let line = "rm *; for n in {1..10}; do head -c 200000 /dev/zero | tr '\\0' '\\1' > $n; done";
    let changes = after(&mut talk, line).await;
    assert_eq!((changes.created.len(), reasons(&changes).len()), (CHANGED_MAX_BYTES / 200_000, 5));
    assert!(changes.created.iter().all(|file| file.content.len() <= CHANGED_FILE_MAX_BYTES));
    talk.close().await;
}

#[tokio::test]
async fn a_thousand_files_that_are_no_text_are_not_all_read() {
    let line = "for n in {1..1000}; do truncate -s 200000 $n; done";
    let mut talk = Talk::shell(Withheld::Nothing, &[]).await;
    let changes = after(&mut talk, line).await;
    assert!(changes.created.is_empty());
    assert_eq!(changes.left_out.len() as u32 + changes.more_left_out, 1_000);
    talk.close().await;
}

#[tokio::test]
async fn a_folder_that_is_closed_is_said_to_be() {
    for mode in MODES {
        let mut talk = Talk::shell(mode, &[file("a.txt", "a")]).await;
        let changes = after(&mut talk, "chmod 0 .").await;
        let expected = Changes { left_out: vec![left_out(".", WhyLeftOut::Unreadable)], ..Changes::default() };
        assert_eq!(changes, expected, "{mode:?}");
        talk.say("exit 0");
        let (_, end) = talk.end().await;
        assert_eq!(end.changes, Some(expected), "{mode:?}");
    }
}

#[tokio::test]
async fn a_file_that_was_given_large_is_compared_as_a_whole() {
    let large = "x".repeat(CHANGED_FILE_MAX_BYTES + 10);
    let mut talk = Talk::shell(Withheld::Nothing, &[file("large.txt", &large)]).await;
    assert_eq!(talk.handle.changes().await, Ok(Changes::default()));
    let changes = after(&mut talk, "printf y | dd of=large.txt conv=notrunc status=none").await;
    assert_eq!(changes.left_out, [left_out("large.txt", WhyLeftOut::TooLarge)]);
    talk.close().await;
}

/// A folder that is exchanged for a link while somebody looks, and a file for a link. The control: who opens the path
/// plainly meets the secret.
#[tokio::test]
async fn a_path_that_changes_under_the_look_shows_nothing_else() {
    let kept = std::path::PathBuf::from(format!("/var/tmp/tutti-secret-{}", std::process::id()));
    fs::create_dir_all(&kept).expect("made");
    fs::write(kept.join("file"), "the secret").expect("written");
    for path in [kept.clone(), kept.join("file")] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("everybody may read it");
    }
    let source = "
import os, sys
if not os.fork():
    met = False
    while not met:
        try: met = 'secret' in open('folder/file').read()
        except OSError: pass
    print('met by who follows', flush=True); os._exit(0)
os.mkdir('real'); open('real/file', 'w').write('own'); os.symlink(sys.argv[1], 'false')
while True:
    for kind in ('real', 'false'):
        os.rename(kind, 'folder'); os.rename('folder', kind)";
    // Where Landlock or a root of its own hides the secret, the control cannot meet it.
    let mode = Withheld::Landlock;
    let mut talk = Talk::shell(mode, &[file("swap.py", source)]).await;
    talk.ask(&format!("python3 swap.py {} &", kept.display()), "met by who follows").await;
    let mut looks = Vec::new();
    for _ in 0..100 {
        looks.push(talk.handle.changes().await.expect("collected"));
    }
    let texts: Vec<_> = looks.iter().flat_map(|look| &look.created).map(|file| file.content.as_str()).collect();
    assert!(texts.contains(&"own") && !texts.contains(&"the secret"), "{texts:?}");
    talk.handle.input("\r").expect("typed");
    talk.until(PROMPT).await;
    talk.close().await;
    fs::remove_dir_all(&kept).expect("removed");
}
