//! What one reply of the store becomes in the words of the Redis protocol.

use peer_ring_core::actor::Wall;
use peer_ring_core::failure::Failure;

use super::refusal;
use super::reply::Writer;
use super::times::Unit;
use crate::app::{Found, Reply};
use crate::fronts::metrics::Outcome;

/// A reply of the store, or why there is none.
pub(super) type Answer = Result<Reply, Failure>;

/// How the answer to a single command is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// `SET`: that it was done.
    Ok,
    /// `DEL` of one key: 1 if there was one.
    Existed,
    /// Something about the value that was found.
    Found(About),
}

/// What is said of a value that was found, or of there being none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// `GET`: the value itself.
    Value,
    /// `EXISTS` of one key: 1 if there is one.
    Exists,
    /// `STRLEN`: how long it is.
    Length,
    /// `TYPE`: what it is.
    Type,
    /// `TTL` and its like: -2 for no key, -1 for no end, else when or how long.
    Expiry(Unit),
}

impl Says {
    /// Writes the reply.
    pub(super) fn say(self, answer: &Answer, wall: Wall, writer: &mut Writer<'_>) -> Outcome {
        match (self, answer) {
            (Self::Ok, Ok(Reply::Done { .. })) => writer.simple("OK"),
            (Self::Existed, Ok(Reply::Done { existed, .. })) => writer.integer((*existed).into()),
            (Self::Found(about), Ok(Reply::Value(found))) => {
                about.say(found.as_ref(), wall, writer);
            }
            (_, Err(failure)) => return fail(failure, writer),
            // Another version of the app has answered something else than was asked.
            (_, Ok(_)) => return fail(&Failure::BadCommand, writer),
        }
        Outcome::Done
    }
}

impl About {
    fn say(self, found: Option<&Found>, wall: Wall, writer: &mut Writer<'_>) {
        match self {
            Self::Value => say_value(found.map(|found| &found.value[..]), writer),
            Self::Exists => writer.integer(found.is_some().into()),
            Self::Length => {
                let bytes = found.map_or(0, |found| found.value.len());
                writer.integer(i64::try_from(bytes).unwrap_or(i64::MAX));
            }
            Self::Type => writer.simple(if found.is_some() { "string" } else { "none" }),
            Self::Expiry(unit) => writer.integer(match found.map(|found| found.expires) {
                None => -2,
                Some(None) => -1,
                Some(Some(expires)) => unit.of(expires, wall),
            }),
        }
    }
}

/// Writes a value, or that there is none.
pub(super) fn say_value(value: Option<&[u8]>, writer: &mut Writer<'_>) {
    match value {
        Some(value) => writer.bulk(value),
        None => writer.null(),
    }
}

/// Writes a failure.
pub(super) fn fail(failure: &Failure, writer: &mut Writer<'_>) -> Outcome {
    writer.error(refusal::code(failure), failure);
    if refusal::is_refusal(failure) { Outcome::Refused } else { Outcome::Failed }
}

/// The bytes of the values or keys in an answer.
#[inline]
pub(super) fn answer_bytes(answer: &Answer) -> usize {
    match answer {
        Ok(Reply::Value(Some(found))) => found.value.len(),
        Ok(Reply::Keys(page)) => page.keys.iter().map(bytes::Bytes::len).sum(),
        Ok(Reply::Value(None) | Reply::Done { .. } | Reply::Count(_)) | Err(_) => 0,
    }
}
