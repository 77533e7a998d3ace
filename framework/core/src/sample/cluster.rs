//! A cluster of shards whose messages a test delivers by hand.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::actor::{Actor, Now, Outbox, Wall};
use crate::app::{Plan, decode};
use crate::coordinator;
use crate::failure::Failure;
use crate::id::{CallerId, Desk, NodeId, PartitionId, Seat};
use crate::peer::{Body, Message};
use crate::ring::Ring;
use crate::sample::{self, Note, seat};
use crate::standing::Report;
use crate::transfer;
use crate::view::{Health, PeerHealth, PeerState, View};
use crate::wiring::{Shard, ShardIn, ShardOut, ShardSettings, desk_of, shard_of};

/// More letters than any test has a reason for.
const LETTERS_MAX: usize = 100_000;

/// Nodes on a network on which nothing moves but what a test delivers.
pub struct Cluster {
    pub ring: Arc<Ring>,
    pub now: Now,
    /// What was sent and not delivered yet, oldest first.
    pub wire: VecDeque<Letter>,
    /// The bounds of transfers at nodes that are started from now on.
    pub transfers: transfer::Settings,
    /// What shards have reported: whose, and what.
    pub reports: Vec<(Seat, Report)>,
    /// Who each node is.
    pub ids: BTreeMap<String, NodeId>,
    nodes: BTreeMap<Seat, Node>,
    down: BTreeSet<Seat>,
    replies: BTreeMap<CallerId, Vec<Result<Bytes, Failure>>>,
    callers: u64,
    starts: u64,
}

/// A message under way.
#[derive(Clone, Debug)]
pub struct Letter {
    pub from: Seat,
    pub to: Seat,
    pub message: Message,
}

struct Node {
    shards: Vec<Shard>,
    /// How far its wall clock is ahead.
    ahead: Duration,
}

impl Cluster {
    /// Nodes of one shard, one partition and no data, told of each other.
    pub fn new(members: &[&str]) -> Self {
        Self::with_shards(1, 1, members)
    }

    pub fn with_shards(partitions: u32, shards: u8, members: &[&str]) -> Self {
        let ids = members.iter().zip(1..).map(|(member, id)| sample::member(member, id));
        let mut cluster = Self {
            ring: sample::ring_from(partitions, 3, ids.collect()),
            transfers: transfer::Settings::default(),
            reports: Vec::new(),
            now: Now { wall: Wall(1_000_000), ..Now::default() },
            wire: VecDeque::new(),
            ids: BTreeMap::new(),
            nodes: BTreeMap::new(),
            down: BTreeSet::new(),
            replies: BTreeMap::new(),
            callers: 0,
            starts: 0,
        };
        for member in members {
            cluster.start(member, shards);
        }
        cluster.settle();
        cluster
    }

    /// Starts a node without data, in the place of the one that was there, whom it replaces in the
    /// ring.
    pub fn start(&mut self, member: &str, shards: u8) {
        let id = self.start_unnamed(member, shards);
        let seat = seat(member);
        let known = self.ring.member(seat);
        if known.is_some_and(|member| member.id != id) {
            self.decide(self.ring.replace(Wall::default(), &[sample::member(member, id.0)]));
        } else {
            self.push_view(seat);
        }
    }

    /// Starts a node without data that no ring names, and that is told of none.
    pub fn start_unnamed(&mut self, member: &str, shards: u8) -> NodeId {
        self.starts += 1;
        let seat = seat(member);
        let shard = |index| {
            Shard::in_memory(ShardSettings {
                seat,
                node: NodeId(self.starts),
                index,
                shards,
                partitions: self.ring.partitions(),
                coordinator: coordinator::Settings::default(),
                has_records: false,
                transfers: self.transfers.clone(),
                apps: sample::apps(),
            })
        };
        let shards: Vec<_> = (0..shards).map(shard).collect();
        self.nodes.insert(seat, Node { shards, ahead: Duration::ZERO });
        self.down.remove(&seat);
        self.ids.insert(member.into(), NodeId(self.starts));
        NodeId(self.starts)
    }

    /// Ends what [`Cluster::stop`] began; the node hears of the ring.
    pub fn come_back(&mut self, member: &str) {
        self.come_back_unaware(member);
        self.tell_ring(member);
    }

    /// Ends what [`Cluster::stop`] began; the node knows the ring that it knew then.
    pub fn come_back_unaware(&mut self, member: &str) {
        self.down.remove(&seat(member));
    }

    /// Lets `ring` be the next, and everybody know it at once who is there.
    pub fn decide(&mut self, ring: Ring) {
        self.ring = Arc::new(ring);
        let seats = self.nodes.keys().copied().filter(|seat| !self.down.contains(seat));
        seats.collect::<Vec<_>>().into_iter().for_each(|seat| self.push_view(seat));
    }

    /// Tells a node of the ring, and that all its members are there.
    pub fn tell_ring(&mut self, member: &str) {
        self.push_view(seat(member));
    }

    /// Tells the node on `seat` of the ring, and that all its members are there.
    pub fn push_view(&mut self, seat: Seat) {
        let line = |member: &crate::ring::Member| PeerHealth {
            seat: member.name.seat(),
            state: PeerState::Alive,
            id: None,
        };
        let health = Arc::new(Health::new(self.ring.members().iter().map(line).collect()));
        let view = View { ring: Some(Arc::clone(&self.ring)), health };
        for index in 0..self.nodes[&seat].shards.len() {
            self.tell(seat, index, ShardIn::View(view.clone()));
        }
    }

    /// Cuts a node off: nothing leaves it, and senders are told that nothing reaches it.
    pub fn stop(&mut self, member: &str) {
        self.down.insert(seat(member));
    }

    /// Puts the wall clock of a node ahead of the others'.
    pub fn set_ahead(&mut self, member: &str, ahead: Duration) {
        self.nodes.get_mut(&seat(member)).unwrap().ahead = ahead;
    }

    /// The name of an owner of the only partition, the primary first.
    pub fn owner(&self, index: usize) -> String {
        let seat = self.ring.owners(PartitionId(0), 3)[index];
        self.ring.member(seat).unwrap().name.to_string()
    }

    pub fn shard(&self, member: &str) -> &Shard {
        &self.shards(member)[0]
    }

    pub fn shards(&self, member: &str) -> &[Shard] {
        &self.nodes[&seat(member)].shards
    }

    /// Asks, and delivers nothing.
    pub fn ask(&mut self, member: &str, plan: Plan, note: &Note) -> CallerId {
        self.callers += 1;
        let caller = CallerId(self.callers);
        let ask = sample::ask(plan, note);
        let partition = self.ring.partition(ask.key);
        let shards = u8::try_from(self.nodes[&seat(member)].shards.len()).unwrap();
        let index = usize::from(shard_of(partition, shards));
        self.tell(seat(member), index, ShardIn::Ask { caller, ask });
        caller
    }

    /// Takes back what `caller` asked.
    pub fn abandon(&mut self, member: &str, caller: CallerId) {
        self.tell(seat(member), 0, ShardIn::Abandon(caller));
    }

    /// Asks, and delivers everything that follows. The answer.
    pub fn run(&mut self, member: &str, plan: Plan, note: &Note) -> Result<Option<u64>, Failure> {
        let caller = self.ask(member, plan, note);
        self.settle();
        self.reply(caller).expect("answered")
    }

    /// The answer to `caller`, who must not have got two.
    pub fn reply(&self, caller: CallerId) -> Option<Result<Option<u64>, Failure>> {
        let replies = self.replies.get(&caller)?;
        assert_eq!(replies.len(), 1, "one answer");
        Some(replies[0].clone().map(|reply| decode(&reply).unwrap()))
    }

    /// Delivers everything, and what follows from it, which must come to an end.
    pub fn settle(&mut self) {
        for _ in 0..LETTERS_MAX {
            match self.wire.pop_front() {
                Some(letter) => self.deliver(letter),
                None => return,
            }
        }
        panic!("nodes talk without end");
    }

    /// Delivers what `is_chosen` says and what follows from that; the rest stays.
    pub fn settle_where(&mut self, is_chosen: impl Fn(&Letter) -> bool) {
        while let Some(at) = self.wire.iter().position(&is_chosen) {
            let letter = self.wire.remove(at).unwrap();
            self.deliver(letter);
        }
    }

    pub fn deliver(&mut self, letter: Letter) {
        let Letter { from, to, message } = letter;
        if self.down.contains(&from) {
            return;
        }
        if self.down.contains(&to) {
            if let Body::Request { id, .. } = message.body
                && let Desk::Shard(index) = id.desk()
            {
                let undelivered = ShardIn::Undelivered { to, id, may_have_arrived: false };
                self.tell(from, usize::from(index), undelivered);
            }
            return;
        }
        self.tell_peer(Letter { from, to, message });
    }

    /// Delivers a letter come what may.
    pub fn tell_peer(&mut self, Letter { from, to, message }: Letter) {
        let shards = u8::try_from(self.nodes[&to].shards.len()).unwrap();
        if let Desk::Shard(index) = desk_of(&message, self.ring.partitions(), shards) {
            self.tell(to, usize::from(index), ShardIn::Peer { from, message });
        }
    }

    /// Lets time pass, and wakes whoever is due.
    pub fn pass(&mut self, span: Duration) {
        self.now.tick = self.now.tick + span;
        self.now.wall = self.now.wall.after(span);
        let seats: Vec<_> = self.nodes.keys().copied().collect();
        for seat in seats {
            for index in 0..self.nodes[&seat].shards.len() {
                let (now, mut out) = (self.now_at(seat), Outbox::new());
                let shard = &mut self.nodes.get_mut(&seat).unwrap().shards[index];
                if shard.deadline().is_some_and(|at| at <= now.tick) {
                    shard.wake(now, &mut out);
                }
                self.perform(seat, out);
            }
        }
    }

    fn now_at(&self, seat: Seat) -> Now {
        Now { wall: self.now.wall.after(self.nodes[&seat].ahead), ..self.now }
    }

    fn tell(&mut self, seat: Seat, index: usize, input: ShardIn) {
        let (now, mut out) = (self.now_at(seat), Outbox::new());
        self.nodes.get_mut(&seat).unwrap().shards[index].handle(now, input, &mut out);
        self.perform(seat, out);
    }

    fn perform(&mut self, from: Seat, mut out: Outbox<ShardOut>) {
        for order in out.drain() {
            match order {
                ShardOut::Send { to, message } => {
                    self.wire.push_back(Letter { from, to, message });
                }
                ShardOut::Report(report) => self.reports.push((from, report)),
                ShardOut::Reply { caller, result } => {
                    self.replies.entry(caller).or_default().push(result);
                }
            }
        }
    }
}
