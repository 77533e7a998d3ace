//! Membership and ring view as one actor.

use super::*;
use crate::actor::{Actor, Now, Outbox};
use crate::id::ClusterId;
use crate::membership::{self, Fact};
use crate::standing::Standing;
use crate::view::{PeerState, View};
use crate::{chain, ring_view, steward};

struct World {
    control: Control,
    said: Vec<ControlOut>,
}

impl World {
    fn new() -> Self {
        Self { control: Control::new(settings(chain::State::default())), said: Vec::new() }
    }

    /// Back with the ring that it knew before, in which three nodes are.
    fn back() -> Self {
        let kept = chain::State { ring: Some(sample::ring(&NODES)), ..chain::State::default() };
        let mut world = Self { control: Control::new(settings(kept)), said: Vec::new() };
        world.tell(ControlIn::Fact(Fact::Settled));
        world
    }

    fn tell(&mut self, input: ControlIn) {
        let mut out = Outbox::new();
        self.control.handle(Now::default(), input, &mut out);
        self.said = out.drain().collect();
    }

    /// The view it pushed with its last words.
    fn pushed(&self) -> Option<&View> {
        self.said.iter().find_map(|out| match out {
            ControlOut::View(view) => Some(view),
            _ => None,
        })
    }
}

fn settings(kept: chain::State) -> ControlSettings {
    let ring = sample::ring(&NODES);
    ControlSettings {
        me: ring.member(seat("a")).unwrap().clone(),
        founding: ClusterId(1),
        membership: membership::Settings::default(),
        ring: ring_view::Settings { partitions: ring.partitions(), ..Default::default() },
        steward: steward::Settings::default(),
        wire: 2,
        shards: 1,
        kept,
    }
}

fn from_b(body: Body) -> ControlIn {
    ControlIn::Peer { from: seat("b"), message: Message { epoch: Epoch(1), body } }
}

#[test]
fn a_ring_that_was_kept_is_pushed_when_discovery_has_said_all() {
    let world = World::back();
    assert_eq!(world.pushed().unwrap().ring.as_ref(), Some(&sample::ring(&NODES)));
}

#[test]
fn the_ring_reaches_every_replica() {
    let ring = World::back().pushed().unwrap().ring.clone().unwrap();
    let mut shard = Shard::in_memory(ShardSettings {
        seat: seat("a"),
        node: NodeId(1),
        index: 0,
        shards: 1,
        partitions: ring.partitions(),
        coordinator: coordinator::Settings::default(),
        apps: sample::apps(),
    });
    let view = View { ring: Some(ring), ..View::default() };
    shard.handle(Now::default(), ShardIn::View(view), &mut Outbox::new());
    for partition in [0, 255] {
        let Response::Copied { .. } = answer_of(&mut shard, copy(partition)) else { panic!() };
    }
}

#[test]
fn a_peers_health_is_pushed_when_it_changes() {
    let mut world = World::back();
    world.tell(ControlIn::LinkUp { seat: seat("b"), id: NodeId(2) });
    assert_eq!(world.pushed().unwrap().health.state(seat("b")), PeerState::Alive);
    world.tell(from_b(Body::Response { id: RequestId(255), response: Response::Alive }));
    assert!(world.pushed().is_none());
    world.tell(from_b(Body::Leaving));
    assert_eq!(world.pushed().unwrap().health.state(seat("b")), PeerState::Leaving);
}

#[test]
fn a_probe_is_answered_whatever_the_ring() {
    let mut world = World::new();
    world.tell(from_b(Body::Request { id: RequestId(3), request: Request::Probe }));
    let [ControlOut::Send { to, message }] = &world.said[..] else { panic!() };
    assert_eq!(*to, seat("b"));
    let body = Body::Response { id: RequestId(3), response: Response::Alive };
    assert_eq!(message.body, body);
}

#[test]
fn a_node_that_leaves_says_so_to_all() {
    let mut world = World::back();
    world.tell(ControlIn::Leave);
    let told = world.said.iter().filter(|out| match out {
        ControlOut::Send { message, .. } => message.body == Body::Leaving,
        _ => false,
    });
    assert_eq!(told.count(), 2);
}

#[test]
fn nobody_speaks_for_another() {
    let mut world = World::back();
    world.tell(ControlIn::LinkUp { seat: seat("b"), id: NodeId(2) });
    let member = sample::ring(&NODES).member(seat("c")).unwrap().clone();
    let standing = Standing { member, ..world.control.ring_view().known().own().clone() };
    world.tell(from_b(Body::Standing(Box::new(standing))));
    assert!(world.control.ring_view().known().standing(seat("c")).is_none());
}
