//! Every error in its own words. Those of Redis are compared with a real one's in `tests/redis.rs`.

use super::*;

fn told(line: &str) -> String {
    let mut world = World::new();
    world.types(line);
    assert!(world.asked().is_empty(), "{line}");
    world.told().trim_end().to_owned()
}

#[test]
fn a_failure_has_a_code_and_says_whether_the_write_may_have_happened() {
    let may_have_happened = true;
    for (failure, code) in [
        (not_met(), "NOQUORUM"),
        (Failure::TimedOut { acked: 0, wanted: 2, may_have_happened }, "TIMEOUT"),
        (Failure::Overloaded, "OVERLOADED"),
        (Failure::PrimaryDown { partition: 1 }, "UNREACHABLE"),
        (Failure::OwnersDown { partition: 1 }, "UNREACHABLE"),
        (Failure::NotReady, "NOTREADY"),
        (Failure::PrimaryBlank { partition: 1 }, "NOTREADY"),
        (Failure::BadCommand, "ERR"),
        (Failure::UnknownApp { app: 1 }, "ERR"),
        (Failure::WrongEpoch { may_have_happened }, "RINGCHANGED"),
        (Failure::Stopping { may_have_happened }, "STOPPING"),
    ] {
        let mut world = World::new();
        world.types("SET k v").answers(0, Err(failure.clone()));
        let said = world.told();
        assert_eq!(said, format!("-{code} {failure} "));
        assert_eq!(said.contains("may have happened"), failure.may_have_happened());
    }
}

#[test]
fn a_key_or_value_beyond_the_limits_is_refused_and_the_connection_lives() {
    let limits = Limits { key_bytes_max: 3, value_bytes_max: 5, ..roomy() };
    let mut world = World::with(limits, RedisConfig::default(), Settings::default());
    for line in ["GET abcd", "SET abcd v", "MGET a abcd", "MSET a 1 abcd 2", "EXPIRE abcd 1"] {
        world.types(line);
        assert_eq!(world.told(), "-TOOLARGE a key of 4 bytes is larger than 3 ", "{line}");
    }
    for line in ["SET k 123456", "SETEX k 1 123456", "MSET a 1 b 123456", "PSETEX k 9 123456"] {
        world.types(line);
        assert_eq!(world.told(), "-TOOLARGE a value of 6 bytes is larger than 5 ", "{line}");
    }
    world.types("SET abc 12345");
    assert_eq!(world.asked().len(), 1);
}

#[test]
fn what_takes_a_register_is_refused_clearly() {
    for (line, option) in [
        ("SET k v NX", "SET with NX"),
        ("SET k v XX EX 5", "SET with XX"),
        ("SET k v GET", "SET with GET"),
        ("EXPIRE k 5 NX", "EXPIRE with NX"),
        ("PEXPIREAT k 5 GT", "EXPIRE with GT"),
    ] {
        let said = told(line);
        assert!(said.starts_with(&format!("-ERR {option} decides")), "{line}: {said}");
    }
}

#[test]
fn an_unknown_command_is_told_with_its_arguments() {
    assert_eq!(
        told("INCR a"),
        "-ERR unknown command \\'INCR\\', with args beginning with: \\'a\\'"
    );
    let long = "x".repeat(200);
    let said = told(&format!("{long} {long} b"));
    assert_eq!(said.matches('x').count(), 2 * 128);
    assert!(!said.contains("\\'b\\'"));
}

#[test]
fn a_client_can_tell_and_ask_who_it_is() {
    let mut world = World::new();
    world.types("CLIENT GETNAME").types("CLIENT SETNAME me").types("CLIENT GETNAME");
    assert_eq!(world.told(), "$-1 +OK $2 me ");
    world.types("CLIENT SETINFO lib-name redis-rs").types("CLIENT ID").types("CLIENT LIST");
    let said = world.told();
    assert!(said.starts_with("+OK :1 $"), "{said}");
    assert!(said.contains("name=me ") && said.contains("lib-name=redis-rs "), "{said}");
    world.types("RESET").types("CLIENT GETNAME").types("CLIENT NO-EVICT on");
    assert_eq!(world.told(), "+RESET $-1 +OK ");
}

#[test]
fn hello_changes_nothing_when_it_is_refused() {
    let mut world = World::new();
    world.types("HELLO 3 SETNAME me AUTH a b").types("CLIENT GETNAME");
    let said = world.told();
    assert!(said.starts_with("-ERR AUTH <password> called without any password"), "{said}");
    assert!(said.ends_with("$-1 "), "{said}");
}

#[test]
fn tools_learn_what_they_ask_before_they_start() {
    assert_eq!(told("CONFIG GET save"), "*2 $4 save $0");
    assert_eq!(told("CONFIG GET appendonly"), "*2 $10 appendonly $2 no");
    assert_eq!(told("CONFIG GET SAVE data*"), "*4 $9 databases $1 1 $4 save $0");
    assert_eq!(told("CONFIG GET nothing"), "*0");
    assert_eq!(told("COMMAND INFO nope"), "*1 $-1");
    assert!(told("COMMAND INFO set").starts_with("*1 *10 $3 set :-3 *1 +write :1 :1 :1 *0"));
    assert!(told("COMMAND DOCS get").starts_with("*2 $3 get *4 $7 summary $14 Reads a value."));
    assert_eq!(told("COMMAND COUNT"), format!(":{}", super::super::super::command::ALL.len()));
}

#[test]
fn the_time_is_the_nodes() {
    assert_eq!(told("TIME"), "*2 $4 1000 $1 0");
}
