use super::*;
use crate::ring::{Member, Parts};
use crate::sample::{self, name, seat};

/// The membership as the node `a` sees it.
struct World {
    membership: Membership,
    now: Now,
}

const ID: NodeId = NodeId(1);

impl World {
    /// It knows of `b`, which is not linked.
    fn new() -> Self {
        let membership = Membership::new(seat("a"), Settings::default());
        let mut world = Self { membership, now: Now::default() };
        world.see("b", "host:1");
        world
    }

    /// It is linked to `b`.
    fn linked() -> Self {
        let mut world = Self::new();
        world.link_up("b");
        world
    }

    fn tell(&mut self, input: In) -> Vec<Out> {
        let mut out = Outbox::new();
        self.membership.handle(self.now, input, &mut out);
        out.drain().collect()
    }

    fn see(&mut self, node: &str, address: &str) -> Vec<Out> {
        self.tell(In::Fact(Fact::Seen(Sighting::new(name(node), address))))
    }

    fn link_up(&mut self, node: &str) -> Vec<Out> {
        self.tell(In::LinkUp { seat: seat(node), id: ID })
    }

    fn link_down(&mut self, node: &str) -> Vec<Out> {
        self.tell(In::LinkDown { seat: seat(node) })
    }

    fn answer_probe(&mut self, node: &str) -> Vec<Out> {
        self.tell(In::ProbeAnswered { from: seat(node) })
    }

    /// Lets time pass as it does for a node that is awake.
    fn pass(&mut self, span: Duration) -> Vec<Out> {
        let end = self.now.tick + span;
        let mut out = Outbox::new();
        while let Some(at) = self.membership.deadline().filter(|at| *at <= end) {
            self.now.tick = at;
            self.membership.wake(self.now, &mut out);
        }
        self.now.tick = end;
        out.drain().collect()
    }

    fn state(&self, node: &str) -> PeerState {
        self.membership.health().state(seat(node))
    }
}

fn connect(node: &str, address: &str) -> Out {
    Out::Connect { name: name(node), address: address.into() }
}

fn has_health(said: &[Out]) -> bool {
    said.iter().any(|out| matches!(out, Out::Health(_)))
}

#[test]
fn a_node_that_is_seen_is_connected_to_and_down_until_it_is() {
    let mut world = World::new();
    assert!(world.see("c", "host:2").contains(&connect("c", "host:2")));
    assert_eq!(world.state("c"), PeerState::Down);
    world.link_up("c");
    assert_eq!(world.state("c"), PeerState::Alive);
}

#[test]
fn a_node_is_no_peer_of_its_own() {
    let mut world = World::new();
    assert_eq!(world.see("a", "host:0"), []);
    assert_eq!(world.membership.health().peers().len(), 1);
}

#[test]
fn a_silent_peer_is_suspect_and_then_down() {
    let mut world = World::linked();
    let Settings { suspect_after, down_after, .. } = Settings::default();
    world.pass(suspect_after);
    assert_eq!(world.state("b"), PeerState::Suspect);
    world.pass(down_after - suspect_after);
    assert_eq!(world.state("b"), PeerState::Down);
}

#[test]
fn a_peer_that_answers_again_is_alive_again() {
    let mut world = World::linked();
    for silence in [Settings::default().suspect_after, Settings::default().down_after] {
        world.pass(silence);
        assert_ne!(world.state("b"), PeerState::Alive);
        world.answer_probe("b");
        assert_eq!(world.state("b"), PeerState::Alive);
    }
}

#[test]
fn a_peer_that_answers_every_probe_stays_alive() {
    let mut world = World::linked();
    for _ in 0..20 {
        world.pass(Settings::default().probe_interval);
        world.answer_probe("b");
    }
    assert_eq!(world.state("b"), PeerState::Alive);
}

#[test]
fn a_peer_whose_link_breaks_is_down_at_once() {
    let mut world = World::linked();
    assert!(has_health(&world.link_down("b")));
    assert_eq!(world.state("b"), PeerState::Down);
}

#[test]
fn what_came_over_a_broken_link_revives_nobody() {
    let mut world = World::linked();
    world.link_down("b");
    world.answer_probe("b");
    world.tell(In::Leaving { from: seat("b") });
    assert_eq!(world.state("b"), PeerState::Down);
}

#[test]
fn a_peer_that_leaves_is_leaving_until_its_link_breaks() {
    let mut world = World::linked();
    world.tell(In::Leaving { from: seat("b") });
    world.answer_probe("b");
    world.pass(2 * Settings::default().down_after);
    assert_eq!(world.state("b"), PeerState::Leaving);
    world.link_down("b");
    assert_eq!(world.state("b"), PeerState::Down);
}

#[test]
fn a_new_link_brings_back_a_peer_that_left_with_the_data_it_has_now() {
    let mut world = World::linked();
    world.tell(In::Leaving { from: seat("b") });
    world.tell(In::LinkUp { seat: seat("b"), id: NodeId(2) });
    let b = PeerHealth { seat: seat("b"), state: PeerState::Alive, id: Some(NodeId(2)) };
    assert_eq!(world.membership.health().peers(), [b]);
}

#[test]
fn a_peer_that_linked_before_it_was_discovered_is_alive_when_it_is() {
    let mut world = World::new();
    world.link_up("c");
    assert_eq!(world.state("c"), PeerState::Down);
    world.see("c", "host:2");
    assert_eq!(world.state("c"), PeerState::Alive);
}

#[test]
fn a_new_address_is_connected_to_and_an_old_one_not_again() {
    let mut world = World::linked();
    assert_eq!(world.see("b", "host:1"), []);
    assert_eq!(world.see("b", "host:9"), [connect("b", "host:9")]);
    assert_eq!(world.state("b"), PeerState::Alive);
}

#[test]
fn a_peer_that_nobody_names_any_more_is_forgotten_when_its_link_breaks() {
    let mut world = World::linked();
    assert_eq!(world.tell(In::Fact(Fact::Lost(name("b")))), []);
    assert_eq!(world.state("b"), PeerState::Alive);
    let said = world.tell(In::LinkDown { seat: seat("b") });
    assert_eq!(said[0], Out::Disconnect { seat: seat("b") });
    assert!(has_health(&said));
    assert_eq!(world.membership.health().peers(), []);
    assert_eq!(world.tell(In::Fact(Fact::Lost(name("b")))), []);
}

#[test]
fn a_member_is_not_forgotten_whatever_discovery_says() {
    let mut world = World::linked();
    world.tell(In::Ring(sample::ring(&["a", "b"])));
    world.tell(In::Fact(Fact::Lost(name("b"))));
    world.tell(In::LinkDown { seat: seat("b") });
    assert_eq!(world.state("b"), PeerState::Down);
    assert_eq!(world.membership.health().peers().len(), 1);
    let said = world.tell(In::Ring(sample::ring(&["a"])));
    assert_eq!(said[0], Out::Disconnect { seat: seat("b") });
}

#[test]
fn a_members_address_in_the_ring_serves_until_discovery_says_another() {
    let mut world = World::linked();
    let parts = sample::ring(&["a", "c"]).to_parts();
    let at = |member: Member| Member { address: "host:3".into(), ..member };
    let members = parts.members.into_iter().map(at).collect();
    let ring = Ring::from_parts(Parts { members, ..parts }).unwrap();
    assert_eq!(world.tell(In::Ring(Arc::new(ring.clone())))[0], connect("c", "host:3"));
    assert_eq!(world.see("c", "host:4"), [connect("c", "host:4")]);
    assert_eq!(world.tell(In::Ring(Arc::new(ring))), []);
}

#[test]
fn one_that_links_itself_and_says_who_it_is_becomes_a_peer() {
    let mut world = World::linked();
    world.link_up("c");
    world.tell(In::Met { name: name("c"), address: "".into() });
    assert_eq!(world.state("c"), PeerState::Alive);
    world.tell(In::LinkDown { seat: seat("c") });
    assert_eq!(world.membership.health().peers().len(), 1);
}

#[test]
fn health_is_pushed_only_when_it_has_changed() {
    let mut world = World::linked();
    assert_eq!(world.answer_probe("b"), []);
    assert!(!has_health(&world.pass(Settings::default().probe_interval)));
    assert!(has_health(&world.pass(Settings::default().suspect_after)));
}

#[test]
fn peers_that_are_linked_are_probed_at_every_interval() {
    let mut world = World::linked();
    world.see("c", "host:2");
    let said = world.pass(2 * Settings::default().probe_interval);
    let probes = said.iter().filter_map(|out| match out {
        Out::Probe { to, .. } => Some(*to),
        Out::Connect { .. } | Out::Disconnect { .. } | Out::Health(_) => None,
    });
    assert_eq!(probes.collect::<Vec<_>>(), [seat("b"), seat("b")]);
}

#[test]
fn a_node_that_overslept_does_not_blame_its_peers() {
    let mut world = World::linked();
    world.now.tick = world.now.tick + Duration::from_secs(60);
    world.membership.wake(world.now, &mut Outbox::new());
    assert_eq!(world.state("b"), PeerState::Alive);
}
