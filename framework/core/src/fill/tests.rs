mod bounds;

use std::sync::Arc;

use super::*;
use crate::peer::Entry;
use crate::sample::{self, entry};

/// The filling of the only partition at its first owner, and what it asks for.
struct World {
    ring: Arc<Ring>,
    fill: Fill,
    now: Now,
    /// Pages asked for and not answered yet.
    asked: Vec<(Seat, RequestId, Option<Bytes>)>,
    merged: Vec<Entry>,
    trusted: Vec<PartitionId>,
}

impl World {
    /// One of `nodes` owners, just started.
    fn of(nodes: usize) -> Self {
        let members = &["a", "b", "c", "d", "e"][..nodes];
        Self::on(sample::ring_with(1, u8::try_from(nodes).unwrap(), members))
    }

    fn on(ring: Arc<Ring>) -> Self {
        let seat = ring.preference(PartitionId(0))[0];
        let fill = Fill::new(seat, NodeId(1), Desk::Shard(0), ring.partitions().iter(), [].into());
        let mut world = Self {
            ring: Arc::clone(&ring),
            fill,
            now: Now::default(),
            asked: Vec::new(),
            merged: Vec::new(),
            trusted: Vec::new(),
        };
        world.tell(In::Ring(ring));
        world
    }

    fn tell(&mut self, input: In) {
        let mut out = Outbox::new();
        self.fill.handle(self.now, input, &mut out);
        self.note(out);
    }

    fn pass(&mut self, span: Duration) {
        self.now.tick = self.now.tick + span;
        let mut out = Outbox::new();
        self.fill.wake(self.now, &mut out);
        self.note(out);
    }

    fn note(&mut self, mut out: Outbox<Out>) {
        for order in out.drain() {
            match order {
                Out::Send { to, id, request: Request::Copy { after, .. } } => {
                    self.asked.push((to, id, after));
                }
                Out::Send { request, .. } => panic!("{request:?} is no page request"),
                Out::Merge(_, records) => self.merged.extend(records),
                Out::Trusted(partition) => self.trusted.push(partition),
            }
        }
    }

    /// The seat of the owner `index`; this one's is 0.
    fn owner(&self, index: usize) -> Seat {
        self.ring.preference(PartitionId(0))[index]
    }

    /// What the owner was asked for last, if it has not answered yet.
    fn take_asked(&mut self, index: usize) -> Option<(RequestId, Option<Bytes>)> {
        let owner = self.owner(index);
        let at = self.asked.iter().rposition(|(to, ..)| *to == owner)?;
        let (_, id, after) = self.asked.remove(at);
        Some((id, after))
    }

    fn answer(&mut self, index: usize, records: Vec<Entry>, has_more: bool, is_blank: bool) {
        let (id, _) = self.take_asked(index).expect("was asked");
        let response = Response::Copied { records, has_more, is_blank };
        self.tell(In::Answer { from: self.owner(index), id, response });
    }

    fn is_blank(&mut self, index: usize) {
        self.answer(index, Vec::new(), false, true);
    }

    fn has_data(&mut self, index: usize) {
        self.answer(index, vec![entry("k", 1, 10)], false, false);
    }

    fn is_trusted(&self) -> bool {
        self.fill.blank() == 0
    }
}

#[test]
fn a_cluster_of_one_begins_at_once() {
    let world = World::of(1);
    assert_eq!(world.trusted, [PartitionId(0)]);
    assert!(world.asked.is_empty());
}

#[test]
fn a_cluster_of_two_begins_when_both_are_there() {
    let mut world = World::of(2);
    world.pass(2 * SILENCE_MAX);
    assert!(!world.is_trusted());
    world.is_blank(1);
    assert!(world.is_trusted());
}

#[test]
fn a_cluster_of_three_begins_when_all_have_said_that_they_have_nothing() {
    let mut world = World::of(3);
    world.is_blank(1);
    assert!(!world.is_trusted());
    world.is_blank(2);
    assert!(world.is_trusted());
}

#[test]
fn a_cluster_of_three_begins_without_one_that_does_not_answer() {
    let mut world = World::of(3);
    world.is_blank(1);
    world.pass(SILENCE_MAX - Duration::from_millis(1));
    assert!(!world.is_trusted());
    world.pass(Duration::from_millis(1));
    world.pass(RETRY_PAUSE);
    assert!(world.is_trusted());
}

#[test]
fn a_new_cluster_begins_everywhere_although_one_node_began_before_another() {
    let mut world = World::of(3);
    world.is_blank(1);
    world.pass(RETRY_PAUSE);
    // It was blank, has begun without the third, and has even been written to.
    world.has_data(1);
    world.pass(SILENCE_MAX);
    assert!(world.is_trusted());
}

#[test]
fn an_owner_that_was_copied_and_then_lost_its_data_makes_no_new_cluster() {
    let mut world = World::of(3);
    world.has_data(1);
    world.tell(In::PeerIsBlank { peer: world.owner(1), node: None, partition: PartitionId(0) });
    world.pass(2 * SILENCE_MAX);
    assert!(!world.is_trusted());
}

#[test]
fn a_cluster_of_five_begins_with_a_majority() {
    let mut world = World::of(5);
    world.is_blank(1);
    world.pass(2 * SILENCE_MAX);
    assert!(!world.is_trusted());
    world.is_blank(2);
    world.pass(RETRY_PAUSE);
    assert!(world.is_trusted());
}

#[test]
fn one_of_three_that_restarted_needs_both_others() {
    let mut world = World::of(3);
    world.has_data(1);
    assert!(!world.is_trusted());
    world.has_data(2);
    assert!(world.is_trusted());
    assert_eq!(world.merged.len(), 2);
}

#[test]
fn one_of_three_that_restarted_is_not_trusted_while_another_is_away() {
    let mut world = World::of(3);
    world.has_data(1);
    world.pass(10 * SILENCE_MAX);
    assert!(!world.is_trusted());
}

#[test]
fn one_of_five_that_restarted_needs_three_others() {
    let mut world = World::of(5);
    for other in [1, 2] {
        world.has_data(other);
    }
    assert!(!world.is_trusted());
    world.has_data(3);
    assert!(world.is_trusted());
}

#[test]
fn two_of_three_that_restarted_copy_what_the_third_still_has() {
    let mut world = World::of(3);
    world.is_blank(1);
    world.answer(2, vec![entry("k", 1, 10)], true, false);
    assert!(!world.is_trusted());
    world.answer(2, vec![entry("l", 1, 10)], false, false);
    assert!(world.is_trusted());
    assert_eq!(world.merged, [entry("k", 1, 10), entry("l", 1, 10)]);
}

#[test]
fn a_peer_is_known_to_be_blank_by_being_asked() {
    let mut world = World::of(2);
    world.tell(In::PeerIsBlank { peer: world.owner(1), node: None, partition: PartitionId(0) });
    assert!(world.is_trusted());
}

#[test]
fn a_late_word_of_a_node_that_was_filled_meanwhile_undoes_no_copying() {
    let mut world = World::of(3);
    let node = Some(NodeId(7));
    let (peer, partition) = (world.owner(1), PartitionId(0));
    world.tell(In::PeerIsBlank { peer, node, partition });
    world.pass(RETRY_PAUSE);
    world.answer(1, vec![entry("k", 1, 10)], true, false);
    world.has_data(2);
    world.tell(In::PeerIsBlank { peer, node, partition });
    assert!(!world.is_trusted(), "the rest of the peer's pages is still to come");
    world.has_data(1);
    assert!(world.is_trusted());
}

#[test]
fn the_successor_of_a_blank_node_is_blank_on_its_own_account() {
    let mut world = World::of(3);
    let (peer, partition) = (world.owner(1), PartitionId(0));
    world.tell(In::PeerIsBlank { peer, node: Some(NodeId(7)), partition });
    world.pass(RETRY_PAUSE);
    world.answer(1, vec![entry("k", 1, 10)], true, false);
    world.has_data(2);
    world.tell(In::PeerIsBlank { peer, node: Some(NodeId(8)), partition });
    assert!(world.is_trusted(), "two of three have lost what they had, and the third is copied");
}

#[test]
fn a_page_request_says_which_node_is_blank() {
    let mut fill =
        Fill::new(sample::seat("a"), NodeId(5), Desk::Shard(0), [PartitionId(0)], [].into());
    let mut out = Outbox::new();
    fill.handle(Now::default(), In::Ring(sample::ring_with(1, 2, &["a", "b"])), &mut out);
    let asks: Vec<_> = out.drain().collect();
    let [Out::Send { request: Request::Copy { node, .. }, .. }] = asks[..] else {
        panic!("one page is asked for: {asks:?}");
    };
    assert_eq!(node, Some(NodeId(5)));
}

#[test]
fn what_was_copied_stays_copied_although_its_owner_lost_it() {
    let mut world = World::of(3);
    world.has_data(1);
    world.tell(In::PeerIsBlank { peer: world.owner(1), node: None, partition: PartitionId(0) });
    world.has_data(2);
    assert!(world.is_trusted());
}

#[test]
fn a_partition_that_is_not_owned_has_nothing_to_fill() {
    let ring = sample::ring(&["a", "b", "c", "d"]);
    let outside = ring.preference(PartitionId(0))[3];
    let mut fill = Fill::new(outside, NodeId(1), Desk::Shard(0), [PartitionId(0)], [].into());
    fill.handle(Now::default(), In::Ring(ring), &mut Outbox::new());
    assert_eq!(fill.blank(), 0);
}

#[test]
fn a_page_begins_where_the_one_before_ended() {
    let mut world = World::of(3);
    world.answer(1, vec![entry("k", 1, 10), entry("l", 1, 10)], true, false);
    let (_, after) = world.take_asked(1).unwrap();
    assert_eq!(after, Some(entry("l", 1, 10).key));
}

#[test]
fn what_was_not_delivered_is_asked_for_again_later() {
    let mut world = World::of(3);
    let (id, _) = world.take_asked(1).unwrap();
    world.tell(In::Undelivered { id });
    assert_eq!(world.take_asked(1), None);
    world.pass(RETRY_PAUSE);
    assert!(world.take_asked(1).is_some());
}

#[test]
fn what_a_lost_link_carried_is_asked_for_again_where_it_stopped() {
    let mut world = World::of(3);
    world.answer(1, vec![entry("k", 1, 10)], true, false);
    world.take_asked(1);
    world.tell(In::LinkLost(world.owner(1)));
    world.pass(RETRY_PAUSE);
    assert_eq!(world.take_asked(1).unwrap().1, Some(entry("k", 1, 10).key));
}

#[test]
fn a_refusal_teaches_nothing_and_is_no_reason_to_give_up() {
    let mut world = World::of(2);
    let (id, _) = world.take_asked(1).unwrap();
    let response = Response::Refused(crate::peer::Refusal::NotReady);
    world.tell(In::Answer { from: world.owner(1), id, response });
    world.pass(RETRY_PAUSE);
    world.has_data(1);
    assert!(world.is_trusted());
}

#[test]
fn an_answer_under_anothers_id_is_not_believed() {
    let mut world = World::of(3);
    let (id, _) = world.take_asked(1).unwrap();
    let response = Response::Copied { records: Vec::new(), has_more: false, is_blank: false };
    world.tell(In::Answer { from: world.owner(2), id, response: response.clone() });
    world.has_data(2);
    assert!(!world.is_trusted());
    world.tell(In::Answer { from: world.owner(1), id, response });
    assert!(world.is_trusted());
}

#[test]
fn an_owner_that_promises_more_and_has_nothing_new_is_not_asked_for_ever() {
    let mut world = World::of(3);
    world.answer(1, vec![entry("l", 1, 10)], true, false);
    world.answer(1, vec![entry("l", 1, 10)], true, false);
    assert_eq!(world.take_asked(1), None);
    world.answer(2, Vec::new(), true, false);
    assert_eq!(world.take_asked(2), None);
    assert!(!world.is_trusted());
}

#[test]
fn a_filled_replica_rests() {
    let mut world = World::of(3);
    world.has_data(1);
    world.has_data(2);
    world.pass(RETRY_PAUSE);
    assert_eq!(world.fill.deadline(), None);
    assert!(world.asked.is_empty());
}
