use super::*;

#[test]
fn a_node_that_expects_nobody_is_a_cluster_by_itself() {
    let nodes = Nodes::founded(&["a"]);
    assert_eq!(nodes.members("a"), ["a"]);
}

#[test]
fn nodes_that_expect_each_other_found_one_ring() {
    let nodes = Nodes::founded(&["b", "a", "c"]);
    assert_eq!(nodes.members("c"), ["a", "b", "c"]);
    for other in ["b", "c"] {
        assert_eq!(nodes.ring(other), nodes.ring("a"));
    }
    // The one with the smallest name did.
    assert_eq!(nodes.ring("a").cluster(), ClusterId(2));
}

#[test]
fn nobody_founds_a_cluster_before_all_are_there() {
    let mut nodes = Nodes::new(3);
    nodes.start("a");
    nodes.start("b");
    nodes.pass(Duration::from_secs(10));
    assert_eq!(nodes.epoch("a"), Epoch::NONE);
    nodes.start("c");
    assert_eq!(nodes.epoch("b"), Epoch(1));
}

#[test]
fn a_node_that_meets_a_ring_founds_none() {
    let mut nodes = Nodes::founded(&["b"]);
    nodes.start("a");
    assert_eq!(nodes.ring("a").cluster(), nodes.ring("b").cluster());
}

#[test]
fn one_that_is_named_and_silent_is_waited_for_a_while() {
    let mut nodes = Nodes::new(2);
    nodes.first_fact = Some(Fact::Seen(Sighting::new(name("x"), "x")));
    nodes.start("a");
    nodes.start("b");
    nodes.pass(Duration::from_secs(4));
    assert_eq!(nodes.epoch("a"), Epoch::NONE);
    nodes.pass(Duration::from_secs(2));
    assert_eq!(nodes.epoch("a"), Epoch(1));
}

#[test]
fn one_that_cannot_reach_half_of_those_who_are_named_founds_nothing_and_says_so() {
    let mut nodes = Nodes::new(1);
    nodes.first_fact = Some(Fact::Seen(Sighting::new(name("x"), "x")));
    nodes.start("a");
    nodes.pass(Duration::from_secs(60));
    assert_eq!(nodes.epoch("a"), Epoch::NONE);
    let said = nodes.nodes[&seat("a")].control.ring_view().stuck().unwrap().to_string();
    assert!(said.contains("discovery names x, who is not there"), "{said}");
    assert!(said.contains("`peer-ring ring recover --lost x`"), "{said}");
    let caller = nodes.order("a", Order::Recover { lost: vec![name("x")] });
    nodes.pass(Duration::from_secs(1));
    assert_eq!((nodes.epoch("a"), &nodes.answers[&caller]), (Epoch(1), &Ok(Epoch(1))));
}

#[test]
fn a_lone_founder_that_forgot_its_cluster_is_found_by_it_before_it_founds_another() {
    let mut nodes = Nodes::new(1);
    nodes.settings.alone_for = Duration::from_secs(3);
    nodes.start("a");
    nodes.pass(Duration::from_secs(2));
    assert_eq!(nodes.epoch("a"), Epoch::NONE);
    nodes.pass(Duration::from_secs(2));
    assert_eq!(nodes.epoch("a"), Epoch(1));
    nodes.start("b");
    nodes.start("c");
    nodes.pass(Duration::from_secs(10));
    assert_eq!(nodes.members("a"), ["a", "b", "c"]);
    nodes.stop("a");
    // Discovery names nobody to it; the others come to it a little later.
    for other in ["b", "c"] {
        let pair = (seat("a").min(seat(other)), seat("a").max(seat(other)));
        nodes.cut.insert(pair);
    }
    nodes.discovery_is_blind = true;
    nodes.start("a");
    nodes.pass(Duration::from_millis(2_500));
    for (one, other) in std::mem::take(&mut nodes.cut) {
        nodes.link_two(one, other);
    }
    nodes.pass(Duration::from_secs(10));
    assert_eq!(nodes.clusters.len(), 1);
    assert_eq!(nodes.members("a"), ["a", "b", "c"]);
}

#[test]
fn a_node_that_was_told_another_number_of_partitions_must_stop() {
    let mut nodes = Nodes::founded(&["a"]);
    let ring = Arc::new(nodes.ring("a").clone());
    nodes.partitions = 16;
    nodes.expect = 2;
    nodes.start("b");
    let why = nodes.impossible.expect("it cannot join");
    assert_eq!(why, NoRing::Partitions { ours: 16, theirs: ring.partitions().count() });
}

#[test]
fn one_that_is_lost_amid_the_founding_does_not_hold_up_the_others_for_ever() {
    let mut nodes = Nodes::new(3);
    nodes.start("a");
    nodes.start("b");
    nodes.begin("c");
    nodes.deliver_until("c", |word| matches!(word, chain::Word::Accept { .. }));
    nodes.stop("c");
    nodes.start("d");
    nodes.pass(Duration::from_secs(60));
    assert_eq!(nodes.epoch("a"), Epoch(1));
}

#[test]
fn a_node_of_a_cluster_that_was_founded_apart_is_not_let_in() {
    let mut nodes = Nodes::founded(&["a"]);
    let standing = Standing {
        cluster: ClusterId(99),
        epoch: Epoch(1),
        member: Member { id: NodeId(9), ..Member::new(name("x")) },
        ..nodes.nodes[&seat("a")].control.ring_view().known().own().clone()
    };
    let message = Message { epoch: Epoch(1), body: Body::Standing(Box::new(standing)) };
    nodes.tell(seat("a"), ControlIn::LinkUp { seat: seat("x"), id: NodeId(9) });
    nodes.tell(seat("a"), ControlIn::Peer { from: seat("x"), message });
    nodes.letters.clear();
    nodes.pass(Duration::from_secs(1));
    let ring = nodes.ring("a");
    assert!(nodes.nodes[&seat("a")].control.ring_view().known().waiting(ring).is_empty());
}
