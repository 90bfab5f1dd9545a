//! Bash: the distribution's shell.

use protocol::language::Language;
use protocol::limits::RUN_MEMORY_BYTES;

use super::{Arg, Command, Recipe, Tool};

const SHELL: &str = "/usr/bin/bash";

pub(super) const RECIPE: Recipe = Recipe {
    language: Language::Bash,
    needs: &[Tool { program: SHELL, package: "bash" }],
    compile: None,
    run: Command {
        program: SHELL,
        args: &[Arg::Entry, Arg::Given],
        env: &[],
        cache_variable: None,
        memory_bytes: RUN_MEMORY_BYTES,
    },
    cache: None,
    starts_program: |_| false,
};
