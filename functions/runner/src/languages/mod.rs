//! How each language is compiled and run. Adding one is one file with one [`Recipe`] and one line in `RECIPES`.
//!
//! What people see of a language is in [`protocol::language`]; this is what only the machine that runs it knows.

mod bash;
mod c;
mod cache;
mod cpp;
mod go;
mod interactive;
mod java;
mod javascript;
mod python;
mod rust;
#[cfg(test)]
mod tests;
mod typescript;

use std::path::Path;

use protocol::language::{LANGUAGES, Language};
use protocol::path::FilePath;
use protocol::run::SourceFile;
use protocol::runner::RunLimits;

use self::cache::Cache;
use crate::sandbox::{Artefact, Job, Product, Step, StepLimits};

pub use interactive::Interactive;

/// Every language that this runner knows.
const RECIPES: [Recipe; LANGUAGES.len()] = [
    python::RECIPE,
    javascript::RECIPE,
    typescript::RECIPE,
    java::RECIPE,
    c::RECIPE,
    cpp::RECIPE,
    go::RECIPE,
    rust::RECIPE,
    bash::RECIPE,
];

/// Everything a job may write: a program's own output files, and a compiler's.
pub(crate) const DISK_BYTES: u64 = 64 << 20;

/// Files and folders a job may have, beside the 500 of the largest project.
pub(crate) const INODES: u64 = 4_096;

/// How one language is executed.
#[derive(Debug)]
pub struct Recipe {
    /// The language.
    pub language: Language,
    /// Programs that have to be there.
    needs: &'static [Tool],
    /// The step before the program can run, if there is one. It leaves its product in `../out`.
    compile: Option<Command>,
    /// The step that runs it.
    run: Command,
    /// What its toolchain can have worked out before.
    cache: Option<Cache>,
    /// Whether a line of a file says that a program of its own starts there, its indentation taken off.
    starts_program: fn(&str) -> bool,
    /// What a terminal of the language starts, unless it is the shell.
    repl: Option<Interactive>,
}

/// A program of a toolchain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tool {
    /// Where it is.
    pub program: &'static str,
    /// What brings it on Debian.
    pub package: &'static str,
}

impl Tool {
    /// Whether this machine lacks it.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        !Path::new(self.program).exists()
    }

    /// What people read when it is missing.
    #[must_use]
    pub fn missing_words(&self) -> String {
        format!("This runner has no {}. It comes with: apt-get install {}\n", self.program, self.package)
    }
}

/// A command line, run in the folder of the run's files.
#[derive(Debug)]
struct Command {
    program: &'static str,
    args: &'static [Arg],
    env: &'static [(&'static str, &'static str)],
    /// The variable that names the cache, if there is one and the program is told of it so.
    cache_variable: Option<&'static str>,
    /// The least memory with which it works.
    memory_bytes: u64,
}

/// A part of a command line.
#[derive(Debug)]
enum Arg {
    /// Itself.
    Text(&'static str),
    /// The file to run.
    Entry,
    /// The file to run, and every other with its extension that is no program of its own (see [`Recipe::is_part`]).
    Sources,
    /// The class in the file to run, with its package.
    Class,
    /// What the person gave.
    Given,
    /// Compiler flags that the person chose, of the language's list.
    Flags,
    /// Itself, unless the person chose a flag that begins with the second: some tools take such a flag only once.
    Unless(&'static str, &'static str),
    /// The path of the cache between these two, if the cache is there.
    Cache(&'static str, &'static str),
}

/// What is to be executed.
#[derive(Debug, Clone, Copy)]
pub struct Program<'a> {
    /// The file to run.
    pub entry: &'a FilePath,
    /// All files.
    pub files: &'a [SourceFile],
    /// The program's arguments.
    pub args: &'a [String],
    /// Flags of the compiler.
    pub flags: &'a [String],
    /// Bounds; a language's runtime may need more memory than they say.
    pub limits: &'a RunLimits,
    /// The folder of the toolchains' caches, as the sandbox shows it to jobs.
    pub caches: Option<&'a Path>,
}

impl Recipe {
    /// The recipe of a language.
    #[must_use]
    pub fn of(language: Language) -> &'static Self {
        static TABLE: [Recipe; RECIPES.len()] = RECIPES;
        TABLE.iter().find(|recipe| recipe.language == language).expect("every language has a recipe; a test sees to it")
    }

    /// Tools that this machine lacks.
    #[must_use]
    pub fn missing_tools(&self) -> Vec<Tool> {
        self.needs.iter().filter(|tool| tool.is_missing()).copied().collect()
    }

    /// The sandbox's steps for a program.
    #[must_use]
    pub fn job(&self, program: Program<'_>) -> Job {
        let compile = self.compile.as_ref().map(|command| self.step(command, program, false));
        let run = self.step(&self.run, program, true);
        let steps = compile.into_iter().chain([run]).collect();
        Job { files: program.files.to_vec(), steps, product: Product::Own }
    }

    /// The job that only compiles and leaves its product to others, if the language has one.
    #[must_use]
    pub fn compile_job(&self, program: Program<'_>, artefact: &Artefact) -> Option<Job> {
        let step = self.step(self.compile.as_ref()?, program, false);
        Some(Job { files: program.files.to_vec(), steps: vec![step], product: Product::Keep(artefact.product()) })
    }

    /// The job that runs what [`Recipe::compile_job`] has made.
    #[must_use]
    pub fn run_job(&self, program: Program<'_>, artefact: &Artefact) -> Job {
        let step = self.step(&self.run, program, true);
        Job { files: program.files.to_vec(), steps: vec![step], product: Product::Use(artefact.product()) }
    }

    fn step(&self, command: &Command, program: Program<'_>, reads_stdin: bool) -> Step {
        let limits = program.limits;
        let env = command.env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let cached = command.cache_variable.and_then(|variable| {
            let cache = self.cache_in(program.caches)?;
            Some((variable.to_owned(), cache.to_string_lossy().into_owned()))
        });
        Step {
            program: command.program.to_owned(),
            args: command.args.iter().flat_map(|arg| self.words(arg, program)).collect(),
            env: env.chain(cached).collect(),
            reads_stdin,
            limits: StepLimits {
                wall_ms: limits.wall_ms,
                cpu_ms: limits.cpu_ms,
                memory_bytes: limits.memory_bytes.max(command.memory_bytes),
                processes: limits.processes,
                disk_bytes: DISK_BYTES,
                inodes: INODES,
            },
        }
    }

    fn words(&self, arg: &Arg, program: Program<'_>) -> Vec<String> {
        match arg {
            Arg::Text(text) => vec![(*text).to_owned()],
            Arg::Entry => vec![as_operand(program.entry)],
            Arg::Sources => {
                let parts = program.files.iter().filter(|file| self.is_part(file, program.entry));
                std::iter::once(program.entry).chain(parts.map(|file| &file.path)).map(as_operand).collect()
            }
            Arg::Class => vec![class_of(program)],
            Arg::Given => program.args.to_vec(),
            Arg::Flags => program.flags.to_vec(),
            Arg::Unless(_, prefix) if program.flags.iter().any(|flag| flag.starts_with(prefix)) => Vec::new(),
            Arg::Cache(before, after) => {
                let cache = self.cache_in(program.caches);
                cache.map(|cache| format!("{before}{}{after}", cache.display())).into_iter().collect()
            }
            Arg::Unless(text, _) => vec![(*text).to_owned()],
        }
    }

    /// Whether a file belongs to the program that starts at `entry`: a room may hold several programs side by side,
    /// and two `main` functions cannot be linked together.
    fn is_part(&self, file: &SourceFile, entry: &FilePath) -> bool {
        let starts_program = || file.content.lines().any(|line| (self.starts_program)(line.trim_start()));
        file.path != *entry && file.path.extension() == entry.extension() && !starts_program()
    }
}

/// A file name that no program takes for an option.
fn as_operand(path: &FilePath) -> String {
    if path.as_str().starts_with('-') { format!("./{}", path.as_str()) } else { path.as_str().to_owned() }
}

/// The class that a Java file is named after, in the package that it says it is in.
fn class_of(program: Program<'_>) -> String {
    let path = program.entry.as_str();
    let name = path.rsplit('/').next().unwrap_or(path);
    let class = name.split('.').next().unwrap_or(name);
    let source = program.files.iter().find(|file| file.path == *program.entry).map(|file| file.content.as_str());
    let package = source.into_iter().flat_map(str::lines).find_map(|line| {
        let package = line.trim_start().strip_prefix("package ")?;
        package.split_once(';').map(|(package, _)| package.trim())
    });
    package.map_or_else(|| class.to_owned(), |package| format!("{package}.{class}"))
}

/// Toolchains that are missing, in words for the log: which language, which program, which package.
#[must_use]
pub fn missing_toolchains() -> Vec<String> {
    let name = |recipe: &Recipe| recipe.language.info().name;
    let missing =
        RECIPES.iter().flat_map(|recipe| recipe.missing_tools().into_iter().map(move |tool| (name(recipe), tool)));
    missing.map(|(name, tool)| format!("{name} needs {}: apt-get install {}", tool.program, tool.package)).collect()
}
