//! Go: the distribution's toolchain, then the program itself.

use protocol::language::Language;
use protocol::limits::RUN_MEMORY_BYTES;

use super::{Arg, Command, Recipe, Tool};

const TOOLCHAIN: &str = "/usr/bin/go";
const PROGRAM: &str = "../out/program";

pub(super) const RECIPE: Recipe = Recipe {
    language: Language::Go,
    needs: &[Tool { program: TOOLCHAIN, package: "golang-go" }],
    compile: Some(Command {
        program: TOOLCHAIN,
        args: &[
            Arg::Text("build"),
            Arg::Text("-p=2"),
            Arg::Text("-buildvcs=false"),
            Arg::Flags,
            Arg::Text("-o"),
            Arg::Text(PROGRAM),
            Arg::Sources,
        ],
        env: &[
            ("CGO_ENABLED", "0"),
            // A module from elsewhere cannot be had without a network, and this says so at once.
            ("GOPROXY", "off"),
            // A thread for each processor of the machine would break the bound on processes.
            ("GOMAXPROCS", "2"),
        ],
        memory_bytes: 512 << 20,
    }),
    run: Command { program: PROGRAM, args: &[Arg::Given], env: &[], memory_bytes: RUN_MEMORY_BYTES },
    starts_program: |line| line.starts_with("func main("),
};
