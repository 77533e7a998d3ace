//! What a record costs in memory beyond its key and value.
//!
//! `cargo test --release -p peer-ring-core --test memory_per_record -- --ignored --nocapture`
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use mimalloc::MiMalloc;
use peer_ring_core::app::table_key;
use peer_ring_core::hlc::Stamp;
use peer_ring_core::id::{AppId, Epoch, NodeId};
use peer_ring_core::key::{Key, Partitions};
use peer_ring_core::record::{Freshness, RecordRef, Version};
use peer_ring_core::replica::{MemoryTable, Table};

/// The allocator of the `peer-ring` program.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const RECORDS: u64 = 1_000_000;
const KEY_BYTES: usize = 16;
const VALUE: [u8; 100] = [b'x'; 100];
const OVERHEAD_BYTES_MAX: usize = 100;

#[test]
#[ignore = "takes a quarter of a gigabyte"]
fn a_small_record_costs_less_than_a_hundred_bytes_beyond_its_key_and_value() {
    let partitions = Partitions::new(256).unwrap();
    let mut tables: Vec<_> = partitions.iter().map(|_| MemoryTable::new()).collect();
    let before = resident_bytes();
    for number in 0..RECORDS {
        // Keys come in no order, as those of many clients do.
        let key = format!("{:0KEY_BYTES$x}", number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let version = Version { epoch: Epoch(1), stamp: Stamp(number + 1), node: NodeId(1) };
        let freshness = Freshness { version, ..Freshness::NONE };
        let partition = partitions.of(Key::from(&key));
        let key = table_key(AppId::of("kv"), key.as_bytes());
        let record = RecordRef { freshness, value: Some(&VALUE) };
        tables[usize::from(partition.0)].put(&key, record);
    }
    let held: u64 = tables.iter().map(|table| table.stats().records).sum();
    assert_eq!(held, RECORDS);
    let bytes = (resident_bytes() - before) / usize::try_from(RECORDS).unwrap();
    let overhead = bytes - KEY_BYTES - VALUE.len();
    println!("{bytes} resident bytes a record, {overhead} beyond its key and value");
    assert!(overhead < OVERHEAD_BYTES_MAX);
}

fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() * 1024
}
