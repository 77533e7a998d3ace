//! The file of one recording: made at the node's start, appended to, bounded.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use peer_ring_proto::flight::{End, Header, record};

use crate::flight::FlightSettings;

/// What the names of recordings end with.
const EXTENSION: &str = "flight";
/// Digits of the milliseconds in a recording's name: enough until the year 2286.
const DIGITS: usize = 13;

/// A recording on disk.
pub(super) struct File {
    path: PathBuf,
    file: fs::File,
    room: u64,
}

/// Whether a recording goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// There is room for more.
    Left,
    /// It has ended, for it is full.
    None,
}

impl File {
    /// Makes the file of a recording that begins now, and removes those that are too old.
    pub(super) fn create(settings: &FlightSettings, header: &Header) -> io::Result<Self> {
        let FlightSettings { directory, bytes_max, recordings_max } = settings;
        fs::create_dir_all(directory)?;
        let name = header.name().as_str();
        remove_oldest(directory, name, recordings_max.saturating_sub(1))?;
        let path = directory.join(format!("{name}-{:0DIGITS$}.{EXTENSION}", header.started.0));
        let mut file = private(&path)?;
        let head = header.encode();
        file.write_all(&head)?;
        let spent = head.len() + End::Full.encode().len();
        Ok(Self { path, file, room: bytes_max.saturating_sub(spent as u64) })
    }

    /// A recording on a disk without room, as it is when that shows.
    #[cfg(all(test, target_os = "linux"))]
    pub(super) fn on_a_full_disk() -> Self {
        let path = PathBuf::from("/dev/full");
        let file = fs::File::options().write(true).open(&path).expect("every Linux has it");
        Self { path, file, room: u64::MAX }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends as many of these records as there is room for.
    pub(super) fn append(&mut self, records: &[u8]) -> io::Result<Room> {
        let room = usize::try_from(self.room).unwrap_or(usize::MAX);
        let fits = if records.len() <= room { records.len() } else { record::whole(records, room) };
        self.file.write_all(&records[..fits])?;
        self.room -= fits as u64;
        Ok(if fits == records.len() { Room::Left } else { Room::None })
    }

    /// Says why there is no more.
    pub(super) fn end(mut self, why: End) -> io::Result<()> {
        self.file.write_all(&why.encode())
    }
}

/// A new file that nobody but its owner may read: what clients wrote stands in it.
fn private(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Removes the oldest recordings of the node called `name` until `kept` are left.
fn remove_oldest(directory: &Path, name: &str, kept: usize) -> io::Result<()> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if is_recording_of(&path, name) {
            found.push(path);
        }
    }
    // Their names have the time in them, in as many digits.
    found.sort();
    let old = found.len().saturating_sub(kept);
    found[..old].iter().try_for_each(fs::remove_file)
}

fn is_recording_of(path: &Path, name: &str) -> bool {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let started = stem.and_then(|stem| stem.strip_prefix(name)?.strip_prefix('-'));
    let is_time = |text: &str| text.len() == DIGITS && text.bytes().all(|b| b.is_ascii_digit());
    path.extension().is_some_and(|found| found == EXTENSION) && started.is_some_and(is_time)
}

#[cfg(test)]
mod tests {
    use peer_ring_core::actor::Wall;
    use peer_ring_core::id::{NodeId, NodeName};

    use super::*;

    fn header(started: u64) -> Header {
        let header = Header::new("c", NodeName::new("n1").unwrap(), NodeId(1));
        Header { started: Wall(started), ..header }
    }

    fn names(directory: &Path) -> Vec<String> {
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string();
        let mut names: Vec<_> =
            fs::read_dir(directory).unwrap().map(|entry| name(entry).unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn only_the_last_few_recordings_of_this_node_are_kept() {
        let directory = tempfile::tempdir().unwrap();
        for other in ["n1-x.flight", "n1-2-0000000000009.flight", "n1-0000000000001.txt"] {
            fs::write(directory.path().join(other), "").unwrap();
        }
        let settings =
            FlightSettings { recordings_max: 2, ..FlightSettings::new(directory.path()) };
        for started in 1..=5 {
            File::create(&settings, &header(started)).unwrap();
        }
        let kept = ["n1-0000000000001.txt", "n1-0000000000004.flight", "n1-0000000000005.flight"];
        let others = ["n1-2-0000000000009.flight", "n1-x.flight"];
        assert_eq!(names(directory.path()), [&kept[..], &others[..]].concat());
    }

    #[cfg(unix)]
    #[test]
    fn nobody_but_the_owner_may_read_a_recording() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let settings = FlightSettings::new(directory.path());
        let file = File::create(&settings, &header(1)).unwrap();
        let mode = fs::metadata(file.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_recording_is_never_longer_than_it_may_be() {
        let directory = tempfile::tempdir().unwrap();
        let settings = FlightSettings { bytes_max: 400, ..FlightSettings::new(directory.path()) };
        let mut file = File::create(&settings, &header(1)).unwrap();
        let mut records = Vec::new();
        (0..100).for_each(|_| record::put(&mut records, &[7; 12]));
        assert_eq!(file.append(&records[..20]).unwrap(), Room::Left);
        assert_eq!(file.append(&records).unwrap(), Room::None);
        let path = file.path().to_owned();
        file.end(End::Full).unwrap();
        let length = fs::metadata(path).unwrap().len();
        assert!((380..=400).contains(&length), "{length}");
    }
}
