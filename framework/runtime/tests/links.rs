//! Links that a node gives up, half-way or later: its peer learns of it.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use peer_ring::core::id::{ClusterId, Epoch};
use peer_ring::core::membership::Fact;
use peer_ring::discovery::{Facts, Source, SourceError};
use peer_ring::{App, Config, Key, Node, NodeId, NodeName, Plan, Records, Sighting};
use peer_ring_proto::grpc::{Peer, PeerServer};
use peer_ring_proto::hello::{Identity, Protocols, Welcome};
use peer_ring_proto::{Frame, RawFrame, WireVersion};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone)]
struct Nothing;

impl App for Nothing {
    const NAME: &'static str = "nothing";
    type Command = u64;
    type Reply = ();

    fn key(command: &u64) -> Key {
        Key::at(*command)
    }

    fn plan(&self, _: &u64) -> Plan {
        Plan::quorum(1, 1)
    }

    fn handle(&mut self, _: &mut Records<'_>, _: u64) {}
}

/// A source that says what a test says.
struct Told(mpsc::Receiver<Fact>);

impl Source for Told {
    fn run(mut self: Box<Self>, facts: Facts) -> BoxFuture<'static, Result<(), SourceError>> {
        async move {
            while let Some(fact) = self.0.recv().await {
                facts.say(fact).await;
            }
            facts.closed().await;
            Ok(())
        }
        .boxed()
    }
}

/// A peer that takes streams, and says hello back or says nothing.
struct Fake {
    answers: bool,
    /// Gets each stream that is opened.
    opened: mpsc::Sender<Streaming<RawFrame>>,
}

#[tonic::async_trait]
impl Peer for Fake {
    type LinkStream = BoxStream<'static, Result<RawFrame, Status>>;

    async fn link(
        &self,
        request: Request<Streaming<RawFrame>>,
    ) -> Result<Response<Self::LinkStream>, Status> {
        self.opened.send(request.into_inner()).await.unwrap();
        let identity = Identity {
            cluster: "peer-ring".to_owned(),
            name: name("n2"),
            node: NodeId(0xbad),
            incarnation: 1,
            protocols: Protocols::OURS,
            capabilities: BTreeSet::new(),
            ring_epoch: Epoch::default(),
            ring_fingerprint: 0,
            cluster_id: ClusterId::default(),
        };
        let welcome = Welcome { identity, protocol: WireVersion::NEWEST.number() };
        let welcome = Frame::Welcome(welcome).encode(WireVersion::NEWEST);
        let words = self.answers.then_some(Ok(welcome));
        Ok(Response::new(futures::stream::iter(words).chain(futures::stream::pending()).boxed()))
    }
}

impl Fake {
    /// Where it listens, and the streams that are opened to it.
    async fn start(answers: bool) -> (SocketAddr, mpsc::Receiver<Streaming<RawFrame>>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (opened, streams) = mpsc::channel(8);
        let server = tonic::transport::Server::builder()
            .add_service(PeerServer::new(Self { answers, opened }))
            .serve_with_incoming(TcpIncoming::from(listener));
        tokio::spawn(server);
        (address, streams)
    }
}

fn name(name: &str) -> NodeName {
    NodeName::new(name).unwrap()
}

/// A node that finds the peer n2 as it is told, and dials it by the order of names.
fn start() -> (Node<Nothing>, mpsc::Sender<Fact>) {
    let mut config = Config::new("n1").unwrap();
    config.listen = (Ipv4Addr::LOCALHOST, 0).into();
    config.links.connect_timeout = Duration::from_secs(600);
    let (tell, told) = mpsc::channel(8);
    let node = Node::builder().config(config).app(Nothing).discovery(Told(told)).launch().unwrap();
    (node, tell)
}

async fn seen(tell: &mpsc::Sender<Fact>, address: SocketAddr) {
    tell.send(Fact::Seen(Sighting::new(name("n2"), address.to_string()))).await.unwrap();
}

/// Takes the next stream that is opened, and the hello in it.
async fn greeted(streams: &mut mpsc::Receiver<Streaming<RawFrame>>) -> Streaming<RawFrame> {
    let mut stream = timeout(PATIENCE, streams.recv()).await.unwrap().unwrap();
    assert!(timeout(PATIENCE, stream.message()).await.unwrap().unwrap().is_some());
    stream
}

/// Waits until the stream has ended, whatever comes before.
async fn ends(mut stream: Streaming<RawFrame>) {
    let end = async { while let Ok(Some(_)) = stream.message().await {} };
    timeout(PATIENCE, end).await.expect("the other end is told");
}

#[actix_rt::test]
async fn an_attempt_that_is_given_up_half_way_ends_at_the_peer_too() {
    let (address, mut streams) = Fake::start(false).await;
    let (_node, tell) = start();
    seen(&tell, address).await;
    let both = [greeted(&mut streams).await, greeted(&mut streams).await];
    tell.send(Fact::Lost(name("n2"))).await.unwrap();
    for stream in both {
        ends(stream).await;
    }
}

#[actix_rt::test]
async fn a_link_to_where_a_peer_was_ends_when_it_is_elsewhere() {
    let (before, mut streams) = Fake::start(true).await;
    let (after, mut later) = Fake::start(false).await;
    let (node, tell) = start();
    seen(&tell, before).await;
    let both = [greeted(&mut streams).await, greeted(&mut streams).await];
    while node.handle().stats().await.links.len() < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    seen(&tell, after).await;
    greeted(&mut later).await;
    for stream in both {
        ends(stream).await;
    }
    assert_eq!(node.handle().stats().await.links.len(), 0, "nobody is linked at its new place");
}
