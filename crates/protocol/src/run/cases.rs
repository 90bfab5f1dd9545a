//! Cases: many inputs for one program, each with the output that is expected of it.
//!
//! The program is compiled once and run once for each case. A hidden case tells everybody its name, its verdict and
//! its figures; its input, what is expected, and what the program said or returned stay with the record.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::RunReason;

/// One input, and what it should lead to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RunCase {
    /// For display; the case's number, from 1, unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    /// Standard input.
    #[serde(default)]
    pub stdin: String,
    /// Arguments of the program; the run's own unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub args: Option<Vec<String>>,
    /// Standard output that passes. White space at the ends of lines and at the end of the output does not count, and
    /// so neither does the kind of line end; everything else has to be the same, byte for byte.
    pub expected: String,
    /// Whether people see no more of it than its verdict and figures.
    #[serde(default)]
    pub hidden: bool,
}

impl RunCase {
    /// Bytes of input and expected output.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        self.stdin.len() + self.expected.len()
    }

    /// Whether an output passes.
    ///
    /// ```
    /// use protocol::run::RunCase;
    ///
    /// let case = RunCase { expected: "1 2\n3".to_owned(), ..RunCase::default() };
    /// assert!(case.is_met_by(b"1 2 \r\n3\n\n"));
    /// assert!(!case.is_met_by(b"1  2\n3\n"));
    /// assert!(!case.is_met_by(b"\n1 2\n3\n"));
    /// ```
    #[must_use]
    pub fn is_met_by(&self, stdout: &[u8]) -> bool {
        lines(stdout).eq(lines(self.expected.as_bytes()))
    }
}

/// The lines of a text without the white space that does not count.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.trim_ascii_end().split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end)
}

/// What a case came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The program ended with exit code 0 and said what was expected.
    Passed,
    /// It ended with exit code 0 and said something else.
    WrongOutput,
    /// It ended with another exit code or by a signal.
    RuntimeError,
    /// Over its time, or the time of all cases together was over before it began or ended.
    TimeLimit,
    /// Over its memory.
    MemoryLimit,
    /// Wrote more than is bearable.
    OutputLimit,
    /// Over its number of processes.
    ProcessLimit,
    /// Over its disk space or file size.
    DiskLimit,
}

impl Verdict {
    /// The verdict of a program that was stopped at a limit.
    #[must_use]
    pub fn of_limit(reason: RunReason) -> Option<Self> {
        match reason {
            RunReason::TimeLimit => Some(Self::TimeLimit),
            RunReason::MemoryLimit => Some(Self::MemoryLimit),
            RunReason::OutputLimit => Some(Self::OutputLimit),
            RunReason::ProcessLimit => Some(Self::ProcessLimit),
            RunReason::DiskLimit => Some(Self::DiskLimit),
            RunReason::Expired | RunReason::Lost | RunReason::Internal => None,
        }
    }
}

/// A case's verdict, with its figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CaseVerdict {
    /// The case's name or number.
    pub name: String,
    /// The verdict.
    pub verdict: Verdict,
    /// The exit code, unless a signal ended the program or the case is hidden: a program may put into it what it read.
    pub exit_code: Option<i32>,
    /// The signal's name (`SIGKILL`), if one ended it and the case is not hidden.
    pub signal: Option<String>,
    /// Wall-clock time in milliseconds.
    #[ts(type = "number")]
    pub wall_ms: u64,
    /// Processor time in milliseconds.
    #[ts(type = "number")]
    pub cpu_ms: u64,
    /// Largest resident size seen, in bytes.
    #[ts(type = "number")]
    pub memory_bytes: u64,
    /// Standard output, as far as kept; not of a hidden case, nor in a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub stdout: Option<String>,
    /// Standard error, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub stderr: Option<String>,
    /// What was expected, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub expected: Option<String>,
}

impl CaseVerdict {
    /// The verdict and its figures alone.
    #[must_use]
    pub fn without_texts(&self) -> Self {
        Self { stdout: None, stderr: None, expected: None, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expected: &str, stdout: &str, is_met: bool) {
        let case = RunCase { expected: expected.to_owned(), ..RunCase::default() };
        assert_eq!(case.is_met_by(stdout.as_bytes()), is_met, "{expected:?} {stdout:?}");
    }

    #[test]
    fn white_space_at_ends_does_not_count_and_all_other_does() {
        check("", "", true);
        check("", " \n\t\n", true);
        check("a\nb\n", "a\r\nb", true);
        check("a  \nb", "a\nb\n\n\n", true);
        check("a\n\nb", "a\n \nb", true);
        check("a\n\nb", "a\nb", false);
        check("a b", "a  b", false);
        check(" a", "a", false);
        check("a", "\na", false);
        check("a", "A", false);
        check("é", "é", true);
    }

    #[test]
    fn a_case_needs_only_what_is_expected() {
        let case: RunCase = serde_json::from_str(r#"{"expected":"1"}"#).expect("parses");
        assert_eq!(case, RunCase { expected: "1".to_owned(), ..RunCase::default() });
        assert!(serde_json::from_str::<RunCase>(r#"{"stdin":"1"}"#).is_err());
        assert!(serde_json::from_str::<RunCase>(r#"{"expected":"1","input":"1"}"#).is_err());
    }

    #[test]
    fn every_limit_has_a_verdict_of_its_word() {
        use RunReason::{DiskLimit, Expired, Internal, Lost, MemoryLimit, OutputLimit, ProcessLimit, TimeLimit};
        for reason in [DiskLimit, Expired, Internal, Lost, MemoryLimit, OutputLimit, ProcessLimit, TimeLimit] {
            let verdict = Verdict::of_limit(reason);
            assert_eq!(verdict.is_some(), reason.is_limit());
            if let Some(verdict) = verdict {
                let word = |word| serde_json::to_string(&word).expect("serialises");
                assert_eq!(word(verdict), serde_json::to_string(&reason).expect("serialises"));
            }
        }
    }
}
