//! Core's messages to bytes and back.
//!
//! Encoding cannot fail and copies no payload until the bytes are laid down. Decoding first
//! checks the size, then counts what repeats, then decodes, and only then looks at each value;
//! payloads stay slices of the buffer that they came in. Whoever keeps one for long should copy
//! it, or it keeps the whole buffer.

pub(crate) mod chain;
mod failure;
mod member;
mod plan;
mod record;
mod request;
mod response;
pub(crate) mod ring;
mod standing;

use std::sync::Arc;

use bytes::Bytes;
use peer_ring_core::id::{Epoch, RequestId};
use peer_ring_core::peer::{Body, Message, Request, Response};
use prost::Message as _;

use crate::error::{WireError, check_count, check_size};
use crate::limits::Limits;
use crate::version::WireVersion;
use crate::walk::fields;
use crate::wire::{self, message::Body as WireBody};

/// The bytes of `message` as `version` says it, without a frame around them.
#[must_use]
pub fn encode(message: &Message, version: WireVersion) -> Bytes {
    to_wire(message.clone(), version).encode_to_vec().into()
}

/// The message whose bytes these are, in any version: what one does not say is absent.
///
/// # Errors
/// [`WireError`] when they are none, or one over `limits`.
pub fn decode(bytes: Bytes, limits: &Limits) -> Result<Message, WireError> {
    check_size("a message", bytes.len(), limits.message_bytes_max)?;
    count_elements(&bytes, limits)?;
    let message =
        wire::Message::decode(bytes).map_err(|error| WireError::malformed("a message", &error))?;
    let message = from_wire(message, limits)?;
    limits.check(&message)?;
    Ok(message)
}

/// How many bytes [`encode`] makes of `message`.
///
/// A [`crate::Packer`] knows what it holds without asking for this.
#[must_use]
pub fn encoded_len(message: &Message, version: WireVersion) -> usize {
    to_wire(message.clone(), version).encoded_len()
}

/// `message` as `version` says it.
#[inline]
pub(crate) fn to_wire(message: Message, version: WireVersion) -> wire::Message {
    let mut message = wire::Message::from(message);
    version.leave_out(&mut message);
    message
}

/// Refuses a message with more records or keys than `limits` allow, before they take memory.
///
/// Each takes two bytes at least, so a small message cannot have too many.
fn count_elements(bytes: &Bytes, limits: &Limits) -> Result<(), WireError> {
    if bytes.len() / 2 <= limits.records_max {
        return Ok(());
    }
    let mut count = 0;
    for field in fields("a message", bytes) {
        let field = field?;
        let Some(repeated) = repeated(field.number).filter(|_| field.is_delimited) else {
            continue;
        };
        for element in fields("a message", &bytes[field.at]) {
            count += usize::from(element?.number == repeated);
            check_count("records of a message", count, limits.records_max)?;
        }
    }
    Ok(())
}

/// Which field repeats in the message that `body`, a field of [`wire::Message`], holds.
fn repeated(body: u32) -> Option<u32> {
    const APPLY: u32 = 5;
    const FETCH: u32 = 16;
    const FETCHED: u32 = 17;
    const COPIED: u32 = 19;
    const OFFER: u32 = 23;
    const LACKING: u32 = 24;
    match body {
        FETCHED | COPIED | LACKING => Some(1),
        APPLY | FETCH | OFFER => Some(2),
        _ => None,
    }
}

impl From<Message> for wire::Message {
    #[inline]
    fn from(message: Message) -> Self {
        let (request_id, body) = match message.body {
            Body::Request { id, request } => (id.0, request.into()),
            Body::Response { id, response } => (id.0, response.into()),
            Body::Leaving => (0, WireBody::Leaving(wire::Leaving {})),
            Body::Standing(standing) => (0, WireBody::Standing(Box::new((*standing).into()))),
            Body::Ring(ring) => (0, WireBody::Ring(ring::encode(&ring))),
            Body::Chain(word) => (0, WireBody::Chain(word.into())),
        };
        Self { epoch: message.epoch.0, request_id, body: Some(body) }
    }
}

#[inline]
fn from_wire(message: wire::Message, limits: &Limits) -> Result<Message, WireError> {
    let id = RequestId(message.request_id);
    let request = |request| Body::Request { id, request };
    let response = |response| Body::Response { id, response };
    let body = message.body.ok_or(WireError::Missing { what: "a message's body" })?;
    let body = match body {
        WireBody::Execute(execute) => request(Request::Execute(execute.try_into()?)),
        WireBody::Apply(apply) => request(apply.try_into()?),
        WireBody::Fetch(fetch) => request(fetch.try_into()?),
        WireBody::Copy(copy) => request(copy.try_into()?),
        WireBody::Compare(compare) => request(compare.try_into()?),
        WireBody::Offer(offer) => request(offer.try_into()?),
        WireBody::Forward(forward) => request(forward.try_into()?),
        WireBody::Cancel(cancel) => request(cancel.into()),
        WireBody::Probe(wire::Probe {}) => request(Request::Probe),
        WireBody::Executed(executed) => response(executed.into()),
        WireBody::Superseded(superseded) => response(superseded.into()),
        WireBody::Applied(wire::Applied {}) => response(Response::Applied),
        WireBody::Fetched(fetched) => response(fetched.into()),
        WireBody::Copied(copied) => response(copied.into()),
        WireBody::Compared(wire::Compared { is_same }) => response(Response::Compared { is_same }),
        WireBody::Lacking(wire::Lacking { keys }) => response(Response::Lacking { keys }),
        WireBody::Forwarded(forwarded) => response(forwarded.try_into()?),
        WireBody::Alive(wire::Alive {}) => response(Response::Alive),
        WireBody::Refused(refused) => response(refused.try_into()?),
        WireBody::Leaving(wire::Leaving {}) => Body::Leaving,
        WireBody::Standing(standing) => Body::Standing(Box::new((*standing).try_into()?)),
        WireBody::Ring(ring) => Body::Ring(Arc::new(ring::decode(ring, limits)?)),
        WireBody::Chain(chain) => Body::Chain(chain::to_word(chain, limits)?),
    };
    Ok(Message { epoch: Epoch(message.epoch), body })
}
