//! Sessions over a node that answers when, and in the order in which, a test says.

mod one_by_one;
mod order;
mod store;
mod words;

use std::net::SocketAddr;
use std::time::Duration;

use peer_ring_core::failure::Failure;
use peer_ring_core::hlc::Stamp;
use peer_ring_core::id::{Epoch, NodeId};
use peer_ring_core::key::Partitions;
use peer_ring_core::record::Version;

use super::super::request::{Limits as ProtocolLimits, ProtocolError, RequestParser};
use super::*;
use crate::app::{Action, Command, Expiry, Found, Reply};
use crate::fronts::config::{Limits, RedisConfig};
use crate::namespace::{Namespace, Settings};

const NOW: u64 = 1_000_000;

/// A node that keeps what it is asked.
struct Fake {
    asked: Vec<(Tag, Action)>,
    partitions: Option<Partitions>,
}

impl Node for Fake {
    fn ask(&mut self, tag: Tag, command: &Command) {
        self.asked.push((tag, command.action.clone()));
    }

    fn wall(&self) -> Wall {
        Wall(NOW)
    }

    fn partitions(&self) -> Option<Partitions> {
        self.partitions
    }
}

/// A client that types, and a store that is played by the test.
struct World {
    session: Session<Fake>,
    waiting: Option<Request>,
}

impl World {
    fn new() -> Self {
        Self::with(roomy(), RedisConfig::default(), Settings::default())
    }

    fn with(limits: Limits, config: RedisConfig, settings: Settings) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], 6379));
        let metrics = Arc::new(super::super::metrics());
        let bounds = (limits, Duration::ZERO);
        let namespace = Namespace::default();
        let front = Front::new(&config, namespace, settings, bounds, address, metrics);
        let client = front.clients.enter(address, address);
        let node = Fake { asked: Vec::new(), partitions: Partitions::new(4) };
        Self { session: Session::new(Arc::new(front), client, node), waiting: None }
    }

    /// Types a line, and lets the session begin it if it will.
    fn types(&mut self, line: &str) -> &mut Self {
        self.sends(request(line))
    }

    fn sends(&mut self, request: Request) -> &mut Self {
        assert!(self.waiting.is_none(), "the one before still waits");
        self.waiting = Some(request);
        self.goes_on();
        self
    }

    /// Begins what waits, if there is room now.
    fn goes_on(&mut self) {
        while self.session.has_room()
            && let Some(request) = self.waiting.take()
        {
            match self.session.start(request) {
                Next::Wait(request) => {
                    self.waiting = Some(request);
                    return;
                }
                Next::Info(_) => self.session.say_info("# Server"),
                Next::Go | Next::Close => {}
            }
        }
    }

    /// What the store was asked and has not answered yet.
    fn asked(&mut self) -> Vec<Action> {
        self.session.asking.node.asked.iter().map(|(_, action)| action.clone()).collect()
    }

    /// Answers the `at`-th of what was asked.
    fn answers(&mut self, at: usize, answer: Answer) -> &mut Self {
        let (tag, _) = self.session.asking.node.asked.remove(at);
        self.session.answer(tag, answer);
        self.goes_on();
        self
    }

    /// What the client has been told since it was last looked at.
    fn told(&mut self) -> String {
        self.session.output.split().escape_ascii().to_string().replace("\\r\\n", " ")
    }
}

/// Limits under which values are taken to be small, so that many may be read at once.
fn roomy() -> Limits {
    Limits { value_bytes_max: 1_000, ..Limits::default() }
}

fn request(line: &str) -> Request {
    let limits = ProtocolLimits {
        arguments_max: 10_000,
        bulk_bytes_max: 1 << 24,
        inline_bytes_max: 1 << 24,
        request_bytes_max: 1 << 25,
    };
    let mut buffer = BytesMut::from(format!("{line}\n").as_bytes());
    RequestParser::new(limits).next(&mut buffer).unwrap().unwrap()
}

fn version(stamp: u64) -> Version {
    Version { epoch: Epoch(1), stamp: Stamp(stamp), node: NodeId(1) }
}

fn found(value: &'static str) -> Answer {
    expiring(value, None)
}

fn expiring(value: &'static str, expires: Option<u64>) -> Answer {
    let expires = expires.map(Expiry);
    Ok(Reply::Value(Some(Found { value: Bytes::from(value), version: version(7), expires })))
}

fn nothing() -> Answer {
    Ok(Reply::Value(None))
}

fn done(existed: bool) -> Answer {
    Ok(Reply::Done { version: version(8), existed })
}

fn not_met() -> Failure {
    Failure::QuorumNotMet { acked: 1, wanted: 2, may_have_happened: true }
}
