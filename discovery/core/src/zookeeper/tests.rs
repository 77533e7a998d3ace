use super::*;

const SESSION: i64 = 7;

fn name(text: &str) -> NodeName {
    NodeName::new(text).unwrap()
}

fn node(text: &str, address: &str) -> Sighting {
    Sighting::new(name(text), address)
}

fn entry(text: &str, address: &str, owner: i64) -> Entry {
    Entry { name: text.into(), value: announcement::write(&node(text, address)), owner }
}

fn own() -> Entry {
    entry("n1", "h:1", SESSION)
}

fn seen(text: &str, address: &str) -> Out {
    Out::Say(Fact::Seen(node(text, address)))
}

fn lost(text: &str) -> Out {
    Out::Say(Fact::Lost(name(text)))
}

fn deleted(text: &str) -> In {
    In::Deleted { name: text.into() }
}

fn tell(roster: &mut Roster, input: In) -> Vec<Out> {
    let mut out = Outbox::new();
    roster.handle(input, &mut out);
    out.drain().collect()
}

/// The roster of n1, registered, with n1 and n2 listed.
fn at_work() -> Roster {
    let mut roster = Roster::new(name("n1"));
    tell(&mut roster, In::Opened { session: SESSION });
    tell(&mut roster, In::Registered);
    tell(&mut roster, In::Listed(vec![own(), entry("n2", "h:2", 8)]));
    roster
}

#[test]
fn a_session_registers_watches_and_then_lists() {
    let mut roster = Roster::new(name("n1"));
    let orders = tell(&mut roster, In::Opened { session: SESSION });
    assert_eq!(orders, [Out::Register, Out::Watch, Out::List]);
    tell(&mut roster, In::Registered);
    let listed = tell(&mut roster, In::Listed(vec![own(), entry("n2", "h:2", 8)]));
    assert_eq!(listed, [seen("n1", "h:1"), seen("n2", "h:2"), Out::Say(Fact::Settled)]);
}

#[test]
fn what_the_watch_touches_is_read_and_said() {
    let mut roster = at_work();
    let touched = tell(&mut roster, In::Touched { name: "n3".into() });
    assert_eq!(touched, [Out::Read { name: "n3".into() }]);
    assert_eq!(tell(&mut roster, In::Read(entry("n3", "h:3", 9))), [seen("n3", "h:3")]);
    assert_eq!(tell(&mut roster, In::Read(entry("n3", "h:3", 9))), []);
    assert_eq!(tell(&mut roster, deleted("n3")), [lost("n3")]);
}

#[test]
fn a_connection_that_is_found_again_is_watched_and_listed_again_without_registering() {
    let mut roster = at_work();
    assert_eq!(tell(&mut roster, In::Reconnected), [Out::Watch, Out::List]);
    let listed = tell(&mut roster, In::Listed(vec![own(), entry("n3", "h:3", 9)]));
    assert_eq!(listed, [seen("n3", "h:3"), lost("n2")]);
}

#[test]
fn a_session_that_ran_out_is_replaced_and_takes_nobody_away() {
    let mut roster = at_work();
    let orders = tell(&mut roster, In::Opened { session: 70 });
    assert_eq!(orders, [Out::Register, Out::Watch, Out::List]);
    assert!(!roster.is_registered());
}

#[test]
fn the_znode_that_the_last_session_left_is_replaced() {
    let mut roster = Roster::new(name("n1"));
    tell(&mut roster, In::Opened { session: SESSION });
    assert_eq!(tell(&mut roster, In::Taken { owner: 3 }), [Out::Replace]);
    tell(&mut roster, In::Registered);
    assert!(roster.is_registered());
}

#[test]
fn a_creation_whose_answer_was_lost_counts() {
    let mut roster = Roster::new(name("n1"));
    tell(&mut roster, In::Opened { session: SESSION });
    assert_eq!(tell(&mut roster, In::Taken { owner: SESSION }), []);
    assert!(roster.is_registered());
}

#[test]
fn a_znode_that_somebody_deleted_is_created_again() {
    let mut roster = at_work();
    assert_eq!(tell(&mut roster, deleted("n1")), [lost("n1"), Out::Register]);
    let listed = tell(&mut roster, In::Listed(vec![entry("n2", "h:2", 8)]));
    assert_eq!(listed, [Out::Register]);
}

#[test]
fn a_second_node_of_the_own_name_is_told_of_and_not_fought() {
    let mut roster = at_work();
    let orders = tell(&mut roster, In::Taken { owner: 99 });
    assert!(matches!(&orders[..], [Out::Warn(_)]), "{orders:?}");
    let orders = tell(&mut roster, In::Read(entry("n1", "h:9", 99)));
    let [Out::Warn(warning)] = &orders[..] else { panic!("{orders:?}") };
    assert!(warning.contains("announces itself as n1"), "{warning}");
    // Nor does it take the other one's address for its own.
    let orders = tell(&mut roster, In::Listed(vec![entry("n1", "h:9", 99), entry("n2", "h:2", 8)]));
    assert!(matches!(&orders[..], [Out::Warn(_)]), "{orders:?}");
}

#[test]
fn what_the_last_start_left_is_not_taken_for_where_this_one_is() {
    let mut roster = Roster::new(name("n1"));
    tell(&mut roster, In::Opened { session: SESSION });
    tell(&mut roster, In::Taken { owner: 3 });
    let listed = tell(&mut roster, In::Listed(vec![entry("n1", "h:9", 3)]));
    assert_eq!(listed, [Out::Say(Fact::Settled)]);
    tell(&mut roster, In::Registered);
    assert_eq!(tell(&mut roster, In::Read(own())), [seen("n1", "h:1")]);
}

#[test]
fn what_cannot_be_read_takes_nobody_away() {
    let mut roster = at_work();
    let garbage = |text: &str| Entry { name: text.into(), value: b"?".to_vec(), owner: 8 };
    let orders = tell(&mut roster, In::Read(garbage("n2")));
    assert!(matches!(&orders[..], [Out::Warn(_)]), "{orders:?}");
    let orders = tell(&mut roster, In::Listed(vec![own(), garbage("n2"), garbage("a b")]));
    let [Out::Warn(warning)] = &orders[..] else { panic!("{orders:?}") };
    assert!(warning.contains("under \"n2\", and 1 more of its kind"), "{warning}");
}
