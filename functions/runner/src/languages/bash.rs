//! Bash: the distribution's shell.

use protocol::language::Language;
use protocol::limits::RUN_MEMORY_BYTES;

use super::{Arg, Command, Interactive, Recipe, Tool};

pub(super) const SHELL: &str = "/usr/bin/bash";

const TOOL: Tool = Tool { program: SHELL, package: "bash" };

/// The shell of a terminal: no settings of the machine, and a prompt that says where one is and nothing else.
pub(super) const INTERACTIVE: Interactive =
    Interactive { tool: TOOL, args: &["--norc", "--noprofile", "-i"], env: &[("PS1", "\\w $ ")] };

pub(super) const RECIPE: Recipe = Recipe {
    language: Language::Bash,
    needs: &[TOOL],
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
    repl: None,
};
