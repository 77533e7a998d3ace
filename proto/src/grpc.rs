//! The gRPC service between nodes, with the feature `grpc`.
//!
//! On the wire it is the service of `proto/peer/v1/peer.proto`, open to any gRPC client. In here a
//! frame is a [`RawFrame`]: bytes as they came, which [`crate::Frame::decode`] checks against the
//! configured [`crate::Limits`] before anything is allocated. Set tonic's own limit on both ends
//! to [`crate::Limits::frame_bytes_max`] with `max_decoding_message_size`.

use bytes::{Buf, BufMut};
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

use crate::frame::RawFrame;

pub use stubs::peer_client::PeerClient;
pub use stubs::peer_server::{Peer, PeerServer};

mod stubs {
    #![allow(missing_docs, clippy::all, clippy::pedantic)]
    include!(concat!(env!("OUT_DIR"), "/grpc/peer_ring.peer.v1.rs"));
}

/// Passes the bytes of frames through.
#[derive(Clone, Copy, Debug, Default)]
pub struct RawCodec;

impl Codec for RawCodec {
    type Encode = RawFrame;
    type Decode = RawFrame;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for RawCodec {
    type Item = RawFrame;
    type Error = Status;

    fn encode(&mut self, RawFrame(bytes): RawFrame, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(bytes);
        Ok(())
    }
}

impl Decoder for RawCodec {
    type Item = RawFrame;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<RawFrame>, Status> {
        Ok(Some(RawFrame(from.copy_to_bytes(from.remaining()))))
    }
}
