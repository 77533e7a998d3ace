//! A request that reads a key, then writes what follows from it: `EXPIRE`, `PERSIST`, `GETDEL` and
//! `SET` with `KEEPTTL`.
//!
//! Nobody else's write is undone by the second step: a touch is for the very version that was
//! read, and does nothing when there is a later one. `KEEPTTL` alone writes a new value, with the
//! expiry that was read.

use bytes::Bytes;
use peer_ring_core::failure::Failure;

use super::node::Asker;
use super::reply::Writer;
use super::says::{Answer, fail, say_value};
use crate::app::{Action, Expiry, Found, Reply};
use crate::fronts::metrics::Outcome;
use crate::ttl::PAST;

/// A request of two steps.
pub(super) struct Chain {
    key: Bytes,
    then: Then,
    step: Step,
    held_bytes: usize,
}

/// What follows from what was read.
pub(super) enum Then {
    /// The value expires at that instant, or is gone at once.
    Expire(Option<Expiry>),
    /// The value lives for ever.
    Persist,
    /// The value is returned, and gone.
    Take,
    /// Another value takes its place and keeps its expiry.
    Replace(Bytes),
}

/// How far it is: first the key is read, then it may be written, then all is known.
enum Step {
    Reading,
    /// What is to be said when the write succeeds.
    Writing(Says),
    Known(Result<Says, Failure>),
}

enum Says {
    Number(i64),
    Value(Option<Bytes>),
    Ok,
}

impl Chain {
    /// The request for this key.
    pub(super) fn new(key: Bytes, then: Then) -> Self {
        Self { key, then, step: Step::Reading, held_bytes: 0 }
    }

    /// Asks for the first step.
    pub(super) fn ask(&self, asker: &mut Asker<'_>) {
        asker.ask(0, Action::Get { key: self.key.clone() });
    }

    /// Takes the answer to a step, and asks for the next one.
    pub(super) fn answer(&mut self, answer: Answer, asker: &mut Asker<'_>) {
        let step = std::mem::replace(&mut self.step, Step::Reading);
        self.step = match (step, answer) {
            (_, Err(failure)) => Step::Known(Err(failure)),
            (Step::Reading, Ok(Reply::Value(found))) => self.follow(found, asker),
            (Step::Writing(says), Ok(Reply::Done { .. })) => Step::Known(Ok(says)),
            (_, Ok(_)) => Step::Known(Err(Failure::BadCommand)),
        };
    }

    /// Whether there is a step that will be asked for later.
    pub(super) fn has_more(&self) -> bool {
        matches!(self.step, Step::Reading)
    }

    /// Whether all is known.
    pub(super) fn is_done(&self) -> bool {
        matches!(self.step, Step::Known(_))
    }

    /// The bytes of the value that it holds.
    pub(super) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Writes the reply.
    pub(super) fn say(&self, writer: &mut Writer<'_>) -> Outcome {
        match &self.step {
            Step::Known(Ok(Says::Number(number))) => writer.integer(*number),
            Step::Known(Ok(Says::Value(value))) => say_value(value.as_deref(), writer),
            Step::Known(Ok(Says::Ok)) => writer.simple("OK"),
            Step::Known(Err(failure)) => return fail(failure, writer),
            Step::Reading | Step::Writing(_) => unreachable!("said before it was known"),
        }
        Outcome::Done
    }

    fn follow(&mut self, found: Option<Found>, asker: &mut Asker<'_>) -> Step {
        let expires = found.as_ref().and_then(|found| found.expires);
        let (expires, says) = match (&self.then, found.as_ref()) {
            (Then::Replace(value), _) => {
                let action = Action::Put { key: self.key.clone(), value: value.clone(), expires };
                asker.ask(0, action);
                return Step::Writing(Says::Ok);
            }
            (Then::Take, None) => return Step::Known(Ok(Says::Value(None))),
            (Then::Expire(_) | Then::Persist, None) => return Step::Known(Ok(Says::Number(0))),
            (Then::Persist, Some(_)) if expires.is_none() => {
                return Step::Known(Ok(Says::Number(0)));
            }
            (Then::Persist, Some(_)) => (None, Says::Number(1)),
            (Then::Expire(at), Some(_)) => (Some(at.unwrap_or(PAST)), Says::Number(1)),
            (Then::Take, Some(found)) => {
                self.held_bytes = found.value.len();
                asker.gauge.hold(self.held_bytes);
                (Some(PAST), Says::Value(Some(found.value.clone())))
            }
        };
        if let Some(Found { value, version, .. }) = found {
            asker.ask(0, Action::Touch { key: self.key.clone(), version, value, expires });
        }
        Step::Writing(says)
    }
}
