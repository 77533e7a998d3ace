//! Accepting: the gRPC service that peers dial.

use std::time::Duration;

use futures::{StreamExt, stream};
use peer_ring_core::peer::Lane;
use peer_ring_proto::grpc::{Peer, PeerServer};
use peer_ring_proto::hello::{Accepted, Hello, HelloRefusal, Identity, Purpose, Welcome};
use peer_ring_proto::{Frame, RawFrame, WireVersion};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

use crate::links::read::{LinkEnd, pump};
use crate::links::table::MadeBy;
use crate::links::{Inbound, Links, Outbound, spoken};
use crate::stop::Phase;

/// Streams that one connection may open: one per lane, and one more while a link is replaced.
const STREAMS_MAX: u32 = 4;
const STREAM_WINDOW_BYTES: u32 = 4 * 1024 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 16 * 1024 * 1024;

/// Lets peers in until the node stops.
///
/// # Errors
/// When the listener cannot be used.
pub async fn listen(links: Links, listener: std::net::TcpListener) -> std::io::Result<()> {
    let incoming = TcpIncoming::from(TcpListener::from_std(listener)?).with_nodelay(Some(true));
    let stopped = links.0.stopper.reached(Phase::Stopped);
    let limits = &links.0.limits;
    let frame_bytes_max = limits.frame_bytes_max;
    let keepalive = links.0.settings.keepalive;
    let service = PeerServer::new(Acceptor { links })
        .max_decoding_message_size(frame_bytes_max)
        .max_encoding_message_size(frame_bytes_max);
    let server = Server::builder()
        .http2_keepalive_interval(Some(keepalive))
        .http2_keepalive_timeout(Some(keepalive))
        .max_concurrent_streams(Some(STREAMS_MAX))
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .add_service(service)
        .serve_with_incoming(incoming);
    tokio::select! {
        biased;
        () = stopped => Ok(()),
        outcome = server => outcome.map_err(std::io::Error::other),
    }
}

struct Acceptor {
    links: Links,
}

#[tonic::async_trait]
impl Peer for Acceptor {
    type LinkStream = Inbound;

    async fn link(
        &self,
        request: Request<Streaming<RawFrame>>,
    ) -> Result<Response<Inbound>, Status> {
        let from = request.remote_addr().map(|address| address.to_string()).unwrap_or_default();
        self.admit(&from, request.into_inner().boxed()).await.map(Response::new)
    }
}

impl Links {
    /// Lets a peer in that has opened a stream: what it says comes in, what it is told goes out.
    ///
    /// # Errors
    /// The status says what was wrong with its first word.
    pub async fn accept(&self, from: &str, inbound: Inbound) -> Result<Inbound, Status> {
        Acceptor { links: self.clone() }.admit(from, inbound).await
    }
}

impl Acceptor {
    async fn admit(&self, from: &str, mut inbound: Inbound) -> Result<Inbound, Status> {
        let hello = match self.first_word(&mut inbound).await {
            Ok(hello) => hello,
            Err(status) => {
                tracing::warn!(from, reason = status.message(), "a connection said no hello");
                return Err(status);
            }
        };
        let answer = match hello.purpose {
            Purpose::Link(lane) => self
                .links
                .judge(&hello, lane)
                .map(|accepted| self.welcome(hello.identity, lane, &accepted, inbound)),
            Purpose::Who => self.links.introduce(&hello.identity).map(last_word),
        };
        Ok(answer.unwrap_or_else(|refusal| {
            match &refusal {
                HelloRefusal::OursToDial { .. } => {
                    tracing::debug!(from, %refusal, "a peer is told to wait");
                }
                refusal => tracing::warn!(from, %refusal, "a peer is refused"),
            }
            last_word(Frame::Goodbye((&refusal).into()).encode(WireVersion::V1))
        }))
    }

    async fn first_word(&self, inbound: &mut Inbound) -> Result<Hello, Status> {
        let patience: Duration = self.links.0.settings.connect_timeout;
        let word = timeout(patience, inbound.next()).await;
        let word = word.map_err(|_| Status::deadline_exceeded("no hello in time"))?;
        let raw = word.ok_or_else(|| Status::invalid_argument("no hello"))??;
        match Frame::decode_first(raw, &self.links.0.limits) {
            Ok(Frame::Hello(hello)) => Ok(hello),
            Ok(_) => Err(Status::invalid_argument("the first frame must be a hello")),
            Err(error) => Err(Status::invalid_argument(error.to_string())),
        }
    }

    fn welcome(
        &self,
        peer: Identity,
        lane: Lane,
        accepted: &Accepted,
        mut inbound: Inbound,
    ) -> Inbound {
        let links = self.links.clone();
        let shared = &links.0;
        let (identity, protocol) = (links.identity(), accepted.protocol);
        let welcome = Frame::Welcome(Welcome { identity, protocol });
        let version = spoken(accepted.protocol);
        let (outbound, frames) =
            Outbound::new(welcome, version, &shared.limits, shared.settings.queue_bytes_max);
        let number = links.up(&peer, lane, MadeBy::Peer, &outbound);
        tokio::spawn(async move {
            let stopped = links.0.stopper.reached(Phase::Stopped);
            let end = tokio::select! {
                biased;
                () = stopped => LinkEnd::Stopping,
                end = pump(&links, peer.name.seat(), version, &mut inbound) => end,
            };
            outbound.close();
            links.down(&peer.name, lane, number, &end);
        });
        frames.map(Ok).boxed()
    }
}

/// An answer after which nothing comes.
fn last_word(frame: RawFrame) -> Inbound {
    stream::iter([Ok(frame)]).boxed()
}
