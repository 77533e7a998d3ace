//! Asking who is at an address, as a source of discovery does.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::future::{BoxFuture, FutureExt, join_all};
use peer_ring::discovery::{Facts, NoName, Source, SourceError};
use peer_ring::{App, Config, Fact, Key, Node, NodeName, Plan, Records};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

#[derive(Clone)]
struct Echo;

impl App for Echo {
    const NAME: &'static str = "echo";
    type Command = u64;
    type Reply = u64;

    fn key(command: &u64) -> Key {
        Key::at(*command)
    }

    fn plan(&self, _: &u64) -> Plan {
        Plan::quorum(3, 1)
    }

    fn handle(&mut self, _: &mut Records<'_>, command: u64) -> u64 {
        command
    }
}

type Answer = Result<NodeName, NoName>;

/// A source that tells its test who is at some addresses, and says what the test tells it to.
struct Asks {
    addresses: Vec<String>,
    answers: UnboundedSender<Vec<Answer>>,
    says: UnboundedReceiver<Fact>,
}

impl Source for Asks {
    fn run(mut self: Box<Self>, facts: Facts) -> BoxFuture<'static, Result<(), SourceError>> {
        async move {
            let asked = self.addresses.iter().map(|address| facts.who_is_at(address));
            self.answers.send(join_all(asked).await).unwrap();
            while let Some(fact) = self.says.recv().await {
                facts.say(fact).await;
            }
            facts.closed().await;
            Ok(())
        }
        .boxed()
    }
}

/// A node whose source asks, what it was answered, and what it is to say.
struct Asking {
    node: Node<Echo>,
    answers: UnboundedReceiver<Vec<Answer>>,
    says: UnboundedSender<Fact>,
}

impl Asking {
    /// What was answered.
    async fn answers(&mut self) -> Vec<Answer> {
        timeout(Duration::from_secs(10), self.answers.recv()).await.unwrap().unwrap()
    }
}

/// A configuration of a node that waits for a second one before there is a ring.
fn config(name: &str) -> Config {
    let mut config = Config::new(name).unwrap();
    config.listen = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    config.changes.bootstrap_expect = Some(2);
    config
}

fn start(config: &Config, addresses: Vec<SocketAddr>) -> Asking {
    let addresses = addresses.iter().map(SocketAddr::to_string).collect();
    let ((answers, answered), (says, said)) = (unbounded_channel(), unbounded_channel());
    let source = Asks { addresses, answers, says: said };
    let node = Node::builder().config(config.clone()).app(Echo).discovery(source).launch().unwrap();
    Asking { node, answers: answered, says }
}

fn is_foreign(answer: &Answer) -> bool {
    matches!(answer, Err(NoName::Foreign { .. }))
}

fn is_no_answer(answer: &Answer) -> bool {
    matches!(answer, Err(NoName::NoAnswer { .. }))
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let since = Instant::now();
    while !is_so().await {
        assert!(since.elapsed() < Duration::from_secs(10), "in vain until {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[actix_rt::test]
async fn a_node_says_its_name_before_it_has_a_ring_to_one_that_it_does_not_know_and_to_itself() {
    let configs = ["n1", "n2"].map(config);
    let one = start(&configs[0], Vec::new());
    let mut two = start(&configs[1], configs.each_ref().map(|it| it.listen).into());
    let names = ["n1", "n2"].map(|name| Ok(NodeName::new(name).unwrap()));
    assert_eq!(two.answers().await, names);
    for asking in [&one, &two] {
        assert_eq!(asking.node.handle().stats().await.links.len(), 0, "no link comes of it");
    }
}

#[actix_rt::test]
async fn a_node_of_another_cluster_and_one_that_is_not_there_have_no_name() {
    let foreign = Config { cluster: "elsewhere".to_owned(), ..config("n1") };
    let _foreign = start(&foreign, Vec::new());
    let nobody = config("n3").listen;
    let mut asking = start(&config("n2"), vec![foreign.listen, nobody]);
    let answers = asking.answers().await;
    assert!(is_foreign(&answers[0]), "{answers:?}");
    let said = answers[0].as_ref().unwrap_err().to_string();
    assert!(said.contains("elsewhere") && said.contains("peer-ring"), "{said}");
    assert!(is_no_answer(&answers[1]), "{answers:?}");
    assert!(answers[1].as_ref().unwrap_err().to_string().contains("refused"), "{answers:?}");
}

#[actix_rt::test]
async fn links_that_stand_are_left_as_they_are_by_who_asks() {
    let configs = ["n1", "n2"].map(config);
    let nodes = configs.each_ref().map(|it| start(it, Vec::new()));
    for asking in &nodes {
        for (name, at) in [("n1", 0), ("n2", 1)] {
            let name = NodeName::new(name).unwrap();
            let node = peer_ring::Sighting::new(name, configs[at].listen.to_string());
            asking.says.send(Fact::Seen(node)).unwrap();
        }
        asking.says.send(Fact::Settled).unwrap();
    }
    let [one, two] = &nodes;
    until("both are ready", async || one.node.handle().is_ready() && two.node.handle().is_ready())
        .await;
    until("both lanes stand", async || one.node.handle().stats().await.links.len() == 2).await;
    let sent = |stats: &peer_ring::NodeStats| stats.links.iter().map(|it| it.sent).sum::<u64>();
    let before = sent(&one.node.handle().stats().await);
    // Under the name of one whose links stand, too.
    for name in ["n3", "n2"] {
        let mut asking = start(&config(name), vec![configs[0].listen]);
        assert_eq!(asking.answers().await, [Ok(NodeName::new("n1").unwrap())]);
    }
    assert_eq!(one.node.ask(7).await.unwrap(), 7);
    let after = one.node.handle().stats().await;
    // A link that is made again counts anew.
    assert!(after.links.len() == 2 && sent(&after) >= before, "{:?}", after.links);
}

/// Takes connections and says nothing; how many it has taken.
async fn silent() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let at = listener.local_addr().unwrap();
    let taken = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&taken);
    tokio::spawn(async move {
        let mut streams = Vec::new();
        loop {
            streams.push(listener.accept().await.unwrap());
            count.store(streams.len(), Ordering::SeqCst);
        }
    });
    (at, taken)
}

#[actix_rt::test]
async fn who_takes_what_is_asked_and_says_nothing_is_given_up() {
    let (at, _) = silent().await;
    let mut config = config("n1");
    config.links.connect_timeout = Duration::from_millis(300);
    let since = Instant::now();
    let mut asking = start(&config, vec![at; 2]);
    let answers = asking.answers().await;
    assert!(answers.len() == 2 && answers.iter().all(is_no_answer), "{answers:?}");
    assert!(since.elapsed() >= config.links.connect_timeout, "{:?}", since.elapsed());
}

#[actix_rt::test]
async fn of_many_addresses_few_are_asked_at_once() {
    const AT_ONCE_MAX: usize = 32;
    let (at, taken) = silent().await;
    let mut config = config("n1");
    config.links.connect_timeout = Duration::from_secs(60);
    let _asking = start(&config, vec![at; AT_ONCE_MAX * 2]);
    until("some are asked", async || taken.load(Ordering::SeqCst) >= AT_ONCE_MAX).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(taken.load(Ordering::SeqCst), AT_ONCE_MAX, "the others wait for their turn");
}
