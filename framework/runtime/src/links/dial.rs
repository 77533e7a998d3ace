//! Dialling: makes a link, keeps it, and makes it again when it breaks.

use std::time::Duration;

use futures::StreamExt;
use peer_ring_core::id::NodeName;
use peer_ring_core::peer::Lane;
use peer_ring_proto::Frame;
use peer_ring_proto::hello::{Goodbye, Hello, Purpose, Welcome, confirm};
use rand::RngExt;
use thiserror::Error;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout};
use tonic::Status;

use crate::links::read::{LinkEnd, pump};
use crate::links::table::MadeBy;
use crate::links::{Inbound, Links, Outbound, lock, spoken};
use crate::stop::{NodeFailure, Phase};

/// A link that lived for so long was a good one: the next is dialled without much pause.
const GOOD_LIFE: Duration = Duration::from_secs(5);

/// Why a link could not be made.
#[derive(Debug, Error)]
pub enum DialError {
    /// The address is none.
    #[error("{address:?} is no address: {source}")]
    Address {
        /// What was given for one.
        address: String,
        /// Why it is none.
        source: tonic::transport::Error,
    },
    /// Nobody could be connected to.
    #[error("cannot connect: {}", innermost(.0))]
    Connect(tonic::transport::Error),
    /// The connection did not become a link.
    #[error("the handshake failed: {}", .0.message())]
    Handshake(#[from] Status),
    /// It took too long.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    /// The peer refused this node.
    #[error("refused: {}", .0.text)]
    Refused(Goodbye),
    /// This node refused the peer.
    #[error("this node refuses: {0}")]
    WeRefuse(String),
    /// The peer said something else.
    #[error("the peer answered with something that is no handshake: {0}")]
    Odd(String),
}

/// A stream that was welcomed: a link, once that is judged.
pub(super) struct Made {
    pub(super) welcome: Welcome,
    outbound: Outbound,
    inbound: Inbound,
}

/// Does this until the node stops, or until it is told to stop.
pub(super) async fn until(
    links: &Links,
    mut stop: watch::Receiver<bool>,
    work: impl Future<Output = ()>,
) {
    let stopping = links.0.stopper.reached(Phase::Stopped);
    tokio::select! {
        biased;
        () = stopping => {}
        // Replaced by a dialler of another address, or no longer wanted.
        _ = stop.wait_for(|is_over| *is_over) => {}
        () = work => {}
    }
}

/// Keeps a link. It is made again after a pause, or when there is reason to `hurry`.
pub(super) async fn keep_dialling(
    links: &Links,
    peer: &NodeName,
    address: &str,
    lane: Lane,
    hurry: &Notify,
) {
    let settings = links.0.settings;
    let mut pause = settings.backoff_min;
    let mut complaint = Complaint::default();
    loop {
        // A peer that asked before this node knew its address has made a good one.
        while lock(&links.0.table).was_made_by_peer(peer.seat(), lane) {
            sleep(settings.backoff_max).await;
        }
        let started = Instant::now();
        match dial(links, peer, address, lane).await {
            Ok(made) => {
                complaint = Complaint::default();
                run(links, peer, lane, made).await;
            }
            Err(error) => {
                complaint.say(peer, address, lane, &error);
                links.weigh(peer, &error);
            }
        }
        pause = if started.elapsed() > GOOD_LIFE {
            settings.backoff_min
        } else {
            (pause * 2).min(settings.backoff_max)
        };
        let jitter = rand::rng().random_range(0.5..1.0);
        tokio::select! {
            biased;
            () = hurry.notified() => {}
            () = sleep(pause.mul_f64(jitter)) => {}
        }
    }
}

/// What was said last of why there is no link: it is said once, not at each attempt.
#[derive(Default)]
pub(super) struct Complaint(String);

impl Complaint {
    pub(super) fn say(&mut self, peer: &NodeName, address: &str, lane: Lane, error: &DialError) {
        let text = error.to_string();
        if text != self.0 {
            tracing::warn!(%peer, address, ?lane, error = text, "no link");
            self.0 = text;
        }
    }
}

impl Links {
    /// Stops the node when what keeps it from a link has lasted, and waiting does not mend it.
    pub(super) fn weigh(&self, peer: &NodeName, error: &DialError) {
        let mut standing = lock(&self.0.standing);
        let DialError::Refused(goodbye) = error else {
            return standing.not_reached(peer.seat());
        };
        let patience = self.0.settings.conflict_timeout;
        if standing.refused(peer.seat(), goodbye.code, patience) {
            let reason = goodbye.text.clone();
            self.0.stopper.fail(NodeFailure::Refused { peer: peer.clone(), reason });
        }
    }
}

/// Runs a link until it breaks, or until this is dropped.
pub(super) async fn run(links: &Links, peer: &NodeName, lane: Lane, made: Made) {
    let Made { welcome, outbound, mut inbound } = made;
    let number = links.up(&welcome.identity, lane, MadeBy::Us, &outbound);
    let version = outbound.version();
    let mut link = Running { links, peer, lane, number, outbound, end: LinkEnd::GivenUp };
    link.end = pump(links, peer.seat(), version, &mut inbound).await;
}

/// A link that stands, and is taken down when this is dropped.
struct Running<'a> {
    links: &'a Links,
    peer: &'a NodeName,
    lane: Lane,
    number: u64,
    outbound: Outbound,
    end: LinkEnd,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.outbound.close();
        self.links.down(self.peer, self.lane, self.number, &self.end);
    }
}

pub(super) async fn dial(
    links: &Links,
    peer: &NodeName,
    address: &str,
    lane: Lane,
) -> Result<Made, DialError> {
    let limit = links.0.settings.connect_timeout;
    let attempt = shake_hands(links, peer, address, lane);
    timeout(limit, attempt).await.unwrap_or(Err(DialError::TimedOut(limit)))
}

async fn shake_hands(
    links: &Links,
    peer: &NodeName,
    address: &str,
    lane: Lane,
) -> Result<Made, DialError> {
    let ours = links.identity();
    let hello = Hello { identity: ours.clone(), purpose: Purpose::Link(lane) };
    let made = greet(links, address, hello).await?;
    let welcome = &made.welcome;
    let accepted =
        confirm(&ours, welcome).map_err(|refusal| DialError::WeRefuse(refusal.to_string()))?;
    if welcome.identity.name != *peer {
        let text = format!("{peer} was expected there, and {} answered", welcome.identity.name);
        return Err(DialError::WeRefuse(text));
    }
    made.outbound.speak(spoken(accepted.protocol));
    Ok(made)
}

/// Connects to whoever is there, and says hello; what it answers is still to be judged.
pub(super) async fn greet(links: &Links, address: &str, hello: Hello) -> Result<Made, DialError> {
    let settings = &links.0.settings;
    let limits = &links.0.limits;
    let connection = links.0.carrier.connect(links, address).await?;
    let (outbound, frames) =
        Outbound::new(Frame::Hello(hello), settings.wire_max, limits, settings.queue_bytes_max);
    let mut inbound = connection.open(frames).await?;
    let Some(raw) = inbound.next().await.transpose()? else {
        return Err(DialError::Odd("nothing".to_owned()));
    };
    match Frame::decode_first(raw, limits) {
        Ok(Frame::Welcome(welcome)) => Ok(Made { welcome, outbound, inbound }),
        Ok(Frame::Goodbye(goodbye)) => Err(DialError::Refused(goodbye)),
        Ok(_) => Err(DialError::Odd("another frame".to_owned())),
        Err(error) => Err(DialError::Odd(error.to_string())),
    }
}

/// The text of the cause at the bottom: tonic's own says "transport error" and no more.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
