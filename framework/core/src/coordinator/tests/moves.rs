//! Whatever the ring becomes and whoever knows of it when, nothing acknowledged is lost or doubled.

use proptest::prelude::*;

use super::*;
use crate::actor::Wall;
use crate::peer::Body;

const NODES: [&str; 4] = ["a", "b", "c", "d"];

/// What a test does next.
#[derive(Clone, Debug)]
enum Move {
    Ask {
        node: usize,
        kind: usize,
    },
    Deliver(usize),
    Drop(usize),
    Duplicate(usize),
    Pass(u64),
    /// The ring becomes another, which nobody is told of yet.
    Change(usize),
    /// A node learns the ring.
    Tell(usize),
    /// Everything is delivered.
    Settle,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let any_move = prop_oneof![
        4 => (0..4_usize, 0..4_usize).prop_map(|(node, kind)| Move::Ask { node, kind }),
        16 => any::<usize>().prop_map(Move::Deliver),
        1 => any::<usize>().prop_map(Move::Drop),
        2 => any::<usize>().prop_map(Move::Duplicate),
        2 => (1..40_u64).prop_map(Move::Pass),
        2 => any::<usize>().prop_map(Move::Change),
        4 => (0..4_usize).prop_map(Move::Tell),
        1 => Just(Move::Settle),
    ];
    prop::collection::vec(any_move, 1..400)
}

/// A command as its caller saw it.
struct Asked {
    caller: CallerId,
    kind: usize,
    value: u64,
    began: usize,
    ended: Option<usize>,
}

/// By kind: a write, a read, an increment, and a read of what was incremented.
fn command(kind: usize, value: u64) -> (Plan, Note) {
    match kind {
        0 => (Plan::quorum(3, 2), set("k", value)),
        1 => (Plan::read(3, 2), get("k")),
        2 => (Plan::owner(3, 2), Note::Add("n".into(), 1)),
        _ => (Plan::owner(3, 2), get("n")),
    }
}

impl Cluster {
    fn is_there(&self) -> bool {
        self.ring.members().iter().all(|member| {
            let progress = self.shard(member.name.as_str()).progress();
            progress.epoch == self.ring.epoch() && progress.pending == 0
        })
    }

    fn next_ring(&self, which: usize, all: &[crate::ring::Member]) -> Ring {
        let seat = all[which % all.len()].seat();
        match which / 4 % 4 {
            0 if self.ring.deposed().is_empty() => self.ring.depose(Wall(1), vec![seat]),
            0 => self.ring.depose(Wall(1), Vec::new()),
            1 if self.ring.is_moving() => self.ring.cancel(Wall(1)),
            _ if self.ring.is_moving() && self.is_there() => self.ring.settle(Wall(1)),
            _ if self.ring.is_moving() => self.ring.hold(Wall(1), !self.ring.is_held()),
            _ => {
                let everybody = self.ring.members().len() == all.len();
                let stays = |member: &&crate::ring::Member| !everybody || member.seat() != seat;
                let members = all.iter().filter(stays).cloned().collect();
                self.ring.begin(Wall(1), members).unwrap()
            }
        }
    }

    fn go_on(&mut self, next: &Move, all: &[crate::ring::Member]) {
        let under_way = self.wire.len();
        match *next {
            Move::Ask { .. } => {}
            Move::Pass(span) => self.pass(millis(span)),
            Move::Change(which) => self.ring = Arc::new(self.next_ring(which, all)),
            Move::Tell(node) => self.push_view(sample::seat(NODES[node])),
            Move::Settle => self.settle(),
            Move::Deliver(_) | Move::Drop(_) | Move::Duplicate(_) if under_way == 0 => {}
            Move::Deliver(which) => {
                let letter = self.wire.remove(which % under_way).unwrap();
                self.deliver(letter);
            }
            Move::Drop(which) => drop(self.wire.remove(which % under_way)),
            Move::Duplicate(which) => {
                let letter = self.wire[which % under_way].clone();
                let body = &letter.message.body;
                // What is forwarded is sent once.
                if !matches!(body, Body::Request { request: Request::Forward { .. }, .. }) {
                    self.wire.push_back(letter);
                }
            }
        }
    }

    fn rest_until_settled(&mut self) {
        for node in NODES {
            self.push_view(sample::seat(node));
        }
        for round in 0..2_000 {
            self.settle();
            self.pass(millis(10));
            if self.ring.is_moving() && self.is_there() {
                let ring = self.ring.settle(Wall(1));
                self.decide(ring);
            } else if !self.ring.is_moving() && round > 200 {
                return self.settle();
            }
        }
        panic!("the moves do not end");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn nothing_acknowledged_is_lost_or_doubled_while_the_ring_changes(moves in moves()) {
        let mut cluster = Cluster::new(&NODES);
        cluster.set_ahead("b", Duration::from_secs(60));
        let all = cluster.ring.members().to_vec();
        let mut asked: Vec<Asked> = Vec::new();
        for (at, next) in moves.iter().enumerate() {
            if let Move::Ask { node, kind } = *next {
                let value = asked.len() as u64;
                let (plan, note) = command(kind, value);
                let caller = cluster.ask(NODES[node], plan, &note);
                asked.push(Asked { caller, kind, value, began: at, ended: None });
            }
            cluster.go_on(next, &all);
            for one in &mut asked {
                let is_acknowledged = matches!(cluster.reply(one.caller), Some(Ok(_)));
                one.ended = one.ended.or(is_acknowledged.then_some(at));
            }
        }
        cluster.rest_until_settled();
        let last = moves.len();
        let reply = |cluster: &Cluster, one: &Asked| cluster.reply(one.caller).expect("answered");
        for one in &mut asked {
            if reply(&cluster, one).is_ok() {
                one.ended = one.ended.or(Some(last));
            }
        }
        let said = |cluster: &Cluster, one: &Asked| reply(cluster, one).ok().flatten();
        // Numbers only grow, in the order in which they were acknowledged or read.
        let numbers: Vec<_> = asked.iter().filter(|one| one.kind >= 2).collect();
        for one in numbers.iter().filter(|one| one.ended.is_some()) {
            for before in numbers.iter().filter(|it| it.ended.is_some_and(|end| end < one.began)) {
                let (then, now) = (said(&cluster, before), said(&cluster, one));
                let is_later = then < now || one.kind == 3 && then == now;
                prop_assert!(is_later, "{:?} {:?}", then, now);
            }
        }
        let adds: Vec<_> = asked.iter().filter(|one| one.kind == 2).collect();
        let mut sums: Vec<_> = adds.iter().filter_map(|one| said(&cluster, one)).collect();
        sums.sort_unstable();
        prop_assert!(sums.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", sums);
        let unknown = adds.iter().filter(|one| {
            reply(&cluster, one).is_err_and(|failure| failure.may_have_happened())
        });
        let unknown = unknown.count() as u64;
        let node = cluster.owner(0);
        let read = cluster.run(&node, Plan::read(3, 2), &get("n")).unwrap().unwrap_or(0);
        let acked = sums.len() as u64;
        prop_assert!(acked <= read && read <= acked + unknown, "{} {} {}", acked, read, unknown);
        // No read misses a write that was acknowledged before it began, nor returns one that
        // another has replaced.
        let writes: Vec<_> = asked.iter().filter(|one| one.kind == 0).collect();
        let may_be = |value: Option<u64>, began: usize| {
            let before: Vec<_> =
                writes.iter().filter(|it| it.ended.is_some_and(|ended| ended < began)).collect();
            let Some(value) = value else { return before.is_empty() };
            let write = writes.iter().find(|it| it.value == value).expect("was written");
            write.ended.is_none_or(|ended| before.iter().all(|it| it.began <= ended))
        };
        for read in asked.iter().filter(|one| one.kind == 1 && one.ended.is_some()) {
            prop_assert!(may_be(said(&cluster, read), read.began));
        }
        let read = cluster.run(&node, Plan::read(3, 2), &get("k")).unwrap();
        prop_assert!(may_be(read, last + 1));
    }
}
