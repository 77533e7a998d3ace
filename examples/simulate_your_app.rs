//! Find a bug of your own: an app with one on purpose, the seed that shows it, and its picture.
//!
//! Run it with `cargo run -p peer-ring-examples --bin simulate_your_app`. The app sells seats and
//! remembers in a field of its own which ones are gone. But only what is in the records is
//! replicated: when the primary of a seat dies, the next one sells the seat again.

use std::collections::{BTreeMap, BTreeSet};

use peer_ring_core::app::{App, Plan, Records};
use peer_ring_core::key::Key;
use peer_ring_sim::{Seen, Simulation};
use serde::{Deserialize, Serialize};

#[derive(Clone, Default)]
struct Tickets {
    /// The bug.
    sold: BTreeSet<u64>,
}

#[derive(Serialize, Deserialize)]
struct Buy {
    seat: u64,
}

impl App for Tickets {
    const NAME: &'static str = "tickets";
    type Command = Buy;
    /// Whether the seat is the buyer's now.
    type Reply = bool;

    fn key(command: &Buy) -> Key {
        Key::new(&command.seat.to_le_bytes())
    }

    fn plan(&self, _: &Buy) -> Plan {
        Plan::owner(3, 2)
    }

    fn handle(&mut self, records: &mut Records<'_>, Buy { seat }: Buy) -> bool {
        // `records.get_as::<bool>(&seat.to_string()).is_none()` would be right.
        let is_free = self.sold.insert(seat);
        if is_free {
            records.put_as(seat.to_string(), &true);
        }
        is_free
    }
}

fn no_seat_is_sold_twice(seen: &Seen<Tickets>) -> Result<(), String> {
    let mut buyers = BTreeMap::new();
    for (entry, _) in seen.done().filter(|(_, is_yours)| **is_yours) {
        let seat = entry.call.seat;
        if let Some(first) = buyers.insert(seat, entry.id) {
            return Err(format!("seat {seat} was sold to call #{first} and to call #{}", entry.id));
        }
    }
    Ok(())
}

fn main() -> std::io::Result<()> {
    let tickets = Simulation::new(1).nodes(3).app(Tickets::default());
    let campaign =
        tickets.workload(|draw| Buy { seat: draw.below(4) }).check(no_seat_is_sold_twice);
    let found = campaign.seeds(1_000).find().expect("there is a bug on purpose");
    println!("{found}\n{}", found.save("target/simulations")?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seat_that_is_sold_twice_is_found_and_shrunk_and_kept() {
        let campaign = Simulation::new(1)
            .nodes(3)
            .app(Tickets::default())
            .workload(|draw| Buy { seat: draw.below(4) })
            .check(no_seat_is_sold_twice);
        let found = campaign.find().expect("there is a bug on purpose");
        // Two buyers and a crash.
        assert_eq!(found.violation.checker, "no_seat_is_sold_twice");
        assert_eq!(found.steps, 3, "{found}");
        let kept = campaign.replay(include_str!("simulate_your_app.schedule")).expect("a schedule");
        assert_eq!(
            kept.violation.expect("the bug is still there").checker,
            found.violation.checker
        );
    }
}
