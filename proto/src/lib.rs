//! peer-ring's wire: what one node says to another, as bytes.
//!
//! `proto/peer/v1/peer.proto` is the format; this crate turns core's messages into it and back,
//! and trusts nothing that comes in: sizes and counts are checked against [`Limits`] before
//! anything is allocated for them, ranges and names before core sees them. It is pure: a link
//! gives a [`Packer`] what it has to send and takes [`RawFrame`]s from it, the other side gives
//! them to [`Frame::decode`]; who moves the bytes is not its business. Two nodes of different
//! releases speak the newest [`version`] that both know. What a node [keeps](kept) of all that on its
//! disk is here, too. With the feature `grpc`
//! there is also the service, in `grpc`.
//!
//! ```
//! use peer_ring_core::id::{Epoch, RequestId};
//! use peer_ring_core::peer::{Body, Message, Request};
//! use peer_ring_proto::{Frame, Limits, Packer, WireVersion, decode, encode};
//!
//! let limits = Limits::default();
//! let body = Body::Request { id: RequestId(1), request: Request::Probe };
//! let message = Message { epoch: Epoch(7), body };
//!
//! // One message by itself.
//! let version = WireVersion::NEWEST;
//! assert_eq!(decode(encode(&message, version), &limits)?, message);
//!
//! // What one turn of a link queued goes out as one frame.
//! let mut packer = Packer::new(&limits, version);
//! packer.push(message.clone())?;
//! packer.push(message.clone())?;
//! let raw = packer.pop().expect("two messages are waiting");
//! assert_eq!(Frame::decode(raw, version, &limits)?, Frame::Batch(vec![message.clone(), message]));
//! assert!(packer.is_empty());
//! # Ok::<(), peer_ring_proto::WireError>(())
//! ```

#![deny(missing_docs)]

mod checksum;
pub mod chunk;
pub mod error;
pub mod flight;
pub mod frame;
#[cfg(feature = "grpc")]
pub mod grpc;
pub mod hello;
pub mod kept;
pub mod limits;
pub mod message;
pub mod pack;
pub mod version;
mod walk;
pub mod wire;

pub use chunk::{Chunk, Reassembler};
pub use error::WireError;
pub use frame::{Frame, RawFrame};
pub use limits::Limits;
pub use message::{decode, encode, encoded_len};
pub use pack::Packer;
pub use version::WireVersion;
