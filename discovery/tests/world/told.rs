//! A source at work, and what it has told.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use peer_ring_core::id::NodeName;
use peer_ring_core::membership::{Fact, Sighting};
use peer_ring_discovery::{Facts, Source, SourceError};
use tokio::sync::mpsc::Receiver;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long anything may take that must happen.
pub const WAIT_MAX: Duration = Duration::from_secs(30);

/// A node of this name and address.
pub fn node(name: &str, address: &str) -> Sighting {
    Sighting::new(NodeName::new(name).unwrap(), address)
}

/// A source that runs, and the picture that its facts make.
pub struct Told {
    said: Option<Receiver<Fact>>,
    run: JoinHandle<Result<(), SourceError>>,
    /// Who is there, and where.
    pub nodes: BTreeMap<String, Sighting>,
    /// How often it has said that it settled.
    pub settled: usize,
    /// Everybody who was ever lost, in order.
    pub lost: Vec<String>,
}

impl Told {
    pub fn by(source: impl Source) -> Self {
        let _ = tracing_subscriber::fmt().with_test_writer().try_init();
        let (facts, said) = Facts::channel();
        let run = tokio::spawn(Box::new(source).run(facts));
        Self { said: Some(said), run, nodes: BTreeMap::new(), settled: 0, lost: Vec::new() }
    }

    fn take(&mut self, fact: Fact) {
        match fact {
            Fact::Seen(node) => {
                self.nodes.insert(node.name.to_string(), node);
            }
            Fact::Lost(name) => {
                self.lost.push(name.to_string());
                self.nodes.remove(name.as_str());
            }
            Fact::Settled => self.settled += 1,
        }
    }

    /// `name=address` of everybody who is there.
    pub fn view(&self) -> Vec<String> {
        self.nodes.values().map(|node| format!("{}={}", node.name, node.address)).collect()
    }

    /// Listens until the source has settled and exactly these are there, and says how long it took.
    pub async fn until(&mut self, view: &[&str]) -> Duration {
        let start = Instant::now();
        while self.settled == 0 || self.view() != view {
            let left = WAIT_MAX.saturating_sub(start.elapsed());
            let said = self.said.as_mut().expect("the source was not stopped");
            match timeout(left, said.recv()).await {
                Ok(Some(fact)) => self.take(fact),
                Ok(None) => panic!("the source ended; {:?}, wanted {view:?}", self.view()),
                Err(_) => panic!("{:?} (settled: {}), wanted {view:?}", self.view(), self.settled),
            }
        }
        start.elapsed()
    }

    /// Listens until something holds of what was told.
    pub async fn until_it(&mut self, holds: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !holds(self) {
            let left = WAIT_MAX.saturating_sub(start.elapsed());
            let said = self.said.as_mut().expect("the source was not stopped");
            match timeout(left, said.recv()).await {
                Ok(Some(fact)) => self.take(fact),
                Ok(None) => panic!("the source ended"),
                Err(_) => panic!("waited in vain; {:?}, lost {:?}", self.view(), self.lost),
            }
        }
    }

    /// Listens for so long, whatever is said.
    pub async fn listen(&mut self, span: Duration) {
        let end = tokio::time::Instant::now() + span;
        let said = self.said.as_mut().expect("the source was not stopped");
        let mut facts = Vec::new();
        while let Ok(fact) = tokio::time::timeout_at(end, said.recv()).await {
            facts.push(fact.expect("the source works still"));
        }
        for fact in facts {
            self.take(fact);
        }
    }

    /// The node stops in order: nobody listens any more, and the source says goodbye.
    pub async fn leave(mut self) {
        self.said = None;
        timeout(Duration::from_secs(5), self.run)
            .await
            .expect("goodbye is bounded")
            .unwrap()
            .unwrap();
    }

    /// The node's process dies: nothing is said to anybody.
    pub async fn die(self) {
        self.run.abort();
        let _ = self.run.await;
    }

    /// Why the source ended.
    pub async fn error(self) -> String {
        let end = timeout(WAIT_MAX, self.run).await.expect("the source ends").unwrap();
        end.unwrap_err().to_string()
    }
}
