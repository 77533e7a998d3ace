//! The counter app, whose commands its partition's primary runs one at a time, on a cluster whose
//! members come and go, fall apart and find together again: no acknowledged increment is lost, and
//! none is counted twice.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use peer_ring_core::app::{App, Plan, Records};
use peer_ring_core::key::Key;
use peer_ring_sim::journal::Entry;
use peer_ring_sim::{Seen, Simulation};

/// Counts, on three owners of which two must hold each number before it is told.
#[derive(Clone)]
struct Counters;

impl App for Counters {
    const NAME: &'static str = "counters";
    type Command = u8;
    type Reply = u64;

    fn key(counter: &u8) -> Key {
        Key::new(&[*counter])
    }

    fn plan(&self, _: &u8) -> Plan {
        Plan::owner(3, 2)
    }

    fn handle(&mut self, records: &mut Records<'_>, counter: u8) -> u64 {
        let name = counter.to_string();
        let count = records.get_as::<u64>(&name).unwrap_or(0) + 1;
        records.put_as(&name, &count);
        count
    }
}

/// Every number is told once; what was told before somebody asked is less than what it is told; and
/// no number is greater than there were increments by then.
fn no_increment_is_lost_or_counted_twice(seen: &Seen<Counters>) -> Result<(), String> {
    for (entry, count) in seen.done() {
        let others = || seen.entries().iter().filter(|other| other.call == entry.call);
        let told = |other: &&Entry<_, u64>| other.reply() == Some(count) && other.id != entry.id;
        if let Some(other) = others().find(told) {
            return Err(format!("call #{} and call #{} are both told {count}", entry.id, other.id));
        }
        let was_before =
            |other: &Entry<_, u64>| other.returned().is_some_and(|at| at < entry.invoked);
        let lost = others()
            .find(|other| was_before(other) && other.reply().is_some_and(|before| before >= count));
        if let Some(lost) = lost {
            return Err(format!("call #{} is told {count} after call #{}", entry.id, lost.id));
        }
        let returned = entry.returned().unwrap();
        let begun = others().filter(|o| o.invoked <= returned && o.may_have_happened()).count();
        if *count > begun as u64 {
            return Err(format!("call #{} is told {count} after {begun} increments", entry.id));
        }
    }
    Ok(())
}

fn counters(
    nodes: u8,
    spares: u8,
) -> peer_ring_sim::simulation::Campaign<impl peer_ring_sim::subject::Subject> {
    Simulation::new(1)
        .nodes(nodes)
        .spares(spares)
        .app(Counters)
        .workload(|draw| u8::try_from(draw.below(3)).unwrap())
        .check(no_increment_is_lost_or_counted_twice)
}

#[test]
fn no_acknowledged_increment_is_lost_or_doubled_while_members_come_and_go() {
    let report = counters(3, 3).seeds(300).run();
    assert!(report.totals.operations.done > 1_000, "{:?}", report.totals.operations);
}

#[test]
fn no_acknowledged_increment_is_lost_or_doubled_while_members_stay() {
    let report = counters(5, 0).seeds(200).run();
    assert!(report.totals.operations.done > 1_000, "{:?}", report.totals.operations);
}
