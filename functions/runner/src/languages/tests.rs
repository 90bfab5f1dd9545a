//! Recipes become the command lines that they are meant to.

use super::*;

fn source(path: &str, content: &str) -> SourceFile {
    SourceFile { path: FilePath::parse(path).expect("a path"), content: content.to_owned() }
}

fn check(language: Language, entry: &str, files: &[SourceFile], args: &[&str], expected: &[&str]) {
    let args: Vec<String> = args.iter().map(ToString::to_string).collect();
    let entry = FilePath::parse(entry).expect("a path");
    let limits = RunLimits::default();
    let job = Recipe::of(language).job(Program {
        entry: &entry,
        files,
        args: &args,
        flags: &[],
        limits: &limits,
        caches: None,
    });
    let lines: Vec<_> = job.steps.iter().map(|step| format!("{} {}", step.program, step.args.join(" "))).collect();
    assert_eq!(lines, expected);
}

#[test]
fn caches_of_other_ways_to_make_them_have_other_names() {
    let names: Vec<_> = LANGUAGES.iter().filter_map(|info| Recipe::of(info.id).cache_name()).collect();
    let mut distinct = names.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), names.len());
    for info in &LANGUAGES {
        let recipe = Recipe::of(info.id);
        assert_eq!(recipe.cache_job("x".into()).is_some(), recipe.cache.is_some(), "{}", info.name);
    }
}

#[test]
fn every_language_has_a_recipe() {
    for info in &LANGUAGES {
        assert_eq!(Recipe::of(info.id).language, info.id);
    }
}

#[test]
fn a_missing_tool_is_told_with_what_brings_it() {
    let tool = Tool { program: "/usr/bin/there-is-no-such-thing", package: "nothing" };
    let words = "This runner has no /usr/bin/there-is-no-such-thing. It comes with: apt-get install nothing\n";
    assert!(tool.is_missing());
    assert_eq!(tool.missing_words(), words);
}

#[test]
fn an_entry_like_an_option_stays_a_file() {
    let expected = ["/usr/bin/python3 -s -B -u ./-c.py -x"];
    check(Language::Python, "-c.py", &[source("-c.py", "")], &["-x"], &expected);
}

#[test]
fn other_programs_of_the_room_are_left_out_of_a_c_program() {
    let files = [
        source("main.c", "int main(void) {}"),
        source("lib/a.c", "int a;"),
        source("b.c", "  int main() {}"),
        source("a.h", ""),
    ];
    let expected = ["/usr/bin/gcc -O2 -std=gnu17 -Wall -o ../out/program main.c lib/a.c -lm", "../out/program "];
    check(Language::C, "main.c", &files, &[], &expected);
}

#[test]
fn a_java_class_is_run_by_the_name_that_its_package_gives_it() {
    let class = |path: &str, content: &str| {
        let files = [source(path, content)];
        let entry = FilePath::parse(path).expect("a path");
        let limits = RunLimits::default();
        class_of(Program { entry: &entry, files: &files, args: &[], flags: &[], limits: &limits, caches: None })
    };
    assert_eq!(class("Main.java", "public class Main {}"), "Main");
    assert_eq!(class("src/app/Main.java", "// a\n package app.x ;\npublic class Main {}"), "app.x.Main");
}
