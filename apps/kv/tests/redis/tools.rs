//! Redis's own programs take this for a Redis.

use std::io::Write;
use std::process::{Command, Stdio};

use super::world::World;
use super::world::redis::Redis;
use super::world::tools::{RealRedis, cli, has, run};

#[test]
fn redis_cli_is_at_home() {
    if !has("redis-cli") {
        return;
    }
    let world = World::alone();
    let node = world.redis[0];
    assert_eq!(cli(node, &["SET", "a", "one"]), "OK");
    assert_eq!(cli(node, &["GET", "a"]), "one");
    assert_eq!(cli(node, &["-3", "GET", "none"]), "");
    assert_eq!(cli(node, &["--scan"]), "a");
    assert_eq!(cli(node, &["-n", "0", "DBSIZE"]), "1");
    assert!(cli(node, &["--bigkeys"]).contains("1 strings with 3 bytes"));
    let mut pipe = Command::new("redis-cli")
        .args(["-p", &node.port().to_string(), "--pipe"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = pipe.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        for index in 0..20_000 {
            writeln!(stdin, "SET k{index} v\r").unwrap();
        }
    });
    let output = pipe.wait_with_output().unwrap();
    writer.join().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("errors: 0, replies: 20000"), "{told}");
}

#[test]
fn redis_benchmark_runs_without_a_warning() {
    if !has("redis-benchmark") {
        return;
    }
    let world = World::alone();
    let tests = ["-t", "ping,set,get,mset", "-n", "5000", "-r", "1000", "-q"];
    for more in [&["-P", "16"][..], &["-c", "10"], &["-3", "-P", "100"]] {
        let output = run("redis-benchmark", world.redis[0], &[&tests[..], more].concat());
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.matches("requests per second").count() >= 5, "{told}");
        assert!(!told.contains("rror") && complaint.is_empty(), "{told} {complaint}");
    }
}

#[test]
fn what_redis_has_words_for_is_said_in_redis_words() {
    if !has("redis-server") {
        return;
    }
    let (world, real) = (World::alone(), RealRedis::start());
    let (mut ours, mut theirs) = (Redis::to(world.redis[0]), Redis::to(real.address));
    let told = |words: &&str| (words.to_string(), ours.ask(words), theirs.ask(words));
    let different = COMMANDS.iter().map(told).filter(|(_, ours, theirs)| ours != theirs);
    assert_eq!(different.collect::<Vec<_>>(), []);
}

/// Commands to which Redis 7.0 and this store have the same answer, errors mostly.
const COMMANDS: &[&str] = &[
    "SET k",
    "SET",
    "GET",
    "GET a b",
    "get a b",
    "FOO a b",
    "foo",
    "FOO aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa b",
    "FOO aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbb c",
    "SET k v EX",
    "SET k v EX 0",
    "SET k v EX -1",
    "SET k v EX abc",
    "SET k v EX 1.5",
    "SET k v EX 01",
    "SET k v EX 10 PX 10",
    "SET k v NX XX",
    "SET k v KEEPTTL EX 1",
    "SET k v EX 1 KEEPTTL",
    "SET k v EX 9999999999999999",
    "SET k v PX 9223372036854775807",
    "SET k v EXAT -1",
    "SET k v EXAT 9223372036854775807",
    "SET k v BAR",
    "SET k v EX 10 BAR",
    "SET k v",
    "GET k",
    "TTL k",
    "PTTL none",
    "EXPIRETIME k",
    "PEXPIRETIME none",
    "SET k v EX 100",
    "TTL k",
    "SET k v",
    "TTL k",
    "SET k w KEEPTTL",
    "EXPIRE k 100",
    "TTL k",
    "EXPIREAT k 33333333333",
    "EXPIRETIME k",
    "PEXPIREAT k 33333333333333",
    "PEXPIRETIME k",
    "PERSIST k",
    "PERSIST k",
    "PERSIST none",
    "STRLEN k",
    "STRLEN none",
    "TYPE k",
    "TYPE none",
    "EXISTS k k none",
    "EXPIRE k -5",
    "GET k",
    "SETEX k 0 v",
    "SETEX k -1 v",
    "SETEX k abc v",
    "SETEX k 10",
    "PSETEX k abc v",
    "PSETEX k 0 v",
    "SETEX k 100 v",
    "TTL k",
    "EXPIRE k abc",
    "EXPIRE k 9999999999999999",
    "PEXPIRE k 9223372036854775807",
    "EXPIREAT k 99999999999999999999",
    "EXPIRE none 10",
    "EXPIRE k 10 FOO",
    "EXPIRE k 10 NX XX",
    "GETDEL",
    "GETDEL k",
    "GETDEL k",
    "MSET a",
    "MSET a 1 b",
    "MSET a 1 b 2",
    "MGET a b c",
    "MGET",
    "DEL",
    "DEL a b c",
    "UNLINK a",
    "EXISTS",
    "PING a b",
    "PING",
    "PING hello",
    "ECHO",
    "ECHO hello",
    "TIME x",
    "DBSIZE x",
    "DBSIZE",
    "FLUSHALL x",
    "FLUSHALL async sync",
    "FLUSHDB",
    "SELECT 0",
    "SELECT 16",
    "SELECT -1",
    "SELECT abc",
    "SELECT",
    "SCAN abc",
    "SCAN 99999999999999999999999",
    "SCAN 0 COUNT 0",
    "SCAN 0 COUNT x",
    "SCAN 0 COUNT",
    "SCAN 0 FOO",
    "SCAN 0 FOO bar",
    "SCAN 0 TYPE hash",
    "SCAN 0 TYPE",
    "SCAN 0",
    "HELLO 4",
    "HELLO abc",
    "HELLO 3 FOO",
    "HELLO 3 AUTH a",
    "HELLO 2 SETNAME",
    "HELLO 2 SETNAME \u{e4}",
    "AUTH x",
    "AUTH",
    "CLIENT",
    "CLIENT FOO",
    "CLIENT SETNAME",
    "CLIENT SETNAME \u{e4}",
    "CLIENT GETNAME",
    "CLIENT SETNAME me",
    "CLIENT GETNAME",
    "CLIENT GETNAME a",
    "CLIENT ID x",
    "CLIENT LIST foo",
    "CLIENT NO-EVICT",
    "CLIENT NO-EVICT foo",
    "CLIENT NO-EVICT on",
    "CONFIG",
    "CONFIG GET",
    "CONFIG FOO",
    "CONFIG GET save",
    "CONFIG GET appendonly",
    "CONFIG GET no-such-thing",
    "COMMAND FOO",
    "COMMAND COUNT x",
    "RESET x",
    "RESET",
    "INFO nothing",
];
