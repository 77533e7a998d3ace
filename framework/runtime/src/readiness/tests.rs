//! Three nodes, and what the first of them says of itself.

use std::sync::Arc;

use peer_ring_core::actor::Wall;
use peer_ring_core::id::{ClusterId, Epoch};
use peer_ring_core::key::Partitions;
use peer_ring_core::ring::{Blueprint, Strategy};
use peer_ring_core::standing::Wants;
use peer_ring_core::view::{Health, PeerHealth};

use super::*;

/// What the first of some nodes sees.
struct Seen {
    ring: Ring,
    health: Vec<PeerHealth>,
    standings: Vec<Standing>,
    progress: Option<Progress>,
}

fn member(at: usize) -> Member {
    let name = NodeName::new(&format!("n{}", at + 1)).unwrap();
    Member { id: NodeId(at as u64 + 1), ..Member::new(name) }
}

impl Seen {
    /// All is well among so many nodes, with so many replicas of each partition.
    fn calm(nodes: usize, replicas: u8) -> Self {
        let members: Vec<_> = (0..nodes).map(member).collect();
        let blueprint = Blueprint {
            epoch: Epoch(4),
            strategy: Strategy::default(),
            partitions: Partitions::new(8).unwrap(),
            replicas,
            members: members.clone(),
        };
        let health = |member: &Member| PeerHealth {
            seat: member.seat(),
            state: PeerState::Alive,
            id: Some(member.id),
        };
        let standing = |member: &Member| Standing {
            cluster: ClusterId::default(),
            epoch: Epoch(4),
            member: member.clone(),
            wants: Wants::Stay,
            wire: 3,
            pending: 0,
            strays: 0,
            bytes: 0,
            down: Vec::new(),
        };
        let progress = Progress { epoch: Epoch(4), ..Progress::default() };
        Self {
            ring: Ring::build(blueprint, None).unwrap(),
            health: members[1..].iter().map(health).collect(),
            standings: members[1..].iter().map(standing).collect(),
            progress: Some(progress),
        }
    }

    fn asked<T>(&self, ask: impl FnOnce(&Sight<'_>, &[Standing]) -> T) -> T {
        let health = Arc::new(Health::new(self.health.clone()));
        let view = View { ring: Some(Arc::new(self.ring.clone())), health };
        let me = member(0);
        let (here, id, progress) = (me.seat(), me.id, self.progress);
        ask(&Sight { here, id, view: &view, progress }, &self.standings)
    }

    fn ready(&self) -> Result<(), NotYet> {
        self.asked(|sight, _| sight.ready())
    }

    fn replicated(&self) -> Result<(), NotYet> {
        self.asked(|sight, standings| sight.replicated(standings))
    }

    fn safe(&self) -> Result<(), NotYet> {
        self.asked(|sight, standings| sight.safe_to_stop(standings))
    }
}

#[test]
fn in_a_calm_cluster_all_is_well() {
    let seen = Seen::calm(3, 3);
    assert_eq!((seen.ready(), seen.replicated(), seen.safe()), (Ok(()), Ok(()), Ok(())));
}

#[test]
fn a_node_is_ready_when_the_ring_names_it_and_it_has_its_data() {
    let mut seen = Seen::calm(3, 3);
    seen.progress = None;
    assert_eq!(seen.ready(), Err(NotYet::Behind { epoch: 4 }));
    seen.progress = Some(Progress { epoch: Epoch(4), pending: 2, ..Progress::default() });
    assert_eq!(seen.ready(), Err(NotYet::Pending { replicas: 2 }));
    seen.ring = seen.ring.replace(Wall(0), &[Member { id: NodeId(9), ..member(0) }]);
    assert_eq!(seen.ready(), Err(NotYet::NotAMember { epoch: 5 }), "another one sits there");
}

#[test]
fn a_node_without_a_ring_says_so() {
    let view = View::default();
    let sight = Sight { here: Seat(1), id: NodeId(1), view: &view, progress: None };
    assert_eq!(sight.ready(), Err(NotYet::NoRing));
    assert_eq!(sight.safe_to_stop(&[]), Err(NotYet::NoRing));
}

#[test]
fn all_is_replicated_only_when_every_member_says_so_under_this_ring() {
    let mut seen = Seen::calm(3, 2);
    seen.standings[1].pending = 5;
    let n3 = member(2).name;
    assert_eq!(seen.replicated(), Err(NotYet::PeerPending { name: n3.clone(), replicas: 5 }));
    seen.standings[1].epoch = Epoch(3);
    assert_eq!(seen.replicated(), Err(NotYet::PeerBehind { name: n3.clone(), epoch: 4 }));
    seen.standings[1] = Standing { member: member(7), ..seen.standings[1].clone() };
    assert_eq!(seen.replicated(), Err(NotYet::PeerBehind { name: n3.clone(), epoch: 4 }));
    seen.health[1].state = PeerState::Down;
    assert_eq!(seen.replicated(), Err(NotYet::Away { name: n3, state: PeerState::Down }));
}

#[test]
fn while_partitions_move_nothing_is_replicated_and_nobody_should_stop() {
    let mut seen = Seen::calm(3, 3);
    seen.ring = seen.ring.begin(Wall(0), (0..4).map(member).collect()).unwrap();
    seen.progress = Some(Progress { epoch: Epoch(5), ..Progress::default() });
    assert_eq!(seen.replicated(), Err(NotYet::Moving { epoch: 5 }));
    assert_eq!(seen.safe(), Err(NotYet::Moving { epoch: 5 }));
}

#[test]
fn a_second_node_should_not_stop_while_one_of_three_is_down() {
    let mut seen = Seen::calm(3, 3);
    seen.health[0].state = PeerState::Down;
    let refused = seen.safe().unwrap_err();
    assert!(matches!(refused, NotYet::MinorityLeft { left: 1, owners: 3, .. }), "{refused}");
    seen.health[0].state = PeerState::Alive;
    seen.standings[0].pending = 1;
    let n2 = member(1).name;
    assert_eq!(seen.safe(), Err(NotYet::PeerPending { name: n2, replicas: 1 }));
}

#[test]
fn the_last_copy_is_never_safe_to_stop() {
    let refused = Seen::calm(3, 1).safe().unwrap_err();
    assert!(matches!(refused, NotYet::MinorityLeft { left: 0, owners: 1, .. }));
    assert!(refused.to_string().ends_with("let the node leave instead"), "{refused}");
}

#[test]
fn a_node_that_has_left_is_safe_to_stop() {
    let mut seen = Seen::calm(3, 3);
    seen.ring = seen.ring.begin(Wall(0), vec![member(1), member(2)]).unwrap();
    seen.ring = if seen.ring.is_moving() { seen.ring.settle(Wall(0)) } else { seen.ring };
    assert_eq!(seen.safe(), Ok(()));
}
