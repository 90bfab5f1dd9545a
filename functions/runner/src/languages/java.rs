//! Java: javac, then the JVM.

use protocol::language::Language;

use super::cache::Cache;
use super::{Arg, Command, Interactive, Recipe, Tool};

const COMPILER: &str = "/usr/bin/javac";
const JVM: &str = "/usr/bin/java";

/// The heap below, and what the JVM keeps beside it: code, classes, a stack for each thread.
const MEMORY_BYTES: u64 = 512 << 20;

/// A program for which the compiler loads the classes that it needs for most.
const TYPICAL: &str = r#"
import java.io.*;
import java.util.*;
import java.util.function.*;
import java.util.stream.*;

public class Main {
    record Point(int x, int y) {}
    enum Colour { RED, GREEN }
    interface Shape<T extends Comparable<T>> { T size(); default boolean over(T other) { return size().compareTo(other) > 0; } }
    static <K, V> Map<K, List<V>> group(Collection<V> all, Function<V, K> key) {
        return all.stream().collect(Collectors.groupingBy(key));
    }
    public static void main(String[] args) throws IOException {
        try (var reader = new BufferedReader(new InputStreamReader(System.in))) {
            for (String line; (line = reader.readLine()) != null; ) System.out.println(line.trim() + " " + line.length());
        } catch (IOException error) { throw new UncheckedIOException(error); }
        Shape<Integer> shape = () -> 1;
        int[] numbers = {3, 1, 2};
        Arrays.sort(numbers);
        String word = switch (Colour.RED) { case RED -> "r"; case GREEN -> "g"; };
        System.out.printf("%s %d %b%n", word, IntStream.of(numbers).sum(), shape.over(0));
        Object point = new Point(1, 2);
        if (point instanceof Point p && p.x() == 1) System.out.println(group(List.of(p), Point::y));
    }
}
"#;

pub(super) const RECIPE: Recipe = Recipe {
    language: Language::Java,
    needs: &[
        Tool { program: COMPILER, package: "openjdk-17-jdk-headless" },
        Tool { program: JVM, package: "openjdk-17-jdk-headless" },
    ],
    compile: Some(Command {
        program: COMPILER,
        args: &[
            // Short programs are over before a larger collector or the second compiler pays.
            Arg::Text("-J-XX:+UseSerialGC"),
            Arg::Text("-J-XX:TieredStopAtLevel=1"),
            Arg::Text("-J-XX:-UsePerfData"),
            Arg::Text("-J-Xmx256m"),
            Arg::Cache("-J-XX:SharedArchiveFile=", "/javac.jsa"),
            Arg::Text("-encoding"),
            Arg::Text("UTF-8"),
            Arg::Flags,
            Arg::Text("-d"),
            Arg::Text("../out"),
            Arg::Sources,
        ],
        env: &[],
        cache_variable: None,
        memory_bytes: MEMORY_BYTES,
    }),
    run: Command {
        program: JVM,
        args: &[
            Arg::Text("-XX:+UseSerialGC"),
            Arg::Text("-XX:TieredStopAtLevel=1"),
            Arg::Text("-XX:-UsePerfData"),
            Arg::Text("-Xmx256m"),
            Arg::Text("-Dfile.encoding=UTF-8"),
            Arg::Text("-Dstdout.encoding=UTF-8"),
            Arg::Text("-cp"),
            Arg::Text("../out"),
            Arg::Class,
            Arg::Given,
        ],
        env: &[],
        cache_variable: None,
        memory_bytes: MEMORY_BYTES,
    },
    cache: Some(Cache {
        tool: COMPILER,
        file: ("Main.java", TYPICAL),
        // The options decide with those of a compilation whether the archive fits; else the JVM does without.
        script: "javac -J-XX:+UseSerialGC -J-XX:TieredStopAtLevel=1 -J-XX:-UsePerfData -J-Xmx256m \
                 -J-XX:ArchiveClassesAtExit=../out/javac.jsa -encoding UTF-8 -d ../tmp Main.java",
    }),
    // Classes of one name in two packages do not meet, so every file is compiled.
    starts_program: |_| false,
    repl: Some(Interactive {
        tool: Tool { program: "/usr/bin/jshell", package: "openjdk-17-jdk-headless" },
        args: &[
            // Otherwise it starts a second JVM and talks to it over a socket.
            "--execution",
            "local",
            "-J-XX:+UseSerialGC",
            "-J-XX:TieredStopAtLevel=1",
            "-J-XX:-UsePerfData",
            "-J-Xmx256m",
        ],
        env: &[],
    }),
};
