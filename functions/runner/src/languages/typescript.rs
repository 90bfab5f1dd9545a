//! TypeScript: esbuild takes the types off and joins the files, then Node.js.

use protocol::language::Language;
use protocol::limits::RUN_MEMORY_BYTES;

use super::javascript::{NODE, NODE_ENV, NODE_MEMORY_BYTES, NODE_TOOL};
use super::{Arg, Command, Recipe, Tool};

const BUNDLER: &str = "/usr/bin/esbuild";

pub(super) const RECIPE: Recipe = Recipe {
    language: Language::TypeScript,
    needs: &[Tool { program: BUNDLER, package: "esbuild" }, NODE_TOOL],
    compile: Some(Command {
        program: BUNDLER,
        args: &[
            Arg::Entry,
            Arg::Text("--bundle"),
            Arg::Text("--platform=node"),
            Arg::Text("--target=node20"),
            Arg::Text("--sourcemap=inline"),
            Arg::Text("--log-level=warning"),
            Arg::Flags,
            Arg::Text("--outfile=../out/program.js"),
        ],
        // It starts a thread for each processor of the machine otherwise.
        env: &[("GOMAXPROCS", "2")],
        cache_variable: None,
        memory_bytes: RUN_MEMORY_BYTES,
    }),
    run: Command {
        program: NODE,
        // An error names the line that the person wrote.
        args: &[Arg::Text("--enable-source-maps"), Arg::Text("../out/program.js"), Arg::Given],
        env: NODE_ENV,
        cache_variable: None,
        memory_bytes: NODE_MEMORY_BYTES,
    },
    cache: None,
    starts_program: |_| false,
    repl: None,
};
