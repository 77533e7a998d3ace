//! A node's data directory: who the node was, and what it must not forget of its votes.
//!
//! One node uses a directory at a time, which a lock on a file in it sees to. What is kept is one
//! small file, written anew as a whole: to another name first, synced, and then renamed, so that a
//! crash at any moment leaves either the old or the new one. A file that is torn, damaged or of a
//! newer release is never taken for no file: a node that forgot its votes under its old identity
//! could help to decide twice.

mod keeper;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use peer_ring_core::chain;
use peer_ring_core::identity::Kept;
use peer_ring_proto::kept::{self, KeptError};
use thiserror::Error;

pub(crate) use keeper::{Keeper, Slot};

const LOCK: &str = "lock";
const KEPT: &str = "node.kept";
const DRAFT: &str = "node.kept.new";

/// The largest file that is read: many times what a ring of the most partitions and members takes.
const KEPT_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Why a data directory cannot be used.
#[derive(Debug, Error)]
pub enum DataError {
    /// Another node uses it.
    #[error(
        "{}: another node uses this data directory: give each node its own, or stop that one \
         first",
        .directory.display()
    )]
    InUse {
        /// The directory.
        directory: PathBuf,
    },
    /// The system refuses something.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not what a node keeps.
    #[error(
        "{}: {source}: this node does not start without what it kept; bring the file back from a \
         copy, or move the directory away, and the node comes back as one without data",
        .file.display()
    )]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: KeptError,
    },
    /// The file is larger than any that a node keeps.
    #[error("{}: {bytes} bytes are more than any node keeps there", .file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// Its size.
        bytes: u64,
    },
}

/// A data directory that is this node's alone while this lives.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    #[expect(dead_code, reason = "locked while it is open")]
    lock: File,
}

impl Directory {
    /// Takes the directory, which is made when there is none.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let failed = |source| DataError::Io { path: path.to_owned(), source };
        fs::create_dir_all(path).map_err(failed)?;
        let mut options = OpenOptions::new();
        let lock = options.create(true).truncate(false).write(true).open(path.join(LOCK));
        let lock = lock.map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), lock }),
            Err(TryLockError::WouldBlock) => Err(DataError::InUse { directory: path.to_owned() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was kept; `None` when nothing ever was.
    pub fn read(&self) -> Result<Option<(Kept, chain::State)>, DataError> {
        let file = self.path.join(KEPT);
        let bytes = match fs::metadata(&file) {
            Ok(found) => found.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(DataError::Io { path: file, source }),
        };
        if bytes > KEPT_BYTES_MAX {
            return Err(DataError::TooLarge { file, bytes });
        }
        let bytes = match fs::read(&file) {
            Ok(bytes) => bytes,
            Err(source) => return Err(DataError::Io { path: file, source }),
        };
        match kept::decode(bytes.into()) {
            Ok(kept) => Ok(Some(kept)),
            Err(source) => Err(DataError::Unreadable { file, source }),
        }
    }

    /// Keeps this instead of what was kept before. When it fails, that is still there.
    pub fn write(&self, who: Kept, state: &chain::State) -> Result<(), DataError> {
        self.replace(&kept::encode(who, state))
            .map_err(|source| DataError::Io { path: self.path.join(KEPT), source })
    }

    fn replace(&self, bytes: &[u8]) -> io::Result<()> {
        let draft = self.path.join(DRAFT);
        let mut file = File::create(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, self.path.join(KEPT))?;
        // The name is on the disk only when the directory is.
        File::open(&self.path)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use peer_ring_core::chain::{Ballot, State};
    use peer_ring_core::id::{NodeId, Seat};
    use tempfile::TempDir;

    use super::*;

    const WHO: Kept = Kept { id: NodeId(1), vote: NodeId(2) };

    fn promise(round: u64) -> State {
        State { promised: Ballot { round, seat: Seat(1) }, ..State::default() }
    }

    fn taken() -> (TempDir, Directory) {
        let folder = tempfile::tempdir().unwrap();
        let directory = Directory::open(&folder.path().join("made/for/it")).unwrap();
        (folder, directory)
    }

    #[test]
    fn what_was_kept_last_is_there_again() {
        let (_folder, directory) = taken();
        assert_eq!(directory.read().unwrap(), None, "nothing ever was");
        directory.write(WHO, &promise(1)).unwrap();
        directory.write(WHO, &promise(2)).unwrap();
        let path = directory.path().to_owned();
        drop(directory);
        let again = Directory::open(&path).unwrap();
        assert_eq!(again.read().unwrap(), Some((WHO, promise(2))));
    }

    #[test]
    fn a_directory_is_one_nodes_at_a_time() {
        let (_folder, directory) = taken();
        let path = directory.path().to_owned();
        let refused = Directory::open(&path).unwrap_err();
        assert!(matches!(refused, DataError::InUse { .. }), "{refused}");
        assert!(refused.to_string().contains("another node uses this data directory"));
        drop(directory);
        assert!(Directory::open(&path).is_ok());
    }

    #[test]
    fn a_file_that_is_not_whole_is_named_and_never_taken_for_none() {
        let (_folder, directory) = taken();
        directory.write(WHO, &promise(1)).unwrap();
        let file = directory.path().join(KEPT);
        let whole = fs::read(&file).unwrap();
        let mut damaged = whole.clone();
        damaged[20] ^= 1;
        let mut newer = whole[..whole.len() - 8].to_vec();
        newer[14] += 1;
        newer.extend(xxhash_rust::xxh3::xxh3_64(&newer).to_le_bytes());
        for broken in [&whole[..whole.len() / 2], &[], &damaged, &newer] {
            fs::write(&file, broken).unwrap();
            let said = directory.read().unwrap_err().to_string();
            assert!(said.starts_with(file.to_str().unwrap()), "{said}");
            assert!(said.contains("does not start without"), "{said}");
        }
    }

    #[test]
    fn a_draft_that_a_crash_left_is_no_file() {
        let (_folder, directory) = taken();
        fs::write(directory.path().join(DRAFT), b"half a").unwrap();
        assert_eq!(directory.read().unwrap(), None);
        directory.write(WHO, &promise(1)).unwrap();
        assert_eq!(directory.read().unwrap(), Some((WHO, promise(1))));
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let said = Directory::open(&file.path().join("x")).unwrap_err().to_string();
        assert!(said.starts_with(file.path().to_str().unwrap()), "{said}");
    }
}
