//! C: GCC, then the program itself.

use protocol::language::Language;
use protocol::limits::RUN_MEMORY_BYTES;

use super::{Arg, Command, Recipe, Tool};

const COMPILER: &str = "/usr/bin/gcc";
const PROGRAM: &str = "../out/program";

pub(super) const RECIPE: Recipe = Recipe {
    language: Language::C,
    needs: &[
        Tool { program: COMPILER, package: "gcc" },
        Tool { program: "/usr/bin/as", package: "binutils" },
        Tool { program: "/usr/include/stdio.h", package: "libc6-dev" },
    ],
    compile: Some(Command {
        program: COMPILER,
        args: &[
            Arg::Text("-O2"),
            Arg::Text("-std=gnu17"),
            Arg::Text("-Wall"),
            Arg::Text("-o"),
            Arg::Text(PROGRAM),
            Arg::Sources,
            Arg::Text("-lm"),
        ],
        env: &[],
    }),
    run: Command {
        program: PROGRAM,
        args: &[Arg::Given],
        // The C library keeps up to 4 KB before it writes to a pipe; people want to see each line as it is printed.
        // This is what stdbuf(1) of coreutils does.
        env: &[("LD_PRELOAD", "/usr/libexec/coreutils/libstdbuf.so"), ("_STDBUF_O", "L")],
    },
    memory_bytes: RUN_MEMORY_BYTES,
};
