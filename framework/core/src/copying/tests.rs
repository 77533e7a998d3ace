mod bounds;
mod joining;

use std::sync::Arc;

use super::*;
use crate::id::RequestId;
use crate::peer::{Entry, Refusal, Response};
use crate::ring::Ring;
use crate::sample::{self, entry};
use crate::transfer::Kind;

/// How long silence is borne.
const SILENCE_MAX: Duration = Duration::from_secs(2);
const FILL: Wants = Wants { fill: true, join: false, lead: false, is_trusted: false };

/// The copying of the only partition to its first owner, and what it asks for.
struct World {
    ring: Arc<Ring>,
    copying: Copying,
    now: Now,
    /// Pages asked for and not answered yet.
    asked: Vec<(Seat, RequestId, Option<Bytes>)>,
    /// Who said last which node is blank.
    said_blank: Option<NodeId>,
    merged: Vec<Entry>,
    done: Vec<(PartitionId, Kind)>,
}

impl World {
    /// One of `nodes` owners, just started.
    fn of(nodes: usize) -> Self {
        let members = &["a", "b", "c", "d", "e"][..nodes];
        Self::on(sample::ring_with(1, u8::try_from(nodes).unwrap(), members))
    }

    fn on(ring: Arc<Ring>) -> Self {
        let seat = ring.preference(PartitionId(0))[0];
        let mut world = Self::at(seat, ring, &[], Settings::default());
        world.want(FILL);
        world
    }

    /// A node that wants nothing yet, where records lie on as many owners as `counts` says too.
    fn at(seat: Seat, ring: Arc<Ring>, counts: &[u8], settings: Settings) -> Self {
        let counts = counts.iter().copied().collect();
        let copying = Copying::new(seat, NodeId(1), Desk::Shard(0), &settings, counts);
        let mut world = Self {
            ring: Arc::clone(&ring),
            copying,
            now: Now::default(),
            asked: Vec::new(),
            said_blank: None,
            merged: Vec::new(),
            done: Vec::new(),
        };
        world.tell(In::Ring(ring));
        world
    }

    /// Lets the replicas of all partitions want this.
    fn want(&mut self, wants: Wants) {
        for partition in self.ring.partitions().iter() {
            self.tell(In::Wants { partition, wants });
        }
    }

    fn tell(&mut self, input: In) {
        let mut out = Outbox::new();
        self.copying.handle(self.now, input, &mut out);
        self.note(out);
    }

    fn pass(&mut self, span: Duration) {
        self.now.tick = self.now.tick + span;
        let mut out = Outbox::new();
        self.copying.wake(self.now, &mut out);
        self.note(out);
    }

    /// Takes down what was asked for; all that is to be merged is new, the first time.
    fn note(&mut self, mut out: Outbox<Out>) {
        for order in out.drain() {
            match order {
                Out::Ask { to, id, errand: Errand::Copy { after, node }, .. } => {
                    self.said_blank = node;
                    self.asked.push((to, id, after));
                }
                Out::Ask { errand, .. } => panic!("{errand:?} is no page request"),
                Out::Merge { id, records, .. } => {
                    let news = records.iter().filter(|it| !self.merged.contains(it)).count();
                    self.merged.extend(records);
                    self.tell(In::Merged { id, news });
                }
                Out::Done(partition, kind) => self.done.push((partition, kind)),
            }
        }
        self.asked.retain(|(_, id, _)| self.copying.pages.has(*id));
    }

    /// The seat of the owner `index`; a filled one's is 0.
    fn owner(&self, index: usize) -> Seat {
        self.ring.preference(PartitionId(0))[index]
    }

    /// What the owner is asked for, if it has not answered yet.
    fn take_asked(&mut self, index: usize) -> Option<(RequestId, Option<Bytes>)> {
        let owner = self.owner(index);
        let at = self.asked.iter().position(|(to, ..)| *to == owner)?;
        let (_, id, after) = self.asked.remove(at);
        Some((id, after))
    }

    /// The owner answers; if it was not asked yet because another one was, that one is waited for.
    fn answer(&mut self, index: usize, records: Vec<Entry>, has_more: bool, is_blank: bool) {
        if !self.asked.iter().any(|(to, ..)| *to == self.owner(index)) {
            self.pass(RETRY_PAUSE);
        }
        let (id, _) = self.take_asked(index).expect("was asked");
        let upto = records.last().filter(|_| has_more).map(|entry| entry.key.clone());
        let response = Response::Copied { records, upto, is_blank };
        self.tell(In::Answer { from: self.owner(index), id, response });
    }

    fn refuse(&mut self, index: usize, refusal: Refusal) {
        let (id, _) = self.take_asked(index).expect("was asked");
        let response = Response::Refused(refusal);
        self.tell(In::Answer { from: self.owner(index), id, response });
    }

    fn is_blank(&mut self, index: usize) {
        self.answer(index, Vec::new(), false, true);
    }

    /// The owner has one record and no more, and is verified to.
    fn has_data(&mut self, index: usize) {
        self.answer(index, vec![entry(&format!("{index}"), 1, 10)], false, false);
        self.is_same(index);
    }

    /// The owner has what is here already.
    fn is_same(&mut self, index: usize) {
        self.answer(index, Vec::new(), false, false);
    }

    fn hear_blank(&mut self, index: usize, node: u64) {
        let (peer, partition) = (self.owner(index), PartitionId(0));
        self.tell(In::PeerIsBlank { peer, node: NodeId(node), partition });
    }

    fn is_trusted(&self) -> bool {
        self.copying.transfers().next().is_none()
    }
}

#[test]
fn a_cluster_of_one_begins_at_once() {
    let world = World::of(1);
    assert_eq!(world.done, [(PartitionId(0), Kind::Fill)]);
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
    world.hear_blank(1, 7);
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
    assert!(!world.is_trusted(), "it is verified first");
    world.is_same(2);
    assert!(world.is_trusted());
    assert_eq!(world.merged, [entry("k", 1, 10), entry("l", 1, 10)]);
}

#[test]
fn a_peer_is_known_to_be_blank_by_being_asked() {
    let mut world = World::of(2);
    world.hear_blank(1, 7);
    assert!(world.is_trusted());
}

#[test]
fn a_late_word_of_a_node_that_was_filled_meanwhile_undoes_no_copying() {
    let mut world = World::of(3);
    world.hear_blank(1, 7);
    world.pass(RETRY_PAUSE);
    world.answer(1, vec![entry("k", 1, 10)], true, false);
    world.has_data(2);
    world.hear_blank(1, 7);
    assert!(!world.is_trusted(), "the rest of the peer's pages is still to come");
    world.has_data(1);
    assert!(world.is_trusted());
}

#[test]
fn the_successor_of_a_blank_node_is_blank_on_its_own_account() {
    let mut world = World::of(3);
    world.hear_blank(1, 7);
    world.pass(RETRY_PAUSE);
    world.answer(1, vec![entry("k", 1, 10)], true, false);
    world.has_data(2);
    world.hear_blank(1, 8);
    assert!(world.is_trusted(), "two of three have lost what they had, and the third is copied");
}

#[test]
fn a_page_request_says_which_node_is_blank_and_only_if_it_is() {
    assert_eq!(World::of(3).said_blank, Some(NodeId(1)));
    let ring = sample::ring(&["a", "b", "c"]);
    let mut world = World::at(ring.preference(PartitionId(0))[0], ring, &[], Settings::default());
    world.want(Wants { lead: true, is_trusted: true, ..Wants::default() });
    assert_eq!((world.asked.len(), world.said_blank), (1, None));
}

#[test]
fn what_was_copied_stays_copied_although_its_owner_lost_it() {
    let mut world = World::of(3);
    world.has_data(1);
    world.hear_blank(1, 7);
    world.has_data(2);
    assert!(world.is_trusted());
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
    world.refuse(1, Refusal::NotReady);
    world.pass(RETRY_PAUSE);
    world.has_data(1);
    assert!(world.is_trusted());
}

#[test]
fn an_answer_under_anothers_id_is_not_believed() {
    let mut world = World::of(3);
    let (id, _) = world.take_asked(1).unwrap();
    let response = Response::Copied { records: Vec::new(), upto: None, is_blank: false };
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
    world.answer(2, vec![entry("l", 1, 10)], true, false);
    world.answer(2, vec![entry("k", 1, 10)], true, false);
    assert_eq!(world.take_asked(2), None);
    assert!(!world.is_trusted());
}

#[test]
fn a_filled_replica_rests() {
    let mut world = World::of(3);
    world.has_data(1);
    world.has_data(2);
    world.pass(RETRY_PAUSE);
    assert_eq!(world.copying.deadline(), None);
    assert!(world.asked.is_empty());
}

#[test]
fn records_that_lie_on_few_owners_are_copied_from_enough_of_those() {
    let ring = sample::ring_with(1, 5, &["a", "b", "c", "d", "e"]);
    let mut world = World::at(ring.preference(PartitionId(0))[0], ring, &[3], Settings::default());
    world.want(FILL);
    // A write that two of the first three acknowledged may lie on none of these.
    for owner in [2, 3, 4] {
        world.has_data(owner);
    }
    assert!(!world.is_trusted());
    world.has_data(1);
    assert!(world.is_trusted());
}

#[test]
fn a_late_owner_has_no_records_that_lie_on_the_first_few() {
    let ring = sample::ring_with(1, 5, &["a", "b", "c", "d", "e"]);
    let mut world = World::at(ring.preference(PartitionId(0))[4], ring, &[3], Settings::default());
    world.want(FILL);
    for owner in [0, 1, 3] {
        world.has_data(owner);
    }
    assert!(world.is_trusted());
}

#[test]
fn an_owner_that_was_blank_was_so_under_whatever_ring() {
    let mut world = World::of(3);
    world.is_blank(1);
    let next = world.ring.depose(crate::actor::Wall(1), vec![world.owner(2)]);
    world.tell(In::Ring(Arc::new(next)));
    world.want(FILL);
    // It has begun without this one, and the third is gone for good.
    world.has_data(1);
    world.pass(2 * SILENCE_MAX);
    assert!(world.is_trusted());
}
