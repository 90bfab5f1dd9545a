//! Java: javac, then the JVM.

use protocol::language::Language;

use super::{Arg, Command, Recipe, Tool};

const COMPILER: &str = "/usr/bin/javac";
const JVM: &str = "/usr/bin/java";

/// The heap below, and what the JVM keeps beside it: code, classes, a stack for each thread.
const MEMORY_BYTES: u64 = 512 << 20;

pub(super) const RECIPE: Recipe = Recipe {
    language: Language::Java,
    needs: &[
        Tool { program: COMPILER, package: "openjdk-17-jdk-headless" },
        Tool { program: JVM, package: "openjdk-17-jdk-headless" },
    ],
    compile: Some(Command {
        program: COMPILER,
        args: &[
            // Short programs are over before a larger collector or the second compiler pays.
            Arg::Text("-J-XX:+UseSerialGC"),
            Arg::Text("-J-XX:TieredStopAtLevel=1"),
            Arg::Text("-J-XX:-UsePerfData"),
            Arg::Text("-J-Xmx256m"),
            Arg::Text("-encoding"),
            Arg::Text("UTF-8"),
            Arg::Flags,
            Arg::Text("-d"),
            Arg::Text("../out"),
            Arg::Sources,
        ],
        env: &[],
        memory_bytes: MEMORY_BYTES,
    }),
    run: Command {
        program: JVM,
        args: &[
            Arg::Text("-XX:+UseSerialGC"),
            Arg::Text("-XX:TieredStopAtLevel=1"),
            Arg::Text("-XX:-UsePerfData"),
            Arg::Text("-Xmx256m"),
            Arg::Text("-Dfile.encoding=UTF-8"),
            Arg::Text("-Dstdout.encoding=UTF-8"),
            Arg::Text("-cp"),
            Arg::Text("../out"),
            Arg::Class,
            Arg::Given,
        ],
        env: &[],
        memory_bytes: MEMORY_BYTES,
    },
    // Classes of one name in two packages do not meet, so every file is compiled.
    starts_program: |_| false,
};
