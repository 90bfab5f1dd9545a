//! C++: GCC, then the program itself.

use protocol::language::Language;
use protocol::limits::RUN_MEMORY_BYTES;

use super::c::{ASSEMBLER, HEADERS, LINE_BUFFERED, PROGRAM, starts_program};
use super::{Arg, Command, Recipe, Tool};

const COMPILER: &str = "/usr/bin/g++";

pub(super) const RECIPE: Recipe = Recipe {
    language: Language::Cpp,
    needs: &[Tool { program: COMPILER, package: "g++" }, ASSEMBLER, HEADERS],
    compile: Some(Command {
        program: COMPILER,
        args: &[
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
        memory_bytes: 512 << 20,
    }),
    run: Command { program: PROGRAM, args: &[Arg::Given], env: LINE_BUFFERED, memory_bytes: RUN_MEMORY_BYTES },
    starts_program,
};
