//! `static`: the members stand in the configuration, the same on every node.

use futures::FutureExt;
use futures::future::BoxFuture;
use peer_ring_core::membership::Sighting;
use peer_ring_discovery_core::said::Said;
use tokio::sync::watch;

use crate::{Facts, Source, SourceError};

/// Says which members there are, and what changes when the list is written anew. Host names among
/// their addresses are resolved anew by each attempt to link, so a host may move: when a link breaks
/// or cannot be made, the next attempt asks where the host is now.
#[derive(Debug)]
pub struct Static {
    members: watch::Receiver<Vec<Sighting>>,
}

impl Static {
    /// These members and no others, for ever.
    #[must_use]
    pub fn new(members: Vec<Sighting>) -> Self {
        // The list outlives its writer.
        Self { members: watch::channel(members).1 }
    }

    /// The members that stand in this list, which may be written anew.
    #[must_use]
    pub fn following(members: watch::Receiver<Vec<Sighting>>) -> Self {
        Self { members }
    }
}

impl Source for Static {
    fn run(mut self: Box<Self>, facts: Facts) -> BoxFuture<'static, Result<(), SourceError>> {
        async move {
            let mut said = Said::default();
            loop {
                let listed = self.members.borrow_and_update().clone();
                let listed = listed.into_iter().map(|member| (member.name.clone(), member));
                for fact in said.all(listed.collect()) {
                    if !facts.say(fact).await {
                        return Ok(());
                    }
                }
                tokio::select! {
                    biased;
                    () = facts.closed() => return Ok(()),
                    changed = self.members.changed() => if changed.is_err() {
                        // Nobody writes the list any more, and it stays true.
                        facts.closed().await;
                        return Ok(());
                    },
                }
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use peer_ring_core::id::NodeName;
    use peer_ring_core::membership::Fact;

    use super::*;

    fn member(name: &str, address: &str) -> Sighting {
        Sighting::new(NodeName::new(name).unwrap(), address)
    }

    #[tokio::test]
    async fn says_its_members_once_and_then_settles() {
        let (facts, mut said) = Facts::channel();
        let source = Box::new(Static::new(vec![member("a", "h:1"), member("b", "h:2")]));
        let run = tokio::spawn(source.run(facts));
        assert_eq!(said.recv().await, Some(Fact::Seen(member("a", "h:1"))));
        assert_eq!(said.recv().await, Some(Fact::Seen(member("b", "h:2"))));
        assert_eq!(said.recv().await, Some(Fact::Settled));
        drop(said);
        run.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn says_what_has_changed_when_the_list_is_written_anew() {
        let (list, members) = watch::channel(vec![member("a", "h:1"), member("b", "h:2")]);
        let (facts, mut said) = Facts::channel();
        let run = tokio::spawn(Box::new(Static::following(members)).run(facts));
        for _ in 0..3 {
            said.recv().await.unwrap();
        }
        list.send_replace(vec![member("a", "h:1"), member("c", "h:3")]);
        assert_eq!(said.recv().await, Some(Fact::Seen(member("c", "h:3"))));
        assert_eq!(said.recv().await, Some(Fact::Lost(NodeName::new("b").unwrap())));
        list.send_replace(vec![member("a", "h:9"), member("c", "h:3")]);
        assert_eq!(said.recv().await, Some(Fact::Seen(member("a", "h:9"))), "it has moved");
        drop(list);
        tokio::task::yield_now().await;
        assert!(!run.is_finished(), "what it said stays true without a writer");
        drop(said);
        run.await.unwrap().unwrap();
    }
}
