//! Against a real etcd: what no test of the whole source can bring about at will.

use peer_ring_core::id::NodeName;

use super::*;

#[expect(dead_code, reason = "the tests of the whole source use the rest")]
#[path = "../../../tests/world/etcd_server.rs"]
mod etcd_server;
#[path = "../../../tests/world/program.rs"]
mod program;

use etcd_server::EtcdServer;

#[tokio::test]
async fn a_watch_from_a_revision_that_was_compacted_away_says_so() {
    if !program::is_there("etcd") {
        return;
    }
    let server = EtcdServer::start();
    let settings = Settings { endpoints: vec![server.endpoint()], ..Settings::default() };
    let own = Sighting::new(NodeName::new("n1").unwrap(), "h:1");
    let mut session = Session::new(settings.clone(), own.clone());
    let mut client = session.connect().await.unwrap();
    let mut revision = 0;
    for round in 0..10 {
        let put = client.put("/peer-ring/nodes/x", format!("{round}"), None).await.unwrap();
        revision = put.header().unwrap().revision();
    }
    client.compact(revision, None).await.unwrap();
    let mut live = Live { client, settings: &settings, own: &own, lease: None, watch: None };
    let (facts, _said) = Facts::channel();
    live.perform(Out::Watch { from: revision - 5 }, &facts).await.unwrap();
    assert_eq!(live.next().await.unwrap(), In::Compacted);
    let listed = live.perform(Out::List, &facts).await.unwrap();
    assert!(matches!(listed, Some(In::Listed { revision: at, .. }) if at == revision));
}
