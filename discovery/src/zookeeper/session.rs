//! A session with ZooKeeper: performs what the roster asks for.

use std::convert::Infallible;
use std::time::Duration;

use futures::future::join_all;
use peer_ring_core::actor::Outbox;
use peer_ring_core::membership::{Fact, Sighting};
use peer_ring_discovery_core::announcement;
use peer_ring_discovery_core::retry::Trouble;
use peer_ring_discovery_core::zookeeper::{Entry, In, Out, Roster};
use tokio::select;
use tokio::time::{sleep, timeout};
use zookeeper_client::{
    Acl, Acls, AddWatchMode, AuthId, Client, CreateMode, Error, EventType, Permission,
    PersistentWatcher, SessionState, StateWatcher, WatchedEvent,
};

use super::{Access, Settings};
use crate::backend::{Backend, Health};
use crate::rest::say_rest;
use crate::{Facts, login};

/// How many children are read at once.
const READS_MAX: usize = 64;

/// The pause before what a broken connection interrupted is done again on the next one.
const RECONNECT_PAUSE: Duration = Duration::from_millis(50);

/// How many connections in a row may be lost over what is asked in them: then the session is given
/// up, and the next one waits its time.
const LOSSES_MAX: u32 = 3;

/// What opens one session after the other.
pub(super) struct Sessions {
    settings: Settings,
    own: Sighting,
    roster: Roster,
    client: Option<Client>,
}

impl Sessions {
    pub fn new(settings: Settings, own: Sighting) -> Self {
        let roster = Roster::new(own.name.clone());
        Self { settings, own, roster, client: None }
    }

    async fn open(&self) -> Result<Client, Trouble> {
        let session_timeout = self.settings.session_timeout();
        let mut connector = Client::connector().with_session_timeout(session_timeout);
        let Settings { user, password_file, .. } = &self.settings;
        if let Some((user, password)) = login::read(user.as_deref(), password_file.as_deref())? {
            connector = connector.with_auth("digest", format!("{user}:{password}").as_bytes());
        }
        let servers = self.settings.servers.join(",");
        match timeout(session_timeout, connector.connect(&servers)).await {
            Ok(Ok(client)) => Ok(client),
            Ok(Err(error)) => Err(trouble(&self.settings, &error)),
            Err(_) => Err(Trouble::Outage(format!("{servers}: no session in time"))),
        }
    }

    /// Works until the session is over. What was asked for then is left in `out`.
    async fn work(
        &mut self,
        out: &mut Outbox<Out>,
        facts: &Facts,
        health: &Health,
    ) -> Result<Infallible, Trouble> {
        announcement::check(&self.own).map_err(Trouble::Misconfigured)?;
        let client = self.open().await?;
        let mut live = Live {
            states: client.state_watcher(),
            client: client.clone(),
            settings: &self.settings,
            own: &self.own,
            watcher: None,
        };
        let session = client.session_id().0;
        self.client = Some(client);
        self.roster.handle(In::Opened { session }, out);
        let mut losses = 0;
        loop {
            while let Some(order) = out.pop() {
                match live.perform(order, facts).await {
                    Ok(Some(input)) => self.roster.handle(input, out),
                    Ok(None) => {}
                    // The session may live on; all that was asked is asked again in its next
                    // connection.
                    Err(Error::ConnectionLoss | Error::Timeout) if losses < LOSSES_MAX => {
                        losses += 1;
                        say_rest(out, facts, fact).await;
                        health.bad("the connection is lost");
                        live.connected().await.map_err(|it| trouble(&self.settings, &it))?;
                        self.roster.handle(In::Reconnected, out);
                    }
                    Err(error) => return Err(trouble(&self.settings, &error)),
                }
            }
            losses = 0;
            if live.is_connected() {
                health.good();
            }
            match live.next().await.map_err(|error| trouble(&self.settings, &error))? {
                Next::News(input) => self.roster.handle(input, out),
                Next::Disconnected => health.bad("the connection is lost"),
            }
        }
    }
}

impl Backend for Sessions {
    const NAME: &'static str = "zookeeper";

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

    /// Closing the session, which follows, would delete the znode too, but tells nobody when.
    async fn goodbye(&mut self) {
        let Some(client) = self.client.take().filter(|_| self.roster.is_registered()) else {
            return;
        };
        let path = path_of(&self.settings, self.own.name.as_str());
        let is_own = match client.check_stat(&path).await {
            Ok(Some(stat)) => stat.ephemeral_owner == client.session_id().0,
            Ok(None) | Err(_) => false,
        };
        if is_own && let Err(error) = client.delete(&path, None).await {
            tracing::debug!(%error, "could not delete the znode; it goes with the session");
        }
    }
}

fn fact(order: Out) -> Option<Fact> {
    if let Out::Say(fact) = order { Some(fact) } else { None }
}

/// What is open of a session.
struct Live<'a> {
    client: Client,
    states: StateWatcher,
    settings: &'a Settings,
    own: &'a Sighting,
    watcher: Option<PersistentWatcher>,
}

enum Next {
    News(In),
    Disconnected,
}

impl Live<'_> {
    async fn perform(&mut self, order: Out, facts: &Facts) -> Result<Option<In>, Error> {
        match order {
            Out::Say(fact) => {
                facts.say(fact).await;
                Ok(None)
            }
            Out::Register => self.register().await.map(Some),
            Out::Replace => self.replace().await.map(Some),
            Out::Watch => {
                // The client does not set it again by itself when it reconnects. The old one goes
                // after the new one stands, so that the server keeps the watch.
                let mode = AddWatchMode::PersistentRecursive;
                let watcher = self.client.watch(&self.settings.path, mode).await?;
                self.watcher = Some(watcher);
                Ok(None)
            }
            Out::List => self.list().await.map(Some),
            Out::Read { name } => Ok(self.read(name).await?.map(In::Read)),
            Out::Warn(warning) => {
                tracing::warn!(source = Sessions::NAME, "{warning}");
                Ok(None)
            }
        }
    }

    async fn register(&self) -> Result<In, Error> {
        let acls = acls(self.settings.access());
        let acls = Acls::new(&acls);
        self.client.mkdir(&self.settings.path, &CreateMode::Persistent.with_acls(acls)).await?;
        let path = path_of(self.settings, self.own.name.as_str());
        let value = announcement::write(self.own);
        let ephemeral = CreateMode::Ephemeral.with_acls(acls);
        match self.client.create(&path, &value, &ephemeral).await {
            Ok(_) => Ok(In::Registered),
            Err(Error::NodeExists) => match self.client.check_stat(&path).await? {
                Some(stat) => Ok(In::Taken { owner: stat.ephemeral_owner }),
                // It went in the meantime; the owner that is none makes way.
                None => Ok(In::Taken { owner: 0 }),
            },
            Err(error) => Err(error),
        }
    }

    async fn replace(&self) -> Result<In, Error> {
        let acls = acls(self.settings.access());
        let ephemeral = CreateMode::Ephemeral.with_acls(Acls::new(&acls));
        let path = path_of(self.settings, self.own.name.as_str());
        let value = announcement::write(self.own);
        match self.client.delete(&path, None).await {
            Ok(()) | Err(Error::NoNode) => {}
            Err(error) => return Err(error),
        }
        match self.client.create(&path, &value, &ephemeral).await {
            Ok(_) => Ok(In::Registered),
            Err(Error::NodeExists) => Ok(In::Taken { owner: 0 }),
            Err(error) => Err(error),
        }
    }

    async fn list(&self) -> Result<In, Error> {
        let names = self.client.list_children(&self.settings.path).await?;
        let mut entries = Vec::new();
        for names in names.chunks(READS_MAX) {
            let reads = join_all(names.iter().map(|name| self.read(name.clone()))).await;
            for entry in reads {
                entries.extend(entry?);
            }
        }
        Ok(In::Listed(entries))
    }

    /// A child as it is; `None` when it is gone, which the watch tells too.
    async fn read(&self, name: String) -> Result<Option<Entry>, Error> {
        match self.client.get_data(&path_of(self.settings, &name)).await {
            Ok((value, stat)) => Ok(Some(Entry { name, value, owner: stat.ephemeral_owner })),
            Err(Error::NoNode) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn is_connected(&self) -> bool {
        self.states.peek_state() == SessionState::SyncConnected
    }

    /// Waits until the session has a connection again.
    async fn connected(&mut self) -> Result<(), Error> {
        sleep(RECONNECT_PAUSE).await;
        let mut state = self.states.state();
        loop {
            match state {
                SessionState::SyncConnected => return Ok(()),
                SessionState::Disconnected | SessionState::ConnectedReadOnly => {}
                SessionState::AuthFailed => return Err(Error::AuthFailed),
                SessionState::Expired => return Err(Error::SessionExpired),
                SessionState::Closed => return Err(Error::ClientClosed),
            }
            state = self.states.changed().await;
        }
    }

    /// Waits for what happens next.
    async fn next(&mut self) -> Result<Next, Error> {
        loop {
            select! {
                biased;
                state = self.states.changed() => return match state {
                    SessionState::SyncConnected => Ok(Next::News(In::Reconnected)),
                    SessionState::Disconnected | SessionState::ConnectedReadOnly => {
                        Ok(Next::Disconnected)
                    }
                    SessionState::AuthFailed => Err(Error::AuthFailed),
                    SessionState::Expired => Err(Error::SessionExpired),
                    SessionState::Closed => Err(Error::ClientClosed),
                },
                event = next_event(&mut self.watcher) => {
                    if event.session_state.is_terminated() {
                        // It would panic when asked again; the state follows.
                        self.watcher = None;
                    } else if let Some(input) = news(&self.settings.path, &event) {
                        return Ok(Next::News(input));
                    }
                }
            }
        }
    }
}

async fn next_event(watcher: &mut Option<PersistentWatcher>) -> WatchedEvent {
    match watcher {
        Some(watcher) => watcher.changed().await,
        None => std::future::pending().await,
    }
}

fn news(path: &str, event: &WatchedEvent) -> Option<In> {
    let child = event.path.strip_prefix(path)?.strip_prefix('/')?;
    let name = (!child.contains('/')).then(|| child.to_owned())?;
    match event.event_type {
        EventType::NodeCreated | EventType::NodeDataChanged => Some(In::Touched { name }),
        EventType::NodeDeleted => Some(In::Deleted { name }),
        EventType::NodeChildrenChanged | EventType::Session => None,
    }
}

fn path_of(settings: &Settings, name: &str) -> String {
    format!("{}/{name}", settings.path)
}

fn acls(access: Access) -> Vec<Acl> {
    let anyone = |permission| Acl::new(permission, AuthId::anyone());
    let same_user = Acl::new(Permission::ALL, AuthId::authed());
    match access {
        Access::Open => vec![anyone(Permission::ALL)],
        Access::Creator => vec![same_user],
        Access::CreatorAndReaders => vec![same_user, anyone(Permission::READ)],
    }
}

fn trouble(settings: &Settings, error: &Error) -> Trouble {
    let servers = settings.servers.join(",");
    match error {
        Error::NoAuth | Error::AuthFailed | Error::InvalidAcl => Trouble::Refused(format!(
            "{servers}: {error}; the ACL of {} must let this node's user (user and password_file) \
             create, read and delete: setAcl {} digest:USER:HASH:cdrwa",
            settings.path, settings.path
        )),
        Error::BadArguments(reason) => Trouble::Misconfigured(format!("{servers}: {reason}")),
        Error::Unimplemented => Trouble::Refused(format!(
            "{servers}: {error}; ZooKeeper 3.6 or later is needed, for its persistent watches"
        )),
        other => Trouble::Outage(format!("{servers}: {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_children_of_the_path_are_news() {
        let news_of = |event, path: &str| news("/a/nodes", &WatchedEvent::new(event, path));
        let n1 = "n1".to_owned();
        let touched = In::Touched { name: n1.clone() };
        assert_eq!(news_of(EventType::NodeCreated, "/a/nodes/n1"), Some(touched));
        assert_eq!(news_of(EventType::NodeDeleted, "/a/nodes/n1"), Some(In::Deleted { name: n1 }));
        assert_eq!(news_of(EventType::NodeCreated, "/a/nodes"), None);
        assert_eq!(news_of(EventType::NodeCreated, "/a/nodes/n1/x"), None);
        assert_eq!(news_of(EventType::NodeCreated, "/a/nodesx/n1"), None);
    }
}
