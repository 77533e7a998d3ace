use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::actor::Wall;
use crate::id::{CallerId, NodeId, NodeName};
use crate::key::Partitions;
use crate::membership::{self, Sighting};
use crate::peer::Message;
use crate::ring::Reason;
use crate::steward::{ChangeMode, Order};
use crate::wiring::{Control, ControlIn, ControlOut};

mod changes;
mod founding;
mod orders;
mod restarts;
mod storm;
mod uneasy_founding;

/// Control actors of a few nodes, all linked with each other but for those that are down; what
/// they say arrives in order. Their shards are whole as soon as they are asked.
struct Nodes {
    now: Now,
    nodes: BTreeMap<Seat, Node>,
    letters: VecDeque<(Seat, Seat, Message)>,
    answers: BTreeMap<CallerId, Result<Epoch, OrderRefused>>,
    left: BTreeSet<Seat>,
    /// Nodes whose replicas never have all they are to have.
    unready: BTreeSet<Seat>,
    expect: usize,
    partitions: u32,
    wire: u32,
    impossible: Option<NoRing>,
    /// What every node is told first.
    first_fact: Option<Fact>,
    /// Whether discovery names nobody.
    discovery_is_blind: bool,
    settings: steward::Settings,
    /// Whether a node that starts again is who it was, and has kept its votes.
    has_disks: bool,
    kept: BTreeMap<Seat, chain::State>,
    /// Whom no ring reaches.
    uninformed: Option<Seat>,
    /// Links that are broken.
    cut: BTreeSet<(Seat, Seat)>,
    /// Whether what is to be kept takes a while.
    keeps_late: bool,
    to_keep: Vec<(Seat, u64, chain::State)>,
    /// Who ordered something, and where.
    callers: Vec<(Seat, CallerId)>,
    ids: u64,
    /// All clusters that there ever were.
    clusters: BTreeSet<ClusterId>,
}

struct Node {
    control: Control,
    id: NodeId,
    ring: Option<Arc<Ring>>,
    rings: Vec<Arc<Ring>>,
    is_down: bool,
}

fn name(text: &str) -> NodeName {
    NodeName::new(text).unwrap()
}

fn seat(text: &str) -> Seat {
    name(text).seat()
}

impl Nodes {
    fn new(expect: usize) -> Self {
        Self {
            now: Now::default(),
            nodes: BTreeMap::new(),
            letters: VecDeque::new(),
            answers: BTreeMap::new(),
            left: BTreeSet::new(),
            unready: BTreeSet::new(),
            expect,
            partitions: 8,
            wire: 2,
            impossible: None,
            first_fact: None,
            discovery_is_blind: false,
            settings: steward::Settings { alone_for: Duration::ZERO, ..Default::default() },
            has_disks: false,
            kept: BTreeMap::new(),
            uninformed: None,
            cut: BTreeSet::new(),
            keeps_late: false,
            to_keep: Vec::new(),
            callers: Vec::new(),
            ids: 0,
            clusters: BTreeSet::new(),
        }
    }

    fn founded(names: &[&str]) -> Self {
        let mut nodes = Self::new(names.len());
        for name in names {
            nodes.start(name);
        }
        nodes.pass(Duration::from_millis(100));
        assert_eq!(nodes.epoch(names[0]), Epoch(1));
        nodes
    }

    fn start(&mut self, text: &str) {
        self.begin(text);
        self.deliver();
    }

    fn link_two(&mut self, one: Seat, other: Seat) {
        let is_cut = self.cut.contains(&(one.min(other), one.max(other)));
        let id = |seat| self.nodes.get(&seat).filter(|node| !node.is_down).map(|node| node.id);
        if let (false, Some(id), Some(other_id)) = (is_cut, id(one), id(other)) {
            self.tell(one, ControlIn::LinkUp { seat: other, id: other_id });
            self.tell(other, ControlIn::LinkUp { seat: one, id });
        }
    }

    /// Starts a node; nothing that it says arrives yet.
    fn begin(&mut self, text: &str) {
        self.ids += 1;
        let here = seat(text);
        self.to_keep.retain(|it| it.0 != here);
        let before = self.nodes.get(&here).filter(|_| self.has_disks);
        let id = before.map_or(NodeId(self.ids), |node| node.id);
        let kept = self.kept.get(&here).filter(|_| self.has_disks).cloned();
        let ring = Settings {
            partitions: Partitions::new(self.partitions).unwrap(),
            replicas: 3,
            ..Settings::default()
        };
        let control = Control::new(ControlSettings {
            me: Member { id, vote: id, ..Member::new(name(text)) },
            founding: ClusterId(self.ids),
            membership: membership::Settings::default(),
            ring,
            steward: steward::Settings { bootstrap_expect: self.expect, ..self.settings.clone() },
            wire: self.wire,
            shards: 1,
            kept: kept.unwrap_or_default(),
        });
        self.forget_links(here);
        let node = Node { control, id, ring: None, rings: Vec::new(), is_down: false };
        self.nodes.insert(here, node);
        if let Some(fact) = self.first_fact.clone() {
            self.tell(here, ControlIn::Fact(fact));
        }
        let mut seen: Vec<_> = self.up().collect();
        seen.retain(|it| *it != here && !self.discovery_is_blind);
        let names = self.names_of(&seen);
        for found in names.into_iter().chain([name(text)]) {
            let found = Sighting::new(found.clone(), found.as_str());
            self.tell(here, ControlIn::Fact(Fact::Seen(found)));
        }
        self.link(here);
        self.tell(here, ControlIn::Fact(Fact::Settled));
    }

    fn link(&mut self, here: Seat) {
        let others: Vec<_> = self.up().filter(|other| *other != here).collect();
        for other in others {
            self.link_two(here, other);
        }
    }

    fn names_of(&self, seats: &[Seat]) -> Vec<NodeName> {
        let named =
            |it: &Seat| self.nodes[it].control.ring_view().known().own().member.name.clone();
        seats.iter().map(named).collect()
    }

    fn up(&self) -> impl Iterator<Item = Seat> {
        self.nodes.iter().filter(|(_, node)| !node.is_down).map(|(seat, _)| *seat)
    }

    fn forget_links(&mut self, gone: Seat) {
        let others: Vec<_> = self.up().filter(|other| *other != gone).collect();
        for other in others {
            self.tell(other, ControlIn::LinkDown { seat: gone });
        }
    }

    fn stop(&mut self, text: &str) {
        let gone = seat(text);
        self.nodes.get_mut(&gone).unwrap().is_down = true;
        self.forget_links(gone);
        self.deliver();
    }

    fn tell(&mut self, to: Seat, input: ControlIn) {
        let mut out = Outbox::new();
        let Some(node) = self.nodes.get_mut(&to).filter(|node| !node.is_down) else {
            return;
        };
        node.control.handle(self.now, input, &mut out);
        self.perform(to, out);
    }

    fn perform(&mut self, at: Seat, mut out: Outbox<ControlOut>) {
        for order in out.drain() {
            match order {
                ControlOut::Send { to, .. } if self.cut.contains(&(at.min(to), at.max(to))) => {}
                ControlOut::Send { to, message } => self.letters.push_back((at, to, message)),
                ControlOut::View(view) => self.see(at, view.ring),
                ControlOut::Keep { number, state } if self.keeps_late => {
                    self.to_keep.push((at, number, state));
                }
                ControlOut::Keep { number, state } => {
                    self.kept.insert(at, state);
                    self.tell(at, ControlIn::Kept(number));
                }
                ControlOut::Answer { caller, result } => {
                    self.answers.insert(caller, result);
                }
                ControlOut::Left => {
                    self.left.insert(at);
                }
                ControlOut::Impossible(why) => self.impossible = Some(why),
                ControlOut::Connect { .. } | ControlOut::Disconnect { .. } => {}
            }
        }
    }

    fn see(&mut self, at: Seat, ring: Option<Arc<Ring>>) {
        let node = self.nodes.get_mut(&at).unwrap();
        let Some(ring) = ring.filter(|ring| node.ring.as_ref() != Some(ring)) else {
            return;
        };
        self.clusters.insert(ring.cluster());
        node.rings.push(Arc::clone(&ring));
        node.ring = Some(Arc::clone(&ring));
        let pending = u32::from(self.unready.contains(&at));
        let progress = Progress { epoch: ring.epoch(), pending, strays: 0, bytes: 1_000 };
        self.tell(at, ControlIn::Shard { index: 0, report: Report::Progress(progress) });
    }

    fn deliver(&mut self) {
        while let Some((from, to, message)) = self.letters.pop_front() {
            let is_lost = matches!(message.body, Body::Ring(_)) && self.uninformed == Some(to);
            if !self.nodes[&from].is_down && !is_lost {
                self.tell(to, ControlIn::Peer { from, message });
            }
        }
    }

    /// Lets time pass, in small steps.
    fn pass(&mut self, span: Duration) {
        let end = self.now.tick + span;
        while self.now.tick < end {
            self.tick();
            self.deliver();
        }
    }

    /// Lets a moment pass.
    fn tick(&mut self) {
        self.now.tick = self.now.tick + Duration::from_millis(10);
        self.now.wall = Wall(self.now.tick.0 / 1_000_000);
        let up: Vec<_> = self.up().collect();
        for seat in up {
            let mut out = Outbox::new();
            let control = &mut self.nodes.get_mut(&seat).unwrap().control;
            if control.deadline().is_some_and(|at| at <= self.now.tick) {
                control.wake(self.now, &mut out);
            }
            self.perform(seat, out);
        }
    }

    fn ready(&mut self, text: &str) {
        let at = seat(text);
        self.unready.remove(&at);
        let epoch = self.nodes[&at].ring.as_ref().unwrap().epoch();
        let progress = Progress { epoch, ..Progress::default() };
        self.tell(at, ControlIn::Shard { index: 0, report: Report::Progress(progress) });
        self.deliver();
    }

    fn order(&mut self, at: &str, order: Order) -> CallerId {
        self.ids += 1;
        let caller = CallerId(self.ids);
        self.tell(seat(at), ControlIn::Order { caller, order });
        self.deliver();
        caller
    }

    fn ring(&self, at: &str) -> &Ring {
        self.nodes[&seat(at)].ring.as_ref().unwrap()
    }

    fn epoch(&self, at: &str) -> Epoch {
        self.nodes[&seat(at)].ring.as_ref().map_or(Epoch::NONE, |ring| ring.epoch())
    }

    fn members(&self, at: &str) -> Vec<&str> {
        self.ring(at).members().iter().map(|member| member.name.as_str()).collect()
    }

    fn reasons(&self, at: &str) -> Vec<Reason> {
        self.nodes[&seat(at)].rings.iter().map(|ring| ring.reason()).collect()
    }
}
