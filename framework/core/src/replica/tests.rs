mod merging;
mod paging;
mod refusing;

use std::time::Duration;

use super::*;
use crate::app::{Apps, encode};
use crate::hlc::Stamp;
use crate::id::{NodeId, RequestId};
use crate::record::Freshness;
use crate::sample::{self, Note, entry, freshness, get, set, table_key_of, version};

const ID: RequestId = RequestId(1);

/// A replica of the only partition on one of four nodes, and what it says.
struct World {
    ring: Arc<Ring>,
    store: ReplicaStore,
    now: Now,
}

impl World {
    /// The replica of the owner `index`; the one after the owners is none.
    fn of(index: usize, is_blank: bool) -> Self {
        let ring = sample::ring(&["a", "b", "c", "d"]);
        let seat = ring.preference(PartitionId(0))[index];
        let table = Box::new(MemoryTable::new());
        let store = ReplicaStore::new(PartitionId(0), seat, table, sample::apps(), is_blank);
        let now = Now { wall: Wall(1_000), ..Now::default() };
        let mut world = Self { ring, store, now };
        world.tell(In::Ring(Arc::clone(&world.ring)));
        world
    }

    fn primary() -> Self {
        Self::of(0, false)
    }

    fn tell(&mut self, input: In) -> Vec<Out> {
        let mut out = Outbox::new();
        self.store.handle(self.now, input, &mut out);
        out.drain().collect()
    }

    /// What it answers to the owner `peer`.
    fn asked_by(&mut self, peer: usize, request: Request) -> Response {
        let from = Origin::Peer(self.ring.preference(PartitionId(0))[peer]);
        let input = In::Request { from, id: ID, epoch: Epoch(1), request };
        match self.tell(input).pop() {
            Some(Out::Answer { response, .. }) => response,
            other => panic!("{other:?} is no answer"),
        }
    }

    fn asked(&mut self, request: Request) -> Response {
        self.asked_by(1, request)
    }

    fn run(&mut self, note: &Note, stamp: Option<u64>) -> Response {
        self.asked(execute(note, stamp))
    }

    fn read(&mut self, key: &str) -> Option<u64> {
        match self.run(&get(key), None) {
            Response::Executed { reply, .. } => crate::app::decode(&reply).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    fn apply(&mut self, records: Vec<Entry>) -> Response {
        self.asked(Request::Apply { partition: PartitionId(0), records, as_primary: false })
    }

    fn copy(&mut self, after: Option<Bytes>) -> (Vec<Entry>, bool, bool) {
        match self.asked(Request::Copy { partition: PartitionId(0), after, node: None }) {
            Response::Copied { records, has_more, is_blank } => (records, has_more, is_blank),
            other => panic!("{other:?}"),
        }
    }

    fn pass(&mut self, span: Duration) {
        self.now = Now { tick: self.now.tick + span, wall: self.now.wall.after(span) };
        if self.store.deadline().is_some_and(|at| at <= self.now.tick) {
            self.store.wake(self.now, &mut Outbox::new());
        }
    }

    fn lead(&mut self, note: &Note, stamp: u64) -> Result<Led, Refusal> {
        let (app, command) = (AppId::of(sample::APP), encode(note));
        let input = In::Lead { id: ID, app, command, stamp: version(stamp) };
        match self.tell(input).pop() {
            Some(Out::Led { outcome, .. }) => outcome,
            other => panic!("{other:?} is no outcome"),
        }
    }
}

fn execute(note: &Note, stamp: Option<u64>) -> Request {
    Request::Execute(Execute {
        partition: PartitionId(0),
        app: AppId::of(sample::APP),
        command: encode(note),
        stamp: stamp.map(version),
        wants_seen: true,
    })
}

fn refused(refusal: Refusal) -> Response {
    Response::Refused(refusal)
}

fn expiring(key: &str, value: u64, stamp: u64, expires: u64) -> Entry {
    let mut entry = entry(key, value, stamp);
    entry.record.freshness.expires = expires;
    entry
}

#[test]
fn what_was_written_is_read() {
    let mut world = World::primary();
    assert!(matches!(world.run(&set("k", 5), Some(9)), Response::Executed { .. }));
    assert_eq!(world.read("k"), Some(5));
}

#[test]
fn an_answer_says_what_was_read_when_asked_to() {
    let mut world = World::primary();
    world.run(&set("k", 5), Some(9));
    let Response::Executed { seen, .. } = world.run(&get("k"), None) else { panic!() };
    let entries = crate::app::seen::entries(seen).unwrap();
    assert_eq!(entries, [(table_key_of("k"), freshness(9))]);
}

#[test]
fn an_answer_goes_to_who_asked() {
    let mut world = World::primary();
    let input = In::Request {
        from: Origin::Here,
        id: ID,
        epoch: Epoch(1),
        request: execute(&get("k"), None),
    };
    let [Out::Answer { to: Origin::Here, id: ID, .. }] = &world.tell(input)[..] else { panic!() };
}

#[test]
fn a_primary_stamps_past_what_it_holds() {
    let mut world = World::primary();
    world.apply(vec![entry("k", 1, 90)]);
    let led = world.lead(&Note::Add("k".into(), 2), 10).unwrap();
    assert_eq!(led.latest, Stamp(91));
    assert_eq!(led.records, [entry("k", 3, 91)]);
}

#[test]
fn a_key_written_twice_by_one_command_keeps_the_last_value() {
    let mut world = World::primary();
    let led = world.lead(&Note::Twice("k".into()), 10).unwrap();
    assert_eq!(led.records, [entry("k", 2, 10)]);
    assert_eq!(world.read("k"), Some(2));
}

#[test]
fn a_command_that_only_reads_leads_to_no_records() {
    let mut world = World::primary();
    assert_eq!(world.lead(&get("k"), 10).unwrap().records, []);
}
