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
    let mut nodes = Nodes::new(1);
    nodes.start("a");
    let mut other = Nodes::new(1);
    let found = Sighting::new(name("x"), "x");
    other.first_fact = Some(Fact::Seen(found));
    other.start("a");
    assert_eq!((nodes.epoch("a"), other.epoch("a")), (Epoch(1), Epoch::NONE));
    other.pass(Duration::from_secs(6));
    assert_eq!(other.epoch("a"), Epoch(1));
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
#[ignore = "who has accepted a first ring waits for ever for all whom it names"]
fn one_that_is_lost_amid_the_founding_does_not_hold_up_the_others_for_ever() {
    let mut nodes = Nodes::new(3);
    nodes.start("a");
    nodes.start("b");
    nodes.begin("c");
    let is_accept =
        |message: &Message| matches!(message.body, Body::Chain(chain::Word::Accept { .. }));
    while !nodes.letters.iter().any(|(_, to, it)| *to == seat("c") && is_accept(it)) {
        let (from, to, message) = nodes.letters.pop_front().expect("one proposes");
        nodes.tell(to, ControlIn::Peer { from, message });
    }
    nodes.letters.retain(|(_, to, _)| *to != seat("c"));
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
