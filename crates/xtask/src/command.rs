//! Running other programs to their end: an error names the command and shows the last lines it printed.

use std::{
    ffi::OsStr,
    fmt::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

use crate::workspace::cargo_leftovers;

/// How much of a failed command's output an error shows.
const TAIL_LINES: usize = 40;

/// One program to run, with its arguments, environment and folder.
pub(crate) struct Run(Command);

impl Run {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        for name in cargo_leftovers() {
            command.env_remove(name);
        }
        command.stdin(Stdio::null());
        Self(command)
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.0.arg(arg);
        self
    }

    pub(crate) fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.0.args(args);
        self
    }

    pub(crate) fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    pub(crate) fn envs(mut self, pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        self.0.envs(pairs);
        self
    }

    pub(crate) fn dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.0.current_dir(dir);
        self
    }

    /// Runs with the output kept back, which a success discards and a failure reports.
    pub(crate) fn quietly(self) -> Result<()> {
        self.output().map(drop)
    }

    /// Runs and gives what the program wrote to its standard output.
    pub(crate) fn output(mut self) -> Result<String> {
        let line = self.line();
        let output = self.0.output().with_context(|| format!("cannot start `{line}`"))?;
        if !output.status.success() {
            let all = [output.stdout, output.stderr].concat();
            bail!("`{line}` ended with {}:\n{}", output.status, tail(&String::from_utf8_lossy(&all)));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs with the output going straight to the terminal.
    pub(crate) fn visibly(mut self) -> Result<()> {
        let line = self.line();
        let status = self.0.status().with_context(|| format!("cannot start `{line}`"))?;
        if !status.success() {
            bail!("`{line}` ended with {status}");
        }
        Ok(())
    }

    /// Runs like [`Run::visibly`], and kills the program when the future is dropped.
    pub(crate) async fn visibly_while_awaited(self) -> Result<()> {
        let line = self.line();
        let mut command = tokio::process::Command::from(self.0);
        let status = command.kill_on_drop(true).status().await.with_context(|| format!("cannot start `{line}`"))?;
        if !status.success() {
            bail!("`{line}` ended with {status}");
        }
        Ok(())
    }

    /// The command as one would type it.
    fn line(&self) -> String {
        let mut line = Path::new(self.0.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
        for arg in self.0.get_args() {
            let _ = write!(line, " {}", arg.to_string_lossy());
        }
        line
    }
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failure_names_the_command_and_its_last_words() {
        let error = Run::new("sh").args(["-c", "echo out; echo why >&2; exit 3"]).quietly().unwrap_err().to_string();
        assert!(error.contains("`sh -c") && error.contains("why") && error.contains("3"), "{error}");
    }

    #[test]
    fn missing_program_is_named() {
        let error = Run::new("no-such-program-here").quietly().unwrap_err().to_string();
        assert!(error.contains("no-such-program-here"), "{error}");
    }

    #[test]
    fn tail_keeps_only_the_end() {
        let text = (0..100).map(|n| n.to_string()).collect::<Vec<_>>().join("\n");
        assert!(tail(&text).starts_with("60\n") && tail(&text).ends_with("99"));
    }
}
