//! Small histories for the controls of checkers: operations on one key, in a few words.

use peer_ring_core::actor::Wall;
use peer_ring_core::hlc::Stamp;
use peer_ring_core::id::{Epoch, NodeId};
use peer_ring_core::record::Version;

use crate::history::{Call, Done, History, Operation, Outcome};
use crate::time::{Moment, Time};
use crate::world::NodeIndex;

/// The version with this stamp; zero is that of nothing.
pub fn version(stamp: u64) -> Version {
    Version { epoch: Epoch(stamp.min(1)), stamp: Stamp(stamp), node: NodeId(stamp.min(1)) }
}

/// A call of client 0 that was done, and the version of what it found or wrote. Clocks show the
/// numbers of events.
pub fn done(span: (u64, u64), call: Call, found: Option<u64>, stamp: u64) -> Operation {
    let outcome = Outcome::Done(Done {
        returned: moment(span.1),
        latest_wall: Wall(span.1),
        earliest_wall: Wall(span.0),
        found,
        version: version(stamp),
    });
    asked(span.0, call, outcome)
}

/// A call of client 0 of which nobody knows what came of it.
pub fn unknown(invoked: u64, call: Call) -> Operation {
    asked(invoked, call, Outcome::Unknown)
}

/// The same operation by another client at another node.
pub fn by(client: u32, operation: Operation) -> Operation {
    let node = NodeIndex(u8::try_from(client).expect("a small number"));
    Operation { client, node, ..operation }
}

/// A call that writes a value for ever.
pub fn put(value: u64) -> Call {
    Call::Put { value, expires: None }
}

/// A call that writes a value until the clocks show `wall`.
pub fn put_until(value: u64, wall: u64) -> Call {
    Call::Put { value, expires: Some(Wall(wall)) }
}

/// These operations as a history, and the first line of what a checker says of it.
pub fn verdict(
    check: fn(&History) -> Result<(), super::Violation>,
    operations: Vec<Operation>,
) -> Result<(), String> {
    let mut history = History::default();
    for operation in operations {
        history.begin(operation);
    }
    check(&history).map_err(|violation| violation.text.lines().next().unwrap_or("").to_owned())
}

fn asked(invoked: u64, call: Call, outcome: Outcome) -> Operation {
    let invoked = moment(invoked);
    Operation { client: 0, node: NodeIndex(0), key: 0, call, invoked, outcome }
}

fn moment(event: u64) -> Moment {
    Moment { event, at: Time(event) }
}
