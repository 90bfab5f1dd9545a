//! What a client orders, and the rules that it has to follow.

use std::collections::BTreeSet;

use protocol::envelope::FieldError;
use protocol::internal::SubmitRoomRun;
use protocol::language::Language;
use protocol::limits::{
    FILES_MAX, RUN_ARGS_MAX, RUN_ARGS_MAX_BYTES, RUN_CASE_NAME_MAX_CHARS, RUN_CASES_MAX, RUN_CASES_MAX_BYTES,
    RUN_FLAGS_MAX, RUN_STDIN_MAX_BYTES,
};
use protocol::path::FilePath;
use protocol::run::{Priority, RunCase, SourceFile, SubmitRunRequest};
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
    /// Flags of the compiler.
    pub flags: Vec<String>,
    /// Cases.
    pub cases: Vec<RunCase>,
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
        let SubmitRunRequest { language, files, entry, stdin, args, flags, cases, priority } = request;
        let (stdin, args) = (stdin.unwrap_or_default(), args.unwrap_or_default());
        let (flags, cases) = (flags.unwrap_or_default(), cases.unwrap_or_default());
        let (priority, interactive) = (priority.unwrap_or_default(), false);
        // Without a room nobody could type.
        Self { language, entry, stdin, args, interactive, flags, cases, files, priority, fingerprint }
    }
}

impl From<SubmitRoomRun> for Order {
    fn from(request: SubmitRoomRun) -> Self {
        let SubmitRoomRun { language, entry, stdin, args, flags, cases, files, interactive, .. } = request;
        let fingerprint = fingerprint(&(language, &entry, &stdin, &args, &flags, &cases, interactive));
        let (stdin, args) = (stdin.unwrap_or_default(), args.unwrap_or_default());
        let (flags, cases) = (flags.unwrap_or_default(), cases.unwrap_or_default());
        // People in the room wait for it.
        let priority = Priority::Critical;
        Self { language, entry, stdin, args, interactive, flags, cases, files, priority, fingerprint }
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
        let files = ledger.read(&run.program.source).await?;
        let cases = ledger.read(&run.program.cases).await?;
        let Program { language, entry, stdin, args, interactive, flags, .. } = run.program.clone();
        let (entry, priority) = (Some(entry), run.turn.priority);
        let fingerprint = fingerprint(&("retry", &run.id));
        Ok(Self { language, entry, stdin, args, interactive, flags, cases, files, priority, fingerprint })
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
        let stdin_twice = !self.cases.is_empty() && !self.stdin.is_empty();
        let rules = [
            ("files", self.files.is_empty(), "must have at least one file".to_owned()),
            ("files", self.files.len() > FILES_MAX, format!("must have at most {FILES_MAX} files")),
            ("files", source_bytes > source_max_bytes, format!("must have at most {source_max_bytes} bytes together")),
            ("stdin", self.stdin.len() > RUN_STDIN_MAX_BYTES, format!("must have at most {RUN_STDIN_MAX_BYTES} bytes")),
            ("stdin", stdin_twice, "must be left out where cases have their own".to_owned()),
        ];
        fields.extend(broken(rules));
        fields.extend(broken_args("args", &self.args));
        fields.extend(self.broken_flags());
        fields.extend(self.broken_cases());
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

    fn broken_flags(&self) -> Vec<FieldError> {
        let allowed = self.language.info().flags;
        let too_many = self.flags.len() > RUN_FLAGS_MAX;
        let mut fields = broken([("flags", too_many, format!("must have at most {RUN_FLAGS_MAX} flags"))]);
        let unknown = self.flags.iter().take(RUN_FLAGS_MAX).enumerate();
        fields.extend(unknown.filter(|(_, flag)| !allowed.contains(&flag.as_str())).map(|(place, _)| FieldError {
            field: format!("flags[{place}]"),
            message: match allowed {
                [] => format!("{} takes no flags", self.language.info().name),
                allowed => format!("must be one of {}", allowed.join(", ")),
            },
        }));
        fields
    }

    fn broken_cases(&self) -> Vec<FieldError> {
        let text_bytes: usize = self.cases.iter().map(RunCase::text_bytes).sum();
        let (count_wrong, size_wrong) = (self.cases.len() > RUN_CASES_MAX, text_bytes > RUN_CASES_MAX_BYTES);
        let mut fields = broken([
            ("cases", count_wrong, format!("must have at most {RUN_CASES_MAX} cases")),
            (
                "cases",
                size_wrong,
                format!("must have at most {RUN_CASES_MAX_BYTES} bytes of input and output together"),
            ),
        ]);
        for (place, case) in self.cases.iter().take(RUN_CASES_MAX).enumerate() {
            let name_chars = case.name.iter().flat_map(|name| name.chars()).count();
            if name_chars > RUN_CASE_NAME_MAX_CHARS {
                let message = format!("must have at most {RUN_CASE_NAME_MAX_CHARS} characters");
                fields.push(FieldError { field: format!("cases[{place}].name"), message });
            }
            fields.extend(broken_args(&format!("cases[{place}].args"), case.args.as_deref().unwrap_or_default()));
        }
        fields
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

fn broken_args(field: &str, args: &[String]) -> Vec<FieldError> {
    let bytes: usize = args.iter().map(String::len).sum();
    broken([
        (field, args.len() > RUN_ARGS_MAX, format!("must have at most {RUN_ARGS_MAX} arguments")),
        (field, bytes > RUN_ARGS_MAX_BYTES, format!("must have at most {RUN_ARGS_MAX_BYTES} bytes together")),
        (field, args.iter().any(|arg| arg.contains('\0')), "must not contain a zero byte".to_owned()),
    ])
}

/// Of rules as field, whether it is broken, and what it says: the broken ones.
fn broken<const N: usize>(rules: [(&str, bool, String); N]) -> Vec<FieldError> {
    let broken = rules.into_iter().filter(|(_, is_broken, _)| *is_broken);
    broken.map(|(field, _, message)| FieldError { field: field.to_owned(), message }).collect()
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
        Order {
            language: Language::Python,
            entry,
            stdin: String::new(),
            args: Vec::new(),
            interactive: false,
            flags: Vec::new(),
            cases: Vec::new(),
            files,
            priority: Priority::Critical,
            fingerprint: String::new(),
        }
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
    fn a_run_has_100_cases_of_a_megabyte_together_at_most() {
        let of = |cases: Vec<RunCase>| Order { cases, ..order(&["main.py"], None) };
        let case = |bytes: usize| RunCase { stdin: "x".repeat(bytes), ..RunCase::default() };
        check(&of(vec![case(0); RUN_CASES_MAX]), Ok("main.py"));
        check(&of(vec![case(0); RUN_CASES_MAX + 1]), Err(&["cases"]));
        let half = RUN_CASES_MAX_BYTES / 2;
        let expects = |bytes: usize| RunCase { expected: "x".repeat(bytes), ..case(half) };
        check(&of(vec![expects(half)]), Ok("main.py"));
        check(&of(vec![expects(half), case(1)]), Err(&["cases"]));
    }

    #[test]
    fn every_broken_rule_of_a_case_is_named_with_its_place() {
        let name = |chars: usize| Some("é".repeat(chars));
        let case = |name, args| RunCase { name, args, ..RunCase::default() };
        let of = |cases: Vec<RunCase>| Order { cases, ..order(&["main.py"], None) };
        check(&of(vec![case(name(RUN_CASE_NAME_MAX_CHARS), Some(vec!["a".to_owned(); RUN_ARGS_MAX]))]), Ok("main.py"));
        let wrong = vec![
            case(name(RUN_CASE_NAME_MAX_CHARS + 1), None),
            case(None, Some(vec!["a".to_owned(); RUN_ARGS_MAX + 1])),
            case(None, Some(vec!["x".repeat(RUN_ARGS_MAX_BYTES + 1), "\0".to_owned()])),
        ];
        check(&of(wrong), Err(&["cases[0].name", "cases[1].args", "cases[2].args", "cases[2].args"]));
        check(&Order { stdin: "1".to_owned(), ..of(vec![case(None, None)]) }, Err(&["stdin"]));
    }

    #[test]
    fn only_flags_of_the_languages_list_pass_and_the_message_names_them() {
        let of = |language, flags: &[&str]| {
            let flags = flags.iter().map(ToString::to_string).collect();
            Order { language, flags, ..order(&["main.c", "main.py"], None) }
        };
        check(&of(Language::C, &["-O2", "-Wall", "-std=c11"]), Ok("main.c"));
        check(&of(Language::C, &["-O2", "-fplugin=x.so", "@file"]), Err(&["flags[1]", "flags[2]"]));
        check(&of(Language::C, &["-O2"; RUN_FLAGS_MAX]), Ok("main.c"));
        check(&of(Language::C, &["-O2"; RUN_FLAGS_MAX + 1]), Err(&["flags"]));
        check(&of(Language::Python, &["-O"]), Err(&["flags[0]"]));
        let Err(RunError::Invalid(fields)) = of(Language::C, &["-O9"]).checked(20) else { panic!("refused") };
        assert!(fields[0].message.starts_with("must be one of -O0, -O1"), "{}", fields[0].message);
    }

    #[test]
    fn a_rooms_request_is_the_same_whatever_its_files_are_by_now() {
        let request = |content: &str, stdin: &str| {
            let path = FilePath::parse("main.py").expect("a path");
            let files = vec![SourceFile { path, content: content.to_owned() }];
            let (language, stdin) = (Language::Python, Some(stdin.to_owned()));
            let request = SubmitRoomRun {
                language,
                entry: None,
                stdin,
                args: None,
                flags: None,
                cases: None,
                files,
                position: 1,
                interactive: false,
                dispatch: false,
            };
            Order::from(request).fingerprint
        };
        assert_eq!(request("a", "x"), request("b", "x"));
        assert_ne!(request("a", "x"), request("a", "y"));
    }
}
