use super::*;

const LEASE: i64 = 7;

fn name(text: &str) -> NodeName {
    NodeName::new(text).unwrap()
}

fn node(text: &str, address: &str) -> Sighting {
    Sighting::new(name(text), address)
}

fn entry(text: &str, address: &str, lease: i64) -> Entry {
    let value = announcement::write(&node(text, address));
    Entry { name: text.into(), value, lease }
}

fn own() -> Entry {
    entry("n1", "h:1", LEASE)
}

fn seen(text: &str, address: &str) -> Out {
    Out::Say(Fact::Seen(node(text, address)))
}

fn lost(text: &str) -> Out {
    Out::Say(Fact::Lost(name(text)))
}

fn deleted(text: &str, revision: i64) -> In {
    In::Changed(vec![Change::Delete { name: text.into(), revision }])
}

fn put(entry: Entry) -> In {
    In::Changed(vec![Change::Put(entry)])
}

fn tell(registry: &mut Registry, input: In) -> Vec<Out> {
    let mut out = Outbox::new();
    registry.handle(input, &mut out);
    out.drain().collect()
}

/// The registry of n1, announced by revision 5, with n1 and n2 listed as of revision 6.
fn at_work() -> Registry {
    let mut registry = Registry::new(name("n1"));
    tell(&mut registry, In::Connected);
    tell(&mut registry, In::Granted { lease: LEASE });
    tell(&mut registry, In::Announced { revision: 5 });
    let entries = vec![own(), entry("n2", "h:2", 8)];
    tell(&mut registry, In::Listed { revision: 6, entries });
    registry
}

#[test]
fn a_node_announces_itself_lists_and_watches_from_there() {
    let mut registry = Registry::new(name("n1"));
    assert_eq!(tell(&mut registry, In::Connected), [Out::Grant, Out::List]);
    let granted = tell(&mut registry, In::Granted { lease: LEASE });
    assert_eq!(granted, [Out::KeepAlive { lease: LEASE }, Out::Announce { lease: LEASE }]);
    assert_eq!(tell(&mut registry, In::Announced { revision: 5 }), []);
    let entries = vec![own(), entry("n2", "h:2", 8)];
    let settled = Out::Say(Fact::Settled);
    assert_eq!(
        tell(&mut registry, In::Listed { revision: 6, entries }),
        [seen("n1", "h:1"), seen("n2", "h:2"), settled, Out::Watch { from: 7 }]
    );
}

#[test]
fn changes_are_said_as_they_come() {
    let mut registry = at_work();
    assert_eq!(tell(&mut registry, put(entry("n3", "h:3", 9))), [seen("n3", "h:3")]);
    assert_eq!(tell(&mut registry, put(entry("n3", "h:4", 9))), [seen("n3", "h:4")]);
    assert_eq!(tell(&mut registry, put(entry("n3", "h:4", 9))), []);
    assert_eq!(tell(&mut registry, deleted("n3", 12)), [lost("n3")]);
}

#[test]
fn an_outage_takes_nobody_away_and_its_difference_is_said_after_it() {
    let mut registry = at_work();
    let again = tell(&mut registry, In::Connected);
    assert_eq!(again, [Out::KeepAlive { lease: LEASE }, Out::List]);
    let entries = vec![own(), entry("n3", "h:3", 9)];
    assert_eq!(
        tell(&mut registry, In::Listed { revision: 40, entries }),
        [seen("n3", "h:3"), lost("n2"), Out::Watch { from: 41 }]
    );
}

#[test]
fn after_a_compaction_it_lists_again_and_says_only_what_is_new() {
    let mut registry = at_work();
    assert_eq!(tell(&mut registry, In::Compacted), [Out::List]);
    let entries = vec![own(), entry("n2", "h:2", 8)];
    let listed = tell(&mut registry, In::Listed { revision: 90, entries });
    assert_eq!(listed, [Out::Watch { from: 91 }]);
}

#[test]
fn a_lost_lease_is_replaced_and_the_key_written_again() {
    let mut registry = at_work();
    assert_eq!(tell(&mut registry, In::LeaseLost), [Out::Grant]);
    assert_eq!(tell(&mut registry, In::LeaseLost), []);
    assert_eq!(registry.lease(), None);
    let granted = tell(&mut registry, In::Granted { lease: 70 });
    assert_eq!(granted, [Out::KeepAlive { lease: 70 }, Out::Announce { lease: 70 }]);
    tell(&mut registry, In::Announced { revision: 50 });
    assert_eq!(registry.lease(), Some(70));
    // That the old lease took the key away is learnt only now, and is no reason to write it again.
    assert_eq!(tell(&mut registry, deleted("n1", 49)), [lost("n1")]);
}

#[test]
fn a_session_that_broke_between_lease_and_key_goes_on_with_the_key() {
    let mut registry = Registry::new(name("n1"));
    tell(&mut registry, In::Connected);
    tell(&mut registry, In::Granted { lease: LEASE });
    let orders = [Out::KeepAlive { lease: LEASE }, Out::Announce { lease: LEASE }, Out::List];
    assert_eq!(tell(&mut registry, In::Connected), orders);
}

#[test]
fn a_key_that_somebody_deleted_is_written_again_once() {
    let mut registry = at_work();
    let orders = [lost("n1"), Out::Announce { lease: LEASE }];
    assert_eq!(tell(&mut registry, deleted("n1", 8)), orders);
    assert_eq!(tell(&mut registry, deleted("n1", 8)), []);
    tell(&mut registry, In::Announced { revision: 9 });
    let missing = tell(&mut registry, In::Listed { revision: 11, entries: vec![] });
    assert_eq!(missing, [lost("n2"), Out::Announce { lease: LEASE }, Out::Watch { from: 12 }]);
}

#[test]
fn a_second_node_of_the_own_name_is_told_of_and_not_fought() {
    let mut registry = at_work();
    let orders = tell(&mut registry, put(entry("n1", "h:9", 99)));
    let [Out::Warn(warning)] = &orders[..] else { panic!("{orders:?}") };
    assert!(warning.contains("announces itself as n1, at h:9"), "{warning}");
    // Nor does it take the other one's address for its own.
    let entries = vec![entry("n1", "h:9", 99), entry("n2", "h:2", 8)];
    let orders = tell(&mut registry, In::Listed { revision: 20, entries });
    assert!(matches!(&orders[..], [Out::Warn(_), Out::Watch { from: 21 }]), "{orders:?}");
}

#[test]
fn what_the_last_start_left_is_not_taken_for_where_this_one_is() {
    let mut registry = Registry::new(name("n1"));
    tell(&mut registry, In::Connected);
    let entries = vec![entry("n1", "h:9", 3)];
    let orders = tell(&mut registry, In::Listed { revision: 4, entries });
    assert_eq!(orders, [Out::Say(Fact::Settled), Out::Watch { from: 5 }]);
    tell(&mut registry, In::Granted { lease: LEASE });
    tell(&mut registry, In::Announced { revision: 5 });
    assert_eq!(tell(&mut registry, put(own())), [seen("n1", "h:1")]);
}

#[test]
fn a_key_that_is_deleted_after_a_restoring_is_written_again() {
    let mut registry = at_work();
    tell(&mut registry, In::Connected);
    let entries = vec![own(), entry("n2", "h:2", 8)];
    tell(&mut registry, In::Listed { revision: 3, entries });
    let orders = [lost("n1"), Out::Announce { lease: LEASE }];
    assert_eq!(tell(&mut registry, deleted("n1", 4)), orders);
}

#[test]
fn what_cannot_be_read_takes_nobody_away() {
    let mut registry = at_work();
    let garbage = |text: &str| Entry { name: text.into(), value: b"?".to_vec(), lease: 8 };
    let orders = tell(&mut registry, put(garbage("n2")));
    assert!(matches!(&orders[..], [Out::Warn(_)]), "{orders:?}");
    let entries = vec![own(), garbage("n2"), garbage("n3"), garbage("a/b")];
    let orders = tell(&mut registry, In::Listed { revision: 20, entries });
    let [Out::Warn(warning), watch] = &orders[..] else { panic!("{orders:?}") };
    assert!(warning.contains("under \"n2\", and 2 more of its kind"), "{warning}");
    assert_eq!(watch, &Out::Watch { from: 21 });
}
