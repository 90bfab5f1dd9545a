//! Programs that people talk to in a terminal: the shell, and the REPL of a language.

use crate::sandbox::{Step, StepLimits};

use super::javascript::NODE_ENV;
use super::{RECIPES, Recipe, Tool, bash};

/// Of every terminal: what it understands, which shell others start in it, and no history files among people's files.
const TERMINAL_ENV: [(&str, &str); 5] = [
    ("TERM", "xterm-256color"),
    ("SHELL", bash::SHELL),
    ("HISTFILE", ""),
    ("LESSHISTFILE", "-"),
    ("NODE_REPL_HISTORY", ""),
];

/// How a program that people talk to is started, in the folder of their files.
#[derive(Debug, Clone, Copy)]
pub struct Interactive {
    pub(super) tool: Tool,
    pub(super) args: &'static [&'static str],
    pub(super) env: &'static [(&'static str, &'static str)],
}

impl Interactive {
    /// The shell.
    #[must_use]
    pub fn shell() -> &'static Self {
        static SHELL: Interactive = bash::INTERACTIVE;
        &SHELL
    }

    /// What a terminal of this language starts: its REPL, or a shell beside its toolchain when that has none.
    #[must_use]
    pub fn of(recipe: &'static Recipe) -> &'static Self {
        recipe.repl.as_ref().unwrap_or_else(|| Self::shell())
    }

    /// The program itself, if this machine lacks it.
    #[must_use]
    pub fn missing_tool(&self) -> Option<Tool> {
        Some(self.tool).filter(Tool::is_missing)
    }

    /// The sandbox's step for it.
    #[must_use]
    pub fn step(&self, limits: StepLimits) -> Step {
        // A compiler that is started by hand needs what it needs when the runner starts it.
        let of_compilers = RECIPES.iter().filter_map(|recipe| recipe.compile.as_ref()).flat_map(|command| command.env);
        let env = TERMINAL_ENV.iter().chain(NODE_ENV).chain(of_compilers).chain(self.env);
        Step {
            program: self.tool.program.to_owned(),
            args: self.args.iter().map(ToString::to_string).collect(),
            env: env.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            reads_stdin: true,
            limits,
        }
    }
}
