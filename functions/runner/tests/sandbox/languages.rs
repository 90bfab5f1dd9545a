//! What every language can do: read, take arguments, speak on two streams, end with a code, consist of several files,
//! and say where it does not compile.

use protocol::language::{LANGUAGES, Language};
use runner::sandbox::{Ended, Withheld};

use crate::support::{Case, MODES, open};

/// The words of one language for a program that prints its input twice and its first argument, complains, and ends
/// with 3; with another file that it takes a part of.
fn echo_of(language: Language) -> (&'static str, (&'static str, &'static str)) {
    match language {
        Language::Python => (
            "import sys, helper\nprint(helper.twice(sys.stdin.read()), sys.argv[1])\nprint('!', file=sys.stderr)\nsys.exit(3)",
            ("helper.py", "def twice(text): return text * 2"),
        ),
        Language::JavaScript => (
            "const { twice } = require('./helper');\nconsole.log(twice(require('fs').readFileSync(0, 'utf8')), process.argv[2]);\nconsole.error('!');\nprocess.exitCode = 3;",
            ("helper.js", "exports.twice = (text) => text + text;"),
        ),
        Language::TypeScript => (
            "import { readFileSync } from 'fs';\nimport { twice } from './helper';\nconst text: string = readFileSync(0, 'utf8');\nconsole.log(twice(text), process.argv[2]);\nconsole.error('!');\nprocess.exitCode = 3;",
            ("helper.ts", "export function twice<T extends string>(text: T): string { return text + text; }"),
        ),
        Language::Java => (
            "public class Main {\n public static void main(String[] args) throws Exception {\n  String text = new String(System.in.readAllBytes());\n  System.out.println(Helper.twice(text) + \" \" + args[0]);\n  System.err.println(\"!\");\n  System.exit(3);\n }\n}",
            ("Helper.java", "class Helper { static String twice(String text) { return text + text; } }"),
        ),
        Language::C => (
            "#include <stdio.h>\nvoid twice(const char *text);\nint main(int count, char **args) {\n char text[9];\n scanf(\"%8s\", text);\n twice(text);\n printf(\" %s\\n\", args[1]);\n fputs(\"!\\n\", stderr);\n return 3;\n}",
            ("helper.c", "#include <stdio.h>\nvoid twice(const char *text) { printf(\"%s%s\", text, text); }"),
        ),
        Language::Cpp => (
            "#include <bits/stdc++.h>\nstd::string twice(std::string text);\nint main(int count, char **args) {\n std::string text;\n std::cin >> text;\n std::cout << twice(text) << ' ' << args[1] << std::endl;\n std::cerr << \"!\\n\";\n return 3;\n}",
            ("helper.cpp", "#include <string>\nstd::string twice(std::string text) { return text + text; }"),
        ),
        Language::Go => (
            "package main\nimport (\"fmt\"; \"os\")\nfunc main() {\n var text string\n fmt.Scan(&text)\n fmt.Println(twice(text), os.Args[1])\n fmt.Fprintln(os.Stderr, \"!\")\n os.Exit(3)\n}",
            ("helper.go", "package main\nfunc twice(text string) string { return text + text }"),
        ),
        Language::Rust => (
            "mod helper;\nfn main() {\n let text = std::io::read_to_string(std::io::stdin()).unwrap();\n println!(\"{} {}\", helper::twice(&text), std::env::args().nth(1).unwrap());\n eprintln!(\"!\");\n std::process::exit(3);\n}",
            ("helper.rs", "pub fn twice(text: &str) -> String { text.repeat(2) }"),
        ),
        Language::Bash => (
            "source ./helper.sh\nread -r text\necho \"$(twice \"$text\") $1\"\necho '!' >&2\nexit 3",
            ("helper.sh", "twice() { echo \"$1$1\"; }"),
        ),
    }
}

#[tokio::test]
async fn every_language_says_hello_in_every_mode() {
    for mode in MODES {
        let sandbox = open(mode).await;
        for info in &LANGUAGES {
            let ran = Case::new(info.id, info.hello_world).run_in(&sandbox).await;
            assert_eq!(ran.stdout, "Hello, world!\n", "{} {mode:?}: {ran:?}", info.name);
            assert_eq!(ran.stderr, "", "{} {mode:?}", info.name);
            assert!(ran.last_step().is_success(), "{ran:?}");
            assert!(ran.last_step().memory_bytes > 0);
        }
    }
}

#[tokio::test]
async fn every_language_reads_its_input_and_arguments_and_is_made_of_several_files() {
    for mode in [Withheld::Nothing, Withheld::Namespaces] {
        let sandbox = open(mode).await;
        for info in &LANGUAGES {
            let (source, (path, helper)) = echo_of(info.id);
            let case = Case::new(info.id, source).with_file(path, helper).with_stdin("ab").with_args(&["one"]);
            let ran = case.run_in(&sandbox).await;
            let words = (ran.stdout.as_str(), ran.stderr.as_str());
            assert_eq!(words, ("abab one\n", "!\n"), "{} {mode:?}: {ran:?}", info.name);
            assert_eq!(ran.last_step().ended, Ended::Exited(3), "{} {mode:?}", info.name);
        }
    }
}

#[tokio::test]
async fn every_compiler_says_where_a_program_is_wrong_and_nothing_runs() {
    let wrong = [
        (Language::TypeScript, "\n\nlet = ;", "main.ts:3:"),
        (Language::Java, "\n\nclass Main { void f() { x(); } }", "Main.java:3:"),
        (Language::C, "\n\nint main(void) { return x; }", "main.c:3:"),
        (Language::Cpp, "\n\nint main() { return x; }", "main.cpp:3:"),
        (Language::Go, "package main\n\nfunc main() { x() }", "main.go:3:"),
        (Language::Rust, "\n\nfn main() { x() }", "main.rs:3:"),
    ];
    for mode in [Withheld::Nothing, Withheld::Namespaces] {
        let sandbox = open(mode).await;
        for (language, source, place) in wrong {
            let ran = Case::new(language, source).run_in(&sandbox).await;
            assert!(ran.stderr.contains(place), "{language:?} {mode:?}: {ran:?}");
            assert_eq!((ran.outcome.steps.len(), ran.stdout.as_str()), (1, ""), "{language:?}");
            assert!(matches!(ran.last_step().ended, Ended::Exited(1..)), "{language:?}: {ran:?}");
        }
    }
}

#[tokio::test]
async fn every_flag_that_may_be_chosen_is_taken_by_its_compiler() {
    let sandbox = open(Withheld::Nothing).await;
    for info in &LANGUAGES {
        for flag in info.flags {
            let ran = Case::new(info.id, info.hello_world).with_flags(&[flag]).run_in(&sandbox).await;
            assert_eq!(ran.stdout, "Hello, world!\n", "{} {flag}: {ran:?}", info.name);
        }
    }
}

#[tokio::test]
async fn a_flag_changes_what_the_compiler_does() {
    let sandbox = open(Withheld::Nothing).await;
    let c = "#include <stdio.h>\nint main(void) {\n#ifdef NDEBUG\n puts(\"flag\");\n#endif\n}";
    let cpp = "#include <cstdio>\nint main() { if (__cplusplus == 201103L) std::puts(\"flag\"); }";
    let rust = "fn main() { let async = 1; if async == 1 { println!(\"flag\"); } }";
    let chosen =
        [(Language::C, c, "-DNDEBUG"), (Language::Cpp, cpp, "-std=c++11"), (Language::Rust, rust, "--edition=2015")];
    for (language, source, flag) in chosen {
        let without = Case::new(language, source).run_in(&sandbox).await;
        assert_eq!(without.stdout, "", "{language:?}: {without:?}");
        let with = Case::new(language, source).with_flags(&[flag]).run_in(&sandbox).await;
        assert_eq!(with.stdout, "flag\n", "{language:?}: {with:?}");
    }
}
