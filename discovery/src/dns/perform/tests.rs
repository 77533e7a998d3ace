//! The source against a DNS server of the test's own, over real sockets.

#[allow(dead_code, reason = "the tests of the whole source use the rest")]
#[path = "../../../tests/world/dns_server.rs"]
mod server;

use peer_ring_core::membership::{Fact, Sighting};
use server::{Mood, Server, address, srv};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::*;
use crate::Backoff;
use crate::who::town::Town;

const PATIENCE: Duration = Duration::from_secs(60);

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
    run_in(&Town::default(), settings)
}

fn run_in(town: &Town, settings: Settings) -> Running {
    let (facts, said) = Facts::channel();
    let facts = facts.asking(town.clone());
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

    /// Says nothing for a while, in which it asks at least three times more.
    async fn is_quiet(&mut self, server: &Server) {
        sleep(A_WHILE).await;
        server.is_asked(3).await;
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
async fn hosts_that_the_servers_know_are_at_the_addresses_that_these_have() {
    let server = Server::start().await;
    let both = ["n1.a.", "n2.a."].map(|host| srv(SRV, host, 7_601, 1));
    server.zone().records = both.to_vec();
    server.zone().records.extend([address("n1.a.", "10.0.0.1", 1), address("n1.a.", "fd00::1", 1)]);
    let mut dns = run_with(of_srv(&server));
    assert_eq!(dns.says(3).await, ["n1 at 10.0.0.1:7601", "n2 at n2.a:7601", "settled"]);
    // The one has another address now, and the other one at all.
    server.zone().records.truncate(2);
    server
        .zone()
        .records
        .extend([address("n1.a.", "10.0.0.9", 1), address("n2.a.", "10.0.0.2", 1)]);
    assert_eq!(dns.says(2).await, ["n1 at 10.0.0.9:7601", "n2 at 10.0.0.2:7601"]);
}

#[tokio::test]
async fn a_name_whose_addresses_are_all_strangers_takes_nobody_away() {
    let (server, town) = (Server::start().await, Town::default());
    server.zone().records = vec![address(HOST, "10.0.0.1", 1)];
    town.moves_in("n1", "10.0.0.1:7601");
    let mut dns = run_in(&town, of_host(&server));
    assert_eq!(dns.says(2).await, ["n1 at 10.0.0.1:7601", "settled"]);
    town.stranger_moves_in("10.0.0.1:7601");
    dns.is_quiet(&server).await;
}

#[tokio::test]
async fn follows_addresses_and_lets_those_who_are_there_say_their_names() {
    let (server, town) = (Server::start().await, Town::default());
    server.zone().records = vec![address(HOST, "10.0.0.1", 1), address(HOST, "fd00::2", 1)];
    town.moves_in("n1", "10.0.0.1:7601");
    town.moves_in("n2", "[fd00::2]:7601");
    let mut dns = run_in(&town, of_host(&server));
    assert_eq!(dns.says(3).await, ["n1 at 10.0.0.1:7601", "n2 at [fd00::2]:7601", "settled"]);
    // A node moves, and later another one comes to be where it was.
    server.zone().records[0] = address(HOST, "10.0.0.9", 1);
    town.moves_in("n1", "10.0.0.9:7601");
    assert_eq!(dns.says(1).await, ["n1 at 10.0.0.9:7601"]);
    town.moves_in("n3", "10.0.0.9:7601");
    assert_eq!(dns.says(1).await, ["n3 at 10.0.0.9:7601"]);
    assert_eq!(dns.says(1).await, ["lost n1"]);
}

#[tokio::test]
async fn an_address_at_which_nobody_answers_keeps_nobody_from_being_seen_and_takes_nobody_away() {
    let (server, town) = (Server::start().await, Town::default());
    let all = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map(|ip| address(HOST, ip, 1));
    server.zone().records = all.to_vec();
    town.moves_in("n1", "10.0.0.1:7601");
    town.moves_in("n3", "10.0.0.3:7601");
    let mut dns = run_in(&town, of_host(&server));
    assert_eq!(dns.says(3).await, ["n1 at 10.0.0.1:7601", "n3 at 10.0.0.3:7601", "settled"]);
    // One that is down is not missed, and one that records leave out may be the silent one.
    town.falls_silent("10.0.0.1:7601");
    server.zone().records.remove(2);
    dns.is_quiet(&server).await;
    town.moves_in("n2", "10.0.0.2:7601");
    assert_eq!(dns.says(1).await, ["n2 at 10.0.0.2:7601"]);
    dns.is_quiet(&server).await;
    town.moves_in("n1", "10.0.0.1:7601");
    assert_eq!(dns.says(1).await, ["lost n3"]);
}

#[tokio::test]
async fn a_node_that_answers_elsewhere_is_not_where_it_was() {
    let (server, town) = (Server::start().await, Town::default());
    server.zone().records = vec![address(HOST, "10.0.0.1", 1)];
    town.moves_in("n1", "10.0.0.1:7601");
    let mut dns = run_in(&town, of_host(&server));
    assert_eq!(dns.says(2).await, ["n1 at 10.0.0.1:7601", "settled"]);
    // The old record stays: nobody is there to take it back.
    town.falls_silent("10.0.0.1:7601");
    town.moves_in("n1", "10.0.0.9:7601");
    server.zone().records.push(address(HOST, "10.0.0.9", 1));
    assert_eq!(dns.says(1).await, ["n1 at 10.0.0.9:7601"]);
    dns.is_quiet(&server).await;
}

#[tokio::test]
async fn a_node_of_another_cluster_is_passed_over() {
    let (server, town) = (Server::start().await, Town::default());
    let all = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map(|ip| address(HOST, ip, 1));
    server.zone().records = all.to_vec();
    town.moves_in("n1", "10.0.0.1:7601");
    town.moves_in("n2", "10.0.0.2:7601");
    town.stranger_moves_in("10.0.0.3:7601");
    let mut dns = run_in(&town, of_host(&server));
    assert_eq!(dns.says(3).await, ["n1 at 10.0.0.1:7601", "n2 at 10.0.0.2:7601", "settled"]);
    server.zone().records.remove(0);
    assert_eq!(dns.says(1).await, ["lost n1"]);
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
        dns.is_quiet(&server).await;
    }
    server.zone().mood = Mood::Answers;
    server.zone().records.clear();
    dns.is_quiet(&server).await;
    // Another record of the name: it exists, but has none of the kind that is wanted.
    server.zone().records = vec![address(SRV, "10.0.0.1", 1)];
    dns.is_quiet(&server).await;
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
    // A question that is late is not asked again.
    let patient = Settings { timeout_ms: 60_000, ..of_srv(&server) };
    let mut dns = run_with(Settings { ttl_max_ms: 60_000, ..patient });
    dns.says(2).await;
    // For services, and for both kinds of addresses of a host; then for services again.
    server.is_asked(4).await;
    let asked = server.zone().asked_for_srv as u64;
    assert!(
        asked >= 2 && asked <= 1 + began.elapsed().as_secs(),
        "not before a second has gone by"
    );
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
    dns.is_quiet(&server).await;
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
    dns.is_quiet(&server).await;
}
