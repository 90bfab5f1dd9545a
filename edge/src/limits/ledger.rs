//! Attempts with credentials, with time as an argument: how many failed lately, and whether one more may be made.
//!
//! An attempt is noted before it is made, so that no number of them at once gets past the count, and taken back
//! when it turns out not to count. There is one ledger for each address and one for each account. In that of an
//! address every mark counts. In that of an account each address counts for itself, so that **nobody locks an owner
//! out by failing**: strangers together have a count of their own, which does not bind an address from which somebody
//! logged in to the account lately.

use protocol::TimestampMs;
use protocol::limits::{ADDRESS_KNOWN_MS, ATTEMPTS_MAX, ATTEMPTS_OF_STRANGERS_MAX, ATTEMPTS_WINDOW_MS};
use serde::{Deserialize, Serialize};

/// When to come back where the attempts that are in the way are not decided yet: most logins are by then.
const UNDECIDED_MS: u64 = 1_000;

/// Addresses that are remembered as an owner's. More than people have; the oldest makes way.
const KNOWN_MAX: usize = 50;

/// How the marks of a ledger are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Rule {
    /// All together: of an address.
    Together,
    /// Each other side for itself, and strangers together: of an account.
    ByAddress,
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Outcome {
    /// It counts.
    Counts,
    /// It neither helps nor harms: it could not be read, or we failed.
    Void,
    /// The credentials were right: what failed before between this account and this address is forgiven.
    Right,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Mark {
    number: u64,
    /// The other side: the account in an address's ledger, the address in an account's.
    other: String,
    at: TimestampMs,
    is_decided: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Known {
    other: String,
    at: TimestampMs,
}

/// The attempts of one address or at one account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Ledger {
    marks: Vec<Mark>,
    known: Vec<Known>,
    last: u64,
}

impl Ledger {
    /// Notes an attempt that is about to be made, and gives its number; or says how long to wait.
    pub(super) fn begin(&mut self, rule: Rule, other: &str, now: TimestampMs) -> Result<u64, u64> {
        self.forget(now);
        let wait = match rule {
            Rule::Together => self.wait(|_| true, ATTEMPTS_MAX, now),
            Rule::ByAddress => {
                let theirs = self.wait(|mark| mark.other == other, ATTEMPTS_MAX, now);
                let is_known = |other: &str| self.known.iter().any(|known| known.other == other);
                let strangers = || self.wait(|mark| !is_known(&mark.other), ATTEMPTS_OF_STRANGERS_MAX, now);
                theirs.or_else(|| if is_known(other) { None } else { strangers() })
            }
        };
        if let Some(wait) = wait {
            return Err(wait);
        }
        self.last += 1;
        self.marks.push(Mark { number: self.last, other: other.to_owned(), at: now, is_decided: false });
        Ok(self.last)
    }

    /// Says what became of an attempt.
    pub(super) fn settle(&mut self, rule: Rule, number: u64, other: &str, outcome: Outcome, now: TimestampMs) {
        match outcome {
            Outcome::Counts => {
                self.marks.iter_mut().filter(|mark| mark.number == number).for_each(|mark| mark.is_decided = true);
            }
            Outcome::Void => self.marks.retain(|mark| mark.number != number),
            Outcome::Right => {
                self.marks.retain(|mark| mark.number != number && !(mark.other == other && mark.is_decided));
                if rule == Rule::ByAddress {
                    self.know(other, now);
                }
            }
        }
        self.forget(now);
    }

    fn know(&mut self, other: &str, now: TimestampMs) {
        self.known.retain(|known| known.other != other);
        self.known.push(Known { other: other.to_owned(), at: now });
        let surplus = self.known.len().saturating_sub(KNOWN_MAX);
        self.known.drain(..surplus);
    }

    /// When everything in it will have lost its meaning.
    pub(super) fn expires_at(&self) -> Option<TimestampMs> {
        let marks = self.marks.iter().map(|mark| mark.at + ATTEMPTS_WINDOW_MS);
        marks.chain(self.known.iter().map(|known| known.at + ADDRESS_KNOWN_MS)).max()
    }

    fn forget(&mut self, now: TimestampMs) {
        self.marks.retain(|mark| now < mark.at + ATTEMPTS_WINDOW_MS);
        self.known.retain(|known| now < known.at + ADDRESS_KNOWN_MS);
    }

    /// How long until fewer than `max` of these marks are left; nothing if that is so now.
    fn wait(&self, counts: impl Fn(&Mark) -> bool, max: u32, now: TimestampMs) -> Option<u64> {
        let counted: Vec<_> = self.marks.iter().filter(|mark| counts(mark)).collect();
        let surplus = counted.len().checked_sub(max as usize)?;
        let until_old = (counted[surplus].at + ATTEMPTS_WINDOW_MS).saturating_sub(now);
        let is_undecided = counted.iter().any(|mark| !mark.is_decided);
        Some(if is_undecided { until_old.min(UNDECIDED_MS) } else { until_old })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: TimestampMs = 1_800_000_000_000;
    const MINUTE: u64 = 60_000;

    fn fail(ledger: &mut Ledger, rule: Rule, other: &str, now: TimestampMs) -> Result<(), u64> {
        let number = ledger.begin(rule, other, now)?;
        ledger.settle(rule, number, other, Outcome::Counts, now);
        Ok(())
    }

    fn succeed(ledger: &mut Ledger, rule: Rule, other: &str, now: TimestampMs) {
        let number = ledger.begin(rule, other, now).expect("let in");
        ledger.settle(rule, number, other, Outcome::Right, now);
    }

    #[test]
    fn ten_failures_in_any_fifteen_minutes_and_no_more() {
        for rule in [Rule::Together, Rule::ByAddress] {
            let mut ledger = Ledger::default();
            for minute in 0..10 {
                assert_eq!(fail(&mut ledger, rule, "one", NOW + minute * MINUTE), Ok(()));
            }
            assert_eq!(fail(&mut ledger, rule, "one", NOW + 10 * MINUTE), Err(5 * MINUTE));
            assert_eq!(fail(&mut ledger, rule, "one", NOW + 15 * MINUTE - 1), Err(1));
            assert_eq!(fail(&mut ledger, rule, "one", NOW + 15 * MINUTE), Ok(()), "the first is old now");
            assert_eq!(fail(&mut ledger, rule, "one", NOW + 15 * MINUTE), Err(MINUTE));
        }
    }

    #[test]
    fn attempts_at_once_do_not_get_past_the_count() {
        let mut ledger = Ledger::default();
        let begun: Vec<_> = (0..50).map(|_| ledger.begin(Rule::Together, "one", NOW)).collect();
        assert_eq!(begun.iter().filter(|begun| begun.is_ok()).count(), 10);
        assert_eq!(begun[10], Err(UNDECIDED_MS), "some of the ten may turn out right");
        ledger.settle(Rule::Together, begun[0].expect("let in"), "one", Outcome::Void, NOW);
        assert!(ledger.begin(Rule::Together, "one", NOW).is_ok());
    }

    #[test]
    fn an_address_counts_over_all_accounts_and_a_success_forgives_only_its_own() {
        let mut ledger = Ledger::default();
        for account in 0..9 {
            fail(&mut ledger, Rule::Together, &account.to_string(), NOW).expect("let in");
        }
        succeed(&mut ledger, Rule::Together, "own", NOW);
        succeed(&mut ledger, Rule::Together, "8", NOW);
        assert_eq!(fail(&mut ledger, Rule::Together, "x", NOW), Ok(()));
        assert_eq!(fail(&mut ledger, Rule::Together, "y", NOW), Ok(()));
        assert!(fail(&mut ledger, Rule::Together, "z", NOW).is_err(), "who logs in to one account guesses no others");
    }

    #[test]
    fn a_stranger_who_fails_does_not_lock_the_owner_out() {
        let mut ledger = Ledger::default();
        for _ in 0..10 {
            fail(&mut ledger, Rule::ByAddress, "stranger", NOW).expect("let in");
        }
        assert!(fail(&mut ledger, Rule::ByAddress, "stranger", NOW).is_err());
        assert!(ledger.begin(Rule::ByAddress, "owner", NOW).is_ok(), "from another address");
    }

    #[test]
    fn many_strangers_are_bound_together_and_the_owners_address_is_not() {
        let mut ledger = Ledger::default();
        succeed(&mut ledger, Rule::ByAddress, "home", NOW);
        let failed = (0..1000).filter(|it| fail(&mut ledger, Rule::ByAddress, &format!("bot {it}"), NOW).is_ok());
        assert_eq!(failed.count(), ATTEMPTS_OF_STRANGERS_MAX as usize);
        assert!(ledger.begin(Rule::ByAddress, "home", NOW).is_ok());
        assert!(ledger.begin(Rule::ByAddress, "elsewhere", NOW).is_err());
        assert!(ledger.begin(Rule::ByAddress, "elsewhere", NOW + ATTEMPTS_WINDOW_MS).is_ok());
    }

    #[test]
    fn an_owner_who_gets_it_right_begins_anew() {
        let mut ledger = Ledger::default();
        for _ in 0..9 {
            fail(&mut ledger, Rule::ByAddress, "home", NOW).expect("let in");
        }
        succeed(&mut ledger, Rule::ByAddress, "home", NOW);
        for _ in 0..10 {
            assert_eq!(fail(&mut ledger, Rule::ByAddress, "home", NOW), Ok(()));
        }
        assert!(fail(&mut ledger, Rule::ByAddress, "home", NOW).is_err());
    }

    #[test]
    fn nothing_is_kept_for_longer_than_it_means_something() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.expires_at(), None);
        fail(&mut ledger, Rule::ByAddress, "a", NOW).expect("let in");
        assert_eq!(ledger.expires_at(), Some(NOW + ATTEMPTS_WINDOW_MS));
        for address in 0..100 {
            succeed(&mut ledger, Rule::ByAddress, &address.to_string(), NOW);
        }
        assert_eq!(ledger.known.len(), KNOWN_MAX);
        assert_eq!(ledger.expires_at(), Some(NOW + ADDRESS_KNOWN_MS));
        ledger.forget(NOW + ADDRESS_KNOWN_MS);
        assert_eq!(ledger.expires_at(), None);
    }
}
