//! C++: GCC, then the program itself.

use protocol::language::Language;
use protocol::limits::RUN_MEMORY_BYTES;

use super::c::{ASSEMBLER, HEADERS, LINE_BUFFERED, PROGRAM, starts_program};
use super::cache::Cache;
use super::{Arg, Command, Recipe, Tool};

const COMPILER: &str = "/usr/bin/g++";

pub(super) const RECIPE: Recipe = Recipe {
    language: Language::Cpp,
    needs: &[Tool { program: COMPILER, package: "g++" }, ASSEMBLER, HEADERS],
    compile: Some(Command {
        program: COMPILER,
        args: &[
            Arg::Cache("-isystem", ""),
            Arg::Text("-O2"),
            Arg::Text("-std=gnu++20"),
            Arg::Text("-Wall"),
            Arg::Flags,
            Arg::Text("-o"),
            Arg::Text(PROGRAM),
            Arg::Sources,
        ],
        env: &[],
        // The whole of the standard library's headers takes half of it.
        cache_variable: None,
        memory_bytes: 512 << 20,
    }),
    run: Command {
        program: PROGRAM,
        args: &[Arg::Given],
        env: LINE_BUFFERED,
        cache_variable: None,
        memory_bytes: RUN_MEMORY_BYTES,
    },
    cache: Some(Cache {
        tool: COMPILER,
        file: ("all.h", "#include <bits/stdc++.h>\n"),
        // The compiler takes it where the flags fit, and the header itself where they do not.
        script: "mkdir -p ../out/bits && g++ -O2 -std=gnu++20 -Wall -x c++-header all.h -o ../out/bits/stdc++.h.gch",
    }),
    starts_program,
    repl: None,
};
