//! JavaScript: Node.js.

use protocol::language::Language;

use super::{Arg, Command, Recipe, Tool};

const NODE: &str = "/usr/bin/node";

pub(super) const RECIPE: Recipe = Recipe {
    language: Language::JavaScript,
    needs: &[Tool { program: NODE, package: "nodejs" }],
    compile: None,
    run: Command {
        program: NODE,
        args: &[Arg::Entry, Arg::Given],
        // Node ends at once when it cannot read its configuration of OpenSSL, which is nothing that a job needs.
        env: &[("OPENSSL_CONF", "/dev/null")],
    },
    // Node reserves 400 MB before it runs a line, and needs room to collect garbage.
    memory_bytes: 512 << 20,
};
