//! What a node keeps on its disk, besides its records: who it is, the ring, and what it voted for.
//!
//! It is one small file, which is replaced as a whole whenever it changes:
//!
//! ```text
//! "peer-ring kept"     14 bytes
//! version              1
//! length               4    of the content; numbers are little-endian
//! content                   `Kept` in peer.proto
//! checksum             8    XXH3-64 of everything before it
//! ```
//!
//! What stands around the content stays as it is in all versions: whether a file is whole is known
//! before its version matters. One that is not whole is an error and never "nothing was kept", for
//! who forgets a vote could vote otherwise: its node can only go on as somebody else.
//!
//! ```
//! use peer_ring_core::chain::State;
//! use peer_ring_core::id::NodeId;
//! use peer_ring_core::identity::Kept;
//! use peer_ring_proto::kept::{KeptError, decode, encode};
//!
//! let who = Kept { id: NodeId(1), vote: NodeId(2) };
//! let file = encode(who, &State::default());
//! assert_eq!(decode(file.clone()), Ok((who, State::default())));
//!
//! let torn = decode(file.slice(..20));
//! assert_eq!(torn, Err(KeptError::Torn { bytes: 20, expected: file.len() }));
//! ```

use std::sync::Arc;

use bytes::Bytes;
use peer_ring_core::chain::State;
use peer_ring_core::id::NodeId;
use peer_ring_core::identity::Kept;
use prost::Message as _;
use thiserror::Error;
use xxhash_rust::xxh3::xxh3_64;

use crate::error::{WireError, in_range};
use crate::limits::Limits;
use crate::message::{chain, ring};
use crate::wire;

/// The version of the format that this build writes, and the newest that it reads.
pub const VERSION: u8 = 1;

const MAGIC: &[u8; 14] = b"peer-ring kept";
/// What stands before the content.
const HEAD_BYTES: usize = MAGIC.len() + 1 + 4;
const CHECKSUM_BYTES: usize = 8;

/// What is wrong with a file in which a node kept who it is.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeptError {
    /// It does not begin as one.
    #[error("this is no file in which a node keeps who it is")]
    Foreign,
    /// It was not written to its end.
    #[error("it was cut: it has {bytes} bytes, and should have at least {expected}")]
    Torn {
        /// How many it has.
        bytes: usize,
        /// How many it should have, as far as that can be read.
        expected: usize,
    },
    /// It is not what was written.
    #[error("it was damaged: its checksum says {said:016x}, and its bytes say {found:016x}")]
    Damaged {
        /// What the checksum says.
        said: u64,
        /// What the bytes say.
        found: u64,
    },
    /// Another version of peer-ring wrote it.
    #[error(
        "it is of version {found}, and this build reads version {VERSION}: the node ran a newer \
         one, and must go on with that"
    )]
    Version {
        /// Its version.
        found: u8,
    },
    /// Its checksum is right and its content is not.
    #[error("its content is not what a node keeps: {0}")]
    Malformed(#[from] WireError),
}

/// The file in which a node keeps who it is, and what a voter must not forget.
#[must_use]
pub fn encode(who: Kept, state: &State) -> Bytes {
    let content = to_content(who, state);
    let length = content.encoded_len();
    let mut file = Vec::with_capacity(HEAD_BYTES + length + CHECKSUM_BYTES);
    file.extend_from_slice(MAGIC);
    file.push(VERSION);
    let length = u32::try_from(length).expect("two rings are a few megabytes");
    file.extend_from_slice(&length.to_le_bytes());
    content.encode(&mut file).expect("a vector grows as needed");
    let checksum = xxh3_64(&file);
    file.extend_from_slice(&checksum.to_le_bytes());
    file.into()
}

/// Who kept this file, and what it must not forget.
///
/// # Errors
/// [`KeptError`] when it is not whole, or cannot be read.
pub fn decode(file: Bytes) -> Result<(Kept, State), KeptError> {
    let (version, content) = opened(file)?;
    if version != VERSION {
        return Err(KeptError::Version { found: version });
    }
    let content = wire::Kept::decode(content)
        .map_err(|error| WireError::malformed("what a node keeps", &error))?;
    let who = Kept {
        id: in_range("the identity of data", content.id, 1, u64::MAX).map(NodeId)?,
        vote: in_range("the identity of votes", content.vote, 1, u64::MAX).map(NodeId)?,
    };
    Ok((who, to_state(content)?))
}

/// The version and the content of a file that is whole.
fn opened(mut file: Bytes) -> Result<(u8, Bytes), KeptError> {
    let bytes = file.len();
    let begins_well = MAGIC[..bytes.min(MAGIC.len())] == file[..bytes.min(MAGIC.len())];
    if !begins_well {
        return Err(KeptError::Foreign);
    }
    let torn = |expected| KeptError::Torn { bytes, expected };
    let head = file.get(MAGIC.len()..HEAD_BYTES).ok_or(torn(HEAD_BYTES + CHECKSUM_BYTES))?;
    let version = head[0];
    let length = u32::from_le_bytes(head[1..].try_into().expect("four bytes")) as usize;
    let end = bytes.checked_sub(CHECKSUM_BYTES).filter(|end| HEAD_BYTES + length <= *end);
    let end = end.ok_or(torn(HEAD_BYTES + length + CHECKSUM_BYTES))?;
    // A file that is too long is damaged, and its last bytes are hardly a checksum.
    let (covered, said) = file.split_at(end);
    let said = u64::from_le_bytes(said.try_into().expect("eight bytes"));
    let found = xxh3_64(covered);
    if said != found || HEAD_BYTES + length != end {
        return Err(KeptError::Damaged { said, found });
    }
    file.truncate(end);
    Ok((version, file.split_off(HEAD_BYTES)))
}

pub(crate) fn to_content(who: Kept, state: &State) -> wire::Kept {
    let State { ring, promised, accepted } = state;
    wire::Kept {
        id: who.id.0,
        vote: who.vote.0,
        ring: ring.as_deref().map(ring::encode),
        promised: Some((*promised).into()),
        accepted: accepted.as_ref().map(|(ballot, ring)| chain::from_proposal(*ballot, ring)),
    }
}

pub(crate) fn to_state(content: wire::Kept) -> Result<State, WireError> {
    // What is kept was within the limits when it was taken in.
    let limits = Limits { members_max: usize::MAX, ..Limits::default() };
    let wire::Kept { ring, promised, accepted, .. } = content;
    let ring = ring.map(|ring| ring::decode(ring, &limits)).transpose()?;
    let accepted = accepted.map(|accepted| chain::to_proposal(accepted, &limits)).transpose()?;
    Ok(State { ring: ring.map(Arc::new), promised: chain::to_ballot(promised)?, accepted })
}
