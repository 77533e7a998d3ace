//! An author's app as a subject: one workload, and the author's own checks.

use std::fmt;
use std::sync::Arc;

use peer_ring_core::app::App;
use serde::Serialize;

use crate::check::Violation;
use crate::journal::Journal;
use crate::random::Stream;
use crate::subject::{Asking, Caller, JournalOf, Sizes, Subject};

/// What clients asked of an app, and what they were answered.
pub type Seen<A> = Journal<Arc<<A as App>::Command>, <A as App>::Reply>;

/// An app, what its clients ask, and what is claimed of it.
pub struct Yours<A: App> {
    pub(super) app: A,
    pub(super) nodes: u8,
    pub(super) spares: u8,
    pub(super) replicas: u8,
    pub(super) workload: Option<Workload<A>>,
    pub(super) checks: Vec<(&'static str, Check<A>)>,
}

/// Draws what a client asks.
pub(super) type Workload<A> = Box<dyn Fn(&mut Stream) -> <A as App>::Command + Sync>;
/// Looks for something that contradicts a claim.
pub(super) type Check<A> = Box<dyn Fn(&Seen<A>) -> Result<(), String> + Sync>;

impl<A: App> Yours<A> {
    pub(super) fn new(app: A, nodes: u8, spares: u8, replicas: u8) -> Self {
        Self { app, nodes, spares, replicas, workload: None, checks: Vec::new() }
    }
}

/// Nothing differs from run to run but what happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Same;

impl fmt::Display for Same {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl<A> Subject for Yours<A>
where
    A: App + Sync,
    A::Command: Send + Sync,
{
    type App = A;
    type Call = Arc<A::Command>;
    type Settings = Same;
    type Memory = ();

    fn name(&self) -> &'static str {
        A::NAME
    }

    fn draw(&self, _: &mut Stream) -> (Sizes, Same) {
        let (founders, replicas) = (self.nodes, self.replicas);
        (Sizes { nodes: founders + self.spares, founders, replicas, shards: 1 }, Same)
    }

    fn caller<'a>(&'a self, _: &'a Same, _: &mut Stream) -> Caller<'a, Arc<A::Command>> {
        let workload = self.workload.as_ref().expect("a simulation that runs has a workload");
        Box::new(move |stream| Arc::new(workload(stream)))
    }

    fn app(&self, _: &Same) -> A {
        self.app.clone()
    }

    fn command(&self, _: &Same, call: &Arc<A::Command>, _: Asking) -> A::Command {
        // Commands need not be clonable, but they can be written and read.
        let bytes = peer_ring_core::app::encode(&**call);
        peer_ring_core::app::decode(&bytes).expect("a command is read as it was written")
    }

    fn judge(&self, _: &Same, journal: &JournalOf<Self>) -> Result<(), Violation> {
        self.checks
            .iter()
            .try_for_each(|(name, check)| check(journal).map_err(|text| Violation::new(name, text)))
    }

    fn write_call(&self, call: &Arc<A::Command>) -> String {
        json(&**call)
    }

    fn read_call(&self, words: &str) -> Result<Arc<A::Command>, String> {
        let command = serde_json::from_str(words);
        command.map(Arc::new).map_err(|error| format!("{words} is not a command: {error}"))
    }

    fn read_settings(&self, words: &str) -> Result<Same, String> {
        match words {
            "" => Ok(Same),
            words => Err(format!("'{words}' is too much")),
        }
    }

    fn write_reply(&self, reply: &A::Reply) -> String {
        json(reply)
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| format!("(not JSON: {error})"))
}
