//! Runs with cases: one compilation, a verdict for each case, and nothing of one that another could feel.

use protocol::language::{LANGUAGES, Language};
use protocol::run::{CaseVerdict, RunCase, RunResult, Verdict};
use protocol::runner::{ClaimGranted, RunLimits, RunnerFrame};
use runner::execute::{Wires, Wish, execute};
use runner::sandbox::{Bound, Product, Sandbox, Withheld};
use serde_json::json;
use tokio::sync::{mpsc, watch};

use crate::support::{Case, MODES, gather, open};

fn case(stdin: &str, expected: &str) -> RunCase {
    RunCase { stdin: stdin.to_owned(), expected: expected.to_owned(), ..RunCase::default() }
}

fn claim(language: Language, source: &str, cases: Vec<RunCase>) -> ClaimGranted {
    let entry = language.info().entry;
    let claim = json!({
        "runId": "0123456789abcdefghij", "attempt": 1, "credential": "", "language": language, "entry": entry,
        "files": [{"path": entry, "content": source}], "cases": cases, "limits": RunLimits::default(),
    });
    serde_json::from_value(claim).expect("a claim")
}

/// What connects an attempt into which nobody types.
fn wires(frames: &mpsc::UnboundedSender<RunnerFrame>, wishes: watch::Receiver<Wish>) -> Wires<'_> {
    let (_nobody, input) = mpsc::unbounded_channel();
    Wires { frames, wishes, input }
}

/// Runs a claim; answers its result and what was streamed.
async fn run(sandbox: &Sandbox, claim: &ClaimGranted) -> (RunResult, String) {
    let (frames, mut sent) = mpsc::unbounded_channel();
    let (_wishes, wished) = watch::channel(Wish::Finish);
    let executed = execute(sandbox, claim, wires(&frames, wished)).await;
    assert_eq!((executed.anomaly, executed.was_stopped), (None, false));
    let mut streamed = String::new();
    while let Ok(frame) = sent.try_recv() {
        match frame {
            RunnerFrame::Output { data, .. } => streamed.push_str(&data),
            RunnerFrame::End { .. } => return (executed.result, streamed),
        }
    }
    panic!("the end was not said");
}

async fn verdicts(sandbox: &Sandbox, claim: &ClaimGranted) -> Vec<CaseVerdict> {
    let (result, streamed) = run(sandbox, claim).await;
    assert_eq!((result.reason, streamed.as_str()), (None, ""), "{result:?}");
    result.verdicts.expect("a run with cases has verdicts")
}

fn words(verdicts: &[CaseVerdict]) -> Vec<Verdict> {
    verdicts.iter().map(|verdict| verdict.verdict).collect()
}

/// A program of each language that prints its input.
fn cat(language: Language) -> &'static str {
    match language {
        Language::Python => "import sys; sys.stdout.write(sys.stdin.read())",
        Language::JavaScript => "process.stdout.write(require('fs').readFileSync(0));",
        Language::TypeScript => {
            "import { readFileSync } from 'fs'; const text: string = readFileSync(0, 'utf8'); process.stdout.write(text);"
        }
        Language::Java => {
            "package app; public class Main { public static void main(String[] args) throws Exception { System.in.transferTo(System.out); new Inner().flush(); } static class Inner { void flush() { System.out.flush(); } } }"
        }
        Language::C => "#include <stdio.h>\nint main(void) { int c; while ((c = getchar()) != EOF) putchar(c); }",
        Language::Cpp => "#include <iostream>\nint main() { std::cout << std::cin.rdbuf(); std::cout.clear(); }",
        Language::Go => "package main\nimport (\"io\"; \"os\")\nfunc main() { io.Copy(os.Stdout, os.Stdin) }",
        Language::Rust => "fn main() { std::io::copy(&mut std::io::stdin(), &mut std::io::stdout()).unwrap(); }",
        Language::Bash => "cat",
    }
}

#[tokio::test]
async fn every_language_runs_its_cases_after_one_compilation() {
    for mode in [Withheld::Nothing, Withheld::Namespaces] {
        let sandbox = open(mode).await;
        for info in &LANGUAGES {
            let cases = vec![case("1\n", "1"), case("2\n", "1"), case("", "")];
            let verdicts = verdicts(&sandbox, &claim(info.id, cat(info.id), cases)).await;
            let expected = [Verdict::Passed, Verdict::WrongOutput, Verdict::Passed];
            assert_eq!(words(&verdicts), expected, "{mode:?} {}: {verdicts:?}", info.name);
            assert_eq!(verdicts[1].stdout.as_deref(), Some("2\n"), "{}", info.name);
            assert_eq!(verdicts[1].expected.as_deref(), Some("1"));
        }
    }
}

#[tokio::test]
async fn each_way_to_end_has_its_verdict() {
    let source = "
import os, sys, time
what = sys.stdin.read()
print('said', flush=True)
if what == 'code': sys.exit(3)
if what == 'signal': os.abort()
if what == 'sleep': time.sleep(60)
if what == 'memory': kept = bytearray(b'x') * 1_000_000_000; time.sleep(60)
if what == 'output':
    while True: os.write(1, b'x' * 65536)
while what == 'forks':
    try: os.fork()
    except OSError: pass
if what == 'disk':
    with open('big', 'wb') as file:
        while True: file.write(b'x' * 1_000_000)";
    let inputs = ["", "code", "signal", "sleep", "memory", "output", "forks", "disk"];
    let expected = [
        Verdict::Passed,
        Verdict::RuntimeError,
        Verdict::RuntimeError,
        Verdict::TimeLimit,
        Verdict::MemoryLimit,
        Verdict::OutputLimit,
        Verdict::ProcessLimit,
        Verdict::DiskLimit,
    ];
    for mode in MODES {
        let sandbox = open(mode).await;
        let mut claim = claim(Language::Python, source, inputs.map(|input| case(input, "said")).to_vec());
        claim.limits.wall_ms = 5_000;
        let verdicts = verdicts(&sandbox, &claim).await;
        assert_eq!(words(&verdicts), expected, "{mode:?}: {verdicts:?}");
        assert_eq!((verdicts[1].exit_code, verdicts[1].signal.as_deref()), (Some(3), None));
        assert_eq!((verdicts[2].exit_code, verdicts[2].signal.as_deref()), (None, Some("SIGABRT")));
        assert!(verdicts.iter().all(|verdict| verdict.memory_bytes > 0 && verdict.name.parse::<u32>().is_ok()));
    }
}

#[tokio::test]
async fn a_case_has_its_own_arguments_and_name_or_those_of_the_run() {
    let mut claim = claim(Language::Python, "import sys; print(sys.argv[1:])", vec![case("", "['run']"); 2]);
    claim.args = vec!["run".to_owned()];
    claim.cases[1] = RunCase { args: Some(Vec::new()), name: Some("none".to_owned()), ..case("", "[]") };
    let verdicts = verdicts(&open(Withheld::Nothing).await, &claim).await;
    assert_eq!(words(&verdicts), [Verdict::Passed; 2], "{verdicts:?}");
    assert_eq!((verdicts[0].name.as_str(), verdicts[1].name.as_str()), ("1", "none"));
}

#[tokio::test]
async fn a_hidden_case_tells_its_verdict_and_figures_and_nothing_else() {
    // All that a program can say: both streams, its exit code, a signal.
    let source = "import os, sys\nsecret = sys.stdin.read()\nprint(secret)\nprint(secret, file=sys.stderr)\nif secret == 's3cret-7': sys.exit(7)\nif secret == 's3cret-9': os.kill(os.getpid(), 9)";
    let hidden = |text: &str| RunCase { hidden: true, ..case(text, text) };
    for mode in MODES {
        let claim = claim(
            Language::Python,
            source,
            vec![hidden("s3cret"), hidden("s3cret-7"), hidden("s3cret-9"), case("seen", "seen")],
        );
        let (result, streamed) = run(&open(mode).await, &claim).await;
        let told = format!("{} {streamed}", serde_json::to_string(&result).expect("serialises"));
        assert!(!told.contains("s3cret") && told.contains("seen"), "{mode:?}: {told}");
        let verdicts = result.verdicts.expect("verdicts");
        let expected = [Verdict::Passed, Verdict::RuntimeError, Verdict::RuntimeError, Verdict::Passed];
        assert_eq!(words(&verdicts), expected, "{mode:?}");
        for verdict in &verdicts[..3] {
            assert_eq!((verdict.exit_code, &verdict.signal), (None, &None));
            assert_eq!((&verdict.stdout, &verdict.stderr, &verdict.expected), (&None, &None, &None));
            assert!(verdict.memory_bytes > 0);
        }
    }
}

#[tokio::test]
async fn a_case_cannot_change_what_the_next_one_runs() {
    // Each case counts what it can do to the program and to the folders, then tries to leave a trace in all of them.
    let source = r#"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
static int worked;
static void attempt(const char *what, int result) { if (result >= 0) { worked++; printf("%s\n", what); } }
int main(void) {
    attempt("write", open("../out/program", O_WRONLY));
    attempt("truncate", truncate("../out/program", 0));
    attempt("chmod", chmod("../out/program", 0777));
    attempt("unlink", unlink("../out/program"));
    attempt("rename", rename("../out/program", "../out/other"));
    attempt("create", open("../out/made", O_WRONLY | O_CREAT, 0644));
    attempt("chmod of the folder", chmod("../out", 0777));
    attempt("move of the folder", rename("../out", "../moved"));
    attempt("trace", access("trace", F_OK));
    attempt("trace in tmp", access("../tmp/trace", F_OK));
    attempt("trace in shm", access("/dev/shm/tutti-trace", F_OK));
    creat("trace", 0666);
    creat("../tmp/trace", 0666);
    creat("/dev/shm/tutti-trace", 0666);
    /* What is allowed has to be there still: a second name, if the kernel lets one have it, and its own files. */
    link("../out/program", "second");
    puts("done");
}"#;
    // The control: where nothing is kept from it, it succeeds.
    let sandbox = open(Withheld::Nothing).await;
    let whole = ClaimGranted { cases: Vec::new(), ..claim(Language::C, source, Vec::new()) };
    let (result, _) = run(&sandbox, &whole).await;
    assert!(result.stdout.contains("unlink") || result.stdout.contains("chmod"), "{result:?}");
    for mode in MODES {
        let sandbox = open(mode).await;
        let verdicts = verdicts(&sandbox, &claim(Language::C, source, vec![case("", "done"); 3])).await;
        assert_eq!(words(&verdicts), [Verdict::Passed; 3], "{mode:?}: {verdicts:?}");
    }
}

#[tokio::test]
async fn a_program_that_does_not_compile_has_no_verdicts_and_its_compiler_is_heard() {
    for mode in [Withheld::Nothing, Withheld::Namespaces] {
        let claim = claim(Language::C, "\n\nint main(void) { return x; }", vec![case("", "")]);
        let (result, streamed) = run(&open(mode).await, &claim).await;
        assert_eq!(result.verdicts, Some(Vec::new()));
        assert!(result.stderr.contains("main.c:3:") && streamed == result.stderr, "{result:?}");
        assert_eq!((result.exit_code, result.reason), (Some(1), None));
    }
}

#[tokio::test]
async fn warnings_are_the_runs_output_and_output_of_cases_is_not() {
    let source = "#include <stdio.h>\nint main(void) { int unused; puts(\"said\"); }";
    let claim = claim(Language::C, source, vec![case("", "said")]);
    let (result, streamed) = run(&open(Withheld::Nothing).await, &claim).await;
    assert!(result.stderr.contains("unused") && streamed == result.stderr, "{result:?}");
    assert_eq!((result.stdout.as_str(), result.exit_code), ("", Some(0)));
}

#[tokio::test]
async fn all_cases_together_end_by_their_wall_clock() {
    let mut claim = claim(Language::Python, "import time; time.sleep(60)", vec![case("", ""); 3]);
    claim.limits.cases_wall_ms = 300;
    let verdicts = verdicts(&open(Withheld::Nothing).await, &claim).await;
    assert_eq!(words(&verdicts), [Verdict::TimeLimit; 3]);
    assert!((200..2_000).contains(&verdicts[0].wall_ms), "{verdicts:?}");
    assert_eq!((verdicts[1].wall_ms, verdicts[2].wall_ms), (0, 0));
}

#[tokio::test]
async fn what_is_kept_of_an_output_is_each_cases_share_and_all_of_it_is_compared() {
    let mut claim = claim(Language::Python, "print('x' * 999, 'y')", vec![case("", ""); 2]);
    claim.cases[0].expected = format!("{} y", "x".repeat(999));
    claim.limits.output_kept_bytes = 200;
    let (result, _) = run(&open(Withheld::Nothing).await, &claim).await;
    let verdicts = result.verdicts.expect("verdicts");
    assert_eq!(words(&verdicts), [Verdict::Passed, Verdict::WrongOutput]);
    let kept = |text: &Option<String>| text.as_ref().map(String::len);
    assert_eq!(
        (kept(&verdicts[0].stdout), kept(&verdicts[0].expected), result.truncated),
        (Some(100), Some(100), true)
    );
}

#[tokio::test]
async fn a_stop_ends_the_cases() {
    let claim = claim(Language::Python, "import time; time.sleep(60)", vec![case("", ""); 2]);
    let (frames, _sent) = mpsc::unbounded_channel();
    let (_wishes, wished) = watch::channel(Wish::Stop);
    let executed = execute(&open(Withheld::Nothing).await, &claim, wires(&frames, wished)).await;
    assert!(executed.was_stopped && executed.anomaly.is_none(), "{executed:?}");
}

#[tokio::test]
async fn only_plain_files_of_a_compilation_are_kept_and_nothing_of_it_stays() {
    for mode in MODES {
        let sandbox = open(mode).await;
        let artefact = sandbox.artefact().expect("a folder");
        let mut job = Case::python(
            "import os\nos.chdir('../out')\nos.symlink('/etc/shadow', 'link'); os.mkfifo('pipe'); os.mkdir('sub')\nopen('sub/plain', 'w').write('x')\nopen('two', 'w'); os.link('two', 'names')\nos.symlink('/etc', 'folder')",
        )
        .job();
        job.product = Product::Keep(artefact.product());
        let ran = gather(sandbox.start(job).await.expect("starts")).await;
        assert!(ran.last_step().is_success(), "{ran:?}");
        let names = |folder: &std::path::Path| -> Vec<String> {
            let entries = std::fs::read_dir(folder).expect("a folder");
            entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
        };
        assert_eq!(names(&artefact.product()), ["sub"], "{mode:?}");
        assert_eq!(names(&artefact.product().join("sub")), ["plain"]);
        let own = artefact.product();
        drop(artefact);
        assert!(!own.exists() && own.parent().is_some_and(|folder| !folder.exists()));
    }
}

#[tokio::test]
async fn a_compilation_that_makes_too_much_ends_by_its_disk() {
    // On disk both may be written before it is measured, and then they are more than may be copied.
    let source = "for n in range(2): open(f'../out/{n}', 'wb').write(bytes(40_000_000))";
    for mode in MODES {
        let sandbox = open(mode).await;
        let artefact = sandbox.artefact().expect("a folder");
        let mut job = Case::python(source).job();
        job.product = Product::Keep(artefact.product());
        let ran = gather(sandbox.start(job).await.expect("starts")).await;
        assert_eq!(ran.last_step().bound, Some(Bound::Disk), "{mode:?}: {ran:?}");
    }
}
