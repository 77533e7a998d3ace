use super::*;

const LONG: Duration = Duration::from_secs(4);

fn remove(text: &str) -> Change {
    Change { remove: vec![name(text)], ..Change::default() }
}

#[test]
fn by_hand_nothing_changes_before_it_is_ordered() {
    let mut nodes = Nodes::new(2);
    nodes.settings.change = ChangeMode::Manual;
    nodes.start("a");
    nodes.start("b");
    nodes.start("c");
    nodes.pass(LONG);
    assert_eq!(nodes.epoch("a"), Epoch(1));
    let plan = nodes.nodes[&seat("b")].control.plan(&Change::default()).unwrap();
    assert_eq!(plan.join, [name("c")]);
    assert!(plan.waits.is_some() && plan.moves.gained > 0 && plan.bytes > 0);
    let caller =
        nodes.order("b", Order::Apply { epoch: Some(plan.epoch), change: Change::default() });
    nodes.pass(LONG);
    assert_eq!(nodes.answers[&caller], Ok(Epoch(2)));
    assert_eq!(nodes.members("a"), ["a", "b", "c"]);
}

#[test]
fn an_order_for_another_ring_is_refused() {
    let mut nodes = Nodes::founded(&["a", "b"]);
    let change = remove("b");
    let caller = nodes.order("a", Order::Apply { epoch: Some(Epoch(7)), change });
    let refused = OrderRefused::Outdated { planned: Epoch(7), found: Epoch(1) };
    assert_eq!(nodes.answers[&caller], Err(refused));
}

#[test]
fn what_is_cancelled_stays_as_it_was_until_an_order_goes_on() {
    let mut nodes = Nodes::founded(&["a", "b"]);
    let lists = nodes.ring("a").to_parts().layout;
    nodes.unready.insert(seat("c"));
    nodes.start("c");
    nodes.pass(LONG);
    assert!(nodes.ring("a").is_moving());
    let caller = nodes.order("b", Order::Cancel);
    nodes.pass(LONG);
    assert!(nodes.answers[&caller].is_ok());
    assert_eq!(nodes.ring("a").to_parts().layout, lists);
    assert!(nodes.ring("a").is_held());
    nodes.unready.clear();
    nodes.order("a", Order::Apply { epoch: None, change: Change::default() });
    nodes.pass(LONG);
    assert_eq!(nodes.members("c"), ["a", "b", "c"]);
    assert!(!nodes.ring("c").is_held());
}

#[test]
fn a_node_that_leaves_has_left_when_it_is_no_member() {
    let mut nodes = Nodes::founded(&["a", "b", "c"]);
    nodes.order("c", Order::Leave);
    assert!(nodes.left.is_empty());
    nodes.pass(LONG);
    assert_eq!(nodes.members("a"), ["a", "b"]);
    assert!(nodes.left.contains(&seat("c")));
}

#[test]
fn the_last_owner_cannot_leave() {
    let mut nodes = Nodes::founded(&["a"]);
    let caller = nodes.order("a", Order::Leave);
    assert!(matches!(nodes.answers[&caller], Err(OrderRefused::Ring(_))));
}

#[test]
fn an_operator_goes_on_without_voters_that_are_gone_for_good() {
    let mut nodes = Nodes::new(3);
    nodes.settings.evict_after = Some(Duration::from_secs(1));
    for name in ["a", "b", "c"] {
        nodes.start(name);
    }
    let there = nodes.order("a", Order::Recover { lost: vec![name("b"), name("c")] });
    assert!(matches!(nodes.answers[&there], Err(OrderRefused::NotLost { .. })));
    nodes.stop("b");
    let needless = nodes.order("a", Order::Recover { lost: vec![name("b")] });
    assert_eq!(nodes.answers[&needless], Err(OrderRefused::NotNeeded));
    nodes.stop("c");
    let caller = nodes.order("a", Order::Recover { lost: vec![name("b"), name("c")] });
    assert!(nodes.answers[&caller].is_ok());
    nodes.start("b");
    nodes.pass(LONG);
    let id = nodes.nodes[&seat("b")].id;
    assert_eq!(nodes.ring("b").member(seat("b")).unwrap().id, id);
}

#[test]
fn recoveries_ordered_at_two_nodes_are_of_two_epochs() {
    let nodes = Nodes::founded(&["a", "b", "c"]);
    let lost = [seat("c")];
    let [one, other] = ["a", "b"].map(|by| nodes.ring(by).recover(Wall(0), &lost, seat(by)));
    assert_ne!(one.epoch(), other.epoch());
}

#[test]
fn a_node_may_leave_while_nodes_of_two_versions_run_and_none_may_join() {
    let mut nodes = Nodes::new(3);
    for name in ["a", "b"] {
        nodes.start(name);
    }
    nodes.wire = 1;
    nodes.start("c");
    nodes.start("d");
    nodes.pass(LONG);
    assert_eq!(nodes.members("a"), ["a", "b", "c"]);
    nodes.order("c", Order::Leave);
    nodes.stop("d");
    nodes.pass(LONG);
    assert_eq!(nodes.members("a"), ["a", "b"]);
}

#[test]
fn the_past_is_remembered() {
    let mut nodes = Nodes::founded(&["a", "b"]);
    nodes.start("c");
    nodes.pass(LONG);
    let view = nodes.nodes[&seat("b")].control.ring_view();
    let past: Vec<_> = view.history().map(|past| (past.epoch, past.joined.len())).collect();
    assert_eq!(past, [(Epoch(1), 2), (Epoch(2), 1), (Epoch(3), 0)]);
}
