use super::*;

const LONG: Duration = Duration::from_secs(4);

#[test]
fn one_that_comes_back_amid_a_move_does_not_take_it_for_done() {
    let mut nodes = Nodes::new(1);
    nodes.has_disks = true;
    nodes.start("a");
    nodes.unready.insert(seat("b"));
    nodes.start("b");
    nodes.pass(LONG);
    assert!(nodes.ring("a").is_moving());
    nodes.stop("a");
    nodes.start("a");
    nodes.pass(LONG);
    assert!(nodes.ring("a").is_moving(), "b does not have its partitions yet");
    nodes.ready("b");
    nodes.pass(LONG);
    assert!(!nodes.ring("a").is_moving());
}

#[test]
fn one_that_was_replaced_is_not_named_again_before_it_knows_that_it_was() {
    let mut nodes = Nodes::founded(&["a", "b", "c"]);
    let c = seat("c");
    nodes.stop("c");
    let first = nodes.nodes.remove(&c).unwrap();
    nodes.start("c");
    nodes.pass(LONG);
    let second = nodes.nodes[&c].id;
    assert_eq!(nodes.ring("a").member(c).unwrap().id, second);
    // The first one was not gone: nobody could reach it. Now somebody can, and the second is gone.
    nodes.stop("c");
    let id = first.id;
    nodes.nodes.insert(c, Node { is_down: false, ..first });
    nodes.uninformed = Some(c);
    nodes.link(c);
    nodes.pass(LONG);
    // What the second acknowledged the first does not have, and would be trusted with.
    assert_eq!(nodes.ring("a").member(c).unwrap().id, second);
    nodes.uninformed = None;
    nodes.pass(LONG);
    assert_eq!(nodes.ring("a").member(c).unwrap().id, id);
    let named: Vec<_> = nodes.nodes[&c].rings.iter().map(|it| it.member(c).unwrap().id).collect();
    assert!(named.contains(&second));
}
