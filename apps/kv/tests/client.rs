//! The typed client, as a program uses it that embeds a node.

#![allow(clippy::unwrap_used)]

use std::num::NonZeroU8;
use std::time::Duration;

use bytes::Bytes;
use peer_ring::{Config, Failure, Node};
use peer_ring_kv::client::KvClient;
use peer_ring_kv::cursor::Cursor;
use peer_ring_kv::{Kv, Ttl};

/// A node, and a client of it.
async fn start() -> (Node<Kv>, KvClient) {
    let mut config = Config::new("n1").unwrap();
    config.listen = "127.0.0.1:0".parse().unwrap();
    config.threads = 2;
    let node = Node::builder().config(config).app(Kv::default()).start().await.unwrap();
    node.ready().await;
    let client = KvClient::new(node.handle());
    (node, client)
}

fn count(count: u8) -> Option<NonZeroU8> {
    NonZeroU8::new(count)
}

async fn value(client: &KvClient, key: &'static str) -> Option<Bytes> {
    client.get(key).await.unwrap().map(|found| found.value)
}

#[actix_rt::test]
async fn what_is_put_is_got_until_it_is_deleted() {
    let (node, client) = start().await;
    let written = client.put("k", "v", Ttl::Never).await.unwrap();
    let found = client.get("k").await.unwrap().unwrap();
    assert_eq!(
        (&found.value[..], found.version, found.expires),
        (&b"v"[..], written.version, None)
    );
    assert!(client.delete("k").await.unwrap().existed);
    assert!(!client.delete("k").await.unwrap().existed);
    assert_eq!(client.get("k").await.unwrap(), None);
    node.stop().await;
}

#[actix_rt::test]
async fn a_value_expires_when_it_was_said_to() {
    let (node, client) = start().await;
    let soon = Ttl::For(Duration::from_millis(60));
    assert!(client.put("k", "v", soon).await.unwrap().expires.is_some());
    client.put("touched", "v", Ttl::Never).await.unwrap();
    client.put("kept", "v", soon).await.unwrap();
    assert!(client.expire("touched", soon).await.unwrap());
    assert!(client.persist("kept").await.unwrap());
    assert!(!client.persist("kept").await.unwrap());
    assert!(!client.expire("none", soon).await.unwrap());
    tokio::time::sleep(Duration::from_millis(90)).await;
    assert_eq!(value(&client, "k").await, None);
    assert_eq!(value(&client, "touched").await, None);
    assert_eq!(value(&client, "kept").await.unwrap(), "v");
    node.stop().await;
}

#[actix_rt::test]
async fn what_is_taken_is_gone() {
    let (node, client) = start().await;
    client.put("k", "v", Ttl::Never).await.unwrap();
    assert_eq!(client.take("k").await.unwrap().unwrap().value, "v");
    assert_eq!(client.take("k").await.unwrap(), None);
    node.stop().await;
}

#[actix_rt::test]
async fn many_keys_are_written_read_listed_counted_and_cleared() {
    let (node, client) = start().await;
    let key = |index: usize| Bytes::from(format!("key{index}"));
    let pairs = (0..2_500).map(|index| (key(index), Bytes::from(index.to_string()))).collect();
    assert_eq!(client.put_many(pairs, Ttl::Namespace).await.unwrap().len(), 2_500);
    let found = client.get_many(vec![key(7), Bytes::from("none"), key(9)]).await.unwrap();
    let values: Vec<_> = found.into_iter().map(|found| found.map(|found| found.value)).collect();
    assert_eq!(values, [Some(Bytes::from("7")), None, Some(Bytes::from("9"))]);
    assert_eq!(client.count().await.unwrap(), 2_500);
    let (mut from, mut listed) = (Some(Cursor::START), Vec::new());
    while let Some(cursor) = from {
        let page = client.keys(cursor, 400).await.unwrap();
        listed.extend(page.keys);
        from = page.next;
    }
    listed.sort();
    listed.dedup();
    assert_eq!(listed.len(), 2_500);
    assert_eq!(client.clear().await.unwrap(), 2_500);
    assert_eq!(client.count().await.unwrap(), 0);
    node.stop().await;
}

#[actix_rt::test]
async fn a_client_says_how_many_must_answer_and_how_long_it_waits() {
    let (node, client) = start().await;
    let strict = client.clone().replicas(count(3)).quorum(count(2));
    let failure = strict.put("k", "v", Ttl::Never).await.unwrap_err();
    assert!(matches!(failure, Failure::QuorumNotMet { wanted: 2, .. }), "{failure}");
    let hasty = client.clone().timeout(Duration::ZERO);
    // With its replica at hand a node may answer in no time at all.
    assert!(matches!(hasty.get("k").await, Ok(None) | Err(Failure::TimedOut { .. })));
    let unknown = client.namespace("nowhere").err().unwrap();
    assert_eq!(unknown.to_string(), "there is no namespace \"nowhere\"");
    node.stop().await;
}
