//! What a client orders, and the rules that it has to follow.

use std::collections::BTreeSet;

use protocol::envelope::FieldError;
use protocol::internal::SubmitRoomRun;
use protocol::language::Language;
use protocol::limits::{FILES_MAX, RUN_ARGS_MAX, RUN_ARGS_MAX_BYTES, RUN_STDIN_MAX_BYTES};
use protocol::path::FilePath;
use protocol::run::{Priority, SourceFile, SubmitRunRequest};
use protocol::secret;

use super::error::RunError;
use super::ledger::Ledger;
use crate::ports::artifacts::Artifacts;
use crate::ports::runs::{Program, RunRecord, RunStore};

/// A program to run, from a room or without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The language.
    pub language: Language,
    /// The file to run.
    pub entry: Option<FilePath>,
    /// Standard input.
    pub stdin: String,
    /// Arguments.
    pub args: Vec<String>,
    /// True if it takes input while it runs.
    pub interactive: bool,
    /// The files.
    pub files: Vec<SourceFile>,
    /// How much it is in a hurry.
    pub priority: Priority,
    /// SHA-256 of what the client sent. A room's files are not part of it: the room freezes them anew on each try.
    pub fingerprint: String,
}

impl From<SubmitRunRequest> for Order {
    fn from(request: SubmitRunRequest) -> Self {
        let fingerprint = fingerprint(&request);
        let SubmitRunRequest { language, files, entry, stdin, args, priority } = request;
        let (stdin, args) = (stdin.unwrap_or_default(), args.unwrap_or_default());
        let (priority, interactive) = (priority.unwrap_or_default(), false);
        // Without a room nobody could type.
        Self { language, entry, stdin, args, interactive, files, priority, fingerprint }
    }
}

impl From<SubmitRoomRun> for Order {
    fn from(request: SubmitRoomRun) -> Self {
        let SubmitRoomRun { language, entry, stdin, args, files, position: _, interactive, dispatch: _ } = request;
        let fingerprint = fingerprint(&(language, &entry, &stdin, &args, interactive));
        let (stdin, args) = (stdin.unwrap_or_default(), args.unwrap_or_default());
        // People in the room wait for it.
        Self { language, entry, stdin, args, interactive, files, priority: Priority::Critical, fingerprint }
    }
}

impl Order {
    /// The program of a run that has ended, once more.
    ///
    /// # Errors
    /// [`RunError::NotOver`], or a failure of the artifacts.
    pub async fn again<S: RunStore, A: Artifacts>(ledger: &Ledger<S, A>, run: &RunRecord) -> Result<Self, RunError> {
        if !run.status.is_over() {
            return Err(RunError::NotOver);
        }
        let files = ledger.files(run).await?;
        let Program { language, entry, stdin, args, interactive, source: _ } = run.program.clone();
        let (entry, priority) = (Some(entry), run.turn.priority);
        let fingerprint = fingerprint(&("retry", &run.id));
        Ok(Self { language, entry, stdin, args, interactive, files, priority, fingerprint })
    }
}

fn fingerprint(request: &impl serde::Serialize) -> String {
    secret::fingerprint(&serde_json::to_string(request).expect("texts and paths serialise"))
}

impl Order {
    /// Checks every rule and names the file to run.
    ///
    /// # Errors
    /// [`RunError::Invalid`] with every field that breaks one.
    pub fn checked(&self, source_max_bytes: usize) -> Result<FilePath, RunError> {
        let mut fields: Vec<FieldError> = self.clashes();
        let source_bytes: usize = self.files.iter().map(|file| file.content.len()).sum();
        let args_bytes: usize = self.args.iter().map(String::len).sum();
        let rules = [
            ("files", self.files.is_empty(), "must have at least one file".to_owned()),
            ("files", self.files.len() > FILES_MAX, format!("must have at most {FILES_MAX} files")),
            ("files", source_bytes > source_max_bytes, format!("must have at most {source_max_bytes} bytes together")),
            ("stdin", self.stdin.len() > RUN_STDIN_MAX_BYTES, format!("must have at most {RUN_STDIN_MAX_BYTES} bytes")),
            ("args", self.args.len() > RUN_ARGS_MAX, format!("must have at most {RUN_ARGS_MAX} arguments")),
            ("args", args_bytes > RUN_ARGS_MAX_BYTES, format!("must have at most {RUN_ARGS_MAX_BYTES} bytes together")),
            ("args", self.args.iter().any(|arg| arg.contains('\0')), "must not contain a zero byte".to_owned()),
        ];
        let broken = rules.into_iter().filter(|(_, is_broken, _)| *is_broken);
        fields.extend(broken.map(|(field, _, message)| FieldError { field: field.to_owned(), message }));
        match self.entry() {
            Some(entry) if fields.is_empty() => Ok(entry),
            Some(_) => Err(RunError::Invalid(fields)),
            None => {
                let wanted = self.entry.as_ref().map_or(self.language.info().entry, FilePath::as_str);
                let message = format!("{wanted} is not among the files");
                fields.push(FieldError { field: "entry".to_owned(), message });
                Err(RunError::Invalid(fields))
            }
        }
    }

    /// The file to run: the one that is named, or the language's own, or the only one with its extension.
    fn entry(&self) -> Option<FilePath> {
        let paths = || self.files.iter().map(|file| &file.path);
        if let Some(entry) = &self.entry {
            return paths().find(|path| *path == entry).cloned();
        }
        let info = self.language.info();
        let mut fitting = paths().filter(|path| path.extension() == Some(info.extension));
        let only = fitting.next().filter(|_| fitting.next().is_none());
        paths().find(|path| path.as_str() == info.entry).or(only).cloned()
    }

    /// Paths that come twice, or that are a file and a folder at once.
    fn clashes(&self) -> Vec<FieldError> {
        let mut seen = BTreeSet::new();
        let folders: BTreeSet<&str> = self.files.iter().flat_map(|file| folders_of(file.path.as_str())).collect();
        let mut clashes = Vec::new();
        for (place, file) in self.files.iter().enumerate() {
            let path = file.path.as_str();
            let message = match (seen.insert(path), folders.contains(path)) {
                (false, _) => "comes twice",
                (true, true) => "is a file and a folder",
                (true, false) => continue,
            };
            clashes.push(FieldError { field: format!("files[{place}].path"), message: message.to_owned() });
        }
        clashes
    }
}

fn folders_of(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(end, _)| &path[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(paths: &[&str], entry: Option<&str>) -> Order {
        let path = |text: &str| FilePath::parse(text).expect("a path");
        let files = paths.iter().map(|text| SourceFile { path: path(text), content: "12345".to_owned() }).collect();
        let entry = entry.map(path);
        let (stdin, args, fingerprint) = (String::new(), Vec::new(), String::new());
        let (language, priority, interactive) = (Language::Python, Priority::Critical, false);
        Order { language, entry, stdin, args, interactive, files, priority, fingerprint }
    }

    fn check(order: &Order, expect: Result<&str, &[&str]>) {
        let said = match order.checked(20) {
            Ok(entry) => Ok(entry.as_str().to_owned()),
            Err(RunError::Invalid(fields)) => Err(fields.into_iter().map(|field| field.field).collect::<Vec<_>>()),
            Err(other) => panic!("{other}"),
        };
        let expect = expect.map(str::to_owned).map_err(|fields| fields.iter().map(|f| (*f).to_owned()).collect());
        assert_eq!(said, expect, "{order:?}");
    }

    #[test]
    fn the_file_to_run_is_found() {
        check(&order(&["main.py", "b.py"], None), Ok("main.py"));
        check(&order(&["a.py", "notes.md"], None), Ok("a.py"));
        check(&order(&["main.py", "src/b.py"], Some("src/b.py")), Ok("src/b.py"));
        check(&order(&["a.py", "b.py"], None), Err(&["entry"]));
        check(&order(&["main.py"], Some("b.py")), Err(&["entry"]));
        check(&order(&["main.js"], None), Err(&["entry"]));
    }

    #[test]
    fn every_broken_rule_is_named() {
        check(&order(&[], None), Err(&["files", "entry"]));
        check(&order(&["main.py", "main.py"], None), Err(&["files[1].path"]));
        check(&order(&["main.py", "a", "a/b"], None), Err(&["files[1].path"]));
        check(&order(&["main.py", "a", "b", "c", "d"], None), Err(&["files"]));
        let big = Order { stdin: "x".repeat(10_241), args: vec!["\0".to_owned(); 65], ..order(&["main.py"], None) };
        check(&big, Err(&["stdin", "args", "args"]));
        let long = Order { args: vec!["x".repeat(4_097)], ..order(&["main.py"], None) };
        check(&long, Err(&["args"]));
    }

    #[test]
    fn a_rooms_request_is_the_same_whatever_its_files_are_by_now() {
        let request = |content: &str, stdin: &str| {
            let path = FilePath::parse("main.py").expect("a path");
            let files = vec![SourceFile { path, content: content.to_owned() }];
            let (language, stdin) = (Language::Python, Some(stdin.to_owned()));
            let (entry, args, position, interactive, dispatch) = (None, None, 1, false, false);
            let request = SubmitRoomRun { language, entry, stdin, args, files, position, interactive, dispatch };
            Order::from(request).fingerprint
        };
        assert_eq!(request("a", "x"), request("b", "x"));
        assert_ne!(request("a", "x"), request("a", "y"));
    }
}
