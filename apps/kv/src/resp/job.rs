//! A request under way: what it waits for, and what it will say.

use bytes::{Bytes, BytesMut};
use peer_ring_core::actor::Wall;

use super::chain::Chain;
use super::gather::Gather;
use super::node::Asker;
use super::reply::{Protocol, Writer};
use super::says::{Answer, Says, answer_bytes};
use super::sweep::{Scan, Sweep};
use crate::app::Action;
use crate::fronts::metrics::Outcome;

/// A request, as it was understood.
pub(super) enum Plan {
    /// One command; its reply says all.
    Single(Says, Action),
    /// Several commands.
    Many(Box<Many>),
}

/// A request of several commands.
pub(super) enum Many {
    /// One for each of its keys.
    Gather(Gather),
    /// One after the other.
    Chain(Chain),
    /// One for each page.
    Scan(Scan),
    /// One for each partition.
    Sweep(Sweep),
}

/// A request under way.
///
/// A request that needs nothing of the store is *said* at once, but its reply waits for those
/// before it. A *single* one waits for its answer, and then perhaps for others' before it. One of
/// *many* commands asks for more as answers come, until all is known.
pub(super) enum Job {
    /// Its reply is written.
    Said(Bytes),
    /// It has one command under way, or its answer.
    Single(Says, Option<Answer>),
    /// It has several.
    Many(Box<Many>),
}

impl Job {
    /// Takes an answer; whether all is known then.
    pub(super) fn answer(&mut self, part: u32, answer: Answer, asker: &mut Asker<'_>) -> bool {
        match self {
            Self::Said(_) => unreachable!("it has asked for nothing"),
            Self::Single(_, held) => {
                asker.gauge.hold(answer_bytes(&answer));
                *held = Some(answer);
                true
            }
            Self::Many(many) => {
                many.answer(part, answer, asker);
                many.is_done()
            }
        }
    }

    /// Whether all is known.
    pub(super) fn is_done(&self) -> bool {
        match self {
            Self::Said(_) => true,
            Self::Single(_, answer) => answer.is_some(),
            Self::Many(many) => many.is_done(),
        }
    }

    /// The bytes that it holds for its reply.
    pub(super) fn held_bytes(&self) -> usize {
        match self {
            Self::Said(bytes) => bytes.len(),
            Self::Single(_, answer) => answer.as_ref().map_or(0, answer_bytes),
            Self::Many(many) => many.held_bytes(),
        }
    }

    /// Writes the reply, if all is known; what came of the request, if that is to be counted.
    pub(super) fn say(
        self,
        wall: Wall,
        protocol: Protocol,
        output: &mut BytesMut,
    ) -> Option<Outcome> {
        match self {
            Self::Said(bytes) => {
                output.extend_from_slice(&bytes);
                None
            }
            Self::Single(says, answer) => {
                Some(says.say(&answer?, wall, &mut Writer::new(output, protocol)))
            }
            Self::Many(many) => Some(many.say(&mut Writer::new(output, protocol))),
        }
    }
}

impl Many {
    /// Asks for what comes first.
    pub(super) fn ask(&mut self, asker: &mut Asker<'_>) {
        match self {
            Self::Gather(gather) => gather.ask(asker),
            Self::Chain(chain) => chain.ask(asker),
            Self::Scan(scan) => scan.ask(asker),
            Self::Sweep(sweep) => sweep.ask(asker),
        }
    }

    /// Whether requests behind it must not begin yet, lest they overtake what it has still to ask.
    pub(super) fn holds_back(&self) -> bool {
        match self {
            Self::Gather(gather) => gather.has_more(),
            Self::Chain(chain) => chain.has_more(),
            Self::Scan(scan) => !scan.is_done(),
            Self::Sweep(sweep) => !sweep.is_done(),
        }
    }

    /// Whether all is known.
    pub(super) fn is_done(&self) -> bool {
        match self {
            Self::Gather(gather) => gather.is_done(),
            Self::Chain(chain) => chain.is_done(),
            Self::Scan(scan) => scan.is_done(),
            Self::Sweep(sweep) => sweep.is_done(),
        }
    }

    fn answer(&mut self, part: u32, answer: Answer, asker: &mut Asker<'_>) {
        match self {
            Self::Gather(gather) => gather.answer(part, answer, asker),
            Self::Chain(chain) => chain.answer(answer, asker),
            Self::Scan(scan) => scan.answer(answer, asker),
            Self::Sweep(sweep) => sweep.answer(part, answer, asker),
        }
    }

    fn held_bytes(&self) -> usize {
        match self {
            Self::Gather(gather) => gather.held_bytes(),
            Self::Chain(chain) => chain.held_bytes(),
            Self::Scan(scan) => scan.held_bytes(),
            Self::Sweep(_) => 0,
        }
    }

    fn say(self, writer: &mut Writer<'_>) -> Outcome {
        match self {
            Self::Gather(gather) => gather.say(writer),
            Self::Chain(chain) => chain.say(writer),
            Self::Scan(scan) => scan.say(writer),
            Self::Sweep(sweep) => sweep.say(writer),
        }
    }
}
