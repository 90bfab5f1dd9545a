//! What Linux says of a process: memory, processor time, and the ports that it listens on.

use std::fs;

/// Ticks of processor time in a second, as `/proc` counts them on every Linux that there is.
const TICKS_PER_SECOND: f64 = 100.0;

/// What a process, or several together, has taken.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// Resident memory in MiB.
    pub memory: f64,
    /// Seconds of processor time since its start.
    pub processor: f64,
}

/// The usage of some processes together; those that have ended count as nothing.
#[must_use]
pub fn usage(pids: &[i32]) -> Usage {
    let each = pids.iter().filter_map(|pid| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Some(Usage { memory: resident_in(&status)? / 1024.0, processor: ticks_in(&stat)? / TICKS_PER_SECOND })
    });
    each.fold(Usage::default(), |sum, one| Usage {
        memory: sum.memory + one.memory,
        processor: sum.processor + one.processor,
    })
}

/// Those of some processes that run a program of this name.
#[must_use]
pub fn named(pids: &[i32], name: &str) -> Vec<i32> {
    let is_named = |pid: &&i32| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == name);
    pids.iter().filter(is_named).copied().collect()
}

/// The loopback ports that a process listens on, in the order in which it opened them.
#[must_use]
pub fn listening_ports(pid: i32) -> Vec<u16> {
    let table = fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let mut open: Vec<(u32, String)> = entries
        .filter_map(|entry| {
            let socket = fs::read_link(entry.path()).ok()?.to_str()?.strip_prefix("socket:[")?.to_owned();
            Some((entry.file_name().to_str()?.parse().ok()?, socket.trim_end_matches(']').to_owned()))
        })
        .collect();
    open.sort();
    open.iter().filter_map(|(_, inode)| table.lines().find_map(|line| listening_in(line, inode))).collect()
}

/// The port of a line of `/proc/net/tcp`, if it is of this socket, which listens.
fn listening_in(line: &str, inode: &str) -> Option<u16> {
    /// The state `TCP_LISTEN`.
    const LISTEN: &str = "0A";
    let fields: Vec<&str> = line.split_whitespace().collect();
    let is_wanted = fields.get(3) == Some(&LISTEN) && fields.get(9) == Some(&inode);
    let (_, port) = fields.get(1).filter(|_| is_wanted)?.split_once(':')?;
    u16::from_str_radix(port, 16).ok()
}

/// KiB.
fn resident_in(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// In user mode and in the kernel: fields 14 and 15, counted after a name in parentheses that may hold any character.
fn ticks_in(stat: &str) -> Option<f64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    Some(fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_something() {
        let own = i32::try_from(std::process::id()).unwrap();
        assert!(usage(&[own]).memory > 1.0);
        assert_eq!(usage(&[-1]).memory, 0.0);
    }

    #[test]
    fn own_listeners_are_found() {
        let listeners = [0, 1].map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
        let ports = listening_ports(i32::try_from(std::process::id()).unwrap());
        for listener in &listeners {
            assert!(ports.contains(&listener.local_addr().unwrap().port()));
        }
    }

    #[test]
    fn fields_are_found() {
        assert_eq!(resident_in("VmPeak:\t  9 kB\nVmRSS:\t    2048 kB\n"), Some(2048.0));
        assert_eq!(ticks_in("1 (a ) b) S 2 3 4 5 6 7 8 9 10 11 70 30 0"), Some(100.0));
    }
}
