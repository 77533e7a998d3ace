//! How much of everything a node takes from a peer, and sends to one.

use bytes::Bytes;
use peer_ring_core::app::Plan;
use peer_ring_core::chain::Word;
use peer_ring_core::id::check_name;
use peer_ring_core::peer::{Body, Entry, Message, Request, Response};
use peer_ring_core::quorum::REPLICAS_MAX;
use peer_ring_core::ring::{Member, Ring};
use peer_ring_core::standing::Standing;

use crate::error::{WireError, check_count, check_size, in_range};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// Longest address of a member: a host's name, a colon and a port take less.
pub const ADDRESS_BYTES_MAX: usize = 512;

/// The bounds of the wire; the same on all nodes of a cluster.
///
/// A node that took less than its peers send would drop their links again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// One frame, encoded.
    pub frame_bytes_max: usize,
    /// A message whose encoding is longer travels in chunks of this many bytes.
    pub chunk_bytes_max: usize,
    /// One message, encoded, whether it travels in one piece or in chunks.
    pub message_bytes_max: usize,
    /// Messages of one batch.
    pub batch_messages_max: usize,
    /// Messages of which some chunks have come and some have not, on one link.
    pub chunk_streams_max: usize,
    /// Bytes of all those together. While a buffer grows it takes up to twice its content.
    pub reassembly_bytes_max: usize,
    /// A command in its app's encoding: a key, a value, and what the app wraps around them.
    pub command_bytes_max: usize,
    /// A reply in its app's encoding.
    pub reply_bytes_max: usize,
    /// The list of what a command read.
    pub seen_bytes_max: usize,
    /// A key in a partition's table: the app's id and the app's own key.
    pub key_bytes_max: usize,
    /// A record's value: a user's value, and what the app wraps around it.
    pub value_bytes_max: usize,
    /// Records, or keys, of one message, and of all messages of one batch.
    pub records_max: usize,
    /// Members of a ring, and peers that a node may name.
    pub members_max: usize,
    /// Capabilities that a node may list when it says who it is.
    pub capabilities_max: usize,
    /// The text of a refusal.
    pub text_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame_bytes_max: 4 * MIB,
            chunk_bytes_max: 256 * KIB,
            message_bytes_max: 80 * MIB,
            batch_messages_max: 16 * 1024,
            chunk_streams_max: 8,
            reassembly_bytes_max: 96 * MIB,
            command_bytes_max: 66 * MIB,
            reply_bytes_max: 66 * MIB,
            seen_bytes_max: 8 * MIB,
            // An app's id, a namespace's name and its length stand before a client's key.
            key_bytes_max: 64 * KIB + 512,
            value_bytes_max: 64 * MIB + 4 * KIB,
            records_max: 64 * 1024,
            members_max: 4 * 1024,
            capabilities_max: 64,
            text_bytes_max: 4 * KIB,
        }
    }
}

impl Limits {
    /// Whether a peer with these limits takes `message`, its encoded size apart.
    ///
    /// Asked by a receiver of what it has decoded, and by a sender before it sends.
    ///
    /// # Errors
    /// The first limit that it breaks.
    pub fn check(&self, message: &Message) -> Result<(), WireError> {
        match &message.body {
            Body::Request { request, .. } => self.check_request(request),
            Body::Response { response, .. } => self.check_response(response),
            Body::Leaving => Ok(()),
            Body::Standing(standing) => self.check_standing(standing),
            Body::Ring(ring) => self.check_ring(ring),
            Body::Chain(word) => self.check_word(word),
        }
    }

    fn check_request(&self, request: &Request) -> Result<(), WireError> {
        match request {
            Request::Execute(execute) => self.check_command(execute.command.len()),
            Request::Apply { records, .. } => self.check_records(records),
            Request::Fetch { keys, .. } => self.check_keys(keys),
            Request::Copy { after, until, .. } | Request::Compare { after, until, .. } => {
                after.iter().chain(until).try_for_each(|key| self.check_key(key))
            }
            Request::Offer { held, .. } => {
                check_count("records of a message", held.len(), self.records_max)?;
                held.iter().try_for_each(|(key, _)| self.check_key(key))
            }
            Request::Forward { plan, command, .. } => {
                check_plan(plan)?;
                self.check_command(command.len())
            }
            Request::Cancel { .. } | Request::Probe => Ok(()),
        }
    }

    fn check_response(&self, response: &Response) -> Result<(), WireError> {
        match response {
            Response::Executed { reply, seen } => {
                check_size("what a command read", seen.len(), self.seen_bytes_max)?;
                self.check_reply(reply.len())
            }
            Response::Fetched { records } => self.check_records(records),
            Response::Copied { records, upto, .. } => {
                upto.iter().try_for_each(|key| self.check_key(key))?;
                self.check_records(records)
            }
            Response::Lacking { keys } => self.check_keys(keys),
            Response::Forwarded(Ok(reply)) => self.check_reply(reply.len()),
            Response::Forwarded(Err(_))
            | Response::Superseded { .. }
            | Response::Applied
            | Response::Compared { .. }
            | Response::Alive
            | Response::Refused(_) => Ok(()),
        }
    }

    fn check_standing(&self, standing: &Standing) -> Result<(), WireError> {
        check_count("peers that are down", standing.down.len(), self.members_max)?;
        check_member(&standing.member)
    }

    fn check_ring(&self, ring: &Ring) -> Result<(), WireError> {
        for (what, count) in [
            ("members of a ring", ring.members().len()),
            ("voters of a ring", ring.voters().len()),
            ("deposed members of a ring", ring.deposed().len()),
        ] {
            check_count(what, count, self.members_max)?;
        }
        ring.members().iter().try_for_each(check_member)
    }

    fn check_word(&self, word: &Word) -> Result<(), WireError> {
        match word {
            Word::Promise { accepted: Some((_, ring)), .. } | Word::Accept { ring, .. } => {
                self.check_ring(ring)
            }
            Word::Promise { accepted: None, .. }
            | Word::Prepare { .. }
            | Word::Accepted { .. }
            | Word::Reject { .. } => Ok(()),
        }
    }

    fn check_command(&self, bytes: usize) -> Result<(), WireError> {
        check_size("a command", bytes, self.command_bytes_max)
    }

    fn check_reply(&self, bytes: usize) -> Result<(), WireError> {
        check_size("a reply", bytes, self.reply_bytes_max)
    }

    fn check_key(&self, key: &[u8]) -> Result<(), WireError> {
        check_size("a key", key.len(), self.key_bytes_max)
    }

    fn check_keys(&self, keys: &[Bytes]) -> Result<(), WireError> {
        check_count("keys of a message", keys.len(), self.records_max)?;
        keys.iter().try_for_each(|key| self.check_key(key))
    }

    fn check_records(&self, records: &[Entry]) -> Result<(), WireError> {
        check_count("records of a message", records.len(), self.records_max)?;
        records.iter().try_for_each(|Entry { key, record }| {
            self.check_key(key)?;
            let value_bytes = record.value.as_ref().map_or(0, Bytes::len);
            check_size("a value", value_bytes, self.value_bytes_max)
        })
    }
}

/// How many records, or keys, `message` has.
pub(crate) fn records_of(message: &Message) -> usize {
    match &message.body {
        Body::Request { request, .. } => match request {
            Request::Apply { records, .. } => records.len(),
            Request::Fetch { keys, .. } => keys.len(),
            Request::Offer { held, .. } => held.len(),
            Request::Execute(_)
            | Request::Copy { .. }
            | Request::Compare { .. }
            | Request::Forward { .. }
            | Request::Cancel { .. }
            | Request::Probe => 0,
        },
        Body::Response { response, .. } => match response {
            Response::Fetched { records } | Response::Copied { records, .. } => records.len(),
            Response::Lacking { keys } => keys.len(),
            Response::Executed { .. }
            | Response::Superseded { .. }
            | Response::Applied
            | Response::Compared { .. }
            | Response::Forwarded(_)
            | Response::Alive
            | Response::Refused(_) => 0,
        },
        Body::Leaving | Body::Standing(_) | Body::Ring(_) | Body::Chain(_) => 0,
    }
}

/// Refuses a member whose zone is no name, or whose address is none by its length.
pub(crate) fn check_member(member: &Member) -> Result<(), WireError> {
    if let Some(zone) = &member.zone {
        let bad_name = |reason| WireError::BadName { what: "a member's zone", reason };
        check_name(zone).map_err(bad_name)?;
    }
    check_size("a member's address", member.address.len(), ADDRESS_BYTES_MAX)
}

fn check_plan(plan: &Plan) -> Result<(), WireError> {
    in_range::<u8>("a plan's n", plan.n, 1, REPLICAS_MAX.into()).map(|_| ())
}
