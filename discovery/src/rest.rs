//! What a session leaves behind that breaks: orders that nobody performs any more, and facts among
//! them.

use peer_ring_core::actor::Outbox;
use peer_ring_core::membership::Fact;

use crate::Facts;

/// Says the facts among the orders that are left, and forgets the others: the next session gives
/// those again, but who decided takes the facts for said, and will not say them again.
pub(crate) async fn say_rest<Out>(
    rest: &mut Outbox<Out>,
    facts: &Facts,
    fact: fn(Out) -> Option<Fact>,
) {
    for fact in rest.drain().filter_map(fact) {
        facts.say(fact).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_decided_before_the_session_broke_is_said_and_the_rest_is_forgotten() {
        let (facts, mut said) = Facts::channel();
        let mut rest = Outbox::new();
        for order in [Err("list"), Ok(Fact::Settled), Err("watch")] {
            rest.push(order);
        }
        say_rest(&mut rest, &facts, Result::ok).await;
        assert!(rest.is_empty());
        drop(facts);
        assert_eq!((said.recv().await, said.recv().await), (Some(Fact::Settled), None));
    }
}
