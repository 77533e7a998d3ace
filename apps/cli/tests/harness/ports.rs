//! Ports that nobody listens on.
//!
//! They lie below those that the system hands out to connections, and no two tests of a process
//! get the same ones.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

const FIRST: u16 = 12_000;
const LAST: u16 = 30_000;
static NEXT: AtomicU16 = AtomicU16::new(0);

/// The first of `count` free ports in a row.
pub fn free(count: u16) -> u16 {
    let span = LAST - FIRST;
    let start = u16::try_from(std::process::id() * 97 % u32::from(span)).unwrap();
    for _ in 0..span / count {
        let offset = NEXT.fetch_add(count, Ordering::Relaxed);
        let base = FIRST + (start + offset) % (span - count);
        let is_free = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
        if (base..base + count).all(is_free) {
            return base;
        }
    }
    panic!("no {count} free ports in a row");
}
