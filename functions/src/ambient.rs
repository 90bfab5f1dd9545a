//! Entropy for ids and secrets, and the clock: the two things that the core takes as arguments or from here, never
//! from anywhere else.

use std::time::SystemTime;

use argon2::password_hash::rand_core::{OsRng, RngCore};
use protocol::TimestampMs;

/// 32 bytes of the operating system's entropy.
#[must_use]
pub fn entropy() -> [u8; 32] {
    let mut bytes = [0; 32];
    OsRng.fill_bytes(&mut bytes);
    bytes
}

/// The time.
///
/// # Panics
/// When the clock says that it is before 1970.
#[must_use]
pub fn now_ms() -> TimestampMs {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("the clock is past 1970");
    u64::try_from(since_epoch.as_millis()).expect("the clock is before the year 584 million")
}
