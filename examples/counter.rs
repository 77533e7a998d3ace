//! An app of your own: counters that never lose an increment, on three nodes.
//!
//! Run it with `cargo run -p peer-ring-examples --bin counter`. Its test runs the very same app in
//! the simulator, where the node that leads the counter is cut off.

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
    let mut nodes = Vec::new();
    for (name, address) in names.iter().zip(addresses) {
        let mut config = Config::new(name)?;
        config.listen = address.parse()?;
        for (name, address) in names.iter().zip(addresses) {
            config.members.push(Sighting::new(NodeName::new(name)?, address));
        }
        nodes.push(Node::builder().config(config).app(Counters).start().await?);
    }
    for node in &nodes {
        node.ready().await;
        let total = node.ask(Add { name: "hits".into(), by: 1 }).await?;
        println!("asked {}: {total}", node.handle().name());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use peer_ring::Failure;
    use peer_ring_sim::Simulation;

    use super::*;

    #[test]
    fn no_acknowledged_increment_is_lost_to_a_crash() {
        let hit = || Add { name: "hits".into(), by: 1 };
        for seed in 0..20 {
            let mut sim = Simulation::new(seed).nodes(3).app(Counters).start();
            assert_eq!(sim.ask("n1", hit()), Ok(1));
            for node in ["n1", "n2", "n3"] {
                sim.crash(node);
                sim.run_for(Duration::from_secs(1));
                sim.start(node);
                sim.settle();
            }
            assert_eq!(sim.ask("n3", hit()), Ok(2));
        }
    }

    #[test]
    fn a_primary_that_is_cut_off_acknowledges_nothing() {
        let mut sim = Simulation::new(7).nodes(3).app(Counters).start();
        let nodes = ["n1", "n2", "n3"];
        for alone in nodes {
            let others: Vec<_> = nodes.into_iter().filter(|node| *node != alone).collect();
            sim.partition(&[alone], &others);
            let add = Add { name: alone.into(), by: 1 };
            assert!(
                sim.ask(alone, add).is_err_and(|failure: Failure| failure.code() == "timed_out")
            );
            sim.heal();
        }
    }
}
