//! What whoever starts the tests says in variables.

/// A number, such as how long the long form of a test is.
///
/// # Panics
/// When the variable holds something else.
#[must_use]
pub fn number(name: &str, default: u64) -> u64 {
    let parse = |text: String| text.parse().unwrap_or_else(|error| panic!("{name}={text}: {error}"));
    variable(name).map_or(default, parse)
}

/// A variable, unless it is missing or empty.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
