//! The process tree, read from `/proc`.

use std::{collections::HashMap, fs};

/// The processes below `root`, nearest first. Processes that have ended but wait for their parent count until it
/// collects them.
pub(crate) fn descendants(root: i32) -> Vec<i32> {
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for (pid, parent) in all() {
        children.entry(parent).or_default().push(pid);
    }
    let mut found = vec![root];
    let mut next = 0;
    while let Some(parent) = found.get(next) {
        let below = children.remove(parent).unwrap_or_default();
        found.extend(below);
        next += 1;
    }
    found.split_off(1)
}

/// Whether a process of this name runs below `root`.
pub(super) fn runs_below(root: i32, name: &str) -> bool {
    let is_named =
        |pid: &i32| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim_end() == name);
    descendants(root).iter().any(is_named)
}

/// Every process with its parent. One that ends while the list is read is left out.
fn all() -> Vec<(i32, i32)> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .filter_map(|entry| {
            let pid: i32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            Some((pid, parent_in(&stat)?))
        })
        .collect()
}

/// The fourth field of a `stat` line; the second is a name in parentheses that may itself hold any character.
fn parent_in(stat: &str) -> Option<i32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn parent_is_found_after_a_name_with_parentheses() {
        assert_eq!(parent_in("17 (a ) S 3 (b) R 4 17 17 0"), Some(4));
    }

    #[test]
    fn grandchildren_are_found() {
        let mut child = Command::new("sh").args(["-c", "sleep 30 & wait"]).spawn().unwrap();
        let own = i32::try_from(child.id()).unwrap();
        let mut below = Vec::new();
        for _ in 0..100 {
            below = descendants(own);
            if !below.is_empty() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        assert_eq!(below.len(), 1);
        assert!(descendants(std::process::id().cast_signed()).contains(&below[0]));
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(below[0]), nix::sys::signal::Signal::SIGKILL).unwrap();
        child.wait().unwrap();
    }
}
