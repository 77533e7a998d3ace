//! Gossip: nodes find each other with no registry. Two addresses start a cluster.
//!
//! The protocol is SWIM (Das, Gupta, Motivala 2002) with suspicion, as [foca] implements it. Each
//! node probes another one in turn. One that does not answer is probed by a few others on its
//! behalf; one that answers nobody is suspected, and has some time to refute that by a higher
//! incarnation before it is declared down. News travel with the probes, and between them. Beyond
//! the paper, a node that was declared down wrongly is told so by whoever hears it, and renews its
//! [`Identity`]; nodes that are down are asked now and then whether they are back, which heals
//! partitions; and what nodes know is compared at times, by asking whom another one knows.
//!
//! | file | what it does |
//! |---|---|
//! | `settings` | what a user sets, and what of it cannot work |
//! | `agent`, `message` | the actor: foca, and what stands around it |
//! | `envelope`, `key`, `replay` | lets nothing in that no key vouches for, or that was heard before |
//! | `identity` | who a node is, and since when |
//! | `join` | the way into a cluster, and when all is told |
//! | `renewal` | when a node that was declared dead says that it lives |
//! | `roster` | which nodes there are, and what of it is news |
//! | `timers` | what foca wants to be told later |
//!
//! A node that gossip takes for down exists still, and so no [`Fact`] says otherwise: membership
//! watches its peers itself. [`Fact::Lost`] is said of a node that leaves by its own word, and of
//! one that was down for `forget_after_ms`.
//!
//! How many seconds it takes, by the settings' defaults, while a tenth of all datagrams is lost:
//! median and worst of 5 to 30 seeds of a world of agents alone
//! (`how_long_clusters_of_3_to_200_nodes_take`).
//!
//! | nodes | all know each other | all know who joins | who joins knows all | all have a crash for down |
//! |---|---|---|---|---|
//! | 3 | 0.1, 0.2 | 0.2, 0.4 | 0.2, 0.5 | 5.8, 6.8 |
//! | 10 | 0.2, 0.7 | 0.4, 0.6 | 0.5, 0.7 | 6.0, 8.6 |
//! | 30 | 0.7, 1.1 | 0.4, 0.8 | 0.5, 0.8 | 8.3, 12.2 |
//! | 100 | 1.2, 1.6 | 0.8, 0.9 | 0.8, 1.0 | 11.2, 13.3 |
//! | 200 | 1.9, 2.0 | 0.8, 0.8 | 1.9, 2.2 | 11.3, 12.2 |
//!
//! And in whole clusters, in the simulator, while a tenth of all that goes over links is lost too,
//! in 10 to 30 seeds (`how_long_whole_clusters_take`, in `sim/tests/discovery_swim.rs`, whose other
//! tests hold a hundred nodes to 2 s for one that joins, and to 8 s for one that is down). A node is
//! known to those that gossip has told of it, and whose membership holds it for alive. News are passed
//! on each 80 ms there, and five nodes are seeds. Membership finds out by itself that a node is down:
//! at once when its links break, else when it has not answered for `down_after`. So the simulator's
//! hundred nodes, which is all it has, are no slower at that than three.
//!
//! | nodes | all know each other | all know who joins, and it all | who crashed is down | who hangs is down | and known again |
//! |---|---|---|---|---|---|
//! | 3 | 0.1, 0.2 | 0.1, 0.6 | 0.1, 0.1 | 5.4, 5.4 | 0.1, 0.1 |
//! | 10 | 0.1, 0.1 | 0.1, 0.2 | 0.1, 0.1 | 5.3, 5.3 | 0.1, 0.1 |
//! | 30 | 0.1, 0.2 | 0.2, 0.3 | 0.1, 0.1 | 5.2, 5.2 | 0.1, 0.1 |
//! | 99, and who joins | 0.2, 0.5 | 0.2, 0.3 | 0.1, 0.1 | 5.5, 5.5 | 0.1, 0.1 |
//!
//! [`Fact`]: peer_ring_core::membership::Fact
//! [`Fact::Lost`]: peer_ring_core::membership::Fact::Lost

mod agent;
mod envelope;
mod identity;
mod join;
mod key;
mod message;
mod renewal;
mod replay;
mod roster;
mod settings;
mod timers;

pub use agent::Agent;
pub use envelope::Dropped;
pub use identity::Identity;
pub use key::{BadKeys, Key, Keys};
pub use message::{In, Out};
pub use settings::Settings;

#[cfg(test)]
mod tests;
