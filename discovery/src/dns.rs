//! `dns`: the records of a name say which nodes there are.
//!
//! A link is made to a node by its name, so an address alone is not enough. There are two ways:
//!
//! - `srv`: each SRV record names a host and a port, and the first label of the host's name is the
//!   node's. `n1.peers.example.org:7601` is node `n1`. Peers link to the host by its name, which is
//!   resolved again at each attempt.
//! - `host`: each A or AAAA record is an address of some node, and the first label of what the
//!   address's PTR record says is the node's name. Headless services of Kubernetes have such
//!   records for pods with host names, and Docker has them for containers.
//!
//! Records are asked for again when their time to live is over. An answer without any record, an
//! error, and silence all take nobody away. A node that answers leave out is lost when they have
//! done so for `forget_after_ms`: some servers tell a part of a long list, another one each time.
//!
//! [`Directory`](peer_ring_discovery_core::dns::Directory) decides which nodes there are, and when to
//! ask.
//!
//! | file | what it does |
//! |---|---|
//! | `settings` | what a user sets, and what of it cannot work |
//! | `lookup` | makes an answer of records |
//! | `perform` | asks, and keeps the time |

mod lookup;
mod perform;
mod settings;

pub use perform::Dns;
pub use settings::Settings;
