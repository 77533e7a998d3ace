//! Whatever bytes come, the node stays well.

use std::sync::OnceLock;

use proptest::prelude::*;

use super::world::World;
use super::world::redis::{Redis, request};

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(World::alone)
}

/// Requests with names that exist, and arguments that make no sense.
fn odd_requests() -> impl Strategy<Value = Vec<u8>> {
    let names = vec![
        "SET",
        "GET",
        "MGET",
        "MSET",
        "DEL",
        "EXISTS",
        "EXPIRE",
        "PEXPIREAT",
        "SETEX",
        "SCAN",
        "HELLO",
        "CLIENT",
        "CONFIG",
        "COMMAND",
        "INFO",
        "SELECT",
        "GETDEL",
        "RESET",
        "PING",
        "DBSIZE",
        "FLUSHALL",
        "PERSIST",
        "TTL",
        "QUIT",
        "TIME",
        "AUTH",
        "nonsense",
    ];
    let words = vec![
        "EX",
        "PX",
        "NX",
        "KEEPTTL",
        "COUNT",
        "MATCH",
        "TYPE",
        "GET",
        "SETNAME",
        "LIST",
        "INFO",
        "0",
        "-1",
        "1",
        "3",
        "9223372036854775807",
        "18446744073709551615",
        "*",
        "[",
        "\\",
        "k",
        "",
    ];
    let noise = prop::collection::vec(any::<u8>(), 0..20);
    let word = prop::sample::select(words).prop_map(|word| word.as_bytes().to_vec());
    let argument = prop_oneof![word, noise];
    let arguments = prop::collection::vec(argument, 0..8);
    (prop::sample::select(names), arguments).prop_map(|(name, arguments)| {
        let mut all = vec![name.as_bytes()];
        all.extend(arguments.iter().map(Vec::as_slice));
        request(&all)
    })
}

/// Sends bytes, and reads until the node closes or falls silent.
fn shout(bytes: &[u8]) {
    let mut redis = Redis::to(world().redis[0]);
    // The node may close before it has heard everything.
    let _ = redis.try_send(bytes);
    redis.hang_up();
    while redis.try_told().is_ok() {}
}

fn is_well() -> bool {
    Redis::to(world().redis[0]).ask("PING") == "+PONG"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn noise_does_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        shout(&bytes);
        shout(&[&b"*3\r\n$3\r\nSET\r\n$"[..], &bytes].concat());
        prop_assert!(is_well());
    }

    #[test]
    fn odd_requests_do_no_harm(requests in prop::collection::vec(odd_requests(), 1..30)) {
        shout(&requests.concat());
        prop_assert!(is_well());
    }
}
