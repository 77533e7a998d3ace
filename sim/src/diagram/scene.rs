//! What of a story is shown: the guilty operations, their neighbours, and all that they caused.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagram::Options;
use crate::diagram::wrap::shorten;
use crate::story::{Message, Operation, Span, SpanKind, Story};
use crate::time::Time;
use crate::world::NodeIndex;

/// Clusters up to this size are shown whole; of larger ones, the nodes that take part.
const NODES_ALWAYS_SHOWN: usize = 7;

/// Longest headline, in letters.
const HEADLINE_MAX: usize = 90;

/// What of a story is shown.
pub struct Scene<'a> {
    /// All of it.
    pub story: &'a Story,
    /// The nodes with a lane.
    pub nodes: Vec<NodeIndex>,
    /// The operations, in the order in which they were asked.
    pub operations: Vec<Shown<'a>>,
    /// The messages, in the order in which they were sent.
    pub messages: Vec<Said<'a>>,
    /// What lasts for a while.
    pub spans: Vec<&'a Span>,
    /// When it begins.
    pub begin: Time,
    /// When it ends.
    pub end: Time,
    /// What is left out, in words.
    pub left_out: Vec<String>,
}

/// An operation that is shown.
pub struct Shown<'a> {
    /// By which letter it is known.
    pub letter: String,
    /// The operation.
    pub operation: &'a Operation,
}

/// A message that is shown.
pub struct Said<'a> {
    /// The message.
    pub message: &'a Message,
    /// The letter of the operation that it serves; empty when it serves none.
    pub letter: String,
    /// Whether it serves a guilty operation.
    pub is_guilty: bool,
}

/// The order of what happens at one time: that of cause and effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    /// A message arrives.
    Arrived,
    /// An operation that has waited for it is answered.
    Answered,
    /// Something that lasts is over.
    Ended,
    /// Something that lasts begins.
    Begun,
    /// In the turn of an operation, see [`Scene::turn`]: asked, sent, lost, answered at once.
    Turn(usize, u8),
    /// The violation comes to light.
    Seen,
}

impl<'a> Scene<'a> {
    /// Chooses from a story.
    pub fn new(story: &'a Story, options: &Options) -> Self {
        let operations = choose_operations(story, options);
        let chosen = choose_messages(story, &operations, options);
        let messages: Vec<_> = chosen.iter().map(|message| said(message, &operations)).collect();
        let (begin, end) = window(story, &operations, &messages);
        let nodes = choose_nodes(story, &operations, &messages);
        let (spans, hidden_spans) = choose_spans(story, &nodes, begin, end, options);
        let mut scene =
            Self { story, nodes, operations, messages, spans, begin, end, left_out: Vec::new() };
        scene.left_out = scene.tell_left_out(hidden_spans);
        scene
    }

    /// Of those that are asked at one moment, the operation for which a message is sent then: one
    /// for the first of all operations; zero for what was sent for anything else.
    ///
    /// What is asked at one moment is asked in turn, and what follows from it at once, follows
    /// before the next turn.
    pub fn turn(&self, said: &Said<'_>) -> usize {
        let is_its = |shown: &Shown<'_>| {
            shown.letter == said.letter && shown.operation.invoked == said.message.sent
        };
        self.operations.iter().position(is_its).map_or(0, |at| at + 1)
    }

    /// The lane of a node, counted from the left.
    pub fn lane(&self, node: NodeIndex) -> Option<usize> {
        self.nodes.iter().position(|shown| *shown == node)
    }

    /// When something that lasts begins, as far as that is shown.
    pub fn begin_of(&self, span: &Span) -> Time {
        span.begin.max(self.begin)
    }

    /// When something that lasts ends, if that is shown.
    pub fn end_of(&self, span: &Span) -> Option<Time> {
        span.end.filter(|end| *end > self.begin_of(span) && *end <= self.end)
    }

    /// What broke, in a line, and then in the checker's words; nothing if nothing did.
    pub fn accusation(&self) -> Option<(String, String)> {
        let violation = self.story.violation.as_ref()?;
        let headline = format!("BROKEN PROMISE: {} ({})", violation.checker, violation.class);
        Some((shorten(&headline, HEADLINE_MAX), violation.text.clone()))
    }

    /// The guilty operations, a line each.
    pub fn guilty(&self) -> Vec<String> {
        let guilty = self.operations.iter().filter(|shown| shown.operation.is_guilty);
        guilty
            .map(|Shown { letter, operation }| {
                let who = asked_by(operation, self.story);
                let (outcome, answer) = (operation.outcome.as_str(), &operation.answer);
                format!("{letter}: {who}: {} -> {outcome}: {answer}", operation.text)
            })
            .collect()
    }

    fn tell_left_out(&self, hidden_spans: usize) -> Vec<String> {
        let story = self.story;
        let mut told = Vec::new();
        let hidden = story.operations.len() - self.operations.len();
        if hidden > 0 {
            told.push(format!("{hidden} of {} operations", story.operations.len()));
        }
        let hidden = story.messages.len() - self.messages.len();
        if hidden > 0 {
            told.push(format!(
                "{hidden} of {} messages (probes, data being moved, and what served operations \
                 that are not shown)",
                story.messages.len()
            ));
        }
        let hidden = story.nodes.len() - self.nodes.len();
        if hidden > 0 {
            told.push(format!("{hidden} of {} nodes", story.nodes.len()));
        }
        if hidden_spans > 0 {
            told.push(format!("{hidden_spans} faults"));
        }
        told
    }
}

/// Who asked which node.
pub fn asked_by(operation: &Operation, story: &Story) -> String {
    let client = operation.client.as_deref().unwrap_or("client");
    format!("{client} at {}", story.name(operation.node))
}

fn choose_operations<'a>(story: &'a Story, options: &Options) -> Vec<Shown<'a>> {
    let all = &story.operations;
    let mut chosen: Vec<usize> = (0..all.len()).collect();
    // What came after the violation explains nothing.
    let seen = story.violation.as_ref().map_or(story.end, |violation| violation.at);
    chosen.retain(|at| all[*at].is_guilty || all[*at].invoked <= seen);
    if chosen.len() > options.operations_max {
        let guilty: Vec<&Operation> = all.iter().filter(|it| it.is_guilty).collect();
        let violation = story.violation.as_ref();
        let keys = violation.map(|violation| violation.keys.clone()).unwrap_or_default();
        let focus = story.violation.as_ref().map_or(Time::ZERO, |violation| violation.at);
        let distance = |it: &Operation| {
            let apart = guilty.iter().map(|other| it.invoked.0.abs_diff(other.invoked.0)).min();
            apart.unwrap_or_else(|| it.invoked.0.abs_diff(focus.0))
        };
        chosen.retain(|at| keys.is_empty() || keys.contains(&all[*at].key));
        chosen.sort_by_key(|at| {
            let it = &all[*at];
            (!it.is_guilty, distance(it), it.invoked.0.abs_diff(focus.0), *at)
        });
        let most = match guilty.len() {
            0 => options.operations_max,
            some => options.operations_max.min(some + options.neighbours_max),
        };
        chosen.truncate(most);
    }
    chosen.sort_by_key(|at| (all[*at].invoked, *at));
    let shown =
        |(number, at): (usize, usize)| Shown { letter: letter(number), operation: &all[at] };
    chosen.into_iter().enumerate().map(shown).collect()
}

/// A, B and so on to Z, then AA, AB.
fn letter(number: usize) -> String {
    let last = char::from(b'A' + u8::try_from(number % 26).expect("less than 26"));
    match number / 26 {
        0 => last.to_string(),
        more => letter(more - 1) + &last.to_string(),
    }
}

fn choose_messages<'a>(
    story: &'a Story,
    operations: &[Shown<'_>],
    options: &Options,
) -> Vec<&'a Message> {
    let shown: BTreeMap<u64, bool> =
        operations.iter().map(|it| (it.operation.id, it.operation.is_guilty)).collect();
    let is_guilty = |message: &Message| message.cause.and_then(|id| shown.get(&id)) == Some(&true);
    let guilty = story.messages.iter().filter(|message| is_guilty(message));
    let partitions: BTreeSet<u16> = guilty.filter_map(|message| message.partition).collect();
    let first = operations.iter().map(|it| it.operation.invoked).min();
    let last =
        operations.iter().map(|it| it.operation.returned.unwrap_or(it.operation.invoked)).max();
    let is_within = |message: &Message| {
        first.is_none_or(|first| message.sent >= first)
            && last.is_none_or(|last| message.sent <= last)
    };
    let seen = story.violation.as_ref().map_or(story.end, |violation| violation.at);
    let is_wanted = |message: &Message| {
        message.sent <= seen
            && match message.cause {
                Some(id) => shown.contains_key(&id),
                None => {
                    let concerns = message.partition.is_some_and(|it| partitions.contains(&it));
                    is_within(message) && (concerns || options.has_background)
                }
            }
    };
    let mut chosen: Vec<(usize, &Message)> =
        story.messages.iter().enumerate().filter(|(_, message)| is_wanted(message)).collect();
    if chosen.len() > options.messages_max {
        let focus = story.violation.as_ref().map_or(Time::ZERO, |violation| violation.at);
        chosen.sort_by_key(|(at, message)| {
            (!is_guilty(message), message.is_chatter, message.sent.0.abs_diff(focus.0), *at)
        });
        chosen.truncate(options.messages_max);
        chosen.sort_by_key(|(at, _)| *at);
    }
    chosen.into_iter().map(|(_, message)| message).collect()
}

fn said<'a>(message: &'a Message, operations: &[Shown<'_>]) -> Said<'a> {
    let served = operations.iter().find(|it| message.cause == Some(it.operation.id));
    Said {
        message,
        letter: served.map(|it| it.letter.clone()).unwrap_or_default(),
        is_guilty: served.is_some_and(|it| it.operation.is_guilty),
    }
}

/// From the first to the last of what is shown.
fn window(story: &Story, operations: &[Shown<'_>], messages: &[Said<'_>]) -> (Time, Time) {
    let asked = operations.iter().map(|it| it.operation.invoked);
    let sent = messages.iter().map(|it| it.message.sent);
    let begin = asked.chain(sent).min().unwrap_or_default();
    let answered = operations.iter().filter_map(|it| it.operation.returned);
    let arrived = messages.iter().map(|it| it.message.last_at());
    let seen = story.violation.as_ref().map(|violation| violation.at);
    let end = answered.chain(arrived).chain(seen).max().unwrap_or(story.end);
    (begin, end.max(begin))
}

fn choose_nodes(story: &Story, operations: &[Shown<'_>], messages: &[Said<'_>]) -> Vec<NodeIndex> {
    let all = (0..=u8::MAX).map(NodeIndex).take(story.nodes.len());
    if story.nodes.len() <= NODES_ALWAYS_SHOWN {
        return all.collect();
    }
    let asked = operations.iter().map(|it| it.operation.node);
    let talking = messages.iter().flat_map(|it| [it.message.from, it.message.to]);
    let taking_part: BTreeSet<NodeIndex> = asked.chain(talking).collect();
    all.filter(|node| taking_part.contains(node)).collect()
}

/// What lasts at some time that is shown; and how much of that is one too many.
fn choose_spans<'a>(
    story: &'a Story,
    nodes: &[NodeIndex],
    begin: Time,
    end: Time,
    options: &Options,
) -> (Vec<&'a Span>, usize) {
    let is_shown = |span: &&Span| {
        let is_here = match span.kind {
            SpanKind::Fault(_) => true,
            SpanKind::Down(node) | SpanKind::Paused(node) | SpanKind::Moment(node) => {
                nodes.contains(&node)
            }
        };
        is_here && span.meets(begin, end)
    };
    let mut spans: Vec<&Span> = story.spans.iter().filter(is_shown).collect();
    let hidden = spans.len().saturating_sub(options.spans_max);
    spans.truncate(options.spans_max);
    (spans, hidden)
}
