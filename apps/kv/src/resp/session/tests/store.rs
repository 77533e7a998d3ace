//! What each command asks of the store.

use super::*;
use crate::page::{Page, SLOTS};

fn one(line: &str) -> Action {
    let mut world = World::new();
    world.types(line);
    let [action] = &world.asked()[..] else { panic!("{line}: {:?}", world.asked()) };
    action.clone()
}

fn expiry_of(line: &str) -> Option<u64> {
    let Action::Put { expires, .. } = one(line) else { panic!("{line}") };
    expires.map(|expires| expires.0)
}

#[test]
fn a_time_to_live_becomes_an_instant() {
    assert_eq!(expiry_of("SET k v"), None);
    assert_eq!(expiry_of("SET k v EX 10"), Some(NOW + 10_000));
    assert_eq!(expiry_of("SET k v px 10"), Some(NOW + 10));
    assert_eq!(expiry_of("SET k v EXAT 2000"), Some(2_000_000));
    assert_eq!(expiry_of("SET k v PXAT 2000001"), Some(2_000_001));
    assert_eq!(expiry_of("SET k v PXAT 5"), Some(1));
    assert_eq!(expiry_of("SETEX k 10 v"), Some(NOW + 10_000));
    assert_eq!(expiry_of("PSETEX k 10 v"), Some(NOW + 10));
}

#[test]
fn the_namespace_says_how_long_when_the_client_does_not() {
    let settings = Settings { ttl_ms: Some(500), ..Settings::default() };
    let mut world = World::with(roomy(), RedisConfig::default(), settings);
    world.types("SET k v").types("SET k v EX 1").types("MSET k v");
    let expiry = |action| match action {
        Action::Put { expires, .. } => expires.map(|expires| expires.0 - NOW),
        other => panic!("{other:?}"),
    };
    let expiries: Vec<_> = world.asked().into_iter().map(expiry).collect();
    assert_eq!(expiries, [Some(500), Some(1_000), Some(500)]);
}

#[test]
fn expire_touches_the_very_version_that_it_read() {
    let mut world = World::new();
    world.types("PEXPIREAT k 2000000").answers(0, found("v"));
    let touch = Action::Touch {
        key: Bytes::from("k"),
        version: version(7),
        value: Bytes::from("v"),
        expires: Some(Expiry(2_000_000)),
    };
    assert_eq!(world.asked(), [touch]);
    world.answers(0, done(false));
    assert_eq!(world.told(), ":1 ");
}

#[test]
fn expire_of_nothing_writes_nothing() {
    let mut world = World::new();
    world.types("EXPIRE k 10").answers(0, nothing());
    assert_eq!((world.asked().len(), &world.told()[..]), (0, ":0 "));
}

#[test]
fn a_time_that_is_past_makes_the_value_expire_at_once() {
    for line in ["EXPIRE k -1", "EXPIRE k 0", "PEXPIREAT k 5", "GETDEL k"] {
        let mut world = World::new();
        world.types(line).answers(0, found("v"));
        let [Action::Touch { expires, .. }] = &world.asked()[..] else { panic!("{line}") };
        assert_eq!(*expires, Some(crate::ttl::PAST));
    }
}

#[test]
fn getdel_returns_what_it_read_and_only_when_it_is_gone() {
    let mut world = World::new();
    world.types("GETDEL k").answers(0, found("v"));
    assert_eq!(world.told(), "");
    world.answers(0, done(false));
    assert_eq!(world.told(), "$1 v ");
    world.types("GETDEL k").answers(0, found("v")).answers(0, Err(not_met()));
    assert!(world.told().starts_with("-NOQUORUM"));
}

#[test]
fn persist_says_whether_there_was_an_end() {
    let mut world = World::new();
    world.types("PERSIST k").answers(0, expiring("v", Some(NOW + 5)));
    let [Action::Touch { expires: None, .. }] = &world.asked()[..] else { panic!() };
    world.answers(0, done(false));
    world.types("PERSIST k").answers(0, found("v"));
    world.types("PERSIST k").answers(0, nothing());
    assert_eq!(world.told(), ":1 :0 :0 ");
}

#[test]
fn keepttl_writes_with_the_expiry_that_it_read() {
    for (answer, wanted) in [
        (expiring("old", Some(NOW + 5)), Some(Expiry(NOW + 5))),
        (found("old"), None),
        (nothing(), None),
    ] {
        let mut world = World::new();
        world.types("SET k new KEEPTTL").answers(0, answer);
        let [Action::Put { value, expires, .. }] = &world.asked()[..] else { panic!() };
        assert_eq!((&value[..], *expires), (&b"new"[..], wanted));
        world.answers(0, done(false));
        assert_eq!(world.told(), "+OK ");
    }
}

#[test]
fn a_time_is_told_as_redis_tells_it() {
    let mut world = World::new();
    for line in ["TTL k", "PTTL k", "EXPIRETIME k", "PEXPIRETIME k"] {
        world.types(line).answers(0, expiring("v", Some(NOW + 1_600)));
    }
    assert_eq!(world.told(), ":2 :1600 :1002 :1001600 ");
    world.types("TTL k").answers(0, found("v")).types("TTL k").answers(0, nothing());
    assert_eq!(world.told(), ":-1 :-2 ");
    world.types("STRLEN k").answers(0, found("abc")).types("TYPE k").answers(0, found("v"));
    assert_eq!(world.told(), ":3 +string ");
}

#[test]
fn many_keys_are_asked_together_and_told_in_their_order() {
    let mut world = World::new();
    world.types("MGET a b c");
    assert_eq!(world.asked().len(), 3);
    world.answers(2, found("C")).answers(1, nothing()).answers(0, found("A"));
    assert_eq!(world.told(), "*3 $1 A $-1 $1 C ");
    world.types("DEL a b").answers(0, done(true)).answers(0, done(false));
    assert_eq!(world.told(), ":1 ");
}

#[test]
fn the_last_value_of_a_key_that_is_written_twice_is_written_last() {
    let mut world = World::new();
    world.types("MSET a 1 a 2");
    let value = |action| match action {
        Action::Put { value, .. } => value,
        other => panic!("{other:?}"),
    };
    let values: Vec<_> = world.asked().into_iter().map(value).collect();
    assert_eq!(values, ["1", "2"]);
}

#[test]
fn a_request_of_many_keys_has_no_more_under_way_than_may_be() {
    let limits = Limits { pipeline_max: 3, ..roomy() };
    let mut world = World::with(limits, RedisConfig::default(), Settings::default());
    world.types("DEL 1 2 3 4 5").types("GET x");
    assert_eq!(world.asked().len(), 3);
    world.answers(0, done(true)).answers(0, done(true));
    assert_eq!(world.asked().len(), 3);
    world.answers(0, done(true));
    let [.., Action::Get { .. }] = &world.asked()[..] else { panic!("{:?}", world.asked()) };
}

#[test]
fn a_failure_among_many_keys_says_how_far_it_came() {
    let limits = Limits { pipeline_max: 2, ..roomy() };
    let mut world = World::with(limits, RedisConfig::default(), Settings::default());
    world.types("MSET a 1 b 2 c 3");
    world.answers(0, done(false)).answers(0, Err(not_met())).answers(0, done(false));
    assert_eq!(
        world.told(),
        "-NOQUORUM quorum not met: 1 of 2 acknowledged; the write may have happened; 2 of 3 keys \
         were written "
    );
    world.types("MSET a 1 b 2 c 3 d 4").answers(0, Err(Failure::Overloaded));
    world.answers(0, done(false));
    assert!(world.asked().is_empty(), "what had not begun is left alone");
    assert!(world.told().ends_with("1 of 4 keys were written "));
}

#[test]
fn values_too_many_for_one_reply_are_refused() {
    let limits = Limits { output_bytes_max: 20, ..roomy() };
    let mut world = World::with(limits, RedisConfig::default(), Settings::default());
    world.types("MGET a b c");
    while !world.asked().is_empty() {
        world.answers(0, found("12345678"));
    }
    assert_eq!(
        world.told(),
        "-TOOLARGE the values of this command have more than 10 bytes: ask for fewer at once "
    );
    assert!(world.session.asking.gauge.is_empty());
}

fn page(keys: &[&'static str], next: Option<u64>) -> Answer {
    let keys = keys.iter().map(|key| Bytes::from_static(key.as_bytes())).collect();
    Ok(Reply::Keys(Page { keys, next }))
}

#[test]
fn scan_goes_from_partition_to_partition_until_there_are_enough_keys() {
    let mut world = World::new();
    world.types("SCAN 0 MATCH u* COUNT 3");
    let [Action::Keys { at: 0, from: 0, limit: 512 }] = world.asked()[..] else { panic!() };
    world.answers(0, page(&["u1", "x"], None));
    let [Action::Keys { from: 0, limit: 510, .. }] = world.asked()[..] else { panic!() };
    world.answers(0, page(&["u2"], Some(77)));
    let [Action::Keys { from: 77, .. }] = world.asked()[..] else { panic!() };
    world.answers(0, Err(not_met()));
    assert_eq!(world.told(), format!("*2 $15 {} *2 $2 u1 $2 u2 ", SLOTS + 77));
    world.types(&format!("SCAN {}", SLOTS * 3 + 5)).answers(0, page(&["z"], None));
    assert_eq!(world.told(), "*2 $1 0 *1 $1 z ");
}

#[test]
fn scan_says_a_failure_when_there_is_nothing_else_to_say() {
    let mut world = World::new();
    world.types("SCAN 0").answers(0, Err(Failure::Overloaded));
    assert!(world.told().starts_with("-OVERLOADED"));
}

#[test]
fn there_are_no_other_types_than_strings() {
    let mut world = World::new();
    world.types("SCAN 0 TYPE hash");
    assert_eq!((world.asked().len(), &world.told()[..]), (0, "*2 $1 0 *0 "));
    world.types("SCAN 0 TYPE STRING");
    assert_eq!(world.asked().len(), 1);
}

#[test]
fn dbsize_sums_up_all_partitions() {
    let mut world = World::new();
    world.types("DBSIZE");
    assert_eq!(world.asked().len(), 4);
    for count in 1..=4 {
        world.answers(0, Ok(Reply::Count(count)));
    }
    assert_eq!(world.told(), ":10 ");
}

#[test]
fn flushing_is_for_those_who_may() {
    let mut world = World::new();
    world.types("FLUSHALL");
    assert!(world.told().starts_with("-ERR FLUSHALL is not allowed here"));
    let config = RedisConfig { allow_flush: true, ..RedisConfig::default() };
    let mut world = World::with(roomy(), config, Settings::default());
    world.types("FLUSHDB ASYNC").types("SET a 1");
    world.answers(0, Ok(Reply::Count(crate::app::CLEAR_KEYS_MAX as u64)));
    assert_eq!(world.asked().len(), 4, "a partition that was not empty is cleared again");
    for _ in 0..4 {
        world.answers(0, Ok(Reply::Count(1)));
    }
    assert_eq!(world.told(), "+OK ");
    let [Action::Put { .. }] = &world.asked()[..] else { panic!("held back until then") };
}

#[test]
fn without_a_ring_there_is_nothing_to_go_through() {
    let mut world = World::new();
    world.session.asking.node.partitions = None;
    world.types("DBSIZE").types("SCAN 0");
    assert_eq!(world.told().matches("-NOTREADY").count(), 2);
}
