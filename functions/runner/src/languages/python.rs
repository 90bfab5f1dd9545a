//! Python: the distribution's interpreter.

use protocol::language::Language;
use protocol::limits::RUN_MEMORY_BYTES;

use super::{Arg, Command, Interactive, Recipe, Tool};

const INTERPRETER: &str = "/usr/bin/python3";

const TOOL: Tool = Tool { program: INTERPRETER, package: "python3" };

pub(super) const RECIPE: Recipe = Recipe {
    language: Language::Python,
    needs: &[TOOL],
    compile: None,
    run: Command {
        program: INTERPRETER,
        // No packages of a home folder that is not there, no byte code that nobody will read again, and output that
        // people see when it is printed. `site` stays: it brings `exit()`.
        args: &[Arg::Text("-s"), Arg::Text("-B"), Arg::Text("-u"), Arg::Entry, Arg::Given],
        env: &[],
        cache_variable: None,
        memory_bytes: RUN_MEMORY_BYTES,
    },
    cache: None,
    starts_program: |_| false,
    repl: Some(Interactive { tool: TOOL, args: &["-q", "-s", "-B"], env: &[] }),
};
