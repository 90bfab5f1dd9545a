//! The generic cell rate algorithm (ITU-T I.371), with time as an argument: one time stamp holds how much of a quota
//! is used. It is exact whatever the number of calls, and needs no window that begins anew.

use protocol::TimestampMs;
use protocol::tier::Quota;

const US_PER_MINUTE: u64 = 60_000_000;

/// What somebody has left of a quota.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bucket {
    /// When all that came would have come, had it come at the quota's pace.
    due_us: u64,
}

/// How full a bucket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Level {
    /// Calls that may come at once.
    pub(super) remaining: u32,
    /// Until the next call may come: 0 if it may now.
    pub(super) next_in_ms: u64,
    /// Until the whole burst may come again.
    pub(super) full_in_ms: u64,
}

impl Bucket {
    /// How full it is.
    pub(super) fn level(self, quota: Quota, now: TimestampMs) -> Level {
        let (interval, capacity) = pace(quota);
        let used = self.used_us(quota, now);
        let left = capacity - used;
        Level {
            remaining: u32::try_from(left / interval).unwrap_or(u32::MAX),
            next_in_ms: interval.saturating_sub(left).div_ceil(1000),
            full_in_ms: used.div_ceil(1000),
        }
    }

    /// Takes one call out. Whether there is one is for the caller to look at.
    pub(super) fn take(&mut self, quota: Quota, now: TimestampMs) {
        self.due_us = now * 1000 + self.used_us(quota, now) + pace(quota).0;
    }

    /// True if it says no more than a new one would.
    pub(super) fn is_full(self, now: TimestampMs) -> bool {
        self.due_us <= now * 1000
    }

    /// Never more than all of it: a quota may shrink, and a clock go back.
    fn used_us(self, quota: Quota, now: TimestampMs) -> u64 {
        self.due_us.saturating_sub(now * 1000).min(pace(quota).1)
    }
}

/// The time between two calls at the quota's pace, and the time of a whole burst.
fn pace(quota: Quota) -> (u64, u64) {
    let interval = US_PER_MINUTE / u64::from(quota.per_minute.max(1));
    (interval, interval * u64::from(quota.burst))
}

#[cfg(test)]
mod tests {
    use protocol::limits::ADDRESS_QUOTA;
    use protocol::tier::Tier;

    use super::*;

    const NOW: TimestampMs = 1_800_000_000_000;
    const QUOTAS: [Quota; 2] = [Quota { per_minute: 60, burst: 10 }, Quota { per_minute: 1_200, burst: 100 }];

    /// How many of the calls at these moments are let in.
    fn admitted(bucket: &mut Bucket, quota: Quota, at: impl IntoIterator<Item = TimestampMs>) -> u32 {
        let mut count = 0;
        for now in at {
            if bucket.level(quota, now).remaining > 0 {
                bucket.take(quota, now);
                count += 1;
            }
        }
        count
    }

    #[test]
    fn a_burst_is_let_in_and_not_one_more() {
        for quota in [Tier::Anonymous, Tier::Free, Tier::Pro, Tier::Enterprise].map(Tier::quota) {
            let mut bucket = Bucket::default();
            assert_eq!(admitted(&mut bucket, quota, [NOW; 1000]), quota.burst);
            let level = bucket.level(quota, NOW);
            assert_eq!((level.remaining, level.next_in_ms > 0), (0, true), "{quota:?}");
            assert_eq!(admitted(&mut bucket, quota, [NOW + level.next_in_ms; 2]), 1, "and then one");
            assert!(bucket.is_full(NOW + 60_000) && !bucket.is_full(NOW));
        }
    }

    #[test]
    fn in_a_minute_come_the_quota_and_one_burst_at_most() {
        for quota in QUOTAS {
            // As often as once a millisecond, for a minute.
            let count = admitted(&mut Bucket::default(), quota, (0..60_000).map(|ms| NOW + ms));
            assert!(count < quota.per_minute + quota.burst + 1 && count >= quota.per_minute, "{count} of {quota:?}");
        }
    }

    #[test]
    fn calls_at_the_quotas_pace_never_wait() {
        for quota in [QUOTAS[0], QUOTAS[1], ADDRESS_QUOTA] {
            let pause = 60_000 / u64::from(quota.per_minute);
            let count = admitted(&mut Bucket::default(), quota, (0..500).map(|call| NOW + call * pause));
            assert_eq!(count, 500, "{quota:?}");
        }
    }

    #[test]
    fn a_level_says_what_then_happens() {
        let quota = QUOTAS[0];
        let mut bucket = Bucket::default();
        assert_eq!(bucket.level(quota, NOW), Level { remaining: 10, next_in_ms: 0, full_in_ms: 0 });
        assert_eq!(admitted(&mut bucket, quota, [NOW; 3]), 3);
        assert_eq!(bucket.level(quota, NOW), Level { remaining: 7, next_in_ms: 0, full_in_ms: 3_000 });
        assert_eq!(admitted(&mut bucket, quota, [NOW; 9]), 7);
        assert_eq!(bucket.level(quota, NOW + 400), Level { remaining: 0, next_in_ms: 600, full_in_ms: 9_600 });
    }

    #[test]
    fn a_clock_that_goes_back_locks_nobody_out_for_longer_than_a_burst() {
        let (quota, mut bucket) = (QUOTAS[0], Bucket::default());
        admitted(&mut bucket, quota, [NOW; 10]);
        assert_eq!(bucket.level(quota, NOW - 3_600_000).full_in_ms, 10_000);
    }
}
