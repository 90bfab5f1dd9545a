//! Millions of latencies in little memory, exact to one part in 64.

/// Values below this have a bucket each; above, each doubling of the value has half as many buckets.
const EXACT: u32 = 128;
const HALF: u32 = EXACT / 2;

/// How often which latency was seen, in microseconds.
#[derive(Debug, Clone, Default)]
pub struct Latencies {
    buckets: Vec<u64>,
    count: u64,
    max: u32,
}

impl Latencies {
    /// Takes in one.
    pub fn add(&mut self, micros: u32) {
        let bucket = bucket_of(micros);
        if bucket >= self.buckets.len() {
            self.buckets.resize(bucket + 1, 0);
        }
        self.buckets[bucket] += 1;
        self.count += 1;
        self.max = self.max.max(micros);
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The latency in milliseconds that this part (0 to 1) of all did not exceed.
    #[must_use]
    pub fn percentile(&self, part: f64) -> f64 {
        let wanted = (self.count as f64 * part).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (bucket, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return f64::from(top_of(bucket).min(self.max)) / 1000.0;
            }
        }
        f64::NAN
    }
}

fn bucket_of(value: u32) -> usize {
    let doublings = (u32::BITS - value.leading_zeros()).saturating_sub(EXACT.ilog2());
    (doublings * HALF + (value >> doublings)) as usize
}

/// The largest value of a bucket.
fn top_of(bucket: usize) -> u32 {
    let bucket = bucket as u32;
    if bucket < EXACT {
        return bucket;
    }
    let doublings = (bucket - HALF) / HALF;
    ((bucket - doublings * HALF + 1) << doublings) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_its_bucket_and_near_its_top() {
        let mut before = 0;
        for value in (0..1000).chain((1000..10_000_000).step_by(977)) {
            let bucket = bucket_of(value);
            assert!(bucket >= before);
            let top = top_of(bucket);
            assert!(top >= value && f64::from(top - value) <= f64::from(value) / 63.0, "{value} {top}");
            before = bucket;
        }
    }

    #[test]
    fn percentiles_are_those_of_the_values() {
        let mut latencies = Latencies::default();
        (1..=100).for_each(|millis| latencies.add(millis * 1000));
        let near = |part: f64, millis: f64| (latencies.percentile(part) / millis - 1.0).abs() < 0.02;
        assert!(near(0.5, 50.0) && near(0.95, 95.0) && near(0.99, 99.0));
        assert_eq!(latencies.percentile(1.0), 100.0);
    }
}
