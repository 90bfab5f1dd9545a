//! After a job nothing is left of it: no process, no file, no folder, whatever it did to make the clean-up fail.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use runner::sandbox::Withheld;

use crate::support::{Case, MODES, config, has_folder, open};

#[tokio::test]
async fn files_left_in_shared_folders_are_gone_afterwards() {
    let name = format!("tutti-attack-left-{}", std::process::id());
    let source = "
import os, sys
for folder in ('/tmp', '/var/tmp', '/dev/shm', '/run/lock'):
    try: os.makedirs(f'{folder}/{sys.argv[1]}/below'); open(f'{folder}/{sys.argv[1]}/below/file', 'w').close()
    except OSError: pass";
    let left = || -> Vec<PathBuf> {
        let folders = ["/tmp", "/var/tmp", "/dev/shm", "/run/lock"].map(|folder| Path::new(folder).join(&name));
        folders.into_iter().filter(|path| path.exists()).collect()
    };
    let bare = Command::new("/usr/bin/python3").args(["-c", source, &name]).status().expect("python3 runs");
    assert!(bare.success() && left().len() >= 3, "the control must succeed");
    left().iter().for_each(|path| fs::remove_dir_all(path).expect("removed"));
    for mode in MODES {
        let ran = Case::python(source).with_args(&[&name]).run(mode).await;
        assert!(ran.last_step().is_success(), "{ran:?}");
        assert_eq!(left(), Vec::<PathBuf>::new(), "{mode:?}");
    }
}

#[tokio::test]
async fn an_orphan_that_holds_the_output_does_not_hold_the_run() {
    let source = "import os, time\nif os.fork() == 0:\n  os.setsid()\n  if os.fork() == 0: time.sleep(60)\n  os._exit(0)\nprint('done')";
    for mode in MODES {
        let ran = Case::python(source).run(mode).await;
        assert_eq!(ran.stdout, "done\n");
        assert!(ran.last_step().is_success() && ran.last_step().wall_ms < 5_000, "{mode:?}: {ran:?}");
    }
}

#[tokio::test]
async fn links_and_deep_folders_do_not_mislead_the_clean_up() {
    let kept = PathBuf::from(format!("/var/tmp/tutti-kept-{}", std::process::id()));
    fs::create_dir_all(kept.join("below")).expect("made");
    fs::write(kept.join("below/file"), "kept").expect("written");
    let source = "
import os, sys
os.symlink(sys.argv[1], 'link'); os.symlink(sys.argv[1], '../out/program'); os.mkfifo('pipe')
for path in ('moved-1', 'moved-2'): os.mkdir(path)
os.chmod('moved-1', 0)
print('made', flush=True)
for depth in range(1500): os.mkdir('d'); os.chdir('d')";
    for mode in MODES {
        let ran = Case::python(source).with_args(&[&kept.to_string_lossy()]).run(mode).await;
        // On disk such a depth counts as filling it; either way the clean-up is not an anomaly.
        assert_eq!(ran.stdout, "made\n", "{mode:?}: {ran:?}");
        assert_eq!(fs::read_to_string(kept.join("below/file")).expect("still there"), "kept");
    }
    fs::remove_dir_all(&kept).expect("removed");
}

#[tokio::test]
async fn no_folder_and_no_process_of_a_job_is_left() {
    let source = "import os\nprint(os.getuid(), flush=True)\nif os.fork() == 0:\n  os.setsid()\n  while True: pass";
    for mode in MODES {
        let ran = Case::python(source).run(mode).await;
        let uid = ran.stdout.trim();
        assert!(!uid.is_empty() && !has_folder(uid), "{mode:?}");
        let alive = Command::new("/usr/bin/pgrep").args(["-U", uid]).output().expect("pgrep runs");
        assert_eq!(String::from_utf8_lossy(&alive.stdout), "", "{mode:?}");
    }
}

#[tokio::test]
async fn zombies_are_reaped() {
    let source = "import os\nprint(os.getuid(), flush=True)\nfor _ in range(40):\n  if os.fork() == 0: os._exit(0)";
    for mode in MODES {
        let ran = Case::python(source).run(mode).await;
        assert!(ran.last_step().is_success(), "{mode:?}: {ran:?}");
        let left = Command::new("/usr/bin/pgrep").args(["-U", ran.stdout.trim()]).output().expect("pgrep runs");
        assert_eq!(String::from_utf8_lossy(&left.stdout), "", "{mode:?}");
    }
}

#[tokio::test]
async fn what_a_killed_jail_left_is_swept_at_the_next_start() {
    // In the range of job ids, and not one that a job of this test can have at the same time.
    let stale = config(Withheld::Nothing).work_dir.join("1900000000");
    fs::create_dir_all(stale.join("work/below")).expect("made");
    fs::write(stale.join("work/below/file"), "left").expect("written");
    open(Withheld::Nothing).await;
    assert!(!stale.exists());
}
