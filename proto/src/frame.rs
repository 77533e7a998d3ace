//! What travels as one unit on a link.

use bytes::Bytes;
use peer_ring_core::peer::Message;
use prost::Message as _;

use crate::chunk::Chunk;
use crate::error::{WireError, check_count, check_size};
use crate::hello::{Goodbye, Hello, Welcome, decode_goodbye, decode_hello, decode_welcome};
use crate::limits::{Limits, records_of};
use crate::message;
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
    /// What the bytes say.
    ///
    /// # Errors
    /// [`WireError`] when they are no frame, or one over `limits`.
    pub fn decode(raw: RawFrame, limits: &Limits) -> Result<Self, WireError> {
        let RawFrame(bytes) = raw;
        check_size("a frame", bytes.len(), limits.frame_bytes_max)?;
        let (number, body) = only_body(&bytes)?;
        Ok(match number {
            HELLO => Self::Hello(decode_hello(body, limits)?),
            WELCOME => Self::Welcome(decode_welcome(body, limits)?),
            GOODBYE => Self::Goodbye(decode_goodbye(body, limits)?),
            BATCH => Self::Batch(decode_batch(&body, limits)?),
            _ => Self::Chunk(decode_chunk(body)?),
        })
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

impl From<Frame> for RawFrame {
    fn from(frame: Frame) -> Self {
        let body = match frame {
            Frame::Hello(hello) => Body::Hello(hello.into()),
            Frame::Welcome(welcome) => Body::Welcome(welcome.into()),
            Frame::Goodbye(goodbye) => Body::Goodbye(goodbye.into()),
            Frame::Batch(messages) => {
                let messages = messages.into_iter().map(Into::into).collect();
                Body::Batch(wire::Batch { messages })
            }
            Frame::Chunk(chunk) => Body::Chunk(chunk.into()),
        };
        Self(wire::Frame { body: Some(body) }.encode_to_vec().into())
    }
}
