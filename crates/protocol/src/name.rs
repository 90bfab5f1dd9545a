//! When two names or addresses are the same.

use unicode_normalization::UnicodeNormalization;

/// The form in which two names or addresses are the same: NFKC, lower case, without space around.
#[must_use]
pub fn normal(name: &str) -> String {
    // Lower case may undo the composition (`İ` becomes `i` and a dot), so it is composed again.
    name.trim().nfkc().collect::<String>().to_lowercase().nfkc().collect()
}
