//! An app of your own: counters that never lose an increment, on three nodes.
//!
//! Run it with `cargo run -p peer-ring-examples --bin counter`. Its test runs the very same app in
//! the simulator, where the node that leads the counter is cut off.

use futures::future::try_join_all;
use peer_ring::{App, Config, Key, Node, NodeName, Plan, Records, Sighting};
use serde::{Deserialize, Serialize};

#[derive(Clone)]
struct Counters;

#[derive(Clone, Serialize, Deserialize)]
struct Add {
    name: String,
    by: u64,
}

impl App for Counters {
    const NAME: &'static str = "counters";
    type Command = Add;
    type Reply = u64;

    fn key(command: &Add) -> Key {
        Key::from(&command.name)
    }

    fn plan(&self, _: &Add) -> Plan {
        Plan::owner(3, 2)
    }

    fn handle(&mut self, records: &mut Records<'_>, command: Add) -> u64 {
        let total = records.get_as::<u64>(&command.name).unwrap_or(0) + command.by;
        records.put_as(&command.name, &total);
        total
    }
}

#[actix_rt::main]
async fn main() -> anyhow::Result<()> {
    let names = ["n1", "n2", "n3"];
    let addresses = ["127.0.0.1:7701", "127.0.0.1:7702", "127.0.0.1:7703"];
    let mut starting = Vec::new();
    for (name, address) in names.iter().zip(addresses) {
        let mut config = Config::new(name)?;
        config.listen = address.parse()?;
        for (name, address) in names.iter().zip(addresses) {
            config.members.push(Sighting::new(NodeName::new(name)?, address));
        }
        starting.push(Node::builder().config(config).app(Counters).start());
    }
    // Together: the cluster is founded when all three are there.
    let nodes = try_join_all(starting).await?;
    for node in &nodes {
        node.ready().await;
        let total = node.ask(Add { name: "hits".into(), by: 1 }).await?;
        println!("asked {}: {total}", node.handle().name());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use peer_ring_sim::{Seen, Simulation};

    /// Every total has in it what was acknowledged before, and nothing twice.
    fn no_increment_is_lost(seen: &Seen<Counters>) -> Result<(), String> {
        for (call, total) in seen.done() {
            let before = seen.done().filter(|(other, _)| other.returned() < Some(call.invoked));
            let least = before.map(|(_, total)| *total).max().unwrap_or(0) + call.call.by;
            let asked = seen.entries().iter().filter(|e| Some(e.invoked) <= call.returned());
            let most = asked.filter(|e| e.may_have_happened()).map(|e| e.call.by).sum();
            if !(least..=most).contains(total) {
                return Err(format!("call #{}: {total} is not in {least}..={most}", call.id));
            }
        }
        Ok(())
    }

    #[test]
    fn no_acknowledged_increment_is_lost_or_counted_twice() {
        Simulation::new(1)
            .nodes(5)
            .app(Counters)
            .workload(|draw| Add { name: "hits".into(), by: draw.within(1..=9) })
            .check(no_increment_is_lost)
            .seeds(30)
            .run();
    }

    #[test]
    fn a_primary_that_is_cut_off_acknowledges_nothing() {
        let mut sim = Simulation::new(7).nodes(3).app(Counters).start();
        for (alone, others) in [("n1", ["n2", "n3"]), ("n2", ["n1", "n3"]), ("n3", ["n1", "n2"])] {
            sim.partition(&[alone], &others);
            let failure = sim.ask(alone, Add { name: alone.into(), by: 1 }).unwrap_err();
            assert_eq!(failure.code(), "timed_out");
            sim.heal();
        }
    }
}
