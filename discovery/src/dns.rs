//! `dns`: the records of a name say which nodes there are.
//!
//! A link is made to a node by its name, so an address alone is not enough. There are two ways:
//!
//! - `srv`: each SRV record names a host and a port, and the first label of the host's name is the
//!   node's. `n1.peers.example.org:7601` is node `n1`. Peers link to the host by its name, which is
//!   resolved again at each attempt; or, where `servers` are given and know the host, at the address
//!   that they have of it, since the system may not know it.
//! - `host`: each A or AAAA record is an address of some node, and who answers there, at `port`, says
//!   which one. Nothing but addresses is wanted of the server: a headless service, a name with one
//!   record for each machine, or what Docker has for the containers of a service.
//!
//! Records are asked for again when their time to live is over, and so is who is at each address. An
//! answer without any record, an error, and silence all take nobody away. A node that answers leave
//! out is lost when they have done so for `forget_after_ms`: some servers tell a part of a long list,
//! another one each time. One that does not answer at its address is still the node that was there,
//! and while nobody knows who is at some address nobody is left out; whoever is silent is asked again
//! after pauses that grow as after failures. A node of another cluster is passed over, and the log
//! says so.
//!
//! [`Directory`](peer_ring_discovery_core::dns::Directory) decides which nodes there are, and when to
//! ask.
//!
//! | file | what it does |
//! |---|---|
//! | `settings` | what a user sets, and what of it cannot work |
//! | `lookup` | makes an answer of records, and of names |
//! | `names` | who is at which address: asks, and remembers |
//! | `perform` | asks, and keeps the time |

mod lookup;
mod names;
mod perform;
mod settings;

pub use perform::Dns;
pub use settings::Settings;
