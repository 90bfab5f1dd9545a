//! Go: the distribution's toolchain, then the program itself.

use protocol::language::Language;
use protocol::limits::RUN_MEMORY_BYTES;

use super::cache::Cache;
use super::{Arg, Command, Recipe, Tool};

const TOOLCHAIN: &str = "/usr/bin/go";
const PROGRAM: &str = "../out/program";

/// A program that uses what programs use of the standard library.
const TYPICAL: &str = r#"package main

import (
	_ "bufio"
	_ "bytes"
	_ "container/heap"
	_ "container/list"
	_ "context"
	_ "crypto/sha256"
	_ "encoding/base64"
	_ "encoding/binary"
	_ "encoding/csv"
	_ "encoding/hex"
	_ "encoding/json"
	_ "errors"
	_ "flag"
	_ "fmt"
	_ "io"
	_ "log"
	_ "math/big"
	_ "math/bits"
	_ "math/cmplx"
	_ "math/rand"
	_ "net/http"
	_ "net/url"
	_ "os/exec"
	_ "os/signal"
	_ "path/filepath"
	_ "reflect"
	_ "regexp"
	_ "runtime/debug"
	_ "sort"
	_ "strconv"
	_ "strings"
	_ "sync/atomic"
	_ "testing"
	_ "text/tabwriter"
	_ "text/template"
	_ "time"
	_ "unicode/utf8"
)

func main() {}
"#;

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
        cache_variable: Some("GOCACHE"),
        memory_bytes: 512 << 20,
    }),
    run: Command {
        program: PROGRAM,
        args: &[Arg::Given],
        env: &[],
        cache_variable: None,
        memory_bytes: RUN_MEMORY_BYTES,
    },
    cache: Some(Cache {
        tool: TOOLCHAIN,
        file: ("main.go", TYPICAL),
        script: "export GOCACHE=\"$(cd ../out && pwd)\" CGO_ENABLED=0 GOPROXY=off GOMAXPROCS=2; \
                 go build -p=2 -buildvcs=false -o ../tmp/program main.go",
    }),
    starts_program: |line| line.starts_with("func main("),
    repl: None,
};
