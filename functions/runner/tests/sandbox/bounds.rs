//! Bounds: reaching one ends the program with its reason, in time, and leaves nothing.

use std::time::{Duration, Instant};

use protocol::language::Language;
use runner::sandbox::{Bound, StepOutcome};

use crate::support::{Case, MODES, Ran, open};

/// Runs a case in every mode; it must end by `bound`, well before the default wall clock would end it.
async fn check(case: Case, bound: Bound) {
    for mode in MODES {
        let sandbox = open(mode).await;
        let started = Instant::now();
        let ran = case.run_in(&sandbox).await;
        assert_eq!(ran.last_step().bound, Some(bound), "{mode:?}: {ran:?}");
        assert!(started.elapsed() < Duration::from_secs(6), "{mode:?}: {:?}", started.elapsed());
    }
}

fn step(ran: &Ran) -> &StepOutcome {
    ran.last_step()
}

#[tokio::test]
async fn a_sleeper_ends_by_the_wall_clock() {
    check(Case::python("import time\ntime.sleep(60)").with_limits(|limits| limits.wall_ms = 300), Bound::Time).await;
}

#[tokio::test]
async fn a_sleeper_that_ignores_signals_ends_too() {
    let source = "import signal, time\nfor n in range(1, 32):\n  if n not in (9, 19): signal.signal(n, signal.SIG_IGN)\ntime.sleep(60)";
    check(Case::python(source).with_limits(|limits| limits.wall_ms = 300), Bound::Time).await;
}

#[tokio::test]
async fn processor_time_of_all_processes_counts_together() {
    let source = "import os\nos.fork(); os.fork()\nwhile True: pass";
    check(Case::python(source).with_limits(|limits| limits.cpu_ms = 1_000), Bound::Time).await;
}

#[tokio::test]
async fn processor_time_of_ended_children_counts() {
    let source =
        "import os\nwhile True:\n  if not os.fork():\n    for _ in range(10**6): pass\n    os._exit(0)\n  os.wait()";
    check(Case::python(source).with_limits(|limits| limits.cpu_ms = 500), Bound::Time).await;
}

#[tokio::test]
async fn touched_memory_ends_a_program() {
    check(Case::python("data = []\nwhile True: data.append(bytearray(b'x') * 1_000_000)"), Bound::Memory).await;
    let node = "const data = []; while (true) data.push(new Array(100000).fill(1.5));";
    check(Case::new(Language::JavaScript, node), Bound::Memory).await;
}

#[tokio::test]
async fn memory_of_several_processes_counts_together() {
    let source = "import os, time\nos.fork(); os.fork()\ndata = bytearray(b'x') * 100_000_000\ntime.sleep(60)";
    check(Case::python(source), Bound::Memory).await;
}

#[tokio::test]
async fn memory_that_processes_share_counts_once() {
    let source = "import os, time\ndata = bytearray(b'x') * 100_000_000\nfor _ in range(4):\n  if not os.fork(): time.sleep(0.1); os._exit(0)\nfor _ in range(4): os.wait()\nprint('ok')";
    for mode in MODES {
        let ran = Case::python(source).run(mode).await;
        assert_eq!((ran.stdout.as_str(), step(&ran).bound), ("ok\n", None), "{mode:?}: {ran:?}");
    }
}

#[tokio::test]
async fn a_fork_bomb_ends_by_its_processes() {
    let source = "#include <unistd.h>\nint main(void) { for (;;) fork(); }";
    check(Case::c(source), Bound::Processes).await;
}

#[tokio::test]
async fn threads_count_as_processes() {
    let source = "import threading, time\nfor _ in range(100): threading.Thread(target=time.sleep, args=(60,)).start()";
    check(Case::python(source), Bound::Processes).await;
}

#[tokio::test]
async fn a_file_that_grows_ends_a_program() {
    let source = "file = open('big', 'wb')\nwhile True: file.write(b'x' * 1_000_000)";
    check(Case::python(source), Bound::Disk).await;
}

#[tokio::test]
async fn many_files_end_a_program() {
    let source = "import os, itertools\nfor n in itertools.count():\n  os.mkdir(f'd{n}'); open(f'd{n}/f', 'w').close()";
    check(Case::python(source).with_inodes(200), Bound::Disk).await;
}

#[tokio::test]
async fn files_in_shared_folders_count() {
    let source = "import os, itertools\nfor n in itertools.count():\n  with open(f'/dev/shm/tutti-bounds-{os.getuid()}-{n}', 'wb') as file: file.write(b'x' * 10_000_000)";
    check(Case::python(source), Bound::Disk).await;
}

#[tokio::test]
async fn a_compiler_is_bound_like_any_program() {
    let endless = "#include \"/dev/zero\"\nint main(void) {}";
    for mode in MODES {
        let ran = Case::c(endless).with_limits(|limits| limits.wall_ms = 2_000).run(mode).await;
        assert_eq!(ran.outcome.steps.len(), 1, "{ran:?}");
        assert!(matches!(step(&ran).bound, Some(Bound::Memory | Bound::Time)), "{mode:?}: {ran:?}");
    }
}
