//! Real processes, talked to from outside: nothing is waited for but by asking again and again.

pub mod cluster;
pub mod finding;
pub mod growing;
pub mod http;
pub mod ports;
pub mod process;
pub mod sources;

use std::time::{Duration, Instant};

/// How often is asked again.
const PAUSE: Duration = Duration::from_millis(20);

/// Waits until `is_so`; panics, with what it waited for, when it takes longer than `patience`.
pub fn until(what: &str, patience: Duration, mut is_so: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < patience, "waited {patience:?} in vain until {what}");
        std::thread::sleep(PAUSE);
    }
}
