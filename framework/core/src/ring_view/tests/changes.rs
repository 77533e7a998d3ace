use super::*;

const LONG: Duration = Duration::from_secs(4);

#[test]
fn a_node_that_comes_is_let_in_when_all_has_moved_to_it() {
    let mut nodes = Nodes::founded(&["a", "b", "c"]);
    nodes.unready.insert(seat("d"));
    nodes.start("d");
    nodes.pass(Duration::from_millis(500));
    assert_eq!(nodes.epoch("a"), Epoch(1));
    nodes.pass(LONG);
    assert!(nodes.ring("a").is_moving());
    nodes.pass(LONG);
    assert!(nodes.ring("a").is_moving());
    nodes.ready("d");
    nodes.pass(LONG);
    assert_eq!(nodes.reasons("a"), [Reason::Founded, Reason::Moving, Reason::Settled]);
    assert!(nodes.ring("d").owned_by(seat("d")).next().is_some());
}

#[test]
fn nodes_that_come_together_make_one_change() {
    let mut nodes = Nodes::founded(&["a"]);
    for name in ["b", "c", "d", "e"] {
        nodes.start(name);
        nodes.pass(Duration::from_millis(300));
    }
    nodes.pass(LONG);
    assert_eq!(nodes.reasons("a"), [Reason::Founded, Reason::Moving, Reason::Settled]);
    assert_eq!(nodes.members("e"), ["a", "b", "c", "d", "e"]);
}

#[test]
fn a_node_that_came_back_with_nothing_is_named_anew_and_nothing_moves() {
    let mut nodes = Nodes::founded(&["a", "b", "c"]);
    let lists = nodes.ring("a").to_parts().layout;
    nodes.stop("b");
    nodes.start("b");
    nodes.pass(Duration::from_millis(200));
    let id = nodes.nodes[&seat("b")].id;
    assert_eq!(nodes.ring("a").member(seat("b")).unwrap().id, id);
    assert!(!nodes.reasons("a").contains(&Reason::Moving));
    assert_eq!(nodes.ring("b").to_parts().layout, lists);
}

#[test]
fn of_two_nodes_one_may_come_back_with_nothing() {
    let mut nodes = Nodes::founded(&["a", "b"]);
    nodes.stop("b");
    nodes.start("b");
    nodes.pass(LONG);
    let id = nodes.nodes[&seat("b")].id;
    assert_eq!(nodes.ring("a").member(seat("b")).unwrap().id, id);
    assert_eq!(nodes.ring("b"), nodes.ring("a"));
}

#[test]
fn the_primacy_of_a_node_that_is_down_passes_on_and_comes_back_with_it() {
    let mut nodes = Nodes::founded(&["a", "b", "c"]);
    nodes.stop("a");
    nodes.pass(Duration::from_millis(1_500));
    assert_eq!(nodes.ring("b").deposed(), [seat("a")]);
    let partitions = nodes.ring("c").partitions();
    assert!(partitions.iter().all(|p| nodes.ring("c").primary(p, 3) != seat("a")));
    nodes.start("a");
    nodes.pass(LONG);
    assert!(nodes.ring("b").deposed().is_empty());
}

#[test]
fn one_that_only_one_cannot_reach_is_not_down() {
    let mut nodes = Nodes::founded(&["a", "b", "c"]);
    nodes.tell(seat("a"), ControlIn::LinkDown { seat: seat("c") });
    nodes.tell(seat("c"), ControlIn::LinkDown { seat: seat("a") });
    nodes.deliver();
    nodes.pass(LONG);
    assert_eq!(nodes.epoch("b"), Epoch(1));
}

#[test]
fn one_that_is_down_for_too_long_is_evicted() {
    let mut nodes = Nodes::new(4);
    nodes.settings.evict_after = Some(Duration::from_secs(10));
    for name in ["a", "b", "c", "d"] {
        nodes.start(name);
    }
    nodes.stop("d");
    nodes.pass(Duration::from_secs(9));
    assert_eq!(nodes.members("a"), ["a", "b", "c", "d"]);
    nodes.pass(Duration::from_secs(5));
    assert_eq!(nodes.members("a"), ["a", "b", "c"]);
    assert_eq!(nodes.ring("c"), nodes.ring("a"));
}

#[test]
fn a_minority_changes_nothing() {
    let mut nodes = Nodes::new(3);
    nodes.settings.evict_after = Some(Duration::from_secs(1));
    for name in ["a", "b", "c"] {
        nodes.start(name);
    }
    nodes.stop("b");
    nodes.stop("c");
    let epoch = nodes.epoch("a");
    nodes.pass(Duration::from_secs(60));
    assert_eq!(nodes.epoch("a"), epoch);
    assert_eq!(nodes.members("a"), ["a", "b", "c"]);
}

#[test]
fn a_joiner_that_is_lost_on_the_way_holds_nobody_up() {
    let mut nodes = Nodes::new(3);
    nodes.settings.evict_after = Some(Duration::from_secs(5));
    for name in ["a", "b", "c"] {
        nodes.start(name);
    }
    nodes.unready.insert(seat("d"));
    nodes.start("d");
    nodes.pass(LONG);
    assert!(nodes.ring("a").is_moving());
    nodes.stop("d");
    nodes.pass(Duration::from_secs(10));
    assert_eq!(nodes.members("a"), ["a", "b", "c"]);
    assert!(!nodes.ring("a").is_moving());
}

#[test]
fn others_propose_when_the_steward_is_silent() {
    let mut nodes = Nodes::founded(&["a", "b", "c"]);
    // It neither hears nor says anything, and its links stand.
    nodes.nodes.get_mut(&seat("a")).unwrap().is_down = true;
    nodes.start("d");
    nodes.pass(Duration::from_secs(6));
    assert!(nodes.reasons("b").contains(&Reason::Moving));
}

#[test]
fn one_that_missed_rings_learns_the_latest() {
    let mut nodes = Nodes::founded(&["a", "b", "c"]);
    nodes.nodes.get_mut(&seat("c")).unwrap().is_down = true;
    for number in 0..5 {
        let caller = nodes.order(
            "a",
            Order::Apply {
                epoch: None,
                change: Change { weights: vec![(name("b"), 2 + number)], ..Change::default() },
            },
        );
        nodes.pass(Duration::from_millis(50));
        assert!(nodes.answers.contains_key(&caller), "{number}");
        nodes.pass(Duration::from_millis(50));
        let _ = nodes.order("a", Order::Cancel);
    }
    nodes.nodes.get_mut(&seat("c")).unwrap().is_down = false;
    nodes.pass(LONG);
    assert_eq!(nodes.ring("c"), nodes.ring("a"));
    assert!(nodes.reasons("c").len() < nodes.reasons("a").len());
}

#[test]
fn a_node_that_was_never_let_in_is_forgotten_when_it_has_gone() {
    let mut nodes = Nodes::new(2);
    nodes.settings.change = ChangeMode::Manual;
    nodes.start("a");
    nodes.start("b");
    nodes.start("x");
    nodes.pass(LONG);
    let standings =
        |nodes: &Nodes| nodes.nodes[&seat("a")].control.ring_view().known().standings().count();
    assert_eq!(standings(&nodes), 3);
    nodes.stop("x");
    for node in ["a", "b"] {
        nodes.tell(seat(node), ControlIn::Fact(Fact::Lost(name("x"))));
    }
    nodes.pass(LONG);
    assert_eq!(standings(&nodes), 2);
}
