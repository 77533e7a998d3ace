use proptest::prelude::*;

use super::*;

fn tally(replicas: u8, wanted: u8) -> Tally {
    Tally::new(Quorums::among(replicas, Need::exactly(wanted)))
}

fn unanimous(replicas: u8) -> Tally {
    Tally::unanimous(Quorums::among(replicas, Need::All), Replicas::first(replicas))
}

#[test]
fn an_acknowledgement_counts_once() {
    let mut tally = tally(3, 2);
    assert!(tally.agree(0));
    assert!(!tally.agree(0));
    assert!(!tally.is_met());
    assert!(tally.agree(2));
    assert!(tally.is_met());
}

#[test]
fn a_quorum_is_out_of_reach_when_too_many_failed() {
    let mut tally = tally(3, 2);
    tally.fail(0);
    assert!(!tally.is_out_of_reach());
    tally.fail(1);
    assert!(tally.is_out_of_reach());
    assert_eq!(tally.write_state(), WriteState::OutOfReach);
}

#[test]
fn two_of_three_replicas_with_something_newer_ask_for_a_new_stamp() {
    let mut tally = tally(3, 2);
    tally.agree(0);
    tally.supersede(1);
    assert_eq!(tally.write_state(), WriteState::Open);
    tally.supersede(2);
    assert_eq!(tally.write_state(), WriteState::Superseded);
}

#[test]
fn a_write_to_all_does_not_count_a_replica_with_something_newer() {
    // The newer write may have been acknowledged by a majority before this one began.
    let mut tally = tally(3, 3);
    tally.agree(0);
    tally.agree(1);
    assert_eq!(tally.write_state(), WriteState::Open);
    tally.supersede(2);
    assert_eq!(tally.write_state(), WriteState::Superseded);
}

#[test]
fn one_that_agreed_of_all_proves_that_the_newer_write_is_concurrent_where_all_always_must() {
    let mut tally = unanimous(3);
    tally.supersede(1);
    tally.supersede(2);
    assert_eq!(tally.write_state(), WriteState::Open);
    tally.agree(0);
    assert_eq!(tally.write_state(), WriteState::Done);
}

#[test]
fn a_unanimous_write_that_nobody_took_is_stamped_again_and_one_that_was_refused_fails() {
    let mut tally = unanimous(2);
    tally.supersede(0);
    assert_eq!(tally.write_state(), WriteState::Open);
    tally.supersede(1);
    assert_eq!(tally.write_state(), WriteState::Superseded);
    let mut tally = unanimous(2);
    tally.fail(0);
    assert_eq!(tally.write_state(), WriteState::OutOfReach);
}

#[test]
fn a_new_stamp_is_of_no_use_where_too_few_answer() {
    let mut tally = tally(3, 2);
    tally.supersede(0);
    tally.fail(1);
    assert_eq!(tally.write_state(), WriteState::Open);
    tally.fail(2);
    assert_eq!(tally.write_state(), WriteState::OutOfReach);
}

#[test]
fn a_write_is_not_stamped_again_before_a_quorum_has_said_what_it_holds() {
    let mut tally = tally(3, 2);
    tally.supersede(0);
    tally.fail(1);
    assert_eq!(tally.write_state(), WriteState::Open);
    tally.agree(2);
    assert_eq!(tally.write_state(), WriteState::Superseded);
}

#[test]
fn more_answers_than_replicas_are_never_to_be_had() {
    let tally = tally(1, 2);
    assert_eq!(tally.write_state(), WriteState::OutOfReach);
    assert_eq!(Need::exactly(2).of(1), 2);
    assert_eq!(Need::Majority.of(3), 2);
    assert_eq!(Need::Majority.of(4), 3);
    assert_eq!(Need::All.of(3), 3);
}

/// Owners 0, 1 and 2, and targets 2, 3 and 4, of each of which two must answer.
fn joint() -> Tally {
    let targets = [2, 3, 4].into_iter().collect();
    Tally::new(Quorums::joint(3, targets, Need::exactly(2)))
}

#[test]
fn a_quorum_of_the_owners_alone_is_none_while_the_partition_moves() {
    let mut tally = joint();
    tally.agree(0);
    tally.agree(1);
    assert!(!tally.is_met());
    assert_eq!((tally.acked(), tally.wanted()), (0, 2));
    tally.agree(3);
    assert_eq!((tally.acked(), tally.wanted()), (1, 2));
    tally.agree(4);
    assert!(tally.is_met());
}

#[test]
fn who_is_in_both_layouts_counts_in_both() {
    let mut tally = joint();
    tally.agree(2);
    tally.agree(0);
    tally.agree(3);
    assert!(tally.is_met());
}

#[test]
fn what_the_targets_cannot_reach_is_out_of_reach() {
    let mut tally = joint();
    tally.fail(3);
    assert!(!tally.is_out_of_reach());
    tally.fail(4);
    assert!(tally.is_out_of_reach());
    assert_eq!(tally.write_state(), WriteState::OutOfReach);
    let excused = tally.excusing(Replicas::only(4));
    assert_eq!(excused.write_state(), WriteState::Open);
}

#[test]
fn a_write_superseded_in_one_layout_is_stamped_again_when_both_have_answered() {
    let mut tally = joint();
    tally.supersede(0);
    tally.supersede(1);
    assert_eq!(tally.write_state(), WriteState::Open);
    tally.agree(3);
    assert_eq!(tally.write_state(), WriteState::Open);
    tally.agree(4);
    assert_eq!(tally.write_state(), WriteState::Superseded);
}

#[test]
fn targets_in_another_order_are_no_second_layout() {
    let quorums = Quorums::joint(3, [2, 0, 1].into_iter().collect(), Need::Majority);
    assert_eq!(quorums, Quorums::among(3, Need::Majority));
    assert!(!quorums.are_two());
}

#[test]
fn a_target_that_took_an_old_stamp_is_no_witness() {
    let quorums = Quorums::joint(1, [1].into_iter().collect(), Need::All);
    for (witnesses, state) in
        [(quorums.all(), WriteState::Done), (quorums.of_owners(), WriteState::Superseded)]
    {
        let mut tally = Tally::unanimous(quorums, witnesses);
        tally.agree(1);
        tally.supersede(0);
        assert_eq!(tally.write_state(), state);
    }
}

#[test]
fn the_fewest_that_can_answer_for_both_are_those_in_both() {
    let quorums = Quorums::joint(3, [2, 3, 4].into_iter().collect(), Need::exactly(2));
    let mut wanting = quorums.wanting(Replicas::default());
    assert!(wanting.in_both(2) && wanting.has(0) && !wanting.in_both(0));
    wanting.serve(0);
    assert!(!wanting.has(1) && wanting.has(3));
    wanting.serve(3);
    assert!(wanting.is_none());
}

/// One answer.
#[derive(Clone, Copy, Debug)]
enum Said {
    Agree,
    Supersede,
    Fail,
}

fn said() -> impl Strategy<Value = Said> {
    prop_oneof![Just(Said::Agree), Just(Said::Supersede), Just(Said::Fail)]
}

/// One layout by itself, counted the long way.
struct Model {
    members: Vec<u8>,
    wanted: usize,
    said: Vec<Option<Said>>,
}

impl Model {
    fn count(&self, is_counted: impl Fn(Option<Said>) -> bool) -> usize {
        self.members.iter().filter(|member| is_counted(self.said[usize::from(**member)])).count()
    }

    fn acked(&self) -> usize {
        self.count(|said| matches!(said, Some(Said::Agree)))
    }

    fn reachable(&self) -> usize {
        self.count(|said| matches!(said, Some(Said::Agree) | None))
    }

    fn standing(&self) -> usize {
        self.count(|said| !matches!(said, Some(Said::Fail)))
    }

    fn answered(&self) -> usize {
        self.count(|said| matches!(said, Some(Said::Agree | Said::Supersede)))
    }
}

proptest! {
    #[test]
    fn one_tally_of_two_layouts_is_two_tallies_side_by_side(
        owners in 1..=16_u8,
        targets in prop::collection::btree_set(0..32_u8, 1..=16),
        need in prop_oneof![
            Just(Need::Majority), Just(Need::All), (1..=17_u8).prop_map(Need::exactly),
        ],
        answers in prop::collection::vec((0..32_u8, said()), 0..48),
    ) {
        let quorums = Quorums::joint(owners, targets.iter().copied().collect(), need);
        let mut tally = Tally::new(quorums);
        let mut said = vec![None; 32];
        for (index, answer) in answers {
            let is_known = index < owners || targets.contains(&index);
            let is_first = match answer {
                Said::Agree => tally.agree(index),
                Said::Supersede => tally.supersede(index),
                Said::Fail => tally.fail(index),
            };
            prop_assert_eq!(is_first, is_known && said[usize::from(index)].is_none());
            said[usize::from(index)].get_or_insert(answer);
        }
        let model = |members: Vec<u8>| {
            let wanted = need.of(u8::try_from(members.len()).unwrap()).into();
            Model { members, wanted, said: said.clone() }
        };
        let both = [model((0..owners).collect()), model(targets.into_iter().collect())];
        let all = |holds: fn(&Model) -> bool| both.iter().all(holds);
        let is_met = all(|it| it.acked() >= it.wanted);
        let is_in_reach = all(|it| it.reachable() >= it.wanted);
        prop_assert_eq!(tally.is_met(), is_met);
        prop_assert_eq!(tally.is_out_of_reach(), !is_in_reach);
        prop_assert_eq!(quorums.are_possible(), all(|it| it.members.len() >= it.wanted));
        let lack = both.iter().map(|it| it.wanted.saturating_sub(it.acked())).max().unwrap();
        prop_assert_eq!(usize::from(tally.wanted().saturating_sub(tally.acked())), lack);
        let state = if is_met {
            WriteState::Done
        } else if !all(|it| it.standing() >= it.wanted) {
            WriteState::OutOfReach
        } else if !is_in_reach && all(|it| it.answered() >= it.wanted) {
            WriteState::Superseded
        } else {
            WriteState::Open
        };
        prop_assert_eq!(tally.write_state(), state);
    }
}
