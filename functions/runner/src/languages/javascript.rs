//! JavaScript: Node.js.

use protocol::language::Language;

use super::{Arg, Command, Interactive, Recipe, Tool};

pub(super) const NODE: &str = "/usr/bin/node";

pub(super) const NODE_TOOL: Tool = Tool { program: NODE, package: "nodejs" };

/// Node ends at once when it cannot read its configuration of OpenSSL, which is nothing that a job needs.
pub(super) const NODE_ENV: &[(&str, &str)] = &[("OPENSSL_CONF", "/dev/null")];

/// Node reserves 400 MB before it runs a line, and needs room to collect garbage.
pub(super) const NODE_MEMORY_BYTES: u64 = 512 << 20;

pub(super) const RECIPE: Recipe = Recipe {
    language: Language::JavaScript,
    needs: &[NODE_TOOL],
    compile: None,
    run: Command {
        program: NODE,
        args: &[Arg::Entry, Arg::Given],
        env: NODE_ENV,
        cache_variable: None,
        memory_bytes: NODE_MEMORY_BYTES,
    },
    cache: None,
    starts_program: |_| false,
    repl: Some(Interactive { tool: NODE_TOOL, args: &[], env: NODE_ENV }),
};
