//! Whatever the network does to messages, every command is answered once and nothing is left.

use proptest::prelude::*;

use super::*;

/// What a test does next.
#[derive(Clone, Debug)]
enum Move {
    Ask {
        node: usize,
        kind: usize,
        key: usize,
    },
    /// Deliver one of the messages under way, whichever.
    Deliver(usize),
    Drop(usize),
    Duplicate(usize),
    Pass(u64),
    /// The ring becomes another, which nobody is told of yet.
    Change(usize),
    /// A node learns the ring.
    Tell(usize),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let any_move = prop_oneof![
        2 => (0..3_usize, 0..5_usize, 0..2_usize)
            .prop_map(|(node, kind, key)| Move::Ask { node, kind, key }),
        8 => any::<usize>().prop_map(Move::Deliver),
        1 => any::<usize>().prop_map(Move::Drop),
        1 => any::<usize>().prop_map(Move::Duplicate),
        1 => (1..200_u64).prop_map(Move::Pass),
        1 => any::<usize>().prop_map(Move::Change),
        2 => (0..3_usize).prop_map(Move::Tell),
    ];
    prop::collection::vec(any_move, 1..120)
}

fn command(kind: usize, key: &str, value: u64) -> (Plan, Note) {
    match kind {
        0 => (Plan::quorum(3, 2), set(key, value)),
        1 => (Plan::quorum(3, 3), Note::Drop(key.into())),
        2 => (Plan::read(3, 2), get(key)),
        3 => (Plan::read(3, 3), get(key)),
        _ => (Plan::owner(3, 2), Note::Add(key.into(), 1)),
    }
}

const NODES: [&str; 3] = ["a", "b", "c"];

/// A write as its caller saw it.
struct Written {
    caller: CallerId,
    value: u64,
    began: usize,
    /// When it was acknowledged.
    ended: Option<usize>,
}

/// Whether a read that began after everything may return `value`: only what no acknowledged write
/// replaced that began when `value` had been acknowledged already.
fn may_be_read(value: Option<u64>, writes: &[Written]) -> bool {
    let acknowledged = || writes.iter().filter(|write| write.ended.is_some());
    let Some(value) = value else {
        return acknowledged().count() == 0;
    };
    let write = writes.iter().find(|write| write.value == value).expect("was written");
    write.ended.is_none_or(|ended| acknowledged().all(|other| other.began <= ended))
}

impl Cluster {
    /// Does something to one of the messages under way, if there is any.
    fn meddle(&mut self, next: &Move) {
        let under_way = self.wire.len();
        match *next {
            Move::Ask { .. } | Move::Change(_) | Move::Tell(_) => {}
            Move::Pass(span) => self.pass(millis(span)),
            Move::Deliver(_) | Move::Drop(_) | Move::Duplicate(_) if under_way == 0 => {}
            Move::Deliver(which) => {
                let letter = self.wire.remove(which % under_way).unwrap();
                self.deliver(letter);
            }
            Move::Drop(which) => drop(self.wire.remove(which % under_way)),
            Move::Duplicate(which) => {
                let letter = self.wire[which % under_way].clone();
                self.wire.push_back(letter);
            }
        }
    }

    /// Makes the ring another one.
    fn change(&mut self, which: usize) {
        let now = self.now.wall;
        let primary = self.ring.owners(PartitionId(0), 1)[0];
        self.ring = match which % 3 {
            0 if self.ring.is_moving() => Arc::new(self.ring.settle(now)),
            0 if self.ring.members().len() < NODES.len() => sample::begin_with(&self.ring, &NODES),
            0 => sample::begin_without(&self.ring, primary),
            1 if self.ring.deposed().is_empty() => Arc::new(self.ring.depose(now, vec![primary])),
            1 => Arc::new(self.ring.depose(now, Vec::new())),
            _ => Arc::new(self.ring.hold(now, !self.ring.is_held())),
        };
    }

    /// Delivers what is left, until every command has ended.
    fn calm(&mut self) {
        for _ in 0..3 {
            self.settle();
            self.pass(Duration::from_secs(2));
        }
        self.settle();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_command_is_answered_once_and_nothing_is_left(moves in moves()) {
        let mut cluster = Cluster::new(&NODES);
        cluster.set_ahead("b", millis(500));
        let mut callers = Vec::new();
        for next in &moves {
            if let Move::Ask { node, kind, key } = *next {
                let (plan, note) = command(kind, ["k", "l"][key], callers.len() as u64);
                callers.push(cluster.ask(NODES[node], plan, &note));
            }
            match *next {
                Move::Change(which) => cluster.change(which),
                Move::Tell(node) => cluster.push_view(sample::seat(NODES[node])),
                Move::Ask { .. }
                | Move::Deliver(_)
                | Move::Drop(_)
                | Move::Duplicate(_)
                | Move::Pass(_) => cluster.meddle(next),
            }
        }
        cluster.calm();
        for caller in callers {
            prop_assert!(cluster.reply(caller).is_some());
        }
        for node in NODES {
            let coordinator = cluster.shard(node).coordinator();
            prop_assert_eq!(coordinator.inflight(), 0);
            prop_assert_eq!(coordinator.bytes, 0);
            prop_assert!(coordinator.clients.is_empty());
            prop_assert_eq!(coordinator.deadline(), None);
        }
    }

    #[test]
    fn no_acknowledged_write_is_lost_however_far_clocks_are_apart(moves in moves()) {
        let mut cluster = Cluster::new(&NODES);
        cluster.set_ahead("b", Duration::from_secs(60));
        let mut writes: Vec<Written> = Vec::new();
        for (at, next) in moves.iter().enumerate() {
            if let Move::Ask { node, kind, .. } = *next {
                let value = writes.len() as u64;
                let plan = Plan::quorum(3, if kind == 0 { 3 } else { 2 });
                let caller = cluster.ask(NODES[node], plan, &set("k", value));
                writes.push(Written { caller, value, began: at, ended: None });
            }
            cluster.meddle(next);
            for write in &mut writes {
                let is_acknowledged = matches!(cluster.reply(write.caller), Some(Ok(_)));
                write.ended = write.ended.or(is_acknowledged.then_some(at));
            }
        }
        cluster.calm();
        for node in NODES {
            let read = cluster.run(node, Plan::read(3, 2), &get("k")).unwrap();
            prop_assert!(may_be_read(read, &writes));
        }
        // Who has asked all has brought all up to date: what one replica alone held is with all.
        let last = cluster.run("a", Plan::read(3, 3), &get("k"));
        for node in NODES {
            prop_assert_eq!(&cluster.run(node, Plan::read(3, 1), &get("k")), &last);
        }
    }
}
