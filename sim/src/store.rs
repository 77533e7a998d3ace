//! The key-value store as a subject: what peer-ring itself is tested with.

mod call;
mod mix;
mod settings;
pub mod topology;
mod words;

use std::num::NonZeroU8;

use bytes::{BufMut, Bytes, BytesMut};
use peer_ring_core::app;
use peer_ring_core::quorum::Need;
use peer_ring_kv::{Action, Command, Expiry, Kv, Namespace, Namespaces, Quorum, Reply};

pub use call::Call;
pub use mix::Mix;
pub use settings::Settings;
pub use topology::{Profile, Promise, Topology};

use crate::check::kept::Kept;
use crate::check::{self, Violation, durable};
use crate::faults::Kind;
use crate::history::{self, History};
use crate::journal::{Entry, Outcome};
use crate::plan::Planned;
use crate::random::Stream;
use crate::story::{KvWords, Words};
use crate::subject::{Asking, Caller, EntryOf, JournalOf, Sizes, Subject};
use crate::world::World;

/// The key-value store.
#[derive(Clone, Debug, Default)]
pub struct Store {
    /// Which clusters are drawn.
    pub profile: Profile,
    /// What clients ask.
    pub mix: Mix,
}

/// The name of a key, as the store knows it.
#[must_use]
pub fn key_name(key: u32) -> Bytes {
    Bytes::from(format!("key-{key}"))
}

impl Subject for Store {
    type App = Kv;
    type Call = Call;
    type Settings = Settings;
    type Memory = Kept;

    fn name(&self) -> &'static str {
        "kv"
    }

    fn draw(&self, stream: &mut Stream) -> (Sizes, Settings) {
        let topology = Topology::draw(self.profile, stream);
        let Topology { nodes, founders, replicas, n, r, w, shards, promise } = topology;
        (Sizes { nodes, founders, replicas, shards }, Settings { n, r, w, promise })
    }

    fn caller<'a>(&'a self, settings: &'a Settings, stream: &mut Stream) -> Caller<'a, Call> {
        let mix = self.mix.draw(settings.promise, stream);
        Box::new(move |stream| mix.call(stream))
    }

    fn app(&self, settings: &Settings) -> Kv {
        let count = |count| NonZeroU8::new(count).expect("settings have no zeros");
        let settings = peer_ring_kv::namespace::Settings {
            n: count(settings.n),
            r: Some(count(settings.r)),
            w: Some(count(settings.w)),
            ttl_ms: None,
        };
        Kv::new(Namespaces::new([(Namespace::default(), settings)].into()))
    }

    fn command(&self, settings: &Settings, call: &Call, asking: Asking) -> Command {
        let key = key_name(call.key());
        let (action, q) = match *call {
            Call::Get { .. } => (Action::Get { key }, None),
            Call::Audit { .. } => (Action::Get { key }, NonZeroU8::new(settings.n)),
            Call::Delete { .. } => (Action::Delete { key }, None),
            Call::Put { bytes, lives, .. } => {
                let expires = lives.map(|lives| Expiry(asking.wall.after(lives).0));
                (Action::Put { key, value: value(asking.id, bytes), expires }, None)
            }
        };
        let quorum = Quorum { n: None, q };
        Command { namespace: Namespace::default(), quorum, action }
    }

    fn plan(&self, settings: &Settings, plan: app::Plan) -> app::Plan {
        let is_unanimous = settings.promise == Promise::Linearizable && settings.w == settings.n;
        app::Plan { need: if is_unanimous { Need::All } else { plan.need }, ..plan }
    }

    fn holders(&self, settings: &Settings, replicas: u8) -> u8 {
        settings.n.min(replicas)
    }

    fn rules_out(&self, settings: &Settings, kind: Kind) -> bool {
        let loses_memory = matches!(kind, Kind::Crash | Kind::Upgrade | Kind::Replace);
        let is_churn = Kind::CHURN.contains(&kind);
        (loses_memory || is_churn) && settings.promise == Promise::Linearizable
    }

    fn last_calls(&self, _: &Settings, calls: &[Planned<Call>]) -> Vec<Call> {
        let mut keys: Vec<_> = calls.iter().map(|planned| planned.call.key()).collect();
        keys.sort_unstable();
        keys.dedup();
        keys.into_iter().map(|key| Call::Audit { key }).collect()
    }

    fn acknowledged(
        &self,
        settings: &Settings,
        kept: &mut Kept,
        world: &World,
        entry: &EntryOf<Self>,
    ) -> Result<(), Violation> {
        let operation = operation(entry);
        kept.see(&operation);
        let wanted = match entry.call {
            Call::Get { .. } | Call::Audit { .. } => settings.r,
            Call::Put { .. } | Call::Delete { .. } => settings.w,
        };
        durable::check(world, &operation, wanted)?;
        kept.check(world, operation.key, settings.w)
    }

    fn quiet(&self, settings: &Settings, kept: &Kept, world: &World) -> Result<(), Violation> {
        kept.check_all(world, settings.w)
    }

    fn judge(&self, settings: &Settings, journal: &JournalOf<Self>) -> Result<(), Violation> {
        let mut history = History::default();
        for entry in journal.entries() {
            history.begin(operation(entry));
        }
        check::history(&history, settings.promise)
    }

    fn write_call(&self, call: &Call) -> String {
        call.to_string()
    }

    fn read_call(&self, words: &str) -> Result<Call, String> {
        words::call(words).map_err(|wrong| wrong.0)
    }

    fn read_settings(&self, words: &str) -> Result<Settings, String> {
        words::settings(words).map_err(|wrong| wrong.0)
    }

    fn write_reply(&self, reply: &Reply) -> String {
        match reply {
            Reply::Value(Some(found)) => format!("found {}", number(&found.value)),
            Reply::Value(None) => "found nothing".to_owned(),
            Reply::Done { .. } => "ok".to_owned(),
            Reply::Keys(_) | Reply::Count(_) => format!("{reply:?}"),
        }
    }

    fn words(&self) -> Box<dyn Words + Send> {
        Box::new(KvWords)
    }

    fn simpler(&self, calls: &[Planned<Call>]) -> Vec<Vec<Planned<Call>>> {
        call::simpler(calls)
    }

    fn fit(&self, settings: &Settings, nodes: u8) -> Option<Settings> {
        let Settings { n, r, w, promise } = *settings;
        if nodes >= n {
            return Some(*settings);
        }
        // As many as answered of more still answer, or else as many as keep what is promised.
        let fewer = |count: u8| if count == n { nodes } else { count.min(nodes / 2 + 1) };
        let keeps_promise = r + w > n && w > n / 2;
        keeps_promise.then(|| Settings { n: nodes, r: fewer(r), w: fewer(w), promise })
    }
}

/// The value that the call with this number writes: the number, padded with dots.
fn value(id: u32, bytes: u32) -> Bytes {
    let bytes = (bytes as usize).max(8);
    let mut padded = BytesMut::with_capacity(bytes);
    padded.put_u64(id.into());
    padded.resize(bytes, b'.');
    padded.freeze()
}

/// The number of the call that wrote a value.
fn number(value: &[u8]) -> u64 {
    u64::from_be_bytes(*value.first_chunk().expect("a value begins with its number"))
}

/// An entry of the journal as the store's checkers see it.
fn operation(entry: &EntryOf<Store>) -> history::Operation {
    let Entry { id, client, node, call, wall, invoked, outcome } = entry;
    let key = call.key();
    let call = match *call {
        Call::Get { .. } | Call::Audit { .. } => history::Call::Get,
        Call::Delete { .. } => history::Call::Delete,
        Call::Put { lives, .. } => history::Call::Put {
            value: (*id).into(),
            expires: lives.map(|lives| wall.after(lives)),
        },
    };
    let outcome = match outcome {
        Outcome::Unknown => history::Outcome::Unknown,
        Outcome::Failed { returned, failure } => {
            history::Outcome::Failed { returned: *returned, failure: failure.clone() }
        }
        Outcome::Done { returned, earliest_wall, latest_wall, reply } => {
            let (returned, earliest_wall, latest_wall) = (*returned, *earliest_wall, *latest_wall);
            let (found, version) = match reply {
                Reply::Value(Some(found)) => (Some(number(&found.value)), found.version),
                Reply::Value(None) => (None, Default::default()),
                Reply::Done { version, .. } => (None, *version),
                Reply::Keys(_) | Reply::Count(_) => panic!("nobody asked for {reply:?}"),
            };
            history::Outcome::Done(history::Done {
                returned,
                latest_wall,
                earliest_wall,
                found,
                version,
            })
        }
    };
    history::Operation { client: *client, node: *node, key, call, invoked: *invoked, outcome }
}
