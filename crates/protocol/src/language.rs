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
}

/// Every language, in the order of the picker.
pub const LANGUAGES: [LanguageInfo; 9] = [
    LanguageInfo {
        id: Language::Python,
        name: "Python",
        version: "3.11",
        extension: "py",
        entry: "main.py",
        hello_world: "print(\"Hello, world!\")\n",
    },
    LanguageInfo {
        id: Language::JavaScript,
        name: "JavaScript",
        version: "20",
        extension: "js",
        entry: "main.js",
        hello_world: "console.log(\"Hello, world!\");\n",
    },
    LanguageInfo {
        id: Language::TypeScript,
        name: "TypeScript",
        version: "4.9",
        extension: "ts",
        entry: "main.ts",
        hello_world: "const greeting: string = \"Hello, world!\";\nconsole.log(greeting);\n",
    },
    LanguageInfo {
        id: Language::Java,
        name: "Java",
        version: "17",
        extension: "java",
        entry: "Main.java",
        hello_world: "public class Main {\n    public static void main(String[] args) {\n        \
                      System.out.println(\"Hello, world!\");\n    }\n}\n",
    },
    LanguageInfo {
        id: Language::C,
        name: "C",
        version: "12.2",
        extension: "c",
        entry: "main.c",
        hello_world: "#include <stdio.h>\n\nint main(void) {\n    printf(\"Hello, world!\\n\");\n    return 0;\n}\n",
    },
    LanguageInfo {
        id: Language::Cpp,
        name: "C++",
        version: "12.2",
        extension: "cpp",
        entry: "main.cpp",
        hello_world: "#include <iostream>\n\nint main() {\n    std::cout << \"Hello, world!\\n\";\n}\n",
    },
    LanguageInfo {
        id: Language::Go,
        name: "Go",
        version: "1.19",
        extension: "go",
        entry: "main.go",
        hello_world: "package main\n\nimport \"fmt\"\n\nfunc main() {\n\tfmt.Println(\"Hello, world!\")\n}\n",
    },
    LanguageInfo {
        id: Language::Rust,
        name: "Rust",
        version: "1.96",
        extension: "rs",
        entry: "main.rs",
        hello_world: "fn main() {\n    println!(\"Hello, world!\");\n}\n",
    },
    LanguageInfo {
        id: Language::Bash,
        name: "Bash",
        version: "5.2",
        extension: "sh",
        entry: "main.sh",
        hello_world: "echo \"Hello, world!\"\n",
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
