//! Failures on purpose, for tests (features H3): a runner that dies with a message in its hands, as one that is killed.
//! The message comes again when its visibility ends, and nobody may notice more than that.

use std::hash::{BuildHasher, Hasher, RandomState};

use reqwest::Url;

/// How a process ends that SIGKILL ends, as a shell reports it.
const KILLED: i32 = 137;

/// How often a message is the last one.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Faults {
    /// From 0, never, to 1, always.
    rate: f64,
}

impl Faults {
    /// Reads a rate. Only a stack on this machine takes one: where the edge is elsewhere, people rely on the runner.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn read(text: &str, edge: &Url) -> Result<Self, String> {
        let rate: f64 = text.parse().map_err(|error| format!("is no number: {error}"))?;
        if !(0.0..=1.0).contains(&rate) {
            return Err("must lie between 0 and 1".to_owned());
        }
        if rate > 0.0 && !matches!(edge.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")) {
            return Err("is for a stack on this machine alone".to_owned());
        }
        Ok(Self { rate })
    }

    /// Ends the process now and then.
    pub fn strike(self) {
        if self.strikes(RandomState::new().build_hasher().finish()) {
            tracing::error!("this runner dies on purpose");
            std::process::exit(KILLED);
        }
    }

    fn strikes(self, random: u64) -> bool {
        // 32 bits are exact in a float, and fine enough.
        let fraction = f64::from(u32::try_from(random >> 32).unwrap_or_default()) / f64::from(u32::MAX);
        self.rate > 0.0 && fraction <= self.rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, edge: &str) -> Result<Faults, String> {
        Faults::read(text, &Url::parse(edge).expect("a URL"))
    }

    #[test]
    fn only_a_stack_on_this_machine_has_faults() {
        assert_eq!(read("0.05", "http://localhost:8787"), Ok(Faults { rate: 0.05 }));
        assert_eq!(read("0", "https://tutti.example.org"), Ok(Faults::default()));
        for (text, edge) in
            [("0.05", "https://tutti.example.org"), ("2", "http://localhost"), ("x", "http://localhost")]
        {
            assert!(read(text, edge).is_err(), "{text} {edge}");
        }
    }

    #[test]
    fn faults_strike_as_often_as_they_should() {
        let random = (0..1_000_u64).map(|step| step * (u64::MAX / 1_000));
        let struck = |rate| random.clone().filter(|random| Faults { rate }.strikes(*random)).count();
        assert_eq!((struck(0.0), struck(1.0)), (0, 1_000));
        assert!((45..=55).contains(&struck(0.05)), "{}", struck(0.05));
    }
}
