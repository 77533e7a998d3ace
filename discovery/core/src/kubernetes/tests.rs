use super::*;

const STAYS: Rank = Rank { is_terminating: false, is_ipv6: false };

fn candidate(name: &str, address: &str, rank: Rank) -> Candidate {
    Candidate { sighting: Sighting::new(NodeName::new(name).unwrap(), address), rank }
}

fn object(key: &str, version: &str, nodes: &[(&str, &str)]) -> Object {
    let nodes = nodes.iter().map(|(name, address)| candidate(name, address, STAYS)).collect();
    Object { key: key.into(), version: version.into(), nodes }
}

fn listed(version: &str, objects: Vec<Object>) -> In {
    In::Listed { version: version.into(), objects }
}

fn seen(name: &str, address: &str) -> Out {
    Out::Say(Fact::Seen(candidate(name, address, STAYS).sighting))
}

fn lost(name: &str) -> Out {
    Out::Say(Fact::Lost(NodeName::new(name).unwrap()))
}

fn watch(version: &str) -> Out {
    Out::Watch { version: version.into() }
}

fn tell(view: &mut View, input: In) -> Vec<Out> {
    let mut out = Outbox::new();
    view.handle(input, &mut out);
    out.drain().collect()
}

/// n0's view, with n0 and n1 listed in the slice `s` as of version 10.
fn at_work() -> View {
    let mut view = View::new(NodeName::new("n0").unwrap());
    tell(&mut view, In::Started);
    tell(&mut view, listed("10", vec![object("s", "9", &[("n0", "h:0"), ("n1", "h:1")])]));
    view
}

#[test]
fn it_lists_settles_and_watches_from_there() {
    let mut view = View::new(NodeName::new("n0").unwrap());
    assert_eq!(tell(&mut view, In::Started), [Out::List]);
    let orders = tell(&mut view, listed("10", vec![object("s", "9", &[("n0", "h:0")])]));
    assert_eq!(orders, [seen("n0", "h:0"), Out::Say(Fact::Settled), watch("10")]);
}

#[test]
fn a_cut_watch_goes_on_from_the_last_bookmark_without_listing() {
    let mut view = at_work();
    assert_eq!(tell(&mut view, In::Bookmark { version: "40".into() }), []);
    assert_eq!(tell(&mut view, In::Ended), [watch("40")]);
}

#[test]
fn changes_are_said_and_move_the_version_on() {
    let mut view = at_work();
    let change = object("s", "11", &[("n0", "h:0"), ("n1", "h:9"), ("n2", "h:2")]);
    assert_eq!(tell(&mut view, In::Applied(change)), [seen("n1", "h:9"), seen("n2", "h:2")]);
    assert_eq!(tell(&mut view, In::Ended), [watch("11")]);
    let gone = In::Removed { key: "s".into(), version: "12".into() };
    assert_eq!(tell(&mut view, gone), [lost("n0"), lost("n1"), lost("n2")]);
    let orders = tell(&mut view, In::Ended);
    assert!(matches!(&orders[..], [Out::Warn(_), last] if *last == watch("12")), "{orders:?}");
}

#[test]
fn gone_lists_again_and_says_only_the_difference() {
    let mut view = at_work();
    assert_eq!(tell(&mut view, In::Gone), [Out::List]);
    // What fails now tries the listing again, and nobody is lost meanwhile.
    assert_eq!(tell(&mut view, In::Started), [Out::List]);
    let orders =
        tell(&mut view, listed("90", vec![object("s", "80", &[("n0", "h:0"), ("n2", "h:2")])]));
    assert_eq!(orders, [seen("n2", "h:2"), lost("n1"), watch("90")]);
}

#[test]
fn an_outage_takes_nobody_away_and_its_difference_is_said_after_it() {
    let mut view = at_work();
    for _ in 0..3 {
        assert_eq!(tell(&mut view, In::Started), [Out::List]);
    }
    // An API server that was restored from a backup counts from lower versions.
    let orders = tell(&mut view, listed("3", vec![object("s", "2", &[("n0", "h:0")])]));
    assert_eq!(orders, [lost("n1"), watch("3")]);
}

#[test]
fn a_node_that_moves_from_slice_to_slice_is_never_lost() {
    let mut view = at_work();
    assert_eq!(tell(&mut view, In::Applied(object("t", "11", &[("n1", "h:1")]))), []);
    assert_eq!(tell(&mut view, In::Applied(object("s", "12", &[("n0", "h:0")]))), []);
    let gone = In::Removed { key: "t".into(), version: "13".into() };
    assert_eq!(tell(&mut view, gone), [lost("n1")]);
}

#[test]
fn of_two_pods_on_one_seat_the_one_that_stays_counts_and_of_two_addresses_the_older_family() {
    let mut view = at_work();
    let old = Rank { is_terminating: true, is_ipv6: false };
    let six = Rank { is_terminating: false, is_ipv6: true };
    let nodes = vec![
        candidate("n0", "h:0", STAYS),
        candidate("n1", "old:1", old),
        candidate("n1", "[::1]:1", six),
    ];
    let object = Object { key: "s".into(), version: "11".into(), nodes };
    assert_eq!(tell(&mut view, In::Applied(object)), [seen("n1", "[::1]:1")]);
}

#[test]
fn a_node_that_is_not_among_the_pods_after_a_whole_watch_is_warned() {
    let warned = |objects| {
        let mut view = View::new(NodeName::new("other").unwrap());
        let orders = tell(&mut view, listed("10", objects));
        assert!(!orders.iter().any(|it| matches!(it, Out::Warn(_))), "its pod may be new");
        let orders = tell(&mut view, In::Ended);
        let [Out::Warn(warning), Out::Watch { .. }] = &orders[..] else { panic!("{orders:?}") };
        warning.clone()
    };
    let others = warned(vec![object("s", "9", &[("n0", "h:0")])]);
    assert!(others.contains("other: this node is not among the pods"), "{others}");
    let nobody = warned(vec![object("s", "9", &[])]);
    assert!(nobody.contains("no pod is found: the namespace"), "{nobody}");
    assert_eq!(tell(&mut at_work(), In::Ended), [watch("10")]);
}
