//! A request about many keys, each a command of its own: `MGET`, `MSET`, `DEL` and `EXISTS`.
//!
//! Its commands are asked in the order of the keys, as many at once as there is room for, and
//! answered in any. One that fails stops those not yet asked, and the whole request fails: it is
//! no transaction, so the error says how far it has come.

use bytes::Bytes;
use peer_ring_core::failure::Failure;

use super::node::Asker;
use super::refusal::{self, Refusal};
use super::reply::Writer;
use super::request::Request;
use super::says::{Answer, say_value};
use crate::app::{Action, Expiry, Reply};
use crate::fronts::metrics::Outcome;

/// A request about many keys.
pub(super) struct Gather {
    wants: Wants,
    /// Its keys and values lie in here.
    request: Request,
    total: u32,
    asked: u32,
    answered: u32,
    done: u32,
    count: i64,
    values: Vec<Option<Bytes>>,
    values_bytes: usize,
    problem: Option<Problem>,
}

/// What is done with each key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    /// `MGET`: its value is read.
    Values,
    /// `EXISTS`: it is counted when it is there.
    Exist,
    /// `DEL`: it is deleted, and counted when it was there.
    Delete,
    /// `MSET`: the argument after it is written under it, until then.
    Put(Option<Expiry>),
}

enum Problem {
    Failed(Failure),
    Refused(Refusal),
}

impl Gather {
    /// The request, of which every argument is known to be small enough.
    pub(super) fn new(wants: Wants, request: Request) -> Self {
        let arguments = request.count() - 1;
        let total = match wants {
            Wants::Values | Wants::Exist | Wants::Delete => arguments,
            Wants::Put(_) => arguments / 2,
        };
        let values = match wants {
            Wants::Values => vec![None; total],
            Wants::Exist | Wants::Delete | Wants::Put(_) => Vec::new(),
        };
        Self {
            wants,
            request,
            total: u32::try_from(total).expect("arguments are bounded at the door"),
            asked: 0,
            answered: 0,
            done: 0,
            count: 0,
            values,
            values_bytes: 0,
            problem: None,
        }
    }

    /// Asks for as many keys as there is room for, and for one at least when none is under way.
    pub(super) fn ask(&mut self, asker: &mut Asker<'_>) {
        while self.has_more() && (self.asked == self.answered || asker.has_room()) {
            asker.ask(self.asked, self.action(self.asked));
            self.asked += 1;
        }
    }

    /// Takes the answer about key number `part`, and asks for more.
    pub(super) fn answer(&mut self, part: u32, answer: Answer, asker: &mut Asker<'_>) {
        self.answered += 1;
        match answer {
            Ok(Reply::Value(found)) => {
                self.done += 1;
                self.count += i64::from(found.is_some());
                if self.wants == Wants::Values && self.problem.is_none() {
                    self.take_value(part, found.map(|found| found.value), asker);
                }
            }
            Ok(Reply::Done { existed, .. }) => {
                self.done += 1;
                self.count += i64::from(existed);
            }
            Ok(Reply::Keys(_) | Reply::Count(_)) => self.fail(Failure::BadCommand),
            Err(failure) => self.fail(failure),
        }
        self.ask(asker);
    }

    /// Whether there are keys that will be asked for later.
    pub(super) fn has_more(&self) -> bool {
        self.asked < self.total && self.problem.is_none()
    }

    /// Whether all is known.
    pub(super) fn is_done(&self) -> bool {
        self.asked == self.answered && !self.has_more()
    }

    /// The bytes of the values that it holds.
    pub(super) fn held_bytes(&self) -> usize {
        self.values_bytes
    }

    /// Writes the reply.
    pub(super) fn say(&self, writer: &mut Writer<'_>) -> Outcome {
        match &self.problem {
            Some(Problem::Failed(failure)) => return self.say_failure(failure, writer),
            Some(Problem::Refused(refusal)) => {
                writer.error(refusal.code(), refusal);
                return Outcome::Refused;
            }
            None => {}
        }
        match self.wants {
            Wants::Values => {
                writer.array(self.values.len());
                for value in &self.values {
                    say_value(value.as_deref(), writer);
                }
            }
            Wants::Exist | Wants::Delete => writer.integer(self.count),
            Wants::Put(_) => writer.simple("OK"),
        }
        Outcome::Done
    }

    fn action(&self, part: u32) -> Action {
        let argument = |at: usize| {
            self.request.bytes(at).expect("there are as many arguments as the total says")
        };
        let part = part as usize;
        match self.wants {
            Wants::Values | Wants::Exist => Action::Get { key: argument(1 + part) },
            Wants::Delete => Action::Delete { key: argument(1 + part) },
            Wants::Put(expires) => {
                let (key, value) = (argument(1 + 2 * part), argument(2 + 2 * part));
                Action::Put { key, value, expires }
            }
        }
    }

    fn take_value(&mut self, part: u32, value: Option<Bytes>, asker: &mut Asker<'_>) {
        let bytes = value.as_ref().map_or(0, Bytes::len);
        self.values_bytes += bytes;
        asker.gauge.hold(bytes);
        let bytes_max = asker.gauge.values_bytes_max();
        if self.values_bytes > bytes_max as usize {
            asker.gauge.release(self.values_bytes);
            self.values = Vec::new();
            self.values_bytes = 0;
            self.problem = Some(Problem::Refused(Refusal::ReplyTooLarge { bytes_max }));
        } else if let Some(place) = self.values.get_mut(part as usize) {
            *place = value;
        }
    }

    fn fail(&mut self, failure: Failure) {
        self.problem.get_or_insert(Problem::Failed(failure));
    }

    fn say_failure(&self, failure: &Failure, writer: &mut Writer<'_>) -> Outcome {
        let code = refusal::code(failure);
        let (done, total) = (self.done, self.total);
        match self.wants {
            Wants::Values | Wants::Exist => writer.error(code, failure),
            Wants::Delete => {
                writer.error(code, format_args!("{failure}; {done} of {total} keys were deleted"));
            }
            Wants::Put(_) => {
                writer.error(code, format_args!("{failure}; {done} of {total} keys were written"));
            }
        }
        Outcome::Failed
    }
}
