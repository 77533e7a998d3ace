//! The carrier: what streams of frames, of which links are made, go over. Production's is gRPC.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use futures::{FutureExt, Stream, StreamExt};
use peer_ring_proto::RawFrame;
use peer_ring_proto::grpc::PeerClient;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::links::outbound::End;
use crate::links::{DialError, Frames, Links};

/// Windows wide enough that a stream is bound by the processor, not by round trips.
const STREAM_WINDOW_BYTES: u32 = 4 * 1024 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 16 * 1024 * 1024;

/// Frames as they come over a link, or why none come any more.
pub type Inbound = Pin<Box<dyn Stream<Item = Result<RawFrame, Status>> + Send>>;

/// Connects to peers.
pub trait Carrier: Send + Sync + 'static {
    /// Connects to the peer at `address`.
    fn connect<'a>(
        &'a self,
        links: &'a Links,
        address: &'a str,
    ) -> BoxFuture<'a, Result<Box<dyn Connection>, DialError>>;
}

/// A connection to a peer, on which nothing was said yet.
pub trait Connection: Send {
    /// Opens a stream that carries `frames` to the peer, and what the peer says back. Dropping
    /// that, or the attempt before it is done, ends the stream.
    fn open(self: Box<Self>, frames: Frames) -> BoxFuture<'static, Result<Inbound, Status>>;
}

/// Streams of gRPC, each over a connection of its own.
pub struct Grpc;

impl Carrier for Grpc {
    fn connect<'a>(
        &'a self,
        links: &'a Links,
        address: &'a str,
    ) -> BoxFuture<'a, Result<Box<dyn Connection>, DialError>> {
        connect(links, address).boxed()
    }
}

async fn connect(links: &Links, address: &str) -> Result<Box<dyn Connection>, DialError> {
    let settings = &links.0.settings;
    let endpoint = Endpoint::from_shared(format!("http://{address}"));
    let endpoint = endpoint
        .map_err(|source| DialError::Address { address: address.to_owned(), source })?
        .connect_timeout(settings.connect_timeout)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(settings.keepalive)
        .keep_alive_timeout(settings.keepalive)
        .keep_alive_while_idle(true)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES);
    let channel = endpoint.connect().await.map_err(DialError::Connect)?;
    let limits = &links.0.limits;
    let client = PeerClient::new(channel)
        .max_decoding_message_size(limits.frame_bytes_max)
        .max_encoding_message_size(limits.frame_bytes_max);
    Ok(Box::new(client))
}

impl Connection for PeerClient<Channel> {
    fn open(mut self: Box<Self>, frames: Frames) -> BoxFuture<'static, Result<Inbound, Status>> {
        let end = frames.end();
        async move {
            let inbound = self.link(Request::new(frames)).await?.into_inner().boxed();
            Ok(Opened { inbound, _end: end }.boxed())
        }
        .boxed()
    }
}

/// What a peer says on a stream that this node opened. HTTP/2 keeps the stream open for as long as
/// frames may come, though nobody hears the answers, and the peer would hold it for a link.
struct Opened {
    inbound: Inbound,
    _end: End,
}

impl Stream for Opened {
    type Item = Result<RawFrame, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.inbound.poll_next_unpin(context)
    }
}
