//! Rings change at random while letters are lost, late and doubled, and nodes forget; and nothing
//! that was acknowledged is lost.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::actor::Wall;
use crate::id::{CallerId, Seat};
use crate::ring::{Member, Ring};

const SEATS: [&str; 5] = ["a", "b", "c", "d", "e"];
const SEEDS: u64 = 60;
const STEPS: usize = 2_000;

/// Numbers that look random and follow from a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }
}

/// A value that was written, and during which steps.
struct Written {
    caller: CallerId,
    began: usize,
    acknowledged: Option<usize>,
}

/// Five nodes, of which the ring has two to five at any time.
struct Storm {
    cluster: Cluster,
    dice: Dice,
    /// By their values.
    writes: Vec<Written>,
    adds: Vec<CallerId>,
    /// What happened, for whoever reads a failure.
    log: Vec<String>,
}

impl Storm {
    fn new(seed: u64) -> Self {
        let mut cluster = Cluster::new(&SEATS[..3]);
        cluster.set_ahead("b", Duration::from_secs(30));
        for node in &SEATS[3..] {
            cluster.start_unnamed(node, 1);
        }
        let dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        Self { cluster, dice, writes: Vec::new(), adds: Vec::new(), log: vec![seed.to_string()] }
    }

    fn name_of(&self, seat: Seat) -> String {
        self.cluster.ring.member(seat).unwrap().name.to_string()
    }

    /// Who `member` is now.
    fn now_is(&self, member: &Member) -> Member {
        Member { id: self.cluster.ids[member.name.as_str()], ..member.clone() }
    }

    /// The members that are not who the ring says they are, as they are now.
    fn unnamed(&self) -> Vec<Member> {
        let members = self.cluster.ring.members().iter();
        members.map(|it| self.now_is(it)).filter(|it| !self.is_named(it.seat())).collect()
    }

    fn is_named(&self, seat: Seat) -> bool {
        let member = self.cluster.ring.member(seat);
        member.is_some_and(|member| member.id == self.cluster.ids[member.name.as_str()])
    }

    /// Whether no owner misses anything, so that one may lose everything.
    fn is_whole(&self) -> bool {
        self.cluster.ring.owners(PartitionId(0), 3).iter().all(|owner| {
            let mut replicas = self.cluster.shard(&self.name_of(*owner)).replicas();
            self.is_named(*owner) && replicas.all(|(_, replica)| !replica.is_blank())
        })
    }

    fn may_settle(&self) -> bool {
        let ring = &self.cluster.ring;
        ring.is_moving()
            && ring.target_seats().into_iter().all(|target| {
                let progress = self.cluster.shard(&self.name_of(target)).progress();
                let is_there = progress.epoch == ring.epoch() && progress.pending == 0;
                self.is_named(target) && is_there
            })
    }

    /// Lets `ring` be the next, of which nodes are told one by one.
    fn decide(&mut self, ring: Ring) {
        self.log.push(format!("{:?}: {}", ring.epoch(), ring.reason().as_str()));
        self.cluster.ring = Arc::new(ring);
    }

    fn step(&mut self, at: usize) {
        let node = SEATS[self.dice.roll(SEATS.len())];
        match self.dice.roll(40) {
            0..3 => {
                let value = self.writes.len() as u64;
                self.log.push(format!("{at}: set {value} at {node}"));
                let caller = self.cluster.ask(node, Plan::quorum(3, 2), &set("k", value));
                self.writes.push(Written { caller, began: at, acknowledged: None });
            }
            3..6 => {
                let add = Note::Add("sum".into(), 1);
                self.adds.push(self.cluster.ask(node, Plan::owner(3, 2), &add));
            }
            6 => self.cluster.pass(Duration::from_millis(20)),
            7 => self.cluster.pass(Duration::from_millis(200)),
            8 => self.cluster.tell_ring(node),
            9 | 10 if self.dice.roll(4) == 0 => self.change(),
            11 if self.dice.roll(4) == 0 && self.is_whole() => {
                self.log.push(format!("{at}: {node} forgets"));
                self.cluster.start_unnamed(node, 1);
                self.cluster.tell_ring(node);
            }
            _ => self.post(),
        }
        for (value, write) in self.writes.iter_mut().enumerate() {
            let is_done = matches!(self.cluster.reply(write.caller), Some(Ok(_)));
            if write.acknowledged.is_none() && is_done {
                self.log.push(format!("{at}: {value} is acknowledged"));
                write.acknowledged = Some(at);
            }
        }
    }

    /// Delivers one of the next letters; now and then twice, or not at all.
    fn post(&mut self) {
        let next = self.dice.roll(self.cluster.wire.len().clamp(1, 12));
        let Some(letter) = self.cluster.wire.remove(next) else {
            return;
        };
        match self.dice.roll(60) {
            0..3 => return,
            3 => self.cluster.wire.push_back(letter.clone()),
            _ => {}
        }
        self.cluster.deliver(letter);
    }

    fn change(&mut self) {
        let ring = Arc::clone(&self.cluster.ring);
        let unnamed = self.unnamed();
        match self.dice.roll(8) {
            0 | 1 if !unnamed.is_empty() => self.decide(ring.replace(Wall(1), &unnamed)),
            2..5 if ring.deposed().is_empty() => {
                let primary = ring.primary(PartitionId(0), 3);
                self.decide(ring.depose(Wall(1), vec![primary]));
            }
            2 => self.decide(ring.depose(Wall(1), Vec::new())),
            5 if ring.is_moving() && self.dice.roll(3) == 0 => self.decide(ring.cancel(Wall(1))),
            _ if self.may_settle() => self.decide(ring.settle(Wall(1))),
            _ if !ring.is_moving() || self.dice.roll(4) == 0 => self.begin(),
            _ => {}
        }
    }

    fn begin(&mut self) {
        let ring = Arc::clone(&self.cluster.ring);
        let out = [SEATS[self.dice.roll(5)], SEATS[self.dice.roll(5)]];
        let members = SEATS.into_iter().filter(|name| !out.contains(name)).map(|name| {
            let known = ring.member(seat(name)).cloned();
            known.unwrap_or_else(|| self.now_is(&Member::new(sample::name(name))))
        });
        let members: Vec<_> = members.collect();
        self.decide(ring.begin(Wall(1), members).unwrap());
    }

    /// Lets everything arrive, and what has begun come to its end, which it must.
    fn calm(&mut self) {
        for _ in 0..200 {
            SEATS.into_iter().for_each(|node| self.cluster.tell_ring(node));
            self.cluster.settle();
            self.cluster.pass(Duration::from_millis(200));
            self.cluster.settle();
            let ring = Arc::clone(&self.cluster.ring);
            let unnamed = self.unnamed();
            if !unnamed.is_empty() {
                self.decide(ring.replace(Wall(1), &unnamed));
            } else if self.may_settle() {
                self.decide(ring.settle(Wall(1)));
            } else if !ring.is_moving() && SEATS.iter().all(|node| self.is_at_rest(node)) {
                return;
            }
        }
        panic!("there is no end to it: {}", self.log.join("\n"));
    }

    fn is_at_rest(&self, node: &str) -> bool {
        let progress = self.cluster.shard(node).progress();
        (progress.epoch, progress.pending, progress.strays) == (self.cluster.ring.epoch(), 0, 0)
    }

    fn check(&mut self) {
        let log = self.log.join("\n");
        let ring = Arc::clone(&self.cluster.ring);
        let sums = self.sums();
        let is_one_more = sums.windows(2).all(|pair| pair[0] < pair[1]);
        assert!(is_one_more, "two were told the same sum: {sums:?}: {log}");
        for owner in ring.owners(PartitionId(0), 3) {
            let owner = self.name_of(*owner);
            let read = self.cluster.run(&owner, Plan::read(3, 2), &get("k")).unwrap();
            assert!(self.may_be_read(read), "{owner} reads {read:?}: {log}");
            let sum = self.cluster.run(&owner, Plan::read(3, 2), &get("sum")).unwrap();
            assert!(sum >= sums.last().copied(), "{sum:?} after {sums:?}: {log}");
        }
        for node in SEATS.into_iter().filter(|node| !ring.has_replica(PartitionId(0), seat(node))) {
            assert!(self.cluster.shard(node).stats().is_empty(), "{node} holds others': {log}");
        }
    }

    /// Whether no write began after the one that is read was acknowledged, and was so itself.
    fn may_be_read(&self, read: Option<u64>) -> bool {
        let acknowledged = |at: usize| self.writes[at].acknowledged;
        let Some(read) = read.map(|value| usize::try_from(value).unwrap()) else {
            return (0..self.writes.len()).all(|at| acknowledged(at).is_none());
        };
        // One that was not acknowledged may have taken effect at any time.
        acknowledged(read).is_none_or(|ended| {
            let is_later = |it: &Written| it.acknowledged.is_some() && it.began > ended;
            !self.writes.iter().any(is_later)
        })
    }

    /// What those were told who added one, in order.
    fn sums(&self) -> Vec<u64> {
        let replies = self.adds.iter().filter_map(|caller| self.cluster.reply(*caller)?.ok()?);
        let mut sums: Vec<_> = replies.collect();
        sums.sort_unstable();
        sums
    }
}

#[test]
fn nothing_acknowledged_is_lost_while_rings_change() {
    let (mut acknowledged, mut added, mut epochs) = (0, 0, 0);
    for seed in 1..=SEEDS {
        let mut storm = Storm::new(seed);
        (0..STEPS).for_each(|at| storm.step(at));
        storm.calm();
        storm.check();
        acknowledged += storm.writes.iter().filter(|it| it.acknowledged.is_some()).count();
        added += storm.sums().len();
        epochs += storm.cluster.ring.epoch().0;
    }
    // Else it has shown nothing.
    assert!(acknowledged > 500 && added > 500 && epochs > 500, "{acknowledged} {added} {epochs}");
}
