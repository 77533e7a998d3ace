//! Replies come in the order of requests, whatever comes in between.

use proptest::prelude::*;

use super::*;

#[test]
fn replies_come_in_the_order_of_requests() {
    let mut world = World::new();
    world.types("GET a").types("GET b").types("GET c");
    world.answers(2, found("C")).answers(1, nothing());
    assert_eq!(world.told(), "");
    world.answers(0, found("A"));
    assert_eq!(world.told(), "$1 A $-1 $1 C ");
}

#[test]
fn what_needs_no_answer_waits_for_what_does() {
    let mut world = World::new();
    world.types("GET a").types("PING").types("NOPE");
    assert_eq!(world.told(), "");
    world.answers(0, found("A"));
    assert_eq!(
        world.told(),
        "$1 A +PONG -ERR unknown command \\'NOPE\\', with args beginning with:  "
    );
}

#[test]
fn a_request_of_two_steps_holds_back_what_comes_after_it() {
    let mut world = World::new();
    world.types("EXPIRE a 10").types("GET a");
    assert_eq!(world.asked().len(), 1);
    world.answers(0, found("A"));
    let [Action::Touch { .. }, Action::Get { .. }] = &world.asked()[..] else {
        panic!("{:?}", world.asked());
    };
    world.answers(1, found("A")).answers(0, done(false));
    assert_eq!(world.told(), ":1 $1 A ");
}

#[test]
fn a_write_waits_until_earlier_reads_of_its_key_are_answered() {
    for write in ["SET a 1", "DEL b a", "MSET b 1 a 2", "EXPIRE a 5", "GETDEL a"] {
        let mut world = World::new();
        world.types("GET c").types("MGET c a").types(write);
        assert_eq!(world.asked().len(), 3, "{write}");
        world.answers(1, nothing());
        assert_eq!(world.asked().len(), 2, "{write}");
        world.answers(1, nothing());
        assert!(world.asked().len() > 1, "{write}");
    }
    let mut world = World::new();
    world.types("GET a").types("SET b 1").types("GET b").types("GET a");
    assert_eq!(world.asked().len(), 4);
}

#[test]
fn a_change_of_language_waits_for_the_replies_before_it() {
    let mut world = World::new();
    world.types("GET a").types("HELLO 3");
    world.answers(0, nothing());
    let told = world.told();
    assert!(told.starts_with("$-1 %7 $6 server"), "{told}");
    world.types("GET a").answers(0, nothing());
    assert_eq!(world.told(), "_ ");
    world.types("RESET").types("GET a").answers(0, nothing());
    assert_eq!(world.told(), "+RESET $-1 ");
}

#[test]
fn the_last_word_comes_after_all_others() {
    let mut world = World::new();
    world.types("GET a");
    world.session.say_protocol_error(ProtocolError::InvalidBulkLength);
    world.answers(0, nothing());
    assert_eq!(world.told(), "$-1 -ERR Protocol error: invalid bulk length ");
    assert!(world.session.is_idle());
}

#[test]
fn no_more_is_under_way_than_may_be() {
    let limits = Limits { pipeline_max: 2, ..roomy() };
    let mut world = World::with(limits, RedisConfig::default(), Settings::default());
    world.types("GET a").types("GET b").types("GET c");
    assert_eq!(world.asked().len(), 2);
    world.answers(1, nothing());
    assert_eq!(world.asked().len(), 1);
    world.answers(0, nothing());
    assert_eq!(world.asked().len(), 1);
    assert_eq!(world.told(), "$-1 $-1 ");
}

#[test]
fn a_client_that_leaves_too_much_unread_is_found_out() {
    let limits = Limits { output_bytes_max: 100, value_bytes_max: 50, ..roomy() };
    let mut world = World::with(limits, RedisConfig::default(), Settings::default());
    world.types("ECHO 0123456789012345678901234567890123456789");
    assert!(world.session.has_room() && !world.session.is_overfull());
    world.types("GET a").types("GET b");
    assert_eq!(world.asked().len(), 1);
    world.answers(0, found("0123456789012345678901234567890123456789012345678901234567890"));
    assert!(!world.session.has_room() && world.session.is_overfull());
}

/// A request and what it is told when key `a` holds `A` and all else is missing.
fn cases() -> impl Strategy<Value = (&'static str, &'static str)> {
    prop::sample::select(vec![
        ("GET a", "$1 A "),
        ("GET b", "$-1 "),
        ("PING", "+PONG "),
        ("SET b 1", "+OK "),
        ("SET b 1 KEEPTTL", "+OK "),
        ("SET b 1 EX x", "-ERR value is not an integer or out of range "),
        ("DEL a b", ":1 "),
        ("EXISTS a a b", ":2 "),
        ("MGET a b a", "*3 $1 A $-1 $1 A "),
        ("MSET a 1 b 2", "+OK "),
        ("EXPIRE a 5", ":1 "),
        ("EXPIRE b 5", ":0 "),
        ("GETDEL a", "$1 A "),
        ("DBSIZE", ":4 "),
        ("SCAN 0", "*2 $1 0 *0 "),
        ("FLUSHALL", "+OK "),
        ("TTL a", ":-1 "),
        ("SELECT 0", "+OK "),
        ("RESET", "+RESET "),
    ])
}

fn play(action: &Action) -> Answer {
    match action {
        Action::Get { key } if key == "a" => found("A"),
        Action::Get { .. } => nothing(),
        Action::Delete { key } => done(key == "a"),
        Action::Put { .. } | Action::Touch { .. } => done(false),
        Action::Keys { .. } => Ok(Reply::Keys(crate::page::Page::default())),
        Action::Count { .. } => Ok(Reply::Count(1)),
        Action::Clear { .. } => Ok(Reply::Count(0)),
    }
}

proptest! {
    #[test]
    fn any_pipeline_is_answered_in_order_whatever_the_order_of_the_answers(
        cases in prop::collection::vec(cases(), 1..20),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 200),
        pipeline_max in 1_u32..10,
    ) {
        let limits = Limits { pipeline_max, ..roomy() };
        let config = RedisConfig { allow_flush: true, ..RedisConfig::default() };
        let mut world = World::with(limits, config, Settings::default());
        let mut picks = picks.into_iter().cycle();
        let wanted: String = cases.iter().map(|(_, told)| *told).collect();
        let mut told = String::new();
        let mut lines = cases.iter().map(|(line, _)| *line).peekable();
        while lines.peek().is_some() || !world.session.is_idle() || world.waiting.is_some() {
            if world.waiting.is_none() && let Some(line) = lines.next() {
                world.types(line);
                continue;
            }
            let asked = world.asked();
            prop_assert!(!asked.is_empty(), "nothing moves any more");
            let at = picks.next().unwrap().index(asked.len());
            world.answers(at, play(&asked[at]));
            told.push_str(&world.told());
        }
        told.push_str(&world.told());
        prop_assert_eq!(told, wanted);
        prop_assert!(world.session.asking.gauge.is_empty());
    }
}
