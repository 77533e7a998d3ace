//! The receiving half of a link: frames in, inputs for the actors out.

use actix::Addr;
use actix::prelude::SendError;
use futures::StreamExt;
use peer_ring_core::id::{Desk, Seat};
use peer_ring_core::peer::Message;
use peer_ring_core::wiring::{ControlIn, ShardIn, desk_of};
use peer_ring_proto::{Frame, RawFrame, Reassembler, WireError, WireVersion, decode};
use thiserror::Error;
use tonic::Status;

use crate::links::{Inbound, Links};
use crate::shard_port::ShardShell;
use crate::shell::Inputs;

/// Why a link ended.
#[derive(Debug, Error)]
pub(super) enum LinkEnd {
    /// The peer closed it.
    #[error("closed by the peer")]
    Closed,
    /// The transport failed.
    #[error("{}", .0.message())]
    Transport(#[from] Status),
    /// The peer sent what cannot be taken.
    #[error("the peer sent {0}")]
    Wire(#[from] WireError),
    /// The peer sent a frame of the handshake again.
    #[error("the peer said hello or goodbye in the middle of a link")]
    OutOfTurn,
    /// This node's actors are gone.
    #[error("this node stops")]
    Stopping,
    /// This node dials the peer elsewhere, or not at all any more.
    #[error("given up by this node")]
    GivenUp,
}

/// Reads frames and hands their messages over until the link ends.
pub(super) async fn pump(
    links: &Links,
    from: Seat,
    version: WireVersion,
    frames: &mut Inbound,
) -> LinkEnd {
    let mut reassembler = Reassembler::new(&links.0.limits);
    loop {
        let raw = match frames.next().await {
            Some(Ok(raw)) => raw,
            None => return LinkEnd::Closed,
            Some(Err(status)) => return LinkEnd::Transport(status),
        };
        let messages = match unpack(links, raw, version, &mut reassembler) {
            Ok(messages) => messages,
            Err(end) => return end,
        };
        if hand_over(links, from, messages).await.is_err() {
            return LinkEnd::Stopping;
        }
    }
}

fn unpack(
    links: &Links,
    raw: RawFrame,
    version: WireVersion,
    reassembler: &mut Reassembler,
) -> Result<Vec<Message>, LinkEnd> {
    let limits = &links.0.limits;
    match Frame::decode(raw, version, limits)? {
        Frame::Batch(messages) => Ok(messages),
        Frame::Chunk(chunk) => match reassembler.push(chunk)? {
            Some(bytes) => Ok(vec![decode(bytes, limits)?]),
            None => Ok(Vec::new()),
        },
        Frame::Hello(_) | Frame::Welcome(_) | Frame::Goodbye(_) => Err(LinkEnd::OutOfTurn),
    }
}

/// The actor is gone.
struct Gone;

async fn hand_over(links: &Links, from: Seat, messages: Vec<Message>) -> Result<(), Gone> {
    let shards = &links.0.shards;
    let count = u8::try_from(shards.len()).expect("at most 254 shards");
    let mut inputs: Vec<Vec<ShardIn>> = shards.iter().map(|_| Vec::new()).collect();
    for message in messages {
        match desk_of(&message, links.0.partitions, count) {
            Desk::Shard(index) => {
                inputs[usize::from(index)].push(ShardIn::Peer { from, message });
            }
            Desk::Control => {
                let input = ControlIn::Peer { from, message };
                // Probes and the like: losing some to a full mailbox is like losing them on the way.
                if let Err(SendError::Closed(_)) = links.control().try_send(Inputs(vec![input])) {
                    return Err(Gone);
                }
            }
        }
    }
    for (shard, inputs) in shards.iter().zip(inputs) {
        if !inputs.is_empty() {
            give(shard, inputs).await?;
        }
    }
    Ok(())
}

/// Gives a shard its inputs; while its mailbox is full the link is not read on.
async fn give(shard: &Addr<ShardShell>, inputs: Vec<ShardIn>) -> Result<(), Gone> {
    match shard.try_send(Inputs(inputs)) {
        Ok(()) => Ok(()),
        Err(SendError::Closed(_)) => Err(Gone),
        Err(SendError::Full(inputs)) => shard.send(inputs).await.map_err(|_| Gone),
    }
}
