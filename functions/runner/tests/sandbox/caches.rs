//! Caches of toolchains: made by `runner caches`, used by compilers, written by no job.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use protocol::language::Language;
use runner::languages::Recipe;
use runner::sandbox::{Ended, Sandbox, SandboxConfig, Withheld};

use crate::support::{Case, MODES, config, gather};

const FOLDER: &str = "/var/cache/tutti-runner-tests";

/// A sandbox with caches, which are made if they are missing.
async fn open(withheld: Withheld) -> Sandbox {
    let work_dir = config(withheld).work_dir;
    let made = Command::new(env!("CARGO_BIN_EXE_runner"))
        .arg("caches")
        .env_clear()
        .envs([("RUNNER_CACHE_DIR", Path::new(FOLDER)), ("RUNNER_WORK_DIR", &work_dir)])
        .output()
        .expect("the runner starts");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let config = SandboxConfig { caches: Some(PathBuf::from(FOLDER)), ..config(withheld) };
    Sandbox::open(config).await.expect("the sandbox opens")
}

/// Runs a case with `words` put among the compiler's first arguments; answers what it wrote on its error output.
async fn compiler_said(sandbox: &Sandbox, case: &Case, at: usize, words: &[&str]) -> String {
    let mut job = case.job_with(sandbox.caches());
    job.steps[0].args.splice(at..at, words.iter().map(ToString::to_string));
    let mut running = sandbox.start(job).await.expect("starts");
    drop(running.stdin.take());
    let ran = gather(running).await;
    assert!(ran.last_step().is_success(), "{ran:?}");
    ran.stderr
}

#[tokio::test]
async fn compilers_use_their_caches_where_these_fit() {
    let header = "#include <bits/stdc++.h>\nint main() {}";
    let packages =
        "package main\nimport (\"encoding/json\"; \"net/http\")\nfunc main() { json.Marshal(http.StatusOK) }";
    for mode in MODES {
        let sandbox = open(mode).await;
        let case = Case::new(Language::Cpp, header);
        // The compiler lists what it includes, with a mark for a precompiled header: whether it fitted.
        let said = compiler_said(&sandbox, &case, 0, &["-H"]).await;
        assert!(said.starts_with(&format!("! {FOLDER}/cpp-")), "{mode:?}: {said}");
        let said = compiler_said(&sandbox, &case.with_flags(&["-O0"]), 0, &["-H"]).await;
        assert!(said.contains(&format!("x {FOLDER}/cpp-")) && said.contains("/usr/include"), "{mode:?}: {said}");
        // The JVM would not start without the archive.
        let hello = Language::Java.info().hello_world;
        compiler_said(&sandbox, &Case::new(Language::Java, hello), 0, &["-J-Xshare:on"]).await;
        // The toolchain lists what it compiles.
        let said = compiler_said(&sandbox, &Case::new(Language::Go, packages), 1, &["-x"]).await;
        assert!(said.contains("-p main") && !said.contains("-p net/http"), "{mode:?}: {said}");
    }
}

#[tokio::test]
async fn a_job_cannot_write_to_a_cache() {
    let source = "
import os, sys
def works(act):
    try: act()
    except OSError: return False
    return True
found = [os.path.join(folder, name) for folder, _, names in os.walk(sys.argv[1]) for name in names]
folders = [folder for folder, _, _ in os.walk(sys.argv[1])]
if not found: print('nothing there')
acts = [lambda path=path: open(path, 'r+') for path in found[:50]]
acts += [lambda path=path: os.chmod(path, 0o666) for path in found[:50]]
acts += [lambda path=path: os.utime(path) for path in found[:50]]
acts += [lambda path=path: os.truncate(path, 0) for path in found[:50]]
acts += [lambda folder=folder: open(folder + '/made', 'x') for folder in folders[:50]]
acts += [lambda folder=folder: os.rename(folder, folder + '-moved') for folder in folders[:50]]
acts += [lambda path=path: os.unlink(path) for path in found[:50]]
if any([works(act) for act in acts]): print('got')";
    let scratch = PathBuf::from(format!("/var/cache/tutti-runner-control-{}", std::process::id()));
    fs::create_dir_all(&scratch).expect("made");
    fs::write(scratch.join("file"), "x").expect("written");
    let bare = Command::new("/usr/bin/python3").args(["-c", source]).arg(&scratch).output().expect("python3 runs");
    fs::remove_dir_all(&scratch).ok();
    fs::remove_dir_all(format!("{}-moved", scratch.display())).ok();
    assert_eq!(String::from_utf8_lossy(&bare.stdout), "got\n", "the control must succeed");
    for mode in MODES {
        let sandbox = open(mode).await;
        let ran = Case::python(source).with_args(&[FOLDER]).run_in(&sandbox).await;
        assert_eq!((ran.stdout.as_str(), ran.last_step().ended), ("", Ended::Exited(0)), "{mode:?}: {}", ran.stderr);
    }
}

#[tokio::test]
async fn a_cache_of_another_version_is_removed_and_a_whole_one_stays() {
    open(Withheld::Nothing).await;
    let old = Path::new(FOLDER).join("cpp-of-another-version");
    let unfinished = Path::new(FOLDER).join("go-0123.unfinished");
    for folder in [&old, &unfinished] {
        fs::create_dir_all(folder.join("below")).expect("made");
    }
    let whole = Path::new(FOLDER).join(Recipe::of(Language::Cpp).cache_name().expect("a name"));
    let made_at = fs::metadata(&whole).expect("it is there").modified().expect("a time");
    open(Withheld::Nothing).await;
    assert!(!old.exists() && !unfinished.exists());
    assert_eq!(fs::metadata(&whole).expect("it is still there").modified().expect("a time"), made_at);
}

#[tokio::test]
async fn programs_compile_without_caches() {
    let config = SandboxConfig { caches: Some("/var/cache/tutti-runner-none".into()), ..config(Withheld::Nothing) };
    let sandbox = Sandbox::open(config).await.expect("the sandbox opens");
    for language in [Language::Cpp, Language::Java] {
        let ran = Case::new(language, language.info().hello_world).run_in(&sandbox).await;
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("Hello, world!\n", ""), "{language:?}");
    }
}
