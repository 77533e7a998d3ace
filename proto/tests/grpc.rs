//! The service over a real socket, with the feature `grpc`.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::pin::Pin;

use bytes::Bytes;
use peer_ring_proto::grpc::{Peer, PeerClient, PeerServer};
use peer_ring_proto::{Limits, RawFrame};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_stream::{Stream, StreamExt, iter};
use tonic::transport::Server;
use tonic::{Code, Request, Response, Status, Streaming};

type Frames = Pin<Box<dyn Stream<Item = Result<RawFrame, Status>> + Send>>;

/// Sends every frame back.
struct Echo;

#[tonic::async_trait]
impl Peer for Echo {
    type LinkStream = Frames;

    async fn link(&self, frames: Request<Streaming<RawFrame>>) -> Result<Response<Frames>, Status> {
        Ok(Response::new(Box::pin(frames.into_inner())))
    }
}

/// What comes back of `sent` until the stream ends, and how it ended if it was not well.
async fn echo(sent: Vec<RawFrame>) -> (Vec<RawFrame>, Option<Code>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let bytes_max = Limits::default().frame_bytes_max;
    let service = PeerServer::new(Echo).max_decoding_message_size(bytes_max);
    let server = Server::builder().add_service(service);
    let server = tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    let mut client = PeerClient::connect(address).await.unwrap();
    let mut back = client.link(iter(sent)).await.unwrap().into_inner();
    let mut received = Vec::new();
    let code = loop {
        match back.next().await {
            Some(Ok(frame)) => received.push(frame),
            Some(Err(status)) => break Some(status.code()),
            None => break None,
        }
    };
    server.abort();
    (received, code)
}

#[tokio::test]
async fn frames_cross_a_stream_as_they_were() {
    let sizes = [0, 1, 100_000, Limits::default().frame_bytes_max];
    let sent: Vec<_> = sizes.map(|bytes| RawFrame(Bytes::from(vec![7; bytes]))).into();
    assert_eq!(echo(sent.clone()).await, (sent, None));
}

#[tokio::test]
async fn a_frame_over_the_limit_ends_the_stream() {
    let bytes = Limits::default().frame_bytes_max + 1;
    let (received, code) = echo(vec![RawFrame(Bytes::from(vec![7; bytes]))]).await;
    assert_eq!((received, code), (vec![], Some(Code::OutOfRange)));
}
