mod laying_out;
mod merging;
mod paging;
mod refusing;

use std::time::Duration;

use super::*;
use crate::app::encode;
use crate::hlc::Stamp;
use crate::id::{NodeId, RequestId};
use crate::record::Freshness;
use crate::ring::Member;
use crate::sample::{self, Note, entry, freshness, get, set, table_key_of, version};

const ID: RequestId = RequestId(1);

/// A replica of the only partition on one of four nodes, and what it says.
struct World {
    ring: Arc<Ring>,
    store: ReplicaStore,
    now: Now,
}

impl World {
    /// The replica of the owner `index`; the one after the owners is none. A blank one has replaced
    /// another.
    fn of(index: usize, is_blank: bool) -> Self {
        let mut ring = sample::ring(&["a", "b", "c", "d"]);
        let seat = ring.preference(PartitionId(0))[index];
        let node = if is_blank { NodeId(5) } else { NodeId::default() };
        if is_blank {
            let back = Member { id: node, ..ring.member(seat).unwrap().clone() };
            ring = Arc::new(ring.replace(Wall::default(), &[back]));
        }
        let mut world = Self::new(seat, node, ring.clone());
        world.tell(In::Ring(ring));
        world
    }

    /// The replica of the node `node` on `seat`, before it is told of `ring`.
    fn new(seat: Seat, node: NodeId, ring: Arc<Ring>) -> Self {
        let table = Box::new(MemoryTable::new());
        let store = ReplicaStore::new(PartitionId(0), seat, node, table, sample::apps(), false);
        let now = Now { wall: Wall(1_000), ..Now::default() };
        Self { ring, store, now }
    }

    /// Since when its partition is laid out as it is.
    fn since(&self) -> Epoch {
        self.ring.since(PartitionId(0))
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
        let input = In::Request { from, id: ID, epoch: self.since(), request };
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

    /// A page for one that has nothing: its records, whether there are more, whether it is blank.
    fn copy(&mut self, after: Option<Bytes>) -> (Vec<Entry>, bool, bool) {
        let partition = PartitionId(0);
        match self.asked(Request::Copy { partition, after, until: None, digest: 0, node: None }) {
            Response::Copied { records, upto, is_blank } => (records, upto.is_some(), is_blank),
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
        let stamp = version(stamp);
        let input = In::Lead { id: ID, app, command, stamp, as_primary: true };
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
