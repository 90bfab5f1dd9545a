//! A system-call filter as a search tree over the calls' numbers.
//!
//! The kernel asks a new filter about every number there is before it takes it, so the length of the way to an answer
//! counts 450 times at the start of each job. A list of the 250 calls that a job may make takes it half a millisecond;
//! a tree takes it a tenth of that. A test compares the tree's answers with those of seccompiler for the same rules.

use std::collections::BTreeMap;

use nix::libc::{self, sock_filter};
use seccompiler::BpfProgram;
use seccompiler::sock_filter as Instruction;

/// The filter's answer to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// It is made.
    Allow,
    /// It is not made and fails with this error.
    Refuse(u16),
    /// It is made if one of these holds, all of whose conditions do; else it fails with the error.
    Examine(Vec<Vec<Condition>>, u16),
}

/// What has to hold of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// The lower half of an argument, with a mask.
    Low {
        /// Which argument, from 0.
        argument: u8,
        /// Of it, these bits
        mask: u32,
        /// are these.
        value: u32,
    },
    /// The whole argument is zero.
    Zero {
        /// Which argument, from 0.
        argument: u8,
    },
}

/// `struct seccomp_data` of linux/seccomp.h: number, architecture, instruction pointer, six arguments of 8 bytes.
const NUMBER_AT: u32 = 0;
const ARCHITECTURE_AT: u32 = 4;
const ARGUMENTS_AT: u32 = 16;

/// `AUDIT_ARCH_…` of linux/audit.h.
#[cfg(target_arch = "x86_64")]
pub(super) const ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
pub(super) const ARCHITECTURE: u32 = 0xc000_00b7;

const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
const AND: u16 = (libc::BPF_ALU | libc::BPF_AND | libc::BPF_K) as u16;
const IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
const IF_AT_LEAST: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;
const ANSWER: u16 = (libc::BPF_RET | libc::BPF_K) as u16;

/// The filter that gives these answers by number, and `otherwise` to every other number. Another architecture's calls
/// end the process.
///
/// # Panics
/// When a half of the tree is longer than a jump, which a filter of the calls that there are is not.
pub(super) fn compile(answers: &BTreeMap<u32, Answer>, otherwise: &Answer) -> BpfProgram {
    let mut program = vec![
        instruction(LOAD, ARCHITECTURE_AT, 0, 0),
        instruction(IF_EQUAL, ARCHITECTURE, 1, 0),
        instruction(ANSWER, libc::SECCOMP_RET_KILL_PROCESS, 0, 0),
        instruction(LOAD, NUMBER_AT, 0, 0),
    ];
    program.extend(tree(&ranges(answers, otherwise)));
    program
}

/// Where each answer begins: it holds up to the next beginning. The first begins at 0.
fn ranges<'a>(answers: &'a BTreeMap<u32, Answer>, otherwise: &'a Answer) -> Vec<(u32, &'a Answer)> {
    let mut ranges = vec![(0, otherwise)];
    for (number, answer) in answers {
        ranges.push((*number, answer));
        ranges.push((number + 1, otherwise));
    }
    // Of several that begin at one number the last holds; neighbours with one answer are one range.
    let mut begun: Vec<(u32, &Answer)> = Vec::new();
    for range in ranges {
        if begun.last().is_some_and(|last| last.0 == range.0) {
            begun.pop();
        }
        if begun.last().is_none_or(|last| last.1 != range.1) {
            begun.push(range);
        }
    }
    begun
}

/// Finds the range of the loaded number.
fn tree(ranges: &[(u32, &Answer)]) -> BpfProgram {
    if let [(_, answer)] = ranges {
        return leaf(answer);
    }
    let (low, high) = ranges.split_at(ranges.len() / 2);
    let low = tree(low);
    let past_low = u8::try_from(low.len()).expect("half of the tree is shorter than a jump; a test compiles it");
    let mut program = vec![instruction(IF_AT_LEAST, high[0].0, past_low, 0)];
    program.extend(low);
    program.extend(tree(high));
    program
}

fn leaf(answer: &Answer) -> BpfProgram {
    match answer {
        Answer::Allow => vec![instruction(ANSWER, libc::SECCOMP_RET_ALLOW, 0, 0)],
        Answer::Refuse(error) => vec![refusal(*error)],
        Answer::Examine(alternatives, error) => {
            let mut program: BpfProgram = alternatives.iter().flat_map(|conditions| alternative(conditions)).collect();
            program.push(refusal(*error));
            program
        }
    }
}

fn refusal(error: u16) -> Instruction {
    instruction(ANSWER, libc::SECCOMP_RET_ERRNO | u32::from(error), 0, 0)
}

/// Allows the call if all conditions hold, and goes on after itself if one does not.
fn alternative(conditions: &[Condition]) -> BpfProgram {
    let mut program = vec![instruction(ANSWER, libc::SECCOMP_RET_ALLOW, 0, 0)];
    // From the last, since a jump has to know how far the end is.
    for condition in conditions.iter().rev() {
        let checks: &[(u8, u32, u32, u32)] = match *condition {
            Condition::Low { argument, mask, value } => &[(argument, 0, mask, value)],
            Condition::Zero { argument } => &[(argument, 0, u32::MAX, 0), (argument, 4, u32::MAX, 0)],
        };
        for (argument, half, mask, value) in checks {
            let past_end = u8::try_from(program.len()).expect("an alternative has a few conditions");
            let load = instruction(LOAD, ARGUMENTS_AT + 8 * u32::from(*argument) + half, 0, 0);
            let compare = instruction(IF_EQUAL, *value, 0, past_end);
            program.splice(0..0, [load, instruction(AND, *mask, 0, 0), compare]);
        }
    }
    program
}

fn instruction(code: u16, k: u32, jt: u8, jf: u8) -> Instruction {
    let sock_filter { code, jt, jf, k } = sock_filter { code, jt, jf, k };
    Instruction { code, jt, jf, k }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// What a filter answers to a call, as the kernel would work it out.
    pub(in crate::sandbox) fn ask(program: &[Instruction], architecture: u32, number: u32, arguments: [u64; 6]) -> u32 {
        let load = |at: u32| match at {
            NUMBER_AT => number,
            ARCHITECTURE_AT => architecture,
            at => {
                let argument = arguments[((at - ARGUMENTS_AT) / 8) as usize];
                if (at - ARGUMENTS_AT).is_multiple_of(8) { argument as u32 } else { (argument >> 32) as u32 }
            }
        };
        let (mut at, mut loaded) = (0, 0);
        loop {
            let Instruction { code, jt, jf, k } = program[at];
            at += 1;
            let jump = |holds: bool| usize::from(if holds { jt } else { jf });
            match u32::from(code) {
                code if code == u32::from(LOAD) => loaded = load(k),
                code if code == u32::from(AND) => loaded &= k,
                code if code == u32::from(IF_EQUAL) => at += jump(loaded == k),
                code if code == u32::from(IF_AT_LEAST) => at += jump(loaded >= k),
                code if code == libc::BPF_JMP | libc::BPF_JGT | libc::BPF_K => at += jump(loaded > k),
                code if code == libc::BPF_JMP | libc::BPF_JA => at += k as usize,
                code if code == u32::from(ANSWER) => return k,
                other => panic!("no instruction of these filters: {other:#x}"),
            }
        }
    }

    #[test]
    fn each_number_has_its_answer() {
        let examined = Answer::Examine(vec![vec![Condition::Low { argument: 1, mask: 0xf, value: 3 }]], 5);
        let answers = BTreeMap::from([(0, Answer::Allow), (1, Answer::Allow), (7, Answer::Refuse(2)), (9, examined)]);
        let program = compile(&answers, &Answer::Refuse(1));
        let answer = |number, second| ask(&program, ARCHITECTURE, number, [0, second, 0, 0, 0, 0]);
        let refused = |error: u32| libc::SECCOMP_RET_ERRNO | error;
        let given: Vec<_> = [0, 1, 2, 6, 7, 8, u32::MAX].iter().map(|number| answer(*number, 0)).collect();
        let allowed = libc::SECCOMP_RET_ALLOW;
        assert_eq!(given, [allowed, allowed, refused(1), refused(1), refused(2), refused(1), refused(1)]);
        assert_eq!([answer(9, 0xf3), answer(9, 4), answer(9, 3 << 32 | 3)], [allowed, refused(5), allowed]);
        let other = ask(&program, ARCHITECTURE ^ 1, 0, [0; 6]);
        assert_eq!(other, libc::SECCOMP_RET_KILL_PROCESS);
    }
}
