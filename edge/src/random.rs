//! Randomness of the runtime.

/// 32 random bytes.
pub(crate) fn entropy() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::getrandom(&mut bytes).expect("the runtime has crypto.getRandomValues");
    bytes
}
