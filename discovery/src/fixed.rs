//! `static`: the members stand in the configuration, the same on every node.

use futures::FutureExt;
use futures::future::BoxFuture;
use peer_ring_core::membership::{Fact, Sighting};

use crate::{Facts, Source, SourceError};

/// Says once which members there are. Host names among their addresses are resolved anew by each
/// attempt to link, so a host may move: when a link breaks or cannot be made, the next attempt asks
/// where the host is now.
#[derive(Clone, Debug)]
pub struct Static {
    members: Vec<Sighting>,
}

impl Static {
    /// These members and no others.
    #[must_use]
    pub fn new(members: Vec<Sighting>) -> Self {
        Self { members }
    }
}

impl Source for Static {
    fn run(self: Box<Self>, facts: Facts) -> BoxFuture<'static, Result<(), SourceError>> {
        async move {
            for member in self.members {
                if !facts.say(Fact::Seen(member)).await {
                    return Ok(());
                }
            }
            facts.say(Fact::Settled).await;
            facts.closed().await;
            Ok(())
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use peer_ring_core::id::NodeName;

    use super::*;

    #[tokio::test]
    async fn says_its_members_once_and_then_settles() {
        let member = |name: &str| Sighting::new(NodeName::new(name).unwrap(), "localhost:1");
        let (facts, mut said) = Facts::channel();
        let source = Box::new(Static::new(vec![member("a"), member("b")]));
        let run = tokio::spawn(source.run(facts));
        assert_eq!(said.recv().await, Some(Fact::Seen(member("a"))));
        assert_eq!(said.recv().await, Some(Fact::Seen(member("b"))));
        assert_eq!(said.recv().await, Some(Fact::Settled));
        drop(said);
        run.await.unwrap().unwrap();
    }
}
