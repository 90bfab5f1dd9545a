//! Programs that behave: what they print, read and return comes through unchanged.

use nix::libc;
use protocol::language::Language;
use runner::sandbox::{Bound, Ended, SandboxError, Stop, Tier, Withheld};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use crate::support::{Case, MODES, config, gather, open};

#[tokio::test]
async fn input_arguments_and_files_arrive_and_streams_stay_apart() {
    let source = "import sys, part.helper\nprint(part.helper.twice(sys.stdin.read()), sys.argv[1:])\nprint('!', file=sys.stderr)";
    let case = Case::python(source)
        .with_file("part/helper.py", "def twice(text): return text * 2")
        .with_stdin("äb")
        .with_args(&["one", "two words"]);
    for mode in MODES {
        let ran = case.run(mode).await;
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("äbäb ['one', 'two words']\n", "!\n"), "{mode:?}");
    }
}

#[tokio::test]
async fn exit_codes_and_signals_are_told_apart() {
    let ends = [
        ("raise SystemExit(7)", Ended::Exited(7)),
        ("import os; os.kill(os.getpid(), 15)", Ended::Signalled(libc::SIGTERM)),
        ("import os; os.abort()", Ended::Signalled(libc::SIGABRT)),
        ("import ctypes; ctypes.string_at(0)", Ended::Signalled(libc::SIGSEGV)),
    ];
    for mode in MODES {
        let sandbox = open(mode).await;
        for (source, expected) in ends {
            let ran = Case::python(source).run_in(&sandbox).await;
            assert_eq!((ran.last_step().ended, ran.last_step().bound), (expected, None), "{mode:?}: {source}: {ran:?}");
        }
    }
}

#[tokio::test]
async fn runtimes_have_what_they_need() {
    let python = "
import asyncio, subprocess, tempfile, threading, pwd, os, multiprocessing, random, datetime
async def main():
    process = await asyncio.create_subprocess_exec('/bin/echo', 'child', stdout=asyncio.subprocess.PIPE)
    print((await process.communicate())[0].decode().strip())
asyncio.run(main())
print(subprocess.run('echo shell | cat', shell=True, capture_output=True, text=True).stdout.strip())
with tempfile.NamedTemporaryFile() as file: file.write(b'x')
thread = threading.Thread(target=lambda: print('thread')); thread.start(); thread.join()
with multiprocessing.Pool(2) as pool: print(sum(pool.map(abs, [-1, -2])))
print(subprocess.run(['node', '-p', '6*7'], capture_output=True, text=True).stdout.strip())
print(open('/dev/stdin').read(), file=open('/dev/stdout', 'w'))
";
    let node = "
const { execFileSync } = require('child_process'); const fs = require('fs'); const os = require('os');
console.log(execFileSync('/bin/echo', ['child']).toString().trim());
fs.writeFileSync('made', 'file'); console.log(fs.readFileSync('made', 'utf8'));
new (require('worker_threads').Worker)('console.log(\"thread\")', { eval: true });
console.log(os.cpus().length > 0, require('crypto').createHash('sha1').update('').digest('hex').slice(0, 4));
";
    for mode in MODES {
        let sandbox = open(mode).await;
        let ran = Case::python(python).with_stdin("in").run_in(&sandbox).await;
        assert_eq!(ran.stdout, "child\nshell\nthread\n3\n42\nin\n", "{mode:?}: {}", ran.stderr);
        let ran = Case::new(Language::JavaScript, node).run_in(&sandbox).await;
        assert_eq!(ran.stdout, "child\nfile\ntrue da39\nthread\n", "{mode:?}: {}", ran.stderr);
    }
}

#[tokio::test]
async fn a_program_can_be_talked_to_while_it_runs() {
    let sandbox = open(Withheld::Nothing).await;
    let source =
        "#include <stdio.h>\nint main(void) { int n; while (scanf(\"%d\", &n) == 1) printf(\"%d\\n\", n + 1); }";
    let mut running = sandbox.start(Case::c(source).job()).await.expect("starts");
    let mut stdin = running.stdin.take().expect("an input");
    let mut lines = BufReader::new(&mut running.stdout).lines();
    for number in [1, 41] {
        stdin.write_all(format!("{number}\n").as_bytes()).await.expect("the program reads");
        let line = lines.next_line().await.expect("output");
        assert_eq!(line, Some((number + 1).to_string()));
    }
    drop(stdin);
    assert!(gather(running).await.last_step().is_success());
}

#[tokio::test]
async fn a_cancelled_program_is_dead_when_the_outcome_is_there() {
    for mode in MODES {
        let sandbox = open(mode).await;
        let source = "import os, time\nif os.fork(): print('up')\ntime.sleep(60)";
        let mut running = Case::python(source).start_in(&sandbox).await;
        let first = BufReader::new(&mut running.stdout).lines().next_line().await.expect("output");
        assert_eq!(first.as_deref(), Some("up"));
        running.control.stop(Stop::Cancel).await;
        let ran = gather(running).await;
        assert_eq!(ran.last_step().stopped, Some(Stop::Cancel));
        assert_eq!(ran.last_step().ended, Ended::Signalled(libc::SIGKILL));
        assert!(ran.last_step().wall_ms < 5_000);
    }
}

#[tokio::test]
async fn a_missing_program_is_our_fault_and_said() {
    let sandbox = open(Withheld::Nothing).await;
    let mut job = Case::python("").job();
    job.steps[0].program = "/usr/bin/there-is-no-such-thing".to_owned();
    let running = sandbox.start(job).await.expect("starts");
    let error = running.control.finish().await.expect_err("nothing ran");
    assert!(
        matches!(&error, SandboxError::Refused(why) if why.contains("ENOENT") || why.contains("No such file")),
        "{error}"
    );
}

#[tokio::test]
async fn a_machine_below_the_demanded_tier_is_refused() {
    let config = runner::sandbox::SandboxConfig { minimum: Tier::Namespaces, ..config(Withheld::Namespaces) };
    let error = runner::sandbox::Sandbox::open(config).await.expect_err("the tier is too low");
    assert!(matches!(error, SandboxError::TierTooLow { reached: Tier::Process, .. }), "{error}");
}

#[tokio::test]
async fn a_step_without_a_bound_reached_names_none() {
    let ran = Case::python("print(sum(range(10)))").run(Withheld::Nothing).await;
    assert_eq!((ran.last_step().bound, ran.last_step().stopped), (None::<Bound>, None));
}
