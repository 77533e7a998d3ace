//! Who is at which address: asked of those who are there, and remembered.
//!
//! A name is as good as the records that had its address: when their time to live is over it is
//! asked for again, since another node may have the address by then. Who does not answer then keeps
//! the name for as long as records list the address, and is asked again whenever they are.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use peer_ring_core::id::NodeName;
use peer_ring_discovery_core::dns::Pace;
use tokio::time::Instant;

use crate::{Facts, NoName};

/// Who was at each address when it was asked last.
pub(super) struct Names {
    facts: Facts,
    pace: Pace,
    answers: Mutex<BTreeMap<SocketAddr, Answer>>,
}

struct Answer {
    who: Result<NodeName, NoName>,
    good_until: Instant,
    listed_at: Instant,
}

/// Who is at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// This node is.
    Is(NodeName),
    /// Nobody answers, and this node was there before.
    Was(NodeName),
    /// No node of this cluster, or nobody knows.
    Nameless(NoName),
}

impl Names {
    pub(super) fn new(facts: Facts, pace: Pace) -> Self {
        Self { facts, pace, answers: Mutex::default() }
    }

    /// Who is at each of these addresses, which records list whose time to live is `ttl`.
    pub(super) async fn of(&self, addresses: &[SocketAddr], ttl: Duration) -> Vec<Who> {
        self.answers().retain(|_, answer| answer.listed_at.elapsed() < self.pace.forget_after);
        let ttl = self.pace.within_bounds(ttl);
        join_all(addresses.iter().map(|at| self.of_one(*at, ttl))).await
    }

    async fn of_one(&self, at: SocketAddr, ttl: Duration) -> Who {
        if let Some(answer) = self.answers().get_mut(&at) {
            answer.listed_at = Instant::now();
            if answer.good_until > answer.listed_at {
                return answer.who.clone().map_or_else(Who::Nameless, Who::Is);
            }
        }
        let who = self.facts.who_is_at(&at.to_string()).await;
        let mut answers = self.answers();
        if let Err(no_name @ NoName::NoAnswer { .. }) = who {
            return match answers.get(&at) {
                Some(Answer { who: Ok(name), .. }) => Who::Was(name.clone()),
                Some(Answer { who: Err(_), .. }) | None => Who::Nameless(no_name),
            };
        }
        let now = Instant::now();
        let answer = Answer { who: who.clone(), good_until: now + ttl, listed_at: now };
        answers.insert(at, answer);
        who.map_or_else(Who::Nameless, Who::Is)
    }

    fn answers(&self) -> MutexGuard<'_, BTreeMap<SocketAddr, Answer>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
