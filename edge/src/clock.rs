//! The runtime's clock. It stands still while code runs, and moves with I/O.

use protocol::TimestampMs;

/// Now.
pub(crate) fn now() -> TimestampMs {
    worker::Date::now().as_millis()
}
