//! The flight recorder's format: what a node's actors were given, and in short what they said.
//!
//! Actors decide by nothing but their inputs and the time they are handed with each. So whoever
//! has all of those, from the node's start on, can put the same actors through the same turns. A
//! recording is one file:
//!
//! ```text
//! "peer-ring flight"  version    16 bytes, then the version as 4
//! record: header                 which node, and what its actors were built from
//! record: entry                  one turn of one actor
//! ...
//! record: end                    why there is no more; missing when the process was killed
//! ```
//!
//! A **record** is its payload's length and checksum, 4 bytes each, then the payload: a file that
//! was cut anywhere is read up to the last record that is whole ([`record`]). An **entry** has the
//! actor's [`Desk`](peer_ring_core::id::Desk), the time, the input, and an [`Outcome`]: how many
//! orders the actor gave, and a hash of them. A peer's message stands in its wire encoding. A view
//! that a shard was given does not stand at all, for it is the next one of those that the node's
//! control actor gave out, which a replay finds out by itself. Numbers are little-endian; bytes and
//! texts have their length before them, as 4 bytes.
//!
//! Entries of one actor stand in order. Those of several are put in order by their time when a
//! [`Recording`] is read; at one and the same time control comes first, for only what it says to
//! shards stays within a node.
//!
//! ```
//! use std::time::Duration;
//!
//! use peer_ring_core::actor::{Actor, Now, Outbox};
//! use peer_ring_core::id::{Desk, NodeId, NodeName};
//! use peer_ring_core::membership::Fact;
//! use peer_ring_core::wiring::{Control, ControlIn};
//! use peer_ring_proto::flight::{Ending, Header, Recorder, Recording};
//!
//! let mut header = Header::new("cluster", NodeName::new("n1")?, NodeId(7));
//! // It founds its cluster at once, by itself.
//! header.control.steward.alone_for = Duration::ZERO;
//! let mut control = Control::new(header.control.clone());
//!
//! let mut file = header.encode();
//! let mut recorder = Recorder::new(Desk::Control);
//! let (now, input, mut out) = (Now::default(), ControlIn::Fact(Fact::Settled), Outbox::new());
//! recorder.begin(now, Some(&input));
//! control.handle(now, input, &mut out);
//! file.extend_from_slice(recorder.end(out.iter(), false));
//!
//! let recording = Recording::read(file.into())?;
//! assert_eq!(recording.header(), &header);
//! assert_eq!(recording.len(), 1);
//! assert_eq!(recording.entry(0)?.outcome.digest.count, 1);
//! assert_eq!(recording.ending(), &Ending::Cut { lost_bytes: 0 });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cursor;
mod digest;
mod entry;
mod error;
mod header;
mod input;
mod order;
pub mod record;
mod recorder;
mod recording;
mod settings;

pub use digest::{Digest, Digested};
pub use entry::{Entry, Outcome, Step};
pub use error::FlightError;
pub use header::{Header, VERSION};
pub use input::Recorded;
pub use recorder::Recorder;
pub use recording::{End, Ending, Recording};
