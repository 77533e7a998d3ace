//! What a node makes of the records of a name: answers and time in, facts and questions out.
//!
//! A node is *listed*, or *left out since* some time. Only an answer that lists others takes it
//! away, and only when all that came for `forget_after_ms` left it out.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::time::Duration;

use peer_ring_core::actor::{Actor, Instant, Now, Outbox};
use peer_ring_core::id::NodeName;
use peer_ring_core::membership::{Fact, Sighting};
use peer_ring_core::planted;

/// What can happen to a directory.
#[derive(Clone, Debug, PartialEq)]
pub enum In {
    /// What was asked for was answered, or was not.
    Answered {
        /// How.
        answer: Answer,
        /// Drawn at random from a half to one: failures of many nodes are not repeated at once.
        jitter: f64,
    },
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// There are these nodes, at one or more addresses each.
    Listed {
        /// The nodes.
        nodes: BTreeMap<NodeName, BTreeSet<String>>,
        /// How long that holds.
        ttl: Duration,
        /// Whether all that was to be looked up for it was found: if not, nobody is left out, and
        /// it is asked for again as soon as after a failure.
        is_whole: bool,
    },
    /// There are no records.
    Nothing,
    /// There is no answer, or it is an error.
    Failed,
}

/// What a directory asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Out {
    /// Ask, and tell the answer by [`In::Answered`].
    Ask,
    /// Say this.
    Fact(Fact),
}

/// When a directory asks, and how long it believes what it heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Bounds of times to live: records are asked for again within these.
    pub ttl: RangeInclusive<Duration>,
    /// The shortest and the longest pause after failures.
    pub pauses: (Duration, Duration),
    /// A node that answers leave out for so long does not exist any more.
    pub forget_after: Duration,
    /// For so long there may be no record at all before a node takes itself for the first one.
    pub settle_after: Duration,
}

impl Pace {
    /// How long to wait with records of this time to live.
    #[must_use]
    pub fn within_bounds(&self, ttl: Duration) -> Duration {
        ttl.clamp(*self.ttl.start(), *self.ttl.end())
    }
}

/// Which nodes there are, and when to ask.
pub struct Directory {
    pace: Pace,
    nodes: BTreeMap<NodeName, Node>,
    /// When to ask; `None` while an answer is awaited.
    ask_at: Option<Instant>,
    pause: Duration,
    started_at: Option<Instant>,
    is_settled: bool,
}

struct Node {
    address: String,
    left_out_since: Option<Instant>,
}

impl Directory {
    /// A directory that knows nobody yet.
    #[must_use]
    pub fn new(pace: Pace) -> Self {
        Self {
            pace,
            nodes: BTreeMap::new(),
            ask_at: Some(Instant::default()),
            pause: Duration::ZERO,
            started_at: None,
            is_settled: false,
        }
    }

    fn answered(&mut self, now: Instant, answer: Answer, jitter: f64, out: &mut Outbox<Out>) {
        let wait = match answer {
            Answer::Listed { nodes, ttl, is_whole } => {
                if is_whole {
                    self.leave_out(now, &nodes, out);
                }
                nodes.into_iter().for_each(|(name, found)| self.see(name, &found, out));
                let ttl = self.pace.within_bounds(ttl);
                if is_whole {
                    self.settle(out);
                    self.pause = Duration::ZERO;
                    ttl
                } else {
                    self.settle_in_time(now, out);
                    self.back_off(jitter).min(ttl)
                }
            }
            Answer::Nothing => {
                self.settle_in_time(now, out);
                self.back_off(jitter)
            }
            Answer::Failed if planted!("failure-is-last") => return,
            Answer::Failed => self.back_off(jitter),
        };
        self.ask_at = Some(now + wait);
    }

    /// Takes note of whom a whole list leaves out, and of whom lists have left out for long.
    fn leave_out(
        &mut self,
        now: Instant,
        listed: &BTreeMap<NodeName, BTreeSet<String>>,
        out: &mut Outbox<Out>,
    ) {
        let forget_after = self.pace.forget_after;
        self.nodes.retain(|name, node| {
            if listed.contains_key(name) {
                return true;
            }
            let since = *node.left_out_since.get_or_insert(now);
            let stays = now < since + forget_after;
            if !stays {
                out.push(Out::Fact(Fact::Lost(name.clone())));
            }
            stays || planted!("forgotten-unseen")
        });
    }

    /// Takes note of a listed node. Of several addresses the one said before stays right.
    fn see(&mut self, name: NodeName, found: &BTreeSet<String>, out: &mut Outbox<Out>) {
        let Some(first) = found.first() else { return };
        let node = self
            .nodes
            .entry(name.clone())
            .or_insert_with(|| Node { address: String::new(), left_out_since: None });
        node.left_out_since = None;
        if !found.contains(&node.address) {
            node.address.clone_from(first);
            out.push(Out::Fact(Fact::Seen(Sighting::new(name, first.as_str()))));
        }
    }

    /// Settles when more of an answer has been waited for long enough.
    fn settle_in_time(&mut self, now: Instant, out: &mut Outbox<Out>) {
        if self.started_at.is_some_and(|start| now >= start + self.pace.settle_after) {
            self.settle(out);
        }
    }

    fn settle(&mut self, out: &mut Outbox<Out>) {
        if !std::mem::replace(&mut self.is_settled, true) {
            out.push(Out::Fact(Fact::Settled));
        }
    }

    fn back_off(&mut self, jitter: f64) -> Duration {
        let (least, most) = self.pace.pauses;
        self.pause = (self.pause * 2).clamp(least, most);
        self.pause.mul_f64(jitter)
    }
}

impl Actor for Directory {
    type In = In;
    type Out = Out;

    fn handle(&mut self, now: Now, input: In, out: &mut Outbox<Out>) {
        match input {
            In::Answered { answer, jitter } => self.answered(now.tick, answer, jitter, out),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.ask_at
    }

    fn wake(&mut self, now: Now, out: &mut Outbox<Out>) {
        self.started_at.get_or_insert(now.tick);
        if self.ask_at.is_some_and(|at| at <= now.tick) {
            self.ask_at = None;
            out.push(Out::Ask);
        }
    }
}

#[cfg(test)]
mod tests;
