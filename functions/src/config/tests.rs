//! What each function takes from its environment.

use super::*;

const RUNS: [(&str, &str); 10] = [
    ("SIGNING_KEY_SECRET_ID", "s"),
    ("EDGE_URL", "http://localhost:8787/"),
    ("RUNS_TABLE", "runs"),
    ("ROOMS_TABLE", "rooms"),
    ("BUNDLES_BUCKET", "bundles"),
    ("RUNS_QUEUE_URL", "http://localhost:4566/q"),
    ("BACKGROUND_QUEUE_URL", "http://localhost:4566/b"),
    ("RUNNER_CLUSTER", "c"),
    ("RUNNER_SERVICE", "s"),
    ("STAGE", "dev"),
];

type Changes = &'static [(&'static str, &'static str)];

fn environment(changes: Changes) -> Environment<impl Fn(&str) -> Option<String>> {
    Environment(move |name: &str| {
        changes.iter().chain(&RUNS).find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    })
}

fn runs_with(changes: Changes) -> Result<RunsConfig, ConfigError> {
    environment(changes).runs()
}

#[test]
fn defaults_are_guests_limits_and_50_kilobytes() {
    let config = runs_with(&[]).expect("complete");
    assert_eq!((config.guests, config.limits, config.source_max_bytes), (Switch::On, Switch::On, 51_200));
    assert_eq!(config.trust.edge_url, "http://localhost:8787");
}

#[test]
fn a_wrong_variable_is_named() {
    let name = |changes| match runs_with(changes).expect_err("wrong") {
        ConfigError::Missing { name } | ConfigError::Wrong { name, .. } => name,
    };
    assert_eq!(name(&[("RUNS_TABLE", "")]), "RUNS_TABLE");
    assert_eq!(name(&[("GUESTS", "yes")]), "GUESTS");
    assert_eq!(name(&[("EDGE_URL", "localhost")]), "EDGE_URL");
    assert_eq!(name(&[("RUN_SOURCE_MAX_BYTES", "2000000")]), "RUN_SOURCE_MAX_BYTES");
}

#[test]
fn only_a_local_stack_lifts_its_limits() {
    assert!(runs_with(&[("LIMITS", "off")]).is_err());
    let local = runs_with(&[("LIMITS", "off"), ("STAGE", "local")]).expect("local");
    assert_eq!(local.limits, Switch::Off);
}

#[test]
fn only_a_local_stack_shortens_the_wait_of_a_run() {
    let wait = |changes| environment(changes).sweeper().map(|config| config.queued_max_ms);
    assert_eq!(wait(&[]), Ok(300_000));
    assert!(wait(&[("RUN_QUEUED_MAX_MS", "60000")]).is_err());
    assert_eq!(wait(&[("RUN_QUEUED_MAX_MS", "60000"), ("STAGE", "local")]), Ok(60_000));
}
