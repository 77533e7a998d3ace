//! The source against a DNS server of the test's own, over real sockets.

#[allow(dead_code, reason = "the tests of the whole source use the rest")]
#[path = "../../../tests/world/dns_server.rs"]
mod server;

use peer_ring_core::membership::{Fact, Sighting};
use server::{Mood, Server, address, ptr, srv};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::*;
use crate::Backoff;

const PATIENCE: Duration = Duration::from_secs(20);

/// Longer than some questions take, and than a time to live of these tests.
const A_WHILE: Duration = Duration::from_millis(600);

const SRV: &str = "_peers._tcp.example.org.";
const HOST: &str = "peers.example.org.";

fn settings(server: &Server) -> Settings {
    Settings {
        servers: vec![server.at],
        ttl_min_ms: 50,
        ttl_max_ms: 100,
        timeout_ms: 200,
        backoff: Backoff { min_ms: 20, max_ms: 50 },
        forget_after_ms: 300,
        settle_after_ms: 300,
        ..Settings::default()
    }
}

fn of_srv(server: &Server) -> Settings {
    Settings { srv: Some(SRV.to_owned()), ..settings(server) }
}

fn of_host(server: &Server) -> Settings {
    Settings { host: Some(HOST.to_owned()), port: Some(7_601), ..settings(server) }
}

struct Running {
    said: mpsc::Receiver<Fact>,
    run: tokio::task::JoinHandle<Result<(), SourceError>>,
}

fn run_with(settings: Settings) -> Running {
    let (facts, said) = Facts::channel();
    let run = tokio::spawn(Box::new(Dns::new(settings).unwrap()).run(facts));
    Running { said, run }
}

impl Running {
    /// The next facts, as text, in the order of the alphabet.
    async fn says(&mut self, count: usize) -> Vec<String> {
        let mut said = Vec::new();
        for _ in 0..count {
            let fact = timeout(PATIENCE, self.said.recv()).await.expect("says something");
            said.push(match fact.expect("runs") {
                Fact::Seen(Sighting { name, address, .. }) => format!("{name} at {address}"),
                Fact::Lost(name) => format!("lost {name}"),
                Fact::Settled => "settled".to_owned(),
            });
        }
        said.sort_unstable();
        said
    }

    async fn is_quiet(&mut self) {
        sleep(A_WHILE).await;
        assert!(self.said.try_recv().is_err());
    }
}

#[tokio::test]
async fn follows_srv_records() {
    let server = Server::start().await;
    server.zone().records =
        vec![srv(SRV, "n1.example.org.", 7_601, 1), srv(SRV, "n2.example.org.", 7_602, 1)];
    let mut dns = run_with(of_srv(&server));
    let both = ["n1 at n1.example.org:7601", "n2 at n2.example.org:7602", "settled"];
    assert_eq!(dns.says(3).await, both);
    server.zone().records[0] = srv(SRV, "n3.elsewhere.org.", 7_603, 1);
    assert_eq!(dns.says(1).await, ["n3 at n3.elsewhere.org:7603"]);
    assert_eq!(dns.says(1).await, ["lost n1"]);
    drop(dns.said);
    timeout(PATIENCE, dns.run).await.expect("ends").unwrap().unwrap();
}

#[tokio::test]
async fn follows_addresses_that_have_names() {
    let server = Server::start().await;
    server.zone().records = vec![
        address(HOST, "10.0.0.1", 1),
        address(HOST, "fd00::2", 1),
        ptr("10.0.0.1", "n1.peers.example.org."),
        ptr("fd00::2", "n2.peers.example.org."),
    ];
    let mut dns = run_with(of_host(&server));
    assert_eq!(dns.says(3).await, ["n1 at 10.0.0.1:7601", "n2 at [fd00::2]:7601", "settled"]);
    // The node moves: the same name, another address.
    server.zone().records[0] = address(HOST, "10.0.0.9", 1);
    server.zone().records[2] = ptr("10.0.0.9", "n1.peers.example.org.");
    assert_eq!(dns.says(1).await, ["n1 at 10.0.0.9:7601"]);
}

#[tokio::test]
async fn an_address_without_a_name_keeps_nobody_from_being_seen_and_takes_nobody_away() {
    let server = Server::start().await;
    let all =
        [address(HOST, "10.0.0.1", 1), address(HOST, "10.0.0.2", 1), ptr("10.0.0.1", "n1.a.")];
    server.zone().records = all.to_vec();
    let mut dns = run_with(of_host(&server));
    assert_eq!(dns.says(2).await, ["n1 at 10.0.0.1:7601", "settled"]);
    server.zone().records.remove(2);
    server.zone().records.push(ptr("10.0.0.2", "n2.a."));
    assert_eq!(dns.says(1).await, ["n2 at 10.0.0.2:7601"]);
    dns.is_quiet().await;
}

#[tokio::test]
async fn a_server_that_fails_or_is_silent_or_knows_nothing_takes_nobody_away() {
    let server = Server::start().await;
    let all = vec![srv(SRV, "n1.a.", 1, 1), srv(SRV, "n2.a.", 1, 1)];
    server.zone().records.clone_from(&all);
    let mut dns = run_with(of_srv(&server));
    dns.says(3).await;
    for mood in [Mood::Fails, Mood::IsSilent] {
        server.zone().mood = mood;
        server.is_asked(3).await;
        dns.is_quiet().await;
    }
    server.zone().mood = Mood::Answers;
    server.zone().records.clear();
    dns.is_quiet().await;
    // Another record of the name: it exists, but has none of the kind that is wanted.
    server.zone().records = vec![address(SRV, "10.0.0.1", 1)];
    dns.is_quiet().await;
    server.zone().records = vec![all[0].clone(), srv(SRV, "n3.a.", 1, 1)];
    assert_eq!(dns.says(1).await, ["n3 at n3.a:1"]);
    assert_eq!(dns.says(1).await, ["lost n2"]);
}

#[tokio::test]
async fn what_has_no_room_in_a_datagram_is_asked_for_by_tcp() {
    let server = Server::start().await;
    server.zone().mood = Mood::Truncates;
    let records = (0..300).map(|node| srv(SRV, &format!("n{node}.example.org."), 7_601, 1));
    server.zone().records = records.collect();
    let mut dns = run_with(of_srv(&server));
    let said = dns.says(301).await;
    assert!(said.contains(&"n299 at n299.example.org:7601".to_owned()));
    assert!(said.contains(&"settled".to_owned()));
    let zone = server.zone();
    assert!(zone.asked_by_udp > 0 && zone.asked_by_tcp > 0);
}

#[tokio::test]
async fn asks_as_often_as_the_time_to_live_says_within_bounds() {
    let server = Server::start().await;
    server.zone().records = vec![srv(SRV, "n1.a.", 1, 1)];
    let began = Instant::now();
    let mut dns = run_with(Settings { ttl_max_ms: 60_000, ..of_srv(&server) });
    dns.says(2).await;
    server.is_asked(2).await;
    let asked = server.zone().asked_by_udp as u64;
    assert!(asked <= 1 + began.elapsed().as_secs(), "not before a second has gone by");
    drop(dns);
    // An hour is more than it may be.
    server.zone().records = vec![srv(SRV, "n1.a.", 1, 3_600)];
    let mut dns = run_with(Settings { ttl_max_ms: 100, ..of_srv(&server) });
    dns.says(2).await;
    server.is_asked(5).await;
}

#[tokio::test]
async fn who_starts_while_the_server_is_away_settles_when_it_is_back() {
    let server = Server::start().await;
    server.zone().mood = Mood::IsSilent;
    server.zone().records = vec![srv(SRV, "n1.a.", 1, 1)];
    let mut dns = run_with(of_srv(&server));
    dns.is_quiet().await;
    server.zone().mood = Mood::Answers;
    assert_eq!(dns.says(2).await, ["n1 at n1.a:1", "settled"]);
}

#[tokio::test]
async fn the_first_of_all_settles_though_there_is_no_record_yet() {
    let server = Server::start().await;
    let mut dns = run_with(of_srv(&server));
    assert_eq!(dns.says(1).await, ["settled"]);
}

#[tokio::test]
async fn a_target_whose_label_is_no_name_and_a_service_that_is_none_are_passed_over() {
    let server = Server::start().await;
    server.zone().records =
        vec![srv(SRV, "n1.a.", 1, 1), srv(SRV, "*.a.", 1, 1), srv(SRV, ".", 1, 1)];
    let mut dns = run_with(of_srv(&server));
    assert_eq!(dns.says(2).await, ["n1 at n1.a:1", "settled"]);
    dns.is_quiet().await;
}
