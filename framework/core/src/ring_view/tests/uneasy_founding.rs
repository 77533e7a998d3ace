//! Founders crash, come back or never do, hear of each other late, and words are lost: there is one
//! cluster or none yet, and who is waited for is said.

use proptest::prelude::*;

use super::storm::{Move, NAMES, moves};
use super::*;

fn recover(lost: &str) -> Order {
    Order::Recover { lost: vec![name(lost)] }
}

impl Nodes {
    fn stuck(&self, text: &str) -> Option<steward::Stuck> {
        self.nodes[&seat(text)].control.ring_view().stuck()
    }

    /// Delivers words until one of them is about to arrive; what is on its way to `to` is lost.
    pub(super) fn deliver_until(&mut self, to: &str, is_it: fn(&chain::Word) -> bool) {
        let is_it = |message: &Message| matches!(&message.body, Body::Chain(word) if is_it(word));
        while !self.letters.iter().any(|(_, at, it)| *at == seat(to) && is_it(it)) {
            let (from, to, message) = self.letters.pop_front().expect("one proposes");
            self.tell(to, ControlIn::Peer { from, message });
        }
        self.letters.retain(|(_, at, _)| *at != seat(to));
    }
}

/// Three of whom the first, whose founding the others have accepted, is lost for good, before
/// anybody heard whether it was decided; and a fourth.
fn founder_lost() -> Nodes {
    let mut nodes = Nodes::new(3);
    nodes.has_disks = true;
    nodes.start("b");
    nodes.start("c");
    nodes.begin("a");
    nodes.deliver_until("a", |word| matches!(word, chain::Word::Accepted { .. }));
    nodes.stop("a");
    nodes.start("d");
    nodes.pass(Duration::from_secs(60));
    nodes
}

#[test]
fn who_alone_may_know_the_first_ring_is_waited_for_and_that_is_said() {
    let nodes = founder_lost();
    assert!(nodes.clusters.is_empty());
    let said = nodes.stuck("b").expect("a may have founded the cluster").to_string();
    assert!(said.contains("`peer-ring ring recover --lost a` at one node"), "{said}");
}

#[test]
fn a_founder_that_comes_back_after_all_is_in_the_cluster() {
    let mut nodes = founder_lost();
    nodes.start("a");
    nodes.pass(Duration::from_secs(20));
    assert_eq!(nodes.members("d"), ["a", "b", "c", "d"]);
    assert_eq!((nodes.clusters.len(), nodes.stuck("b")), (1, None));
}

#[test]
fn an_operator_founds_without_one_that_is_gone_and_it_can_be_none_other_than_its_cluster() {
    let mut nodes = founder_lost();
    let refused = nodes.order("d", recover("c"));
    assert_eq!(nodes.answers[&refused], Err(OrderRefused::NotLost { name: name("c") }));
    let caller = nodes.order("b", recover("a"));
    nodes.pass(Duration::from_secs(5));
    assert_eq!(nodes.answers[&caller], Ok(Epoch(1)));
    assert_eq!(nodes.stuck("b"), None);
    assert!(nodes.ring("b").member(seat("a")).is_some());
    // What the first one decided, and told nobody, was this.
    nodes.start("a");
    nodes.pass(Duration::from_secs(20));
    assert_eq!((nodes.members("a"), nodes.clusters.len()), (vec!["a", "b", "c", "d"], 1));
}

#[test]
fn one_that_was_called_lost_and_was_there_meanwhile_is_waited_for_again() {
    let mut nodes = founder_lost();
    for (one, other) in [("b", "c"), ("a", "c"), ("a", "d")] {
        nodes.cut_link(seat(one), seat(other));
    }
    let caller = nodes.order("b", recover("a"));
    nodes.pass(Duration::from_secs(10));
    assert_eq!(nodes.answers[&caller], Err(OrderRefused::NotDecided));
    nodes.start("a");
    nodes.pass(Duration::from_secs(10));
    nodes.cut_link(seat("a"), seat("b"));
    nodes.cut.remove(&(seat("b").min(seat("c")), seat("b").max(seat("c"))));
    nodes.link_two(seat("b"), seat("c"));
    nodes.pass(Duration::from_secs(60));
    assert!(nodes.clusters.is_empty());
    assert_eq!(nodes.stuck("b"), Some(steward::Stuck::Founding { silent: vec![name("a")] }));
}

#[test]
fn a_newcomer_does_not_hold_up_those_who_were_about_to_found_a_cluster() {
    let mut nodes = Nodes::new(3);
    nodes.has_disks = true;
    nodes.start("b");
    nodes.start("c");
    nodes.begin("a");
    nodes.deliver_until("c", |word| matches!(word, chain::Word::Accept { .. }));
    // Nobody but the one that was lost meanwhile knows that it was its own wish, and no more.
    nodes.stop("a");
    nodes.start("a");
    nodes.start("d");
    nodes.pass(Duration::from_secs(30));
    assert_eq!(nodes.members("a"), ["a", "b", "c", "d"]);
}

#[test]
fn half_of_the_voters_that_came_back_without_memory_are_named_with_what_to_order() {
    let mut nodes = Nodes::founded(&["a", "b", "c"]);
    nodes.stop("b");
    assert_eq!(nodes.stuck("a"), None);
    nodes.stop("c");
    let said = nodes.stuck("a").expect("one of three is left").to_string();
    assert!(said.contains("when b and c are back"), "{said}");
    nodes.start("b");
    nodes.start("c");
    nodes.pass(Duration::from_secs(10));
    for at in ["a", "b", "c"] {
        let said = nodes.stuck(at).expect("one vote of three is left").to_string();
        let order = "b and c are back without what it voted for; `peer-ring ring recover --lost b \
                     c` at one node goes on without what they knew";
        assert!(said.contains(order), "{said}");
    }
    let lost = ["b", "c"].map(name).to_vec();
    let caller = nodes.order("b", Order::Recover { lost });
    nodes.pass(Duration::from_secs(10));
    assert!(nodes.answers[&caller].is_ok());
    assert_eq!(nodes.stuck("a"), None);
    assert_eq!(nodes.ring("a").voters().len(), 3, "who is back votes");
}

#[test]
fn who_is_remembered_as_its_predecessor_alone_is_not_taken_for_lost() {
    let mut nodes = Nodes::new(3);
    nodes.start("c");
    nodes.start("b");
    // c starts again before anything was voted on, and b does not hear of that.
    nodes.stop("c");
    nodes.cut_link(seat("b"), seat("c"));
    nodes.start("c");
    nodes.has_disks = true;
    nodes.begin("a");
    nodes.deliver_until("c", |word| matches!(word, chain::Word::Accept { .. }));
    nodes.deliver();
    for other in ["a", "d"] {
        nodes.cut_link(seat(other), seat("c"));
    }
    nodes.stop("a");
    nodes.start("a");
    nodes.start("d");
    nodes.pass(Duration::from_secs(30));
    // c has accepted nothing, and may found a cluster with others.
    assert!(nodes.clusters.is_empty());
    nodes.cut.clear();
    nodes.link(seat("c"));
    nodes.pass(Duration::from_secs(10));
    assert_eq!((nodes.members("c"), nodes.clusters.len()), (vec!["a", "b", "c", "d"], 1));
}

#[test]
fn who_goes_on_without_those_that_accepted_its_first_wish_founds_another_cluster() {
    let mut nodes = Nodes::new(3);
    nodes.has_disks = true;
    nodes.start("b");
    nodes.start("c");
    nodes.begin("a");
    nodes.deliver_until("a", |word| matches!(word, chain::Word::Accepted { .. }));
    for one in ["a", "d", "e"] {
        for other in ["b", "c", "f"] {
            nodes.cut_link(seat(one), seat(other));
        }
    }
    for name in ["d", "e", "f"] {
        nodes.start(name);
    }
    nodes.pass(Duration::from_secs(60));
    assert_eq!(nodes.members("a"), ["a", "d", "e"]);
    // It is only cut off, and an operator errs.
    nodes.order("b", recover("a"));
    nodes.pass(Duration::from_secs(5));
    assert_eq!(nodes.members("b"), ["a", "b", "c"]);
    assert_ne!(nodes.ring("b").cluster(), nodes.ring("a").cluster());
    nodes.check_one_chain();
}

#[test]
fn an_order_without_the_founder_founds_its_ring_or_none() {
    let mut nodes = Nodes::new(3);
    nodes.has_disks = true;
    nodes.start("b");
    nodes.start("c");
    nodes.begin("a");
    // It reaches c alone, and b hears of it from c.
    nodes.deliver_until("b", |word| matches!(word, chain::Word::Accept { .. }));
    nodes.deliver_until("a", |word| matches!(word, chain::Word::Accepted { .. }));
    nodes.stop("a");
    nodes.start("d");
    nodes.pass(Duration::from_secs(60));
    assert!(nodes.clusters.is_empty());
    nodes.stop("c");
    nodes.stop("d");
    // The two that are gone may have gone on with a, without b.
    let caller = nodes.order("b", recover("a"));
    nodes.pass(Duration::from_secs(10));
    assert_eq!(
        (nodes.epoch("b"), &nodes.answers[&caller]),
        (Epoch::NONE, &Err(OrderRefused::NotDecided))
    );
    nodes.start("c");
    nodes.order("b", recover("a"));
    nodes.pass(Duration::from_secs(10));
    assert_eq!(
        (nodes.members("b"), nodes.members("c")),
        (vec!["a", "b", "c"], vec!["a", "b", "c"])
    );
}

#[test]
fn who_was_left_behind_and_comes_back_as_it_was_votes_again() {
    let mut nodes = Nodes::new(3);
    nodes.has_disks = true;
    for name in ["a", "b", "c"] {
        nodes.start(name);
    }
    nodes.pass(Duration::from_secs(1));
    nodes.stop("b");
    nodes.stop("c");
    let lost = ["b", "c"].map(name).to_vec();
    nodes.order("a", Order::Recover { lost });
    assert_eq!(nodes.ring("a").voters(), [seat("a")]);
    nodes.start("b");
    nodes.start("c");
    nodes.pass(Duration::from_secs(10));
    assert_eq!(nodes.ring("a").voters().len(), 3);
    assert_eq!(nodes.ring("b"), nodes.ring("a"));
    // And that is all that had to change.
    let epoch = nodes.epoch("a");
    nodes.pass(Duration::from_secs(30));
    assert_eq!(nodes.epoch("a"), epoch);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn one_cluster_is_founded_whatever_happens_and_nobody_waits_in_silence(
        expect in 3..=4_usize,
        has_disks in any::<bool>(),
        keeps_late in any::<bool>(),
        order in Just(NAMES.to_vec()).prop_shuffle(),
        moves in moves(),
        lost in 0..NAMES.len(),
    ) {
        let mut nodes = Nodes::new(expect);
        nodes.has_disks = has_disks;
        nodes.keeps_late = keeps_late;
        for name in &order[..expect] {
            nodes.begin(name);
        }
        for next in &moves {
            nodes.go_on(next);
            nodes.check_one_chain();
            // Who forgets what it said may found another one, when all that know the first are away.
            prop_assert!(!has_disks || nodes.clusters.len() <= 1);
        }
        if !has_disks {
            return Ok(());
        }
        // One is never seen again.
        let gone = NAMES[lost];
        if nodes.is_up(gone) {
            nodes.crash(seat(gone));
        }
        nodes.mend();
        let rest: Vec<_> = NAMES.into_iter().filter(|it| *it != gone).collect();
        for which in (0..NAMES.len()).filter(|it| *it != lost) {
            nodes.go_on(&Move::Start(which));
            nodes.go_on(&Move::Ready(which));
        }
        nodes.pass(Duration::from_secs(60));
        if nodes.epoch(rest[0]) == Epoch::NONE {
            let said = rest.iter().find_map(|at| Some((*at, nodes.stuck(at)?)));
            let (at, why) = said.expect("somebody says why there is no cluster");
            prop_assert_eq!(why, steward::Stuck::Founding { silent: vec![name(gone)] });
            nodes.order(at, recover(gone));
            nodes.pass(Duration::from_secs(20));
        }
        nodes.check_one_chain();
        prop_assert_eq!(nodes.clusters.len(), 1);
        for at in rest {
            prop_assert!(nodes.epoch(at) > Epoch::NONE, "{} has no ring", at);
        }
    }

    #[test]
    fn no_ring_is_decided_twice_though_operators_call_lost_whomever_they_like(
        expect in 2..=4_usize,
        has_disks in any::<bool>(),
        keeps_late in any::<bool>(),
        moves in prop::collection::vec((moves(), 0..NAMES.len(), 1..32_usize), 1..6),
    ) {
        let mut nodes = Nodes::new(expect);
        nodes.has_disks = has_disks;
        nodes.keeps_late = keeps_late;
        for name in NAMES {
            nodes.begin(name);
        }
        for (moves, at, lost) in moves {
            for next in &moves {
                nodes.go_on(next);
                nodes.check_one_chain();
            }
            if nodes.is_up(NAMES[at]) {
                let lost = (0..NAMES.len()).filter(|it| lost >> it & 1 == 1);
                let lost = lost.map(|it| name(NAMES[it])).collect();
                nodes.order(NAMES[at], Order::Recover { lost });
            }
        }
    }
}
