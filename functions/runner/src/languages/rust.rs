//! Rust: the distribution's compiler, then the program itself.

use protocol::language::Language;
use protocol::limits::RUN_MEMORY_BYTES;

use super::{Arg, Command, Recipe, Tool};

const COMPILER: &str = "/usr/bin/rustc";
const PROGRAM: &str = "../out/program";

pub(super) const RECIPE: Recipe = Recipe {
    language: Language::Rust,
    needs: &[Tool { program: COMPILER, package: "rustc-web" }, Tool { program: "/usr/bin/cc", package: "gcc" }],
    compile: Some(Command {
        program: COMPILER,
        args: &[
            Arg::Unless("--edition=2021", "--edition"),
            Arg::Text("-Copt-level=1"),
            // One unit of code, since there are not so many processors that more would pay.
            Arg::Text("-Ccodegen-units=1"),
            Arg::Flags,
            Arg::Text("-o"),
            Arg::Text(PROGRAM),
            // It brings the other files along by its modules.
            Arg::Entry,
        ],
        env: &[],
        cache_variable: None,
        memory_bytes: 512 << 20,
    }),
    run: Command {
        program: PROGRAM,
        args: &[Arg::Given],
        env: &[],
        cache_variable: None,
        memory_bytes: RUN_MEMORY_BYTES,
    },
    cache: None,
    starts_program: |_| false,
    repl: None,
};
