//! What travels as one unit on a link.

mod single;

use bytes::{Bytes, BytesMut};
use peer_ring_core::peer::Message;
use prost::Message as _;

use crate::checksum::{self, CHECKSUM, CHECKSUM_BYTES};
use crate::chunk::Chunk;
use crate::error::{WireError, check_count, check_size};
use crate::hello::{Goodbye, Hello, Welcome, decode_goodbye, decode_hello, decode_welcome};
use crate::limits::{Limits, records_of};
use crate::message;
use crate::version::WireVersion;
use crate::walk::fields;
use crate::wire::{self, frame::Body};

/// The fields of [`wire::Frame`].
const HELLO: u32 = 1;
const WELCOME: u32 = 2;
const GOODBYE: u32 = 3;
pub(crate) const BATCH: u32 = 4;
const CHUNK: u32 = 5;
/// The field of [`wire::Batch`].
pub(crate) const MESSAGES: u32 = 1;

/// The bytes of one frame: what the gRPC stream carries. They may be anything; [`Frame::decode`]
/// finds out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawFrame(pub Bytes);

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// The first word of the side that opened the stream.
    Hello(Hello),
    /// The answer that accepts.
    Welcome(Welcome),
    /// The answer that refuses: the last frame of a stream.
    Goodbye(Goodbye),
    /// What one turn of the sender queued, in its order. [`crate::Packer`] makes these.
    Batch(Vec<Message>),
    /// A piece of a big message, for [`crate::Reassembler`].
    Chunk(Chunk),
}

impl Frame {
    /// The first frame of either side of a stream, which comes before they agree on a version: its
    /// checksum counts if there is one.
    ///
    /// # Errors
    /// As [`Frame::decode`].
    pub fn decode_first(raw: RawFrame, limits: &Limits) -> Result<Self, WireError> {
        check_size("a frame", raw.0.len(), limits.frame_bytes_max)?;
        let last = fields("a frame", &raw.0).last();
        let has_checksum = matches!(last, Some(Ok(field)) if field.number == CHECKSUM);
        let version = if has_checksum { WireVersion::V2 } else { WireVersion::V1 };
        Self::decode(raw, version, limits)
    }

    /// What the bytes say, on a link that speaks `version`.
    ///
    /// # Errors
    /// [`WireError`] when they are no frame, one that was changed on its way, or one over `limits`.
    pub fn decode(raw: RawFrame, version: WireVersion, limits: &Limits) -> Result<Self, WireError> {
        let (number, body) = opened(raw, version, limits)?;
        Ok(match number {
            HELLO => Self::Hello(decode_hello(body, limits)?),
            WELCOME => Self::Welcome(decode_welcome(body, limits)?),
            GOODBYE => Self::Goodbye(decode_goodbye(body, limits)?),
            BATCH => Self::Batch(decode_batch(&body, limits)?),
            _ => Self::Chunk(decode_chunk(body)?),
        })
    }

    /// The bytes of it, as `version` writes them.
    #[must_use]
    pub fn encode(self, version: WireVersion) -> RawFrame {
        let body = match self {
            Self::Hello(hello) => Body::Hello(hello.into()),
            Self::Welcome(welcome) => Body::Welcome(welcome.into()),
            Self::Goodbye(goodbye) => Body::Goodbye(goodbye.into()),
            Self::Batch(messages) => {
                let to_wire = |message| message::to_wire(message, version);
                Body::Batch(wire::Batch { messages: messages.into_iter().map(to_wire).collect() })
            }
            Self::Chunk(chunk) => Body::Chunk(chunk.into()),
        };
        let frame = wire::Frame { body: Some(body), checksum: None };
        let mut bytes = BytesMut::with_capacity(frame.encoded_len() + CHECKSUM_BYTES);
        frame.encode(&mut bytes).expect("a buffer grows as needed");
        if version.has_checksums() {
            checksum::put(&mut bytes, 0);
        }
        RawFrame(bytes.freeze())
    }
}

/// The field number and the content of the one body that a frame must have.
fn only_body(bytes: &Bytes) -> Result<(u32, Bytes), WireError> {
    let mut body = None;
    for field in fields("a frame", bytes) {
        let field = field?;
        let number = field.number;
        if !(HELLO..=CHUNK).contains(&number) {
            continue;
        }
        if let Some((first, _)) = body {
            return Err(WireError::TwoBodies { first, second: number });
        }
        body = Some((number, bytes.slice(field.payload("a frame")?)));
    }
    body.ok_or(WireError::Missing { what: "a frame's body" })
}

/// What is in a frame, once its checksum is verified, if it must have one.
fn opened(raw: RawFrame, version: WireVersion, limits: &Limits) -> Result<(u32, Bytes), WireError> {
    let RawFrame(bytes) = raw;
    check_size("a frame", bytes.len(), limits.frame_bytes_max)?;
    let bytes = if version.has_checksums() { checksum::verified(bytes)? } else { bytes };
    only_body(&bytes)
}

fn decode_batch(bytes: &Bytes, limits: &Limits) -> Result<Vec<Message>, WireError> {
    let mut messages = Vec::new();
    let mut records = 0;
    for field in fields("a batch", bytes) {
        let field = field?;
        if field.number != MESSAGES {
            continue;
        }
        check_count("messages of a batch", messages.len() + 1, limits.batch_messages_max)?;
        let at = field.payload("a batch")?;
        let message = message::decode(bytes.slice(at), limits)?;
        records += records_of(&message);
        check_count("records of a batch", records, limits.records_max)?;
        messages.push(message);
    }
    Ok(messages)
}

fn decode_chunk(bytes: Bytes) -> Result<Chunk, WireError> {
    let chunk =
        wire::Chunk::decode(bytes).map_err(|error| WireError::malformed("a chunk", &error))?;
    Ok(chunk.into())
}

/// The key of a field with this number that holds a message.
pub(crate) fn delimited(number: u32) -> u8 {
    u8::try_from(number << 3 | 2).expect("the numbers used here are below 16")
}
