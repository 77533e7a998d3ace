//! The recorder: writes a story down while it happens.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use peer_ring_core::coordinator::Ask;
use peer_ring_core::failure::Failure;
use peer_ring_core::id::CallerId;
use peer_ring_core::key::Partitions;
use peer_ring_core::peer::{Body, Message as Said};

use crate::story::{
    Arrival, Fate, Message, Operation, Outcome, Reception, Span, SpanKind, Story, Words, label,
};
use crate::time::Time;
use crate::world::network::Arrivals;
use crate::world::{Hop, NodeIndex};

/// Longest detail of a message that is kept, in characters.
const DETAIL_CHARS_MAX: usize = 600;

/// What a message is about.
#[derive(Clone, Copy, Default)]
struct About {
    /// For which operation it is sent.
    cause: Option<u64>,
    /// On which partition.
    partition: Option<u16>,
}

/// Writes a story down.
pub struct Recorder {
    story: Story,
    words: Box<dyn Words + Send>,
    partitions: Partitions,
    /// What a message takes at most while nothing is wrong.
    longest: Duration,
    /// For which operation the event is that is being handled.
    cause: Option<u64>,
    /// What a request was about that was sent over a hop under this id.
    requests: BTreeMap<(Hop, u64), About>,
    /// Which operation on a partition a node was last busy with.
    latest: BTreeMap<(NodeIndex, u16), u64>,
    /// Where the operations stand in the story that wait for an answer.
    waiting: BTreeMap<u64, usize>,
}

impl Recorder {
    /// A recorder of a world with these nodes.
    pub fn new(
        nodes: Vec<String>,
        partitions: Partitions,
        longest: Duration,
        words: Box<dyn Words + Send>,
    ) -> Self {
        Self {
            story: Story { nodes, ..Story::default() },
            words,
            partitions,
            longest,
            cause: None,
            requests: BTreeMap::new(),
            latest: BTreeMap::new(),
            waiting: BTreeMap::new(),
        }
    }

    /// The story until now.
    pub fn story(&self, now: Time) -> Story {
        Story { end: now, ..self.story.clone() }
    }

    /// Something begins.
    pub fn begin(&mut self, now: Time, kind: SpanKind, text: String) {
        self.cause = None;
        self.story.spans.push(Span { kind, text, begin: now, end: None });
    }

    /// The latest of this kind is over, if there is one.
    pub fn end(&mut self, now: Time, kind: SpanKind) {
        self.cause = None;
        let is_it = |span: &&mut Span| span.kind == kind && span.end.is_none();
        if let Some(span) = self.story.spans.iter_mut().rev().find(is_it) {
            span.end = Some(now);
        }
    }

    /// Something happens to a node at one moment.
    pub fn mark(&mut self, now: Time, node: NodeIndex, text: String) {
        let kind = SpanKind::Moment(node);
        self.story.spans.push(Span { kind, text, begin: now, end: Some(now) });
    }

    /// A node loses its memory; who waits for it waits in vain.
    pub fn crash(&mut self, now: Time, node: NodeIndex) {
        self.go(now, node, "down", &format!("{node} crashed"));
    }

    /// A node has handed over what it had, and goes; who waits for it waits in vain.
    pub fn leave(&mut self, now: Time, node: NodeIndex) {
        self.go(now, node, "gone", &format!("{node} left"));
    }

    fn go(&mut self, now: Time, node: NodeIndex, what: &str, why: &str) {
        self.begin(now, SpanKind::Down(node), what.to_owned());
        let operations = &mut self.story.operations;
        self.waiting.retain(|_, index| {
            let operation = &mut operations[*index];
            if operation.node == node {
                operation.returned = Some(now);
                operation.answer = why.to_owned();
            }
            operation.node != node
        });
    }

    /// A node is asked.
    pub fn ask(&mut self, now: Time, node: NodeIndex, is_up: bool, caller: CallerId, ask: &Ask) {
        let (returned, outcome, answer) = match is_up {
            true => (None, Outcome::Unknown, "no answer".to_owned()),
            false => (Some(now), Outcome::Failed, format!("{node} is down")),
        };
        if is_up {
            self.waiting.insert(caller.0, self.story.operations.len());
        }
        self.story.operations.push(Operation {
            id: caller.0,
            client: None,
            node,
            key: ask.key.position(),
            text: self.words.command(&ask.command),
            invoked: now,
            returned,
            outcome,
            answer,
            is_guilty: false,
        });
    }

    /// A caller is answered.
    pub fn reply(&mut self, now: Time, caller: CallerId, result: &Result<Bytes, Failure>) {
        let (outcome, answer) = match result {
            Ok(reply) => (Outcome::Ok, self.words.reply(reply)),
            Err(failure) if failure.may_have_happened() => (Outcome::Unknown, failure.to_string()),
            Err(failure) => (Outcome::Failed, failure.to_string()),
        };
        self.settle(now, caller, outcome, answer);
    }

    /// A caller waits no more.
    pub fn abandon(&mut self, now: Time, caller: CallerId) {
        self.settle(now, caller, Outcome::Unknown, "gave up waiting".to_owned());
    }

    fn settle(&mut self, now: Time, caller: CallerId, outcome: Outcome, answer: String) {
        if let Some(index) = self.waiting.remove(&caller.0) {
            let operation = &mut self.story.operations[index];
            operation.returned = Some(now);
            operation.outcome = outcome;
            operation.answer = answer;
        }
    }

    /// A node begins to handle what a caller asked.
    pub fn handle_ask(&mut self, node: NodeIndex, caller: CallerId, ask: &Ask) {
        self.cause = Some(caller.0);
        self.latest.insert((node, self.partitions.of(ask.key).0), caller.0);
    }

    /// A node begins to handle something that nobody said or asked.
    pub fn handle_own(&mut self) {
        self.cause = None;
    }

    /// A node begins to handle a message, or drops it.
    pub fn handle_message(&mut self, now: Time, number: u64, is_taken: bool) {
        let at = number.checked_sub(1).and_then(|at| usize::try_from(at).ok());
        let Some(message) = at.and_then(|at| self.story.messages.get_mut(at)) else {
            self.cause = None;
            return;
        };
        self.cause = message.cause;
        if let (true, Some(cause), Some(partition)) = (is_taken, message.cause, message.partition) {
            self.latest.insert((message.to, partition), cause);
        }
        if let Fate::Arrived { arrivals, .. } = &mut message.fate {
            let first = arrivals.iter_mut().find(|it| it.reception == Reception::Pending);
            if let Some(arrival) = first {
                arrival.reception =
                    if is_taken { Reception::Handled(now) } else { Reception::Dropped };
            }
        }
    }

    /// A node sends a message. Its number: the first is one, and zero is none of the story's.
    pub fn send(&mut self, now: Time, hop: Hop, said: &Said, arrivals: Option<Arrivals>) -> u64 {
        let About { cause, partition } = self.about(hop, &said.body);
        let fate = match arrivals {
            None => Fate::Unsent,
            Some(Arrivals { first: None, .. }) => Fate::Lost,
            Some(Arrivals { first: Some(first), again, .. }) => {
                let arrival = |at| Arrival { at, reception: Reception::Pending };
                Fate::Arrived {
                    arrivals: std::iter::once(first).chain(again).map(arrival).collect(),
                    is_late: first.since(now) > self.longest,
                }
            }
        };
        let is_damaged = arrivals.is_some_and(|arrivals| arrivals.damage.is_some());
        let damaged = if is_damaged { "damaged " } else { "" };
        self.story.messages.push(Message {
            from: hop.from,
            to: hop.to,
            lane: said.lane(),
            label: damaged.to_owned() + &label::of(&said.body, &*self.words),
            detail: format!("{:?}", said.body).chars().take(DETAIL_CHARS_MAX).collect(),
            cause,
            partition,
            is_chatter: label::is_chatter(&said.body),
            sent: now,
            fate,
        });
        self.story.messages.len() as u64
    }

    /// What a message is about. A response is about what its request was about. A request is for
    /// the operation of the event being handled or, when only time has passed, for the latest on
    /// its partition.
    fn about(&mut self, hop: Hop, body: &Body) -> About {
        match body {
            Body::Request { id, .. } => {
                let partition = label::partition(body, self.partitions);
                let latest = partition.and_then(|it| self.latest.get(&(hop.from, it)).copied());
                let latest = latest.filter(|_| !id.is_background());
                let about = About { cause: self.cause.or(latest), partition };
                self.requests.insert((hop, id.0), about);
                about
            }
            Body::Response { id, .. } => {
                self.requests.get(&(hop.back(), id.0)).copied().unwrap_or_default()
            }
            Body::Leaving | Body::Standing(_) | Body::Ring(_) | Body::Chain(_) => About::default(),
        }
    }
}
