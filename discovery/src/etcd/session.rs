//! A session with one member of an etcd cluster: performs what the registry asks for.

use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::time::Duration;

use etcd_client::{
    Certificate, Client, ConnectOptions, Error, Event, EventType, GetOptions, Identity,
    LeaseKeepAliveStream, LeaseKeeper, PutOptions, TlsOptions, WatchOptions, WatchResponse,
    WatchStream,
};
use peer_ring_core::actor::Outbox;
use peer_ring_core::membership::{Fact, Sighting};
use peer_ring_discovery_core::announcement;
use peer_ring_discovery_core::etcd::{Change, Entry, In, Out, Registry};
use peer_ring_discovery_core::retry::Trouble;
use tokio::select;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until, timeout};

use super::Settings;
use super::trouble::{is_lease_gone, trouble};
use crate::Facts;
use crate::backend::{Backend, Health};
use crate::login;
use crate::rest::say_rest;

/// The longest time between two questions for the lease's life. They show as well that the server
/// hangs; pings of HTTP/2 would too, but etcd hangs up on who sends more than one in 5 s.
const BEAT_MAX: Duration = Duration::from_secs(5);

/// The longest answer that is taken in: a thousand announcements, each as long as one may be. What
/// gRPC takes by default is less than three values that somebody else may have put there.
const ANSWER_BYTES_MAX: usize = 1_000 * announcement::BYTES_MAX;

/// What connects, one endpoint after the other.
pub(super) struct Session {
    settings: Settings,
    own: Sighting,
    registry: Registry,
    /// Which endpoint is next.
    turn: usize,
    client: Option<Client>,
}

impl Session {
    pub fn new(settings: Settings, own: Sighting) -> Self {
        let registry = Registry::new(own.name.clone());
        Self { settings, own, registry, turn: 0, client: None }
    }

    async fn connect(&mut self) -> Result<Client, Trouble> {
        let endpoint = &self.settings.endpoints[self.turn % self.settings.endpoints.len()];
        self.turn += 1;
        let options = options(&self.settings)?;
        let client = in_time(&self.settings, Client::connect([endpoint], Some(options))).await;
        client.map_err(|error| trouble(endpoint, &error))
    }

    /// Works until something breaks. What was asked for then is left in `out`.
    async fn work(
        &mut self,
        out: &mut Outbox<Out>,
        facts: &Facts,
        health: &Health,
    ) -> Result<Infallible, Trouble> {
        announcement::check(&self.own).map_err(Trouble::Misconfigured)?;
        let client = self.connect().await?;
        self.client = Some(client.clone());
        let endpoint = &self.settings.endpoints[(self.turn - 1) % self.settings.endpoints.len()];
        let mut live =
            Live { client, settings: &self.settings, own: &self.own, lease: None, watch: None };
        self.registry.handle(In::Connected, out);
        loop {
            while let Some(order) = out.pop() {
                let input = live.perform(order, facts).await;
                if let Some(input) = input.map_err(|error| trouble(endpoint, &error))? {
                    self.registry.handle(input, out);
                }
            }
            health.good();
            let input = live.next().await.map_err(|error| trouble(endpoint, &error))?;
            self.registry.handle(input, out);
        }
    }
}

impl Backend for Session {
    const NAME: &'static str = "etcd";

    async fn attempt(&mut self, facts: &Facts, health: &Health) -> Trouble {
        let mut out = Outbox::new();
        match self.work(&mut out, facts, health).await {
            Ok(never) => match never {},
            Err(trouble) => {
                self.client = None;
                say_rest(&mut out, facts, fact).await;
                trouble
            }
        }
    }

    async fn goodbye(&mut self) {
        let Some(lease) = self.registry.lease() else { return };
        let client = match self.client.take() {
            Some(client) => Ok(client),
            None => self.connect().await,
        };
        let Ok(mut client) = client else { return };
        if let Err(error) = client.lease_revoke(lease).await {
            tracing::debug!(%error, "could not revoke the lease; it will run out");
        }
    }
}

fn fact(order: Out) -> Option<Fact> {
    if let Out::Say(fact) = order { Some(fact) } else { None }
}

/// Waits for an answer, whole, for as long as one may take: the client waits so for its beginning.
async fn in_time<T>(
    settings: &Settings,
    answer: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    match timeout(settings.timeout(), answer).await {
        Ok(answer) => answer,
        Err(_) => {
            let reason = format!("no answer within {} ms", settings.timeout_ms);
            Err(Error::IoError(io::Error::new(io::ErrorKind::TimedOut, reason)))
        }
    }
}

/// What is open of a session.
struct Live<'a> {
    client: Client,
    settings: &'a Settings,
    own: &'a Sighting,
    lease: Option<Kept>,
    watch: Option<WatchStream>,
}

/// A lease that is kept alive: etcd's client does not do that by itself.
struct Kept {
    keeper: LeaseKeeper,
    answers: LeaseKeepAliveStream,
    ticks: Interval,
    /// When the answer to the last question is due, while there is none.
    due: Option<Instant>,
}

impl Live<'_> {
    async fn perform(&mut self, order: Out, facts: &Facts) -> Result<Option<In>, Error> {
        let settings = self.settings;
        match order {
            Out::Say(fact) => {
                facts.say(fact).await;
                Ok(None)
            }
            Out::Grant => in_time(settings, self.grant()).await.map(Some),
            Out::Announce { lease } => in_time(settings, self.announce(lease)).await,
            Out::KeepAlive { lease } => in_time(settings, self.keep_alive(lease)).await,
            Out::List => in_time(settings, self.list()).await.map(Some),
            Out::Watch { from } => {
                in_time(settings, self.watch(from)).await?;
                Ok(None)
            }
            Out::Warn(warning) => {
                tracing::warn!(source = Session::NAME, "{warning}");
                Ok(None)
            }
        }
    }

    async fn grant(&mut self) -> Result<In, Error> {
        self.lease = None;
        let granted = self.client.lease_grant(self.settings.lease_ttl_s(), None).await?;
        Ok(In::Granted { lease: granted.id() })
    }

    async fn announce(&mut self, lease: i64) -> Result<Option<In>, Error> {
        let key = format!("{}{}", self.settings.prefix, self.own.name);
        let options = PutOptions::new().with_lease(lease);
        match self.client.put(key, announcement::write(self.own), Some(options)).await {
            Ok(put) => {
                let revision = put.header().map_or(0, etcd_client::ResponseHeader::revision);
                Ok(Some(In::Announced { revision }))
            }
            Err(error) if is_lease_gone(&error) => Ok(Some(In::LeaseLost)),
            Err(error) => Err(error),
        }
    }

    async fn keep_alive(&mut self, lease: i64) -> Result<Option<In>, Error> {
        match self.client.lease_keep_alive(lease).await {
            Ok((keeper, answers)) => {
                let third = Duration::from_millis(self.settings.lease_ttl_ms / 3);
                let mut ticks = interval(third.min(BEAT_MAX));
                ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
                self.lease = Some(Kept { keeper, answers, ticks, due: None });
                Ok(None)
            }
            Err(error) if is_lease_gone(&error) => Ok(Some(In::LeaseLost)),
            Err(error) => Err(error),
        }
    }

    async fn list(&mut self) -> Result<In, Error> {
        self.watch = None;
        let prefix = self.settings.prefix.as_str();
        let mut client = self.client.kv_client().max_decoding_message_size(ANSWER_BYTES_MAX);
        let mut got = client.get(prefix, Some(GetOptions::new().with_prefix())).await?;
        let revision = got.header().map_or(0, etcd_client::ResponseHeader::revision);
        let entries = got.take_kvs();
        let entries = entries.iter().map(|pair| Entry {
            name: after(prefix, pair.key()),
            value: pair.value().to_vec(),
            lease: pair.lease(),
        });
        Ok(In::Listed { revision, entries: entries.collect() })
    }

    async fn watch(&mut self, from: i64) -> Result<(), Error> {
        let options = WatchOptions::new().with_prefix().with_start_revision(from);
        let prefix = self.settings.prefix.as_str();
        let mut client = self.client.watch_client().max_decoding_message_size(ANSWER_BYTES_MAX);
        self.watch = Some(client.watch(prefix, Some(options)).await?);
        Ok(())
    }

    /// Waits for what happens next.
    async fn next(&mut self) -> Result<In, Error> {
        let timeout = self.settings.timeout();
        loop {
            select! {
                biased;
                message = next_change(&mut self.watch) => {
                    if let Some(input) = changed(&self.settings.prefix, message?)? {
                        return Ok(input);
                    }
                }
                answer = next_beat(&mut self.lease, timeout) => {
                    if answer? == Beat::Lost {
                        return Ok(In::LeaseLost);
                    }
                }
            }
        }
    }
}

async fn next_change(watch: &mut Option<WatchStream>) -> Result<Option<WatchResponse>, Error> {
    match watch {
        Some(watch) => watch.message().await,
        None => std::future::pending().await,
    }
}

fn changed(prefix: &str, message: Option<WatchResponse>) -> Result<Option<In>, Error> {
    let Some(message) = message else {
        return Err(Error::WatchError("the watch was closed".into()));
    };
    if message.canceled() {
        return match message.compact_revision() {
            0 => Err(Error::WatchError(format!("cancelled: {}", message.cancel_reason()))),
            _ => Ok(Some(In::Compacted)),
        };
    }
    let changes: Vec<Change> =
        message.events().iter().filter_map(|event| change(prefix, event)).collect();
    Ok((!changes.is_empty()).then_some(In::Changed(changes)))
}

fn change(prefix: &str, event: &Event) -> Option<Change> {
    let pair = event.kv()?;
    let name = after(prefix, pair.key());
    Some(match event.event_type() {
        EventType::Put => {
            Change::Put(Entry { name, value: pair.value().to_vec(), lease: pair.lease() })
        }
        EventType::Delete => Change::Delete { name, revision: pair.mod_revision() },
    })
}

fn after(prefix: &str, key: &[u8]) -> String {
    String::from_utf8_lossy(key.strip_prefix(prefix.as_bytes()).unwrap_or(key)).into_owned()
}

#[derive(PartialEq, Eq)]
enum Beat {
    Asked,
    Kept,
    Lost,
}

/// Asks for the lease's life when it is time, and hears the answer.
async fn next_beat(lease: &mut Option<Kept>, timeout: Duration) -> Result<Beat, Error> {
    let Some(Kept { keeper, answers, ticks, due }) = lease else {
        return std::future::pending().await;
    };
    let late = due.unwrap_or_else(|| Instant::now() + Duration::from_secs(3_600));
    select! {
        biased;
        answer = answers.message() => {
            *due = None;
            match answer {
                // A lease that has run out lives for another zero seconds.
                Ok(Some(answer)) if answer.ttl() > 0 => Ok(Beat::Kept),
                Ok(Some(_)) => Ok(Beat::Lost),
                Ok(None) => Err(Error::LeaseKeepAliveError("the stream was closed".into())),
                Err(error) => Err(error),
            }
        }
        () = sleep_until(late), if due.is_some() => {
            Err(Error::LeaseKeepAliveError("no answer in time".into()))
        }
        _ = ticks.tick() => {
            keeper.keep_alive().await?;
            *due = due.or(Some(Instant::now() + timeout));
            Ok(Beat::Asked)
        }
    }
}

fn options(settings: &Settings) -> Result<ConnectOptions, Trouble> {
    let mut options = ConnectOptions::new()
        .with_timeout(settings.timeout())
        .with_connect_timeout(settings.timeout())
        // A member that has lost its leader cuts the watch, instead of keeping quiet.
        .with_require_leader(true)
        // Tokens of etcd go stale when nothing is asked for some minutes.
        .with_auto_token_refresh(true);
    let login = login::read(settings.user.as_deref(), settings.password_file.as_deref())?;
    if let Some((user, password)) = login {
        options = options.with_user(user, password);
    }
    if let Some(ca) = &settings.ca_file {
        let mut tls = TlsOptions::new().ca_certificate(Certificate::from_pem(read("ca_file", ca)?));
        if let (Some(cert), Some(key)) = (&settings.cert_file, &settings.key_file) {
            tls =
                tls.identity(Identity::from_pem(read("cert_file", cert)?, read("key_file", key)?));
        }
        options = options.with_tls(tls);
    }
    Ok(options)
}

/// Files are read for each session, so that certificates may be renewed while the node runs.
fn read(field: &str, path: &Path) -> Result<Vec<u8>, Trouble> {
    std::fs::read(path).map_err(|error| {
        Trouble::Misconfigured(format!("{field}: cannot read {}: {error}", path.display()))
    })
}

#[cfg(test)]
mod tests;
