//! The source `dns` against servers that have bad days.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::SocketAddr;
use std::time::Duration;

use peer_ring_discovery::Backoff;
use peer_ring_discovery::dns::{Dns, Settings};
use tokio::net::UdpSocket;

#[allow(dead_code, reason = "each source's tests use a part of it")]
mod world {
    pub mod dns_server;
    pub mod told;
}

use world::dns_server::{Mood, Server, cname, srv};
use world::told::Told;

const SRV: &str = "_peers._tcp.example.org.";
const ONE: [&str; 1] = ["n1=n1.example.org:7601"];
const TWO: [&str; 2] = ["n1=n1.example.org:7601", "n2=n2.example.org:7602"];

fn start(servers: &[SocketAddr]) -> Told {
    Told::by(
        Dns::new(Settings {
            srv: Some(SRV.to_owned()),
            servers: servers.to_vec(),
            ttl_min_ms: 50,
            ttl_max_ms: 100,
            timeout_ms: 300,
            backoff: Backoff { min_ms: 20, max_ms: 200 },
            forget_after_ms: 600,
            settle_after_ms: 300,
            ..Settings::default()
        })
        .unwrap(),
    )
}

async fn server_of_two() -> Server {
    let server = Server::start().await;
    server.zone().records =
        vec![srv(SRV, "n1.example.org.", 7_601, 0), srv(SRV, "n2.example.org.", 7_602, 0)];
    server
}

#[tokio::test]
async fn a_server_that_fails_is_not_taken_for_one_without_records() {
    let server = server_of_two().await;
    server.zone().mood = Mood::Fails;
    let mut dns = start(&[server.at]);
    dns.listen(Duration::from_secs(2)).await;
    assert_eq!(dns.settled, 0, "it would found a cluster of its own");
    let asked = server.zone().asked_by_udp;
    assert!((5..=60).contains(&asked), "{asked} questions in 2 s, with pauses of 100 to 200 ms");
    server.zone().mood = Mood::Answers;
    dns.until(&TWO).await;
}

#[tokio::test]
async fn a_time_to_live_of_zero_is_no_reason_to_ask_without_end() {
    let server = server_of_two().await;
    let mut dns = start(&[server.at]);
    dns.until(&TWO).await;
    dns.listen(Duration::from_secs(2)).await;
    let asked = server.zone().asked_for_srv;
    assert!(asked <= 45, "{asked} questions in 2 s, of which 50 ms apart are 40");
}

#[tokio::test]
async fn an_alias_of_the_name_is_followed() {
    let server = server_of_two().await;
    for record in &mut server.zone().records {
        record.name = "_peers._tcp.blue.example.org.".parse().unwrap();
    }
    server.zone().records.push(cname(SRV, "_peers._tcp.blue.example.org.", 1));
    start(&[server.at]).until(&TWO).await;
}

#[tokio::test]
async fn a_server_that_is_dead_or_silent_is_got_round() {
    let (silent, dead) = (UdpSocket::bind("127.0.0.1:0").await.unwrap(), Server::start().await.at);
    let server = server_of_two().await;
    for first in [silent.local_addr().unwrap(), dead] {
        start(&[first, server.at]).until(&TWO).await;
    }
}

#[tokio::test]
async fn answers_without_sense_are_an_outage_like_any_other() {
    let garbles = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let at = garbles.local_addr().unwrap();
    let garbling = tokio::spawn(async move {
        let mut buffer = [0; 512];
        loop {
            let (len, from) = garbles.recv_from(&mut buffer).await.unwrap();
            // The number of the question, and then anything.
            let reply: Vec<u8> =
                (0..len).map(|at| if at < 2 { buffer[at] } else { 0xc1 }).collect();
            garbles.send_to(&reply, from).await.unwrap();
        }
    });
    let mut dns = start(&[at]);
    dns.listen(Duration::from_secs(1)).await;
    assert_eq!((dns.settled, dns.view().len()), (0, 0));
    garbling.abort();
    dns.leave().await;
}

#[tokio::test]
async fn who_is_left_out_for_a_moment_stays() {
    let server = server_of_two().await;
    let mut dns = start(&[server.at]);
    dns.until(&TWO).await;
    let all = server.zone().records.clone();
    for _ in 0..10 {
        server.zone().records.truncate(1);
        dns.listen(Duration::from_millis(200)).await;
        server.zone().records.clone_from(&all);
        dns.listen(Duration::from_millis(200)).await;
    }
    assert_eq!(dns.lost, [""; 0]);
    server.zone().records.truncate(1);
    dns.until(&ONE).await;
}
