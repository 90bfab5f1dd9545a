//! How fast a person may send, and over how many connections.
//!
//! A person's frames and bytes are metered by the generic cell rate algorithm (ITU-T I.371): one time stamp per
//! meter, moved on by each frame. It lives here and not in a library because time is an argument of the core. Too
//! much at once closes the socket with 1013, and the client comes back by itself; whoever does that again and again
//! is closed with 4429, which stops a stock client. The meters belong to the person, not to the socket, so that
//! coming back does not reset them.

use std::collections::BTreeMap;

use protocol::TimestampMs;
use protocol::ids::ParticipantId;
use protocol::tier::Tier;

/// Closings by 1013 within [`STRIKES_MS`] that make it abuse.
const STRIKES_MAX: usize = 3;

/// How long a closing by 1013 is remembered, and how long abuse locks out.
const STRIKES_MS: u64 = 60_000;

/// What a reader may send: awareness with each move of the cursor, and pings.
const READER_FRAMES: Allowance = Allowance { per_second: 30, burst: 300 };

/// Three of the largest frames at once, so that a paste of 10 MB can be undone and done again; then a megabyte a second, which no typist reaches.
const BYTES: Allowance = Allowance { per_second: 1024 * 1024, burst: 64 * 1024 * 1024 };

/// Awareness that says nothing of one's own: stock clients send back every entry that they hear of, and in a crowd
/// hear of some hundred a second.
const ECHOES: Allowance = Allowance { per_second: 2_000, burst: 20_000 };

/// Which frames are metered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frames {
    /// What a person does.
    All,
    /// What their client repeats by itself.
    Echoes,
}

/// How much may come.
#[derive(Debug, Clone, Copy)]
struct Allowance {
    per_second: u64,
    burst: u64,
}

/// Frames of somebody who may edit. A fast typist with a moving cursor sends 30 a second; programs that replay an
/// editing session send them as fast as they can, which the bursts allow for.
fn editor_frames(tier: Tier) -> Allowance {
    match tier {
        Tier::Anonymous => Allowance { per_second: 200, burst: 2_000 },
        Tier::Free => Allowance { per_second: 400, burst: 4_000 },
        Tier::Pro => Allowance { per_second: 1_000, burst: 10_000 },
        Tier::Enterprise => Allowance { per_second: 2_000, burst: 20_000 },
    }
}

/// Connections of one person to one room; the sync and the events socket of a client are one.
#[must_use]
pub fn connections_max(tier: Tier) -> usize {
    match tier {
        Tier::Anonymous => 5,
        Tier::Free => 20,
        Tier::Pro => 100,
        Tier::Enterprise => 1_000,
    }
}

/// What to do about a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Take it.
    Fine,
    /// Send the client away for a moment.
    Burst,
    /// Send it away for good.
    Abuse,
}

/// A time stamp in nanoseconds: when everything that came would have come at the allowed rate.
#[derive(Debug, Default)]
struct Meter(u64);

impl Meter {
    fn takes(&mut self, amount: u64, allowance: Allowance, now: TimestampMs) -> bool {
        let now_ns = now * 1_000_000;
        let cost_ns = |amount: u64| amount.saturating_mul(1_000_000_000) / allowance.per_second;
        let full_ns = self.0.max(now_ns) + cost_ns(amount);
        let fits = full_ns - now_ns <= cost_ns(allowance.burst);
        if fits {
            self.0 = full_ns;
        }
        fits
    }
}

#[derive(Debug, Default)]
struct Person {
    frames: Meter,
    echoes: Meter,
    bytes: Meter,
    strikes: Vec<TimestampMs>,
}

impl Person {
    fn is_abusive(&self, now: TimestampMs) -> bool {
        let recent = self.strikes.iter().filter(|at| now < **at + STRIKES_MS);
        recent.count() >= STRIKES_MAX
    }

    fn is_idle(&self, now: TimestampMs) -> bool {
        let metered_until = self.frames.0.max(self.echoes.0).max(self.bytes.0);
        metered_until <= now * 1_000_000 && self.strikes.iter().all(|at| now >= *at + STRIKES_MS)
    }
}

/// The meters of everybody who sent something lately.
#[derive(Debug, Default)]
pub(crate) struct Rates(BTreeMap<ParticipantId, Person>);

impl Rates {
    /// Meters a frame.
    pub(crate) fn frame(
        &mut self,
        who: &ParticipantId,
        tier: Tier,
        may_edit: bool,
        frames: Frames,
        bytes: usize,
        now: TimestampMs,
    ) -> Verdict {
        let person = self.0.entry(who.clone()).or_default();
        let (meter, allowance) = match frames {
            Frames::Echoes => (&mut person.echoes, ECHOES),
            Frames::All if may_edit => (&mut person.frames, editor_frames(tier)),
            Frames::All => (&mut person.frames, READER_FRAMES),
        };
        if meter.takes(1, allowance, now) && person.bytes.takes(bytes as u64, BYTES, now) {
            return Verdict::Fine;
        }
        person.strikes.retain(|at| now < *at + STRIKES_MS);
        person.strikes.push(now);
        if person.is_abusive(now) { Verdict::Abuse } else { Verdict::Burst }
    }

    /// True while somebody is locked out.
    pub(crate) fn is_abusive(&self, who: &ParticipantId, now: TimestampMs) -> bool {
        self.0.get(who).is_some_and(|person| person.is_abusive(now))
    }

    /// Forgets whoever has nothing to remember.
    pub(crate) fn forget_idle(&mut self, now: TimestampMs) {
        self.0.retain(|_, person| !person.is_idle(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who() -> ParticipantId {
        ParticipantId::from_entropy(&[1; 32])
    }

    fn frames(rates: &mut Rates, count: u64, now: TimestampMs) -> Verdict {
        let verdicts = (0..count).map(|_| rates.frame(&who(), Tier::Anonymous, true, Frames::All, 10, now));
        verdicts.filter(|verdict| *verdict != Verdict::Fine).last().unwrap_or(Verdict::Fine)
    }

    #[test]
    fn a_burst_passes_up_to_its_edge_and_refills() {
        let mut rates = Rates::default();
        assert_eq!(frames(&mut rates, 2_000, 1_000), Verdict::Fine);
        assert_eq!(frames(&mut rates, 1, 1_000), Verdict::Burst);
        assert_eq!(frames(&mut rates, 200, 2_000), Verdict::Fine, "200 more after a second");
        assert_eq!(frames(&mut rates, 1, 2_000), Verdict::Burst);
    }

    #[test]
    fn the_third_strike_within_a_minute_is_abuse_and_is_forgotten_after_it() {
        let mut rates = Rates::default();
        for (now, verdict) in [(0, Verdict::Burst), (10_000, Verdict::Burst), (20_000, Verdict::Abuse)] {
            assert_eq!(frames(&mut rates, 2_000, now), Verdict::Fine);
            assert_eq!(frames(&mut rates, 1, now), verdict);
        }
        assert!(rates.is_abusive(&who(), 59_999));
        assert!(!rates.is_abusive(&who(), 60_000));
        rates.forget_idle(80_000);
        assert!(rates.0.is_empty());
    }

    #[test]
    fn bytes_are_metered_too_and_readers_more_tightly() {
        let mut rates = Rates::default();
        let half = 32 * 1024 * 1024;
        let verdicts = [half, half, 1].map(|bytes| rates.frame(&who(), Tier::Pro, true, Frames::All, bytes, 0));
        assert_eq!(verdicts, [Verdict::Fine, Verdict::Fine, Verdict::Burst]);
        let mut rates = Rates::default();
        let read = (0..=300)
            .map(|_| rates.frame(&who(), Tier::Pro, false, Frames::All, 1, 0))
            .filter(|it| *it == Verdict::Fine);
        assert_eq!(read.count(), 300);
    }
}
