//! The flight recorder: what this node's actors are given, kept on disk for a replay.
//!
//! It is off unless [`crate::Config::flight`] says where to record, and then costs one branch a
//! turn. When it is on, each actor's shell lays its turns down in a buffer of its own, before
//! anything is done that follows from them; one thread takes the buffers every few milliseconds and
//! appends them to a file, in the format of [`peer_ring_proto::flight`]. The command
//! `peer-ring flight replay` puts the same actors through the same turns.
//!
//! What it records is the node's *beginning*: a replay needs every input since the start, so a
//! recording that has reached its bound ends there, and the file says so. A request of a client
//! takes some 200 bytes and its content, and about as much for each peer that has to do with it;
//! whoever hunts for something that happens late gives it more room.
//!
//! The recorder never harms the node. A directory that cannot be used, a disk that is full or too
//! slow: each ends the recording with one warning, and the node goes on. Nothing is synced, so a
//! process that is killed loses the last few milliseconds, and a machine that loses power more.
//!
//! Recordings have everything in them that clients wrote: whoever can read one can read that.

mod file;
mod tape;

use std::path::PathBuf;

use peer_ring_core::actor::{Actor, Now, Outbox};
use peer_ring_core::app::Apps;
use peer_ring_core::id::Desk;
use peer_ring_core::wiring::ControlSettings;
use peer_ring_proto::flight::{Digested, Header, Recorded, Recorder};

use crate::clock::wall;
use crate::config::Config;
use tape::{Tape, Track};

/// The least room that a recording may be given: enough for a node's header and first entries.
pub const BYTES_MIN: u64 = 64 * 1024;

/// Where a node records what its actors are given, and how much of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlightSettings {
    /// The directory of the recordings, a file for each start of the node. It is made when there
    /// is none.
    pub directory: PathBuf,
    /// Most bytes of one recording; it ends when it has them.
    pub bytes_max: u64,
    /// Most recordings of this node in the directory: a start removes the oldest to make room.
    pub recordings_max: usize,
}

impl FlightSettings {
    /// Records in this directory, 64 MiB at each of the last four starts.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), bytes_max: 64 * 1024 * 1024, recordings_max: 4 }
    }
}

/// A node's recorder.
pub(crate) struct Flight(Tape);

impl Flight {
    /// Begins a recording; `None` when there is to be none, or none can be made.
    pub(crate) fn begin(
        config: &Config,
        control: &ControlSettings,
        has_records: bool,
        apps: &Apps,
    ) -> Option<Self> {
        let settings = config.flight.as_ref()?;
        let header = header(config, control, has_records, apps);
        let began = file::File::create(settings, &header).and_then(|file| {
            let path = file.path().to_owned();
            Ok((Tape::start(file, header.shards())?, path))
        });
        match began {
            Ok((tape, path)) => {
                tracing::info!(path = %path.display(), "recording what this node's actors are given");
                Some(Self(tape))
            }
            Err(error) => {
                let directory = settings.directory.display();
                tracing::warn!(%directory, %error, "this node's actors are not recorded");
                None
            }
        }
    }

    /// The witness of the actor at `desk`.
    pub(crate) fn witness<A: Actor>(&self, desk: Desk) -> Box<dyn Witness<A>>
    where
        A::In: Recorded,
        A::Out: Digested,
    {
        Box::new(Scribe { recorder: Recorder::new(desk), track: self.0.track(desk) })
    }

    /// Writes down what is left and ends the recording, after the node's actors have stopped.
    pub(crate) fn end(&self) {
        self.0.end();
    }
}

/// What a recording says of the node it is of.
fn header(config: &Config, control: &ControlSettings, has_records: bool, apps: &Apps) -> Header {
    Header {
        cluster: config.cluster.clone(),
        started: wall(),
        control: control.clone(),
        coordinator: config.coordinator.clone(),
        transfers: config.transfers.clone(),
        has_records,
        apps: apps.names().map(str::to_owned).collect(),
    }
}

/// Sees an actor's turns.
pub(crate) trait Witness<A: Actor>: Send {
    /// Called before the actor is given an input, or is woken when there is none.
    fn begin(&mut self, now: Now, input: Option<&A::In>);

    /// Called when the actor has given its orders and nothing was done with them. Whether the
    /// witness wants to see any more.
    fn end(&mut self, orders: &Outbox<A::Out>, is_panicked: bool) -> bool;
}

/// Lays an actor's turns down.
struct Scribe {
    recorder: Recorder,
    track: Track,
}

impl<A: Actor> Witness<A> for Scribe
where
    A::In: Recorded,
    A::Out: Digested,
{
    fn begin(&mut self, now: Now, input: Option<&A::In>) {
        self.recorder.begin(now, input);
    }

    fn end(&mut self, orders: &Outbox<A::Out>, is_panicked: bool) -> bool {
        let goes_on = self.track.append(self.recorder.end(orders.iter(), is_panicked));
        if is_panicked {
            // The process may end before the thread that writes has its next turn.
            self.track.flush();
        }
        goes_on
    }
}
