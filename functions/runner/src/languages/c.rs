//! C: GCC, then the program itself.

use protocol::language::Language;
use protocol::limits::RUN_MEMORY_BYTES;

use super::{Arg, Command, Recipe, Tool};

const COMPILER: &str = "/usr/bin/gcc";
pub(super) const PROGRAM: &str = "../out/program";

pub(super) const ASSEMBLER: Tool = Tool { program: "/usr/bin/as", package: "binutils" };
pub(super) const HEADERS: Tool = Tool { program: "/usr/include/stdio.h", package: "libc6-dev" };

/// The C library keeps up to 4 KB before it writes to a pipe; people want to see each line as it is printed. This is
/// what stdbuf(1) of coreutils does.
pub(super) const LINE_BUFFERED: &[(&str, &str)] =
    &[("LD_PRELOAD", "/usr/libexec/coreutils/libstdbuf.so"), ("_STDBUF_O", "L")];

pub(super) const RECIPE: Recipe = Recipe {
    language: Language::C,
    needs: &[Tool { program: COMPILER, package: "gcc" }, ASSEMBLER, HEADERS],
    compile: Some(Command {
        program: COMPILER,
        args: &[
            Arg::Text("-O2"),
            Arg::Text("-std=gnu17"),
            Arg::Text("-Wall"),
            Arg::Flags,
            Arg::Text("-o"),
            Arg::Text(PROGRAM),
            Arg::Sources,
            Arg::Text("-lm"),
        ],
        env: &[],
        cache_variable: None,
        memory_bytes: RUN_MEMORY_BYTES,
    }),
    run: Command {
        program: PROGRAM,
        args: &[Arg::Given],
        env: LINE_BUFFERED,
        cache_variable: None,
        memory_bytes: RUN_MEMORY_BYTES,
    },
    cache: None,
    starts_program,
    repl: None,
};

/// True for a line that begins a `main` function.
pub(super) fn starts_program(line: &str) -> bool {
    (line.starts_with("int main") || line.starts_with("void main") || line.starts_with("main")) && line.contains('(')
}
