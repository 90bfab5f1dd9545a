//! Which log lines a person at the terminal wants to see.

/// Complaints that are part of a healthy local start.
const NOISE: [&str; 9] = [
    // wrangler, where there is no network.
    "Request.cf",
    "workers.cloudflare.com",
    "update available",
    "newer version of Wrangler",
    "Would you like to report",
    // The functions' runtime: one request at a time for each instance is what is wanted.
    "AWS_LAMBDA_MAX_CONCURRENCY",
    // cargo lambda, when it stops an instance to start the next one.
    "command killed code=ForceStop",
    // ministack: a logger of that name, and a feature of a service that is not used.
    "[hypercorn.error] Running on",
    "[kms] cryptography",
];

/// Whether a line is a warning or an error, in any of the parts' formats.
pub(crate) fn is_important(line: &str) -> bool {
    if NOISE.iter().any(|noise| line.contains(noise)) {
        return false;
    }
    if let Some(level) = json_level(line) {
        return matches!(level, "ERROR" | "WARN" | "error" | "warn");
    }
    let lower = line.to_lowercase();
    ["error", "warn", "panicked", "exception"].iter().any(|word| lower.contains(word))
}

/// The level of a JSON log line, found without parsing the rest.
fn json_level(line: &str) -> Option<&str> {
    line.trim_start().strip_prefix('{')?.split_once("\"level\":\"")?.1.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_lines_are_judged_by_their_level_alone() {
        assert!(is_important(r#"{"time":1,"level":"WARN","message":"slow"}"#));
        assert!(!is_important(r#"{"level":"INFO","message":"no error at all"}"#));
    }

    #[test]
    fn plain_lines_are_judged_by_their_words() {
        assert!(is_important("thread 'main' panicked at src/lib.rs"));
        assert!(is_important("✘ [ERROR] Could not resolve"));
        assert!(!is_important("Ready on http://127.0.0.1:8787"));
    }

    #[test]
    fn known_noise_is_left_out() {
        assert!(!is_important("▲ [WARNING] Unable to fetch the `Request.cf` object! Falling back"));
    }
}
