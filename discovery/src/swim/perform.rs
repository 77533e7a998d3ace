//! The performing half: a UDP socket, a clock, a resolver of names and a file of keys, around an
//! [`Agent`].

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::FutureExt;
use futures::future::BoxFuture;
use peer_ring_core::actor::{self, Actor, Now, Outbox, Wall};
use peer_ring_core::membership::{Fact, Sighting};
use peer_ring_discovery_core::swim::{Agent, Dropped, In, Keys, Out, Settings};
use rand::RngExt;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::keys_file::KeysFile;
use super::resolve::{Places, Resolved};
use crate::{BadSetting, Facts, Source, SourceError};

/// How often what lasts is complained of.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(10);

/// The pauses between attempts to find out where peers reach this node.
const RETRY_PAUSE: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_secs(5);

/// The source `swim`.
pub struct Swim {
    settings: Settings,
    own: Sighting,
    /// Where the keys are from that stand in the settings, if not from there.
    keys_file: Option<KeysFile>,
    dropped: watch::Sender<Dropped>,
}

impl Swim {
    /// Gossip of the node that says this of itself. Reads the file of keys, if there is one.
    ///
    /// # Errors
    /// [`BadSetting`] when it cannot work so.
    pub fn new(mut settings: Settings, own: Sighting) -> Result<Self, BadSetting> {
        settings.check(&own)?;
        let read = settings.keys_file.take().map(KeysFile::read).transpose()?;
        let (keys, keys_file) = read.unzip();
        if let Some(keys) = keys {
            settings.keys = keys.into_list();
        }
        Ok(Self { settings, own, keys_file, dropped: watch::Sender::default() })
    }

    /// How many datagrams were dropped so far, by why.
    #[must_use]
    pub fn dropped(&self) -> watch::Receiver<Dropped> {
        self.dropped.subscribe()
    }
}

impl Source for Swim {
    fn run(self: Box<Self>, facts: Facts) -> BoxFuture<'static, Result<(), SourceError>> {
        run(*self, facts).boxed()
    }
}

async fn run(swim: Swim, facts: Facts) -> Result<(), SourceError> {
    let Swim { settings, own, keys_file, dropped } = swim;
    let listen = settings.listen;
    let cannot = |reason| SourceError { source_name: "swim", reason };
    let cannot_bind =
        |error: io::Error| cannot(format!("listen: cannot bind UDP {listen}: {error}"));
    let socket = UdpSocket::bind(listen).await.map_err(cannot_bind)?;
    let bound = socket.local_addr().map_err(cannot_bind)?;
    let places = Places::new(&settings, &own, bound);
    let gossip = tokio::select! {
        biased;
        () = facts.closed() => return Ok(()),
        gossip = own_place(&places) => gossip,
    };
    let clock = Clock::new();
    let start = clock.now().wall.0;
    let seed = rand::rng().random();
    let agent = Agent::new(settings, own, gossip, start, seed);
    let agent = agent.map_err(|bad| cannot(bad.to_string()))?;
    tracing::info!(%gossip, "gossips");
    let performer = Performer {
        agent,
        socket,
        clock,
        start,
        places,
        resolving: None,
        keys: keys_file.map(KeysFile::follow),
        tell: teller(facts.clone()),
        dropped,
        lonely: Complaint::default(),
        dropping: Complaint::default(),
    };
    performer.run(facts).await;
    Ok(())
}

/// Where peers send gossip to this node, as soon as its name can be resolved.
async fn own_place(places: &Places) -> SocketAddr {
    let mut pause = *RETRY_PAUSE.start();
    let mut complaint = Complaint::default();
    loop {
        let resolved = places.clone().resolve().await;
        if let Some(own) = resolved.own(None) {
            return own;
        }
        let reason = resolved.failures;
        if complaint.is_due() {
            tracing::warn!(?reason, "swim cannot find out where peers reach this node");
        }
        let jitter = rand::rng().random_range(0.5..1.0);
        sleep(pause.mul_f64(jitter)).await;
        pause = (pause * 2).min(*RETRY_PAUSE.end());
    }
}

/// Says facts in order, while gossip goes on. No more wait than there were changes of the cluster.
fn teller(facts: Facts) -> mpsc::UnboundedSender<Fact> {
    let (tell, mut told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(fact) = told.recv().await {
            if !facts.say(fact).await {
                return;
            }
        }
    });
    tell
}

struct Performer {
    agent: Agent,
    socket: UdpSocket,
    clock: Clock,
    /// What was reported last.
    start: u64,
    places: Places,
    resolving: Option<BoxFuture<'static, Resolved>>,
    /// New keys, when they are from a file.
    keys: Option<mpsc::Receiver<Keys>>,
    tell: mpsc::UnboundedSender<Fact>,
    dropped: watch::Sender<Dropped>,
    lonely: Complaint,
    dropping: Complaint,
}

impl Performer {
    async fn run(mut self, facts: Facts) {
        let mut out = Outbox::new();
        let mut is_leaving = false;
        // A byte more than may come: what fills it is too long.
        let mut buffer = vec![0; self.places.datagram_bytes_max() + 1];
        loop {
            let input = tokio::select! {
                biased;
                () = facts.closed(), if !is_leaving => Some(In::Leave),
                () = self.clock.reaches(self.agent.deadline()) => None,
                resolved = finished(&mut self.resolving) => Some(self.resolved(resolved)),
                keys = next_keys(&mut self.keys) => Some(In::Keys(keys)),
                received = self.socket.recv_from(&mut buffer) => match received {
                    Ok((len, from)) => {
                        Some(In::Datagram { from, bytes: buffer[..len].to_vec() })
                    }
                    Err(error) => {
                        tracing::debug!(%error, "cannot receive gossip");
                        sleep(*RETRY_PAUSE.start()).await;
                        None
                    }
                },
            };
            is_leaving |= input == Some(In::Leave);
            let now = self.clock.now();
            match input {
                Some(input) => self.agent.handle(now, input, &mut out),
                None => self.agent.wake(now, &mut out),
            }
            if self.perform(&mut out).await {
                return;
            }
            self.report();
        }
    }

    /// Does what the agent asked for. Whether it has left.
    async fn perform(&mut self, out: &mut Outbox<Out>) -> bool {
        while let Some(order) = out.pop() {
            match order {
                Out::Send { to, bytes } => {
                    if let Err(error) = self.socket.send_to(&bytes, to).await {
                        tracing::debug!(%to, %error, "cannot send gossip");
                    }
                }
                // When nobody listens any more, the node leaves.
                Out::Fact(fact) => drop(self.tell.send(fact)),
                Out::Resolve if self.resolving.is_some() => {}
                Out::Resolve => self.resolving = Some(self.places.clone().resolve().boxed()),
                Out::Left => return true,
            }
        }
        false
    }

    /// Takes note of where this node is now, and tells where the seeds are.
    fn resolved(&mut self, resolved: Resolved) -> In {
        let own = resolved.own(Some(self.agent.identity().gossip()));
        let Resolved { seeds, failures, .. } = resolved;
        if self.agent.is_alone() && self.places.has_seeds() && self.lonely.is_due() {
            tracing::warn!(?seeds, ?failures, "swim is alone: no seed has answered yet");
        }
        match own {
            Some(own) if own != self.agent.identity().gossip() => {
                tracing::info!(%own, "peers reach this node's gossip at another address now");
                In::Moved(own)
            }
            Some(_) | None => In::Seeds(seeds),
        }
    }

    fn report(&mut self) {
        let start = self.agent.identity().start();
        if self.start != start {
            self.start = start;
            if self.agent.is_contested() {
                let name = self.agent.identity().sighting().name.as_str();
                tracing::warn!(
                    name,
                    start,
                    "declared dead in gossip time and again, and says that it lives: two nodes must \
                     not have one name, and datagrams must get here"
                );
            } else {
                tracing::info!(start, "says again in gossip that it lives, and where");
            }
        }
        let now = self.agent.dropped();
        let is_news = self.dropped.send_if_modified(|before| {
            let is_news = *before != now;
            *before = now;
            is_news
        });
        if is_news && self.dropping.is_due() {
            tracing::info!(dropped = ?now, "gossip that was dropped so far");
        }
    }
}

/// What is being resolved, once it is; never while nothing is.
async fn finished(resolving: &mut Option<BoxFuture<'static, Resolved>>) -> Resolved {
    let Some(future) = resolving else { return futures::future::pending().await };
    let resolved = future.await;
    *resolving = None;
    resolved
}

/// The next keys; never when there is nobody to tell them.
async fn next_keys(keys: &mut Option<mpsc::Receiver<Keys>>) -> Keys {
    match keys {
        Some(told) => match told.recv().await {
            Some(keys) => keys,
            None => futures::future::pending().await,
        },
        None => futures::future::pending().await,
    }
}

/// Says when it is time to complain again of what lasts.
#[derive(Default)]
struct Complaint(Option<Instant>);

impl Complaint {
    fn is_due(&mut self) -> bool {
        let now = Instant::now();
        let is_due = self.0.is_none_or(|last| now >= last + COMPLAINT_INTERVAL);
        if is_due {
            self.0 = Some(now);
        }
        is_due
    }
}

/// The node's clocks.
struct Clock(Instant);

impl Clock {
    fn new() -> Self {
        Self(Instant::now())
    }

    fn now(&self) -> Now {
        let nanos = u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let wall = Wall(u64::try_from(wall.as_millis()).unwrap_or(u64::MAX));
        Now { tick: actor::Instant(nanos), wall }
    }

    async fn reaches(&self, deadline: Option<actor::Instant>) {
        match deadline {
            Some(at) => sleep_until(self.0 + Duration::from_nanos(at.0)).await,
            None => futures::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests;
