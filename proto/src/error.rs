//! What can be wrong with bytes from a peer, in numbers.

use peer_ring_core::id::BadName;
use thiserror::Error;

/// Why bytes from a peer are not a frame or a message.
///
/// A well-behaved peer never causes one, and nothing that follows on the same link can be trusted
/// to mean what it says: each costs the connection. The same errors tell a sender, before it
/// sends, that its message would be refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WireError {
    /// Something has more bytes than the limit.
    #[error("{what} has {bytes} bytes, and may have {bytes_max}")]
    TooLarge {
        /// What has.
        what: &'static str,
        /// How many it has, as far as it was read.
        bytes: usize,
        /// How many it may have.
        bytes_max: usize,
    },
    /// Something has more elements than the limit.
    #[error("{what}: at least {count}, and at most {count_max} are allowed")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How many there are, as far as it was read.
        count: usize,
        /// How many there may be.
        count_max: usize,
    },
    /// A number that is not in its range.
    #[error("{what} is {value}, and must be from {min} to {max}")]
    OutOfRange {
        /// Which number.
        what: &'static str,
        /// What it is.
        value: u64,
        /// The least that it may be.
        min: u64,
        /// The most that it may be.
        max: u64,
    },
    /// A value of an enum that is unspecified, or that this version does not know.
    #[error("{what} has no value {value}")]
    NoSuchValue {
        /// Which enum.
        what: &'static str,
        /// The value.
        value: i32,
    },
    /// Something without which the rest means nothing.
    #[error("{what} is missing")]
    Missing {
        /// What is.
        what: &'static str,
    },
    /// A frame that says two things.
    #[error("a frame has two bodies, fields {first} and {second}")]
    TwoBodies {
        /// The field of one.
        first: u32,
        /// The field of the other.
        second: u32,
    },
    /// A name that is none.
    #[error("{what} is no name")]
    BadName {
        /// Whose name.
        what: &'static str,
        /// What is wrong with it.
        #[source]
        reason: BadName,
    },
    /// A frame that was changed on its way.
    #[error("a frame whose checksum says {said:016x} and whose bytes say {found:016x}")]
    Checksum {
        /// What the frame says.
        said: u64,
        /// What its bytes say.
        found: u64,
    },
    /// A frame without a checksum, where there must be one.
    #[error("a frame without a checksum")]
    NoChecksum,
    /// Not the encoding of any message.
    #[error("{what} cannot be decoded: {detail}")]
    Malformed {
        /// What it should have been.
        what: &'static str,
        /// What the decoder says.
        detail: String,
    },
    /// A chunk that begins a stream whose number does not come after those begun before.
    #[error("a chunk of stream {stream}, which is neither open nor after {begun}, the last begun")]
    StreamNotOpen {
        /// The chunk's stream.
        stream: u64,
        /// The last stream that was begun.
        begun: u64,
    },
    /// A chunk without bytes.
    #[error("an empty chunk of stream {stream}")]
    EmptyChunk {
        /// The chunk's stream.
        stream: u64,
    },
}

impl WireError {
    /// Whether the bytes are not what the peer sent, as far as the checksum can tell.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Checksum { .. } | Self::NoChecksum)
    }

    pub(crate) fn malformed(what: &'static str, reason: &prost::DecodeError) -> Self {
        Self::Malformed { what, detail: reason.to_string() }
    }
}

/// `value` as the narrower type `T`, when it is from `min` to `max`.
pub(crate) fn in_range<T: TryFrom<u64>>(
    what: &'static str,
    value: impl Into<u64>,
    min: u64,
    max: u64,
) -> Result<T, WireError> {
    let value = value.into();
    let wrong = WireError::OutOfRange { what, value, min, max };
    if value < min || value > max {
        return Err(wrong);
    }
    T::try_from(value).map_err(|_| wrong)
}

/// Refuses `bytes` over `bytes_max`.
pub(crate) fn check_size(
    what: &'static str,
    bytes: usize,
    bytes_max: usize,
) -> Result<(), WireError> {
    if bytes > bytes_max {
        return Err(WireError::TooLarge { what, bytes, bytes_max });
    }
    Ok(())
}

/// Refuses `count` over `count_max`.
pub(crate) fn check_count(
    what: &'static str,
    count: usize,
    count_max: usize,
) -> Result<(), WireError> {
    if count > count_max {
        return Err(WireError::TooMany { what, count, count_max });
    }
    Ok(())
}
