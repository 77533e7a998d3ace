//! The way from the actors to the disk: a buffer for each actor, and one thread that empties them.
//!
//! An actor's thread holds a buffer's lock only to append, and the thread that writes only to swap
//! the full buffer for an empty one: neither waits for the disk while it holds one. The control
//! actor's buffer is taken last and written first. So whatever a shard did with what control had
//! said never stands in the file without that.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{io, thread};

use peer_ring_core::id::Desk;
use peer_ring_proto::flight::End;

use crate::flight::file::{File, Room};

/// How often the buffers are emptied: so much a process that is killed loses.
const PAUSE: Duration = Duration::from_millis(20);
/// Most bytes that wait in one buffer; when the disk takes no more, the recording ends.
const BUFFER_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Most room that is kept for a buffer while it is empty.
const KEPT_BYTES_MAX: usize = 1024 * 1024;

/// The buffers and the file.
pub(super) struct Tape(Arc<Shared>);

/// One actor's buffer.
pub(super) struct Track {
    shared: Arc<Shared>,
    at: usize,
}

struct Shared {
    /// The control actor's, then the shards'.
    buffers: Vec<Mutex<Vec<u8>>>,
    is_over: AtomicBool,
    reel: Mutex<Option<Reel>>,
}

/// The file, and an empty buffer for each full one.
struct Reel {
    file: File,
    spare: Vec<Vec<u8>>,
}

impl Tape {
    /// Starts the thread that writes; it ends with the recording.
    pub(super) fn start(file: File, shards: u8) -> io::Result<Self> {
        let count = usize::from(shards) + 1;
        let shared = Arc::new(Shared {
            buffers: (0..count).map(|_| Mutex::default()).collect(),
            is_over: AtomicBool::new(false),
            reel: Mutex::new(Some(Reel { file, spare: vec![Vec::new(); count] })),
        });
        let weak = Arc::downgrade(&shared);
        let write = move || {
            while let Some(shared) = weak.upgrade().filter(|shared| shared.is_on()) {
                shared.empty(None);
                drop(shared);
                thread::sleep(PAUSE);
            }
        };
        thread::Builder::new().name("peer-ring-flight".to_owned()).spawn(write)?;
        Ok(Self(shared))
    }

    /// The buffer of the actor at `desk`.
    pub(super) fn track(&self, desk: Desk) -> Track {
        let at = match desk {
            Desk::Control => 0,
            Desk::Shard(index) => usize::from(index) + 1,
        };
        Track { shared: Arc::clone(&self.0), at }
    }

    /// Writes what is left, and that the node has stopped.
    pub(super) fn end(&self) {
        self.0.empty(Some(End::Stopped));
    }
}

impl Track {
    /// Appends an entry's record. Whether the recording goes on.
    pub(super) fn append(&self, record: &[u8]) -> bool {
        // Asked first: what follows from an entry that was lost must be lost too.
        if self.shared.is_over.load(Ordering::Acquire) {
            return false;
        }
        let mut buffer = lock(&self.shared.buffers[self.at]);
        if !buffer.is_empty() && buffer.len() + record.len() > BUFFER_BYTES_MAX {
            self.shared.is_over.store(true, Ordering::Release);
            return false;
        }
        buffer.extend_from_slice(record);
        true
    }

    /// Writes all buffers now.
    pub(super) fn flush(&self) {
        self.shared.empty(None);
    }
}

impl Shared {
    /// Whether there is still something to write to.
    fn is_on(&self) -> bool {
        lock(&self.reel).is_some()
    }

    /// Writes all buffers, and ends the recording when there is a reason to.
    fn empty(&self, end: Option<End>) {
        let mut reel = lock(&self.reel);
        let Some(Reel { file, spare }) = &mut *reel else { return };
        let has_lost = self.is_over.load(Ordering::Acquire);
        for (buffer, spare) in self.buffers.iter().zip(&mut *spare).rev() {
            std::mem::swap(&mut *lock(buffer), spare);
        }
        let mut written = Ok(Room::Left);
        for full in spare {
            if matches!(written, Ok(Room::Left)) && !full.is_empty() {
                written = file.append(full);
            }
            full.clear();
            full.shrink_to(KEPT_BYTES_MAX);
        }
        let end = match written {
            Ok(Room::Left) if has_lost => Some(End::Behind),
            Ok(Room::Left) => end,
            Ok(Room::None) => Some(End::Full),
            Err(error) => {
                let path = file.path().display();
                tracing::warn!(%path, %error, "the flight recorder ends: it cannot write");
                self.is_over.store(true, Ordering::Release);
                *reel = None;
                return;
            }
        };
        let Some(end) = end else { return };
        self.is_over.store(true, Ordering::Release);
        if let Some(Reel { file, .. }) = reel.take() {
            conclude(file, end);
        }
    }
}

/// Ends a file, and says so if the node goes on without it.
fn conclude(file: File, end: End) {
    let path = file.path().to_owned();
    let path = path.display();
    match end {
        End::Stopped => {}
        End::Full => tracing::warn!(%path, "the flight recorder ends: the recording is full"),
        End::Behind => tracing::warn!(%path, "the flight recorder ends: the disk is too slow"),
    }
    if let Err(error) = file.end(end) {
        tracing::warn!(%path, %error, "the flight recorder cannot say why it ends");
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.empty(Some(End::Stopped));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use peer_ring_core::id::{NodeId, NodeName};
    use peer_ring_core::membership::Fact;
    use peer_ring_core::wiring::{ControlIn, ControlOut, ShardIn, ShardOut};
    use peer_ring_proto::flight::{Ending, Header, Recorder, Recording};
    use tempfile::TempDir;

    use super::*;
    use crate::flight::FlightSettings;

    fn start(bytes_max: u64) -> (TempDir, Tape) {
        let directory = tempfile::tempdir().unwrap();
        let settings = FlightSettings { bytes_max, ..FlightSettings::new(directory.path()) };
        let header = Header::new("c", NodeName::new("n1").unwrap(), NodeId(1));
        let file = File::create(&settings, &header).unwrap();
        (directory, Tape::start(file, 1).unwrap())
    }

    fn bytes(directory: &TempDir) -> Bytes {
        let mut files = std::fs::read_dir(directory.path()).unwrap();
        std::fs::read(files.next().unwrap().unwrap().path()).unwrap().into()
    }

    fn read(directory: &TempDir) -> Recording {
        Recording::read(bytes(directory)).unwrap()
    }

    fn wake() -> Vec<u8> {
        let mut recorder = Recorder::new(Desk::Shard(0));
        recorder.begin::<ShardIn>(peer_ring_core::actor::Now::default(), None);
        recorder.end(Vec::<ShardOut>::new().iter(), false).to_vec()
    }

    fn settled() -> Vec<u8> {
        let mut recorder = Recorder::new(Desk::Control);
        let input = ControlIn::Fact(Fact::Settled);
        recorder.begin(peer_ring_core::actor::Now::default(), Some(&input));
        recorder.end(Vec::<ControlOut>::new().iter(), false).to_vec()
    }

    #[test]
    fn what_is_left_is_written_when_the_node_stops() {
        let (directory, tape) = start(1 << 20);
        let (shard, control) = (tape.track(Desk::Shard(0)), tape.track(Desk::Control));
        assert!(shard.append(&wake()) && shard.append(&wake()) && control.append(&settled()));
        tape.end();
        let recording = read(&directory);
        assert_eq!((recording.len(), recording.ending()), (3, &Ending::Said(End::Stopped)));
        assert!(!shard.append(&wake()), "it has ended");
        assert_eq!(read(&directory).len(), 3);
    }

    #[test]
    fn whoever_drops_it_last_ends_it() {
        let (directory, tape) = start(1 << 20);
        let shard = tape.track(Desk::Shard(0));
        drop(tape);
        assert!(shard.append(&wake()));
        drop(shard);
        // The thread that writes may have been the last, and be at it.
        let has_ended = || {
            thread::sleep(PAUSE);
            read(&directory).ending() == &Ending::Said(End::Stopped)
        };
        assert!((0..100).any(|_| has_ended()));
        assert_eq!(read(&directory).len(), 1);
    }

    #[test]
    fn a_recording_that_is_full_ends_and_says_so() {
        let (directory, tape) = start(2_000);
        let shard = tape.track(Desk::Shard(0));
        let all = (0..1_000).all(|_| shard.append(&wake()));
        assert!(all || !tape.0.is_on());
        shard.flush();
        assert!(!shard.append(&wake()));
        let recording = read(&directory);
        assert_eq!(recording.ending(), &Ending::Said(End::Full));
        assert!((10..60).contains(&recording.len()), "{}", recording.len());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_disk_that_is_full_ends_the_recording() {
        let tape = Tape::start(File::on_a_full_disk(), 1).unwrap();
        let shard = tape.track(Desk::Shard(0));
        assert!(shard.append(&wake()));
        shard.flush();
        assert!(!shard.append(&wake()));
        tape.end();
    }

    #[test]
    fn a_disk_that_is_too_slow_ends_the_recording_before_an_entry_is_missing() {
        let (directory, tape) = start(1 << 30);
        let shard = tape.track(Desk::Shard(0));
        let control = tape.track(Desk::Control);
        // As long as somebody holds the file nothing is written.
        let reel = lock(&tape.0.reel);
        let mut big = Vec::new();
        peer_ring_proto::flight::record::put(&mut big, &vec![0; BUFFER_BYTES_MAX]);
        assert!(shard.append(&big));
        assert!(!shard.append(&wake()));
        assert!(!control.append(&settled()), "what follows from what was lost is lost too");
        drop(reel);
        shard.flush();
        assert!(bytes(&directory).ends_with(&End::Behind.encode()));
    }
}
