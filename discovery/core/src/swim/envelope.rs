//! What every datagram is wrapped in: a version, who says it and when, and a signature over all.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version of the layout, of identities too: 1 |
//! | 1 | what the body is |
//! | 8 | the sender's run: drawn at random when it starts |
//! | 8 | how many datagrams the run sent before this one |
//! | 8 | the sender's wall clock, in milliseconds |
//! | .. | the body |
//! | 32 | HMAC-SHA-256 of all before it |

use peer_ring_core::actor::Wall;
use peer_ring_core::id::Seat;
use serde::Serialize;

use super::identity::Identity;
use super::key::{Keyring, TAG_BYTES};
use super::replay::{Heard, Unheard};

const VERSION: u8 = 1;
const HEAD_BYTES: usize = 1 + 1 + 8 + 8 + 8;

/// What the envelope adds to a body.
pub(super) const OVERHEAD_BYTES: usize = HEAD_BYTES + TAG_BYTES;

/// What a datagram says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Body<'a> {
    /// Something that foca says.
    Packet(&'a [u8]),
    /// Whoever hears this: who are you? And what do you know of the node on this seat, which asks?
    Who(Seat),
    /// I am this node, and you had this start at least.
    Here { start: u64, identity: Identity },
}

/// Datagrams that were dropped, by why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Longer than a datagram may be.
    pub oversize: u64,
    /// Not a datagram of this protocol, or of another version of it, or with an odd body.
    pub malformed: u64,
    /// Signed with no key of this node's.
    pub unauthentic: u64,
    /// Heard before.
    pub replayed: u64,
    /// Sent at a time that this node's clock is too far from.
    pub stale: u64,
    /// This node's own, come back: it is a seed of its own, say.
    pub own: u64,
    /// What foca refuses, such as words of another node with this node's name.
    pub refused: u64,
}

impl Dropped {
    pub(super) fn count(&mut self, why: Why) {
        let kind = match why {
            Why::Oversize => &mut self.oversize,
            Why::Malformed => &mut self.malformed,
            Why::Unauthentic => &mut self.unauthentic,
            Why::Unheard(Unheard::Replayed) => &mut self.replayed,
            Why::Unheard(Unheard::Stale) => &mut self.stale,
            Why::Own => &mut self.own,
            Why::Refused => &mut self.refused,
        };
        *kind += 1;
    }
}

/// Why a datagram is dropped; each kind is a field of [`Dropped`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    Oversize,
    Malformed,
    Unauthentic,
    Unheard(Unheard),
    Own,
    Refused,
}

/// Wraps what one run says, and unwraps what it hears.
pub(super) struct Envelope {
    keys: Keyring,
    heard: Heard,
    run: u64,
    count: u64,
    bytes_max: usize,
}

impl Envelope {
    pub(super) fn new(keys: Keyring, heard: Heard, run: u64, bytes_max: usize) -> Self {
        Self { keys, heard, run, count: 0, bytes_max }
    }

    /// Wraps and unwraps with these keys from now on.
    pub(super) fn use_keys(&mut self, keys: Keyring) {
        self.keys = keys;
    }

    /// The datagram that says this.
    pub(super) fn wrap(&mut self, now: Wall, body: &Body<'_>) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.bytes_max);
        bytes.extend([VERSION, body.kind()]);
        bytes.extend(self.run.to_be_bytes());
        bytes.extend(self.count.to_be_bytes());
        bytes.extend(now.0.to_be_bytes());
        body.write(&mut bytes);
        let tag = self.keys.sign(&bytes);
        bytes.extend(tag.as_ref());
        self.count += 1;
        bytes
    }

    /// What a datagram says, unless it must not be heard. What is not signed is not looked into.
    pub(super) fn unwrap<'a>(&mut self, now: Wall, bytes: &'a [u8]) -> Result<Body<'a>, Why> {
        if bytes.len() > self.bytes_max {
            return Err(Why::Oversize);
        }
        if bytes.len() < OVERHEAD_BYTES || bytes[0] != VERSION {
            return Err(Why::Malformed);
        }
        let (signed, tag) = bytes.split_at(bytes.len() - TAG_BYTES);
        if !self.keys.vouches(signed, tag) {
            return Err(Why::Unauthentic);
        }
        let (head, body) = signed.split_at(HEAD_BYTES);
        let (run, count, sent) = (number(head, 2), number(head, 10), number(head, 18));
        if run == self.run {
            return Err(Why::Own);
        }
        self.heard.note(now, run, count, Wall(sent)).map_err(Why::Unheard)?;
        Body::read(head[1], body).ok_or(Why::Malformed)
    }
}

/// The number that starts at this byte.
fn number(head: &[u8], at: usize) -> u64 {
    head[at..at + 8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

impl<'a> Body<'a> {
    fn kind(&self) -> u8 {
        match self {
            Self::Packet(_) => 0,
            Self::Who(_) => 1,
            Self::Here { .. } => 2,
        }
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Packet(packet) => bytes.extend(*packet),
            Self::Who(seat) => encode(&seat.0, bytes),
            Self::Here { start, identity } => encode(&(start, identity), bytes),
        }
    }

    fn read(kind: u8, bytes: &'a [u8]) -> Option<Self> {
        match kind {
            0 => Some(Self::Packet(bytes)),
            1 => postcard::from_bytes(bytes).ok().map(|seat| Self::Who(Seat(seat))),
            2 => {
                let (start, identity) = postcard::from_bytes(bytes).ok()?;
                Some(Self::Here { start, identity })
            }
            _ => None,
        }
    }
}

fn encode(value: &impl Serialize, bytes: &mut Vec<u8>) {
    let encoded = postcard::to_stdvec(value).expect("plain data can be encoded");
    bytes.extend(encoded);
}

#[cfg(test)]
mod tests;
