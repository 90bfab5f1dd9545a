//! What runners report: claims, heartbeats, results. Only an attempt's own credential speaks for it, and only while
//! it is the run's newest.

mod handlers;
pub mod reports;
pub mod router;
