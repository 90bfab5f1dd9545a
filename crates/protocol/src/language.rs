//! The languages that a run may be in: the part of each that everybody has to know. How one is compiled and run
//! is the runner's business (`functions/runner/src/languages`).

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A language that the runner executes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Python.
    Python,
    /// JavaScript on Node.js.
    JavaScript,
    /// TypeScript, made JavaScript of by esbuild, on Node.js.
    TypeScript,
    /// Java.
    Java,
    /// C.
    C,
    /// C++.
    Cpp,
    /// Go.
    Go,
    /// Rust.
    Rust,
    /// Bash.
    Bash,
}

/// What people see of a language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LanguageInfo {
    /// The word used in requests.
    pub id: Language,
    /// For display.
    pub name: &'static str,
    /// Of the toolchain in the runner's image.
    pub version: &'static str,
    /// Of its files, without the dot.
    pub extension: &'static str,
    /// The file that is run unless another is named.
    pub entry: &'static str,
    /// A program that prints hello.
    pub hello_world: &'static str,
    /// Flags of its compiler that a run may ask for. A later one wins over an earlier one that contradicts it.
    pub flags: &'static [&'static str],
}

/// Levels of optimisation, warnings, checks and standards of GCC. None of them names a file, another program or a
/// processor.
const C_FLAGS: &[&str] = &[
    "-O0",
    "-O1",
    "-O2",
    "-O3",
    "-Os",
    "-Og",
    "-g",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wshadow",
    "-Wconversion",
    "-Werror",
    "-DDEBUG",
    "-DNDEBUG",
    "-pthread",
    "-fwrapv",
    "-ffast-math",
    "-std=c99",
    "-std=c11",
    "-std=c17",
    "-std=c2x",
    "-std=gnu99",
    "-std=gnu11",
    "-std=gnu17",
    "-std=gnu2x",
];

/// The same for C++.
const CPP_FLAGS: &[&str] = &[
    "-O0",
    "-O1",
    "-O2",
    "-O3",
    "-Os",
    "-Og",
    "-g",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wshadow",
    "-Wconversion",
    "-Werror",
    "-DDEBUG",
    "-DNDEBUG",
    "-D_GLIBCXX_DEBUG",
    "-pthread",
    "-fwrapv",
    "-ffast-math",
    "-std=c++11",
    "-std=c++14",
    "-std=c++17",
    "-std=c++20",
    "-std=c++23",
    "-std=gnu++11",
    "-std=gnu++14",
    "-std=gnu++17",
    "-std=gnu++20",
    "-std=gnu++23",
];

/// Warnings and debug information of javac.
const JAVA_FLAGS: &[&str] = &["-g", "-parameters", "-Werror", "-Xlint:all", "-Xlint:none", "-Xdiags:verbose"];

/// What keeps the compiled standard library useful: flags of the program's own package.
const GO_FLAGS: &[&str] = &["-gcflags=-N", "-gcflags=-l", "-gcflags=-m", "-gcflags=-B"];

/// Editions, levels of optimisation, checks.
const RUST_FLAGS: &[&str] = &[
    "--edition=2015",
    "--edition=2018",
    "--edition=2021",
    "--edition=2024",
    "-Copt-level=0",
    "-Copt-level=1",
    "-Copt-level=2",
    "-Copt-level=3",
    "-Coverflow-checks=on",
    "-Coverflow-checks=off",
    "-Cdebug-assertions=on",
    "-Cdebug-assertions=off",
    "-Dwarnings",
    "-Awarnings",
];

/// What esbuild can do to a program without another file.
const TYPESCRIPT_FLAGS: &[&str] = &["--minify", "--keep-names"];

/// Every language, in the order of the picker.
pub const LANGUAGES: [LanguageInfo; 9] = [
    LanguageInfo {
        id: Language::Python,
        name: "Python",
        version: "3.11",
        extension: "py",
        entry: "main.py",
        hello_world: "print(\"Hello, world!\")\n",
        flags: &[],
    },
    LanguageInfo {
        id: Language::JavaScript,
        name: "JavaScript",
        version: "20",
        extension: "js",
        entry: "main.js",
        hello_world: "console.log(\"Hello, world!\");\n",
        flags: &[],
    },
    LanguageInfo {
        id: Language::TypeScript,
        name: "TypeScript",
        version: "4.9",
        extension: "ts",
        entry: "main.ts",
        hello_world: "const greeting: string = \"Hello, world!\";\nconsole.log(greeting);\n",
        flags: TYPESCRIPT_FLAGS,
    },
    LanguageInfo {
        id: Language::Java,
        name: "Java",
        version: "17",
        extension: "java",
        entry: "Main.java",
        hello_world: "public class Main {\n    public static void main(String[] args) {\n        \
                      System.out.println(\"Hello, world!\");\n    }\n}\n",
        flags: JAVA_FLAGS,
    },
    LanguageInfo {
        id: Language::C,
        name: "C",
        version: "12.2",
        extension: "c",
        entry: "main.c",
        hello_world: "#include <stdio.h>\n\nint main(void) {\n    printf(\"Hello, world!\\n\");\n    return 0;\n}\n",
        flags: C_FLAGS,
    },
    LanguageInfo {
        id: Language::Cpp,
        name: "C++",
        version: "12.2",
        extension: "cpp",
        entry: "main.cpp",
        hello_world: "#include <iostream>\n\nint main() {\n    std::cout << \"Hello, world!\\n\";\n}\n",
        flags: CPP_FLAGS,
    },
    LanguageInfo {
        id: Language::Go,
        name: "Go",
        version: "1.19",
        extension: "go",
        entry: "main.go",
        hello_world: "package main\n\nimport \"fmt\"\n\nfunc main() {\n\tfmt.Println(\"Hello, world!\")\n}\n",
        flags: GO_FLAGS,
    },
    LanguageInfo {
        id: Language::Rust,
        name: "Rust",
        version: "1.96",
        extension: "rs",
        entry: "main.rs",
        hello_world: "fn main() {\n    println!(\"Hello, world!\");\n}\n",
        flags: RUST_FLAGS,
    },
    LanguageInfo {
        id: Language::Bash,
        name: "Bash",
        version: "5.2",
        extension: "sh",
        entry: "main.sh",
        hello_world: "echo \"Hello, world!\"\n",
        flags: &[],
    },
];

impl Language {
    /// What people see of it.
    #[must_use]
    pub fn info(self) -> &'static LanguageInfo {
        LANGUAGES.iter().find(|info| info.id == self).expect("every language is in the table")
    }
}

/// Data of `GET /languages`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct Languages {
    /// Every language.
    pub items: Vec<LanguageInfo>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_list_of_flags_names_one_twice_or_one_with_a_path() {
        for info in &LANGUAGES {
            let mut seen = std::collections::BTreeSet::new();
            for flag in info.flags {
                assert!(seen.insert(flag), "{flag}");
                assert!(flag.starts_with('-') && !flag.contains(['/', '@', ' ']), "{flag}");
            }
        }
    }

    #[test]
    fn every_entry_has_its_languages_extension_and_word() {
        for info in &LANGUAGES {
            assert_eq!(info.id.info(), info);
            assert!(info.entry.ends_with(&format!(".{}", info.extension)), "{}", info.name);
        }
        let words: Vec<_> = LANGUAGES.iter().map(|info| serde_json::to_string(&info.id).expect("serialises")).collect();
        let expected = ["python", "javascript", "typescript", "java", "c", "cpp", "go", "rust", "bash"];
        assert_eq!(words, expected.map(|word| format!("\"{word}\"")));
    }
}
