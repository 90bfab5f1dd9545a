//! What a job is using right now: every process below the warden, read from `/proc`.
//!
//! The warden is the nearest subreaper, so nothing of the job can get out from under it, and its tree needs no search
//! of the whole machine. Only names that the kernel makes are read, never one that the job can choose.

use std::fs;

/// What live processes use together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Load {
    /// Processes and threads.
    pub(super) tasks: u32,
    /// Their processor time and that of children they have waited for.
    pub(super) cpu_ms: u64,
    /// Resident memory, shared pages counted for each who shares them.
    pub(super) resident_bytes: u64,
}

/// Clock ticks of `/proc/*/stat`: 100 a second on every architecture that Linux runs this on.
const TICK_MS: u64 = 10;

/// Most processes that are looked at: the process bound is far below, and a fork bomb is known for what it is.
const LOOKED_AT_MAX: usize = 512;

/// Adds up everything below the process `root`, without `root` itself.
pub(super) fn below(root: u32) -> Load {
    let mut load = Load::default();
    // A process that has ended since is counted when it is reaped.
    for one in descendants(root).into_iter().filter_map(load_of) {
        load.tasks = load.tasks.saturating_add(one.tasks);
        load.cpu_ms += one.cpu_ms;
        load.resident_bytes += one.resident_bytes;
    }
    load
}

fn load_of(pid: u32) -> Option<Load> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Resident memory with shared pages divided among those who share them. Walks page tables, so it is asked only when
/// the plain sum is over the bound. It takes CAP_SYS_PTRACE; without it the plain size counts, so that the bound holds.
pub(super) fn proportional_bytes_below(root: u32) -> u64 {
    let bytes = |pid| proportional_bytes(pid).or_else(|| Some(load_of(pid)?.resident_bytes));
    descendants(root).into_iter().filter_map(bytes).sum()
}

fn proportional_bytes(pid: u32) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

fn descendants(root: u32) -> Vec<u32> {
    let mut found = Vec::new();
    let mut unvisited = vec![root];
    while let Some(pid) = unvisited.pop()
        && found.len() < LOOKED_AT_MAX
    {
        let below = children(pid);
        found.extend(&below);
        unvisited.extend(below);
    }
    found
}

/// Children hang on the thread that made them.
fn children(pid: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>()).collect()
}

/// Reads a line of proc_pid_stat(5). The name in parentheses may hold anything, so fields count from the last one.
fn parse_stat(stat: &str) -> Option<Load> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    // Field 3 of the manual page, the state, is the first here.
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    let ticks = field(14)? + field(15)? + field(16)? + field(17)?;
    let resident_pages = field(24)?;
    Some(Load {
        tasks: u32::try_from(field(20)?).ok()?,
        cpu_ms: ticks * TICK_MS,
        resident_bytes: resident_pages * page_bytes(),
    })
}

fn page_bytes() -> u64 {
    let page = nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE).ok().flatten();
    page.map_or(4_096, i64::unsigned_abs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_spaces_does_not_shift_the_fields() {
        let line = "7 (a) b ) (c)) S 1 7 7 0 -1 4194560 100 0 0 0 2 1 4 3 20 0 5 0 100 1000000 25 18446744073709551615";
        let load = parse_stat(line).expect("a whole line");
        assert_eq!((load.tasks, load.cpu_ms, load.resident_bytes), (5, 100, 25 * page_bytes()));
    }

    #[test]
    fn a_line_that_ends_early_is_no_load() {
        assert_eq!(parse_stat("7 (sh) S 1 7"), None);
    }
}
