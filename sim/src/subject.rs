//! The subject of a simulation: an app, what its clients ask, and what is promised to them.
//!
//! Everything else about a run (nodes, network, faults, clients' pace) is the same for every app.
//! [`crate::store::Store`] is the subject that peer-ring itself is tested with; an author's app
//! becomes one by [`crate::Simulation`].

use std::fmt;

use peer_ring_core::actor::Wall;
use peer_ring_core::app::{self, App};

use crate::check::Violation;
use crate::faults::Kind;
use crate::journal::{Entry, Journal};
use crate::plan::Planned;
use crate::random::Stream;
use crate::story::{AppWords, Words};
use crate::world::World;

/// An app under test.
pub trait Subject: Sync + Sized {
    /// The app.
    type App: App;
    /// What a client asks, as a schedule says it.
    type Call: Clone + Send;
    /// What differs from run to run besides the sizes, shown as a schedule says it.
    type Settings: Clone + Send + Sync + fmt::Display;

    /// What is remembered during a run for what is checked in it.
    type Memory: Default;

    /// Its name, one word.
    fn name(&self) -> &str;

    /// Draws the sizes and settings of a run.
    fn draw(&self, stream: &mut Stream) -> (Sizes, Self::Settings);

    /// What all clients of a run ask, one call after another. What is drawn from `stream` holds
    /// for the whole run.
    fn caller<'a>(
        &'a self,
        settings: &'a Self::Settings,
        stream: &mut Stream,
    ) -> Caller<'a, Self::Call>;

    /// On how many of a partition's owners a record lies: of all of them, if not said otherwise.
    fn holders(&self, _: &Self::Settings, replicas: u8) -> u8 {
        replicas
    }

    /// The app as nodes run it.
    fn app(&self, settings: &Self::Settings) -> Self::App;

    /// The command that a call comes to.
    fn command(
        &self,
        settings: &Self::Settings,
        call: &Self::Call,
        asking: Asking,
    ) -> <Self::App as App>::Command;

    /// The plan by which a command runs, which is the app's own unless it is to be another.
    fn plan(&self, _: &Self::Settings, plan: app::Plan) -> app::Plan {
        plan
    }

    /// Whether what is promised under these settings rules out a kind of fault.
    fn rules_out(&self, _: &Self::Settings, _: Kind) -> bool {
        false
    }

    /// What is asked at the very end, all at once, after these calls. It must bring all replicas
    /// of what it touches to the same state, for that is checked then; nothing is when it is empty.
    fn last_calls(&self, _: &Self::Settings, _: &[Planned<Self::Call>]) -> Vec<Self::Call> {
        Vec::new()
    }

    /// Checks what can be seen at the moment in which a call was answered.
    ///
    /// # Errors
    /// The promise that was broken.
    fn acknowledged(
        &self,
        _: &Self::Settings,
        _: &mut Self::Memory,
        _: &World,
        _: &EntryOf<Self>,
    ) -> Result<(), Violation> {
        Ok(())
    }

    /// Checks what can be seen when all was healed and nothing is on its way any more.
    ///
    /// # Errors
    /// The promise that was broken.
    fn quiet(&self, _: &Self::Settings, _: &Self::Memory, _: &World) -> Result<(), Violation> {
        Ok(())
    }

    /// Checks all that clients saw.
    ///
    /// # Errors
    /// The first promise that was broken.
    fn judge(&self, settings: &Self::Settings, journal: &JournalOf<Self>) -> Result<(), Violation>;

    /// A call, as a schedule says it: words on one line.
    fn write_call(&self, call: &Self::Call) -> String;

    /// The call that [`Subject::write_call`] wrote.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    fn read_call(&self, words: &str) -> Result<Self::Call, String>;

    /// The settings that were shown.
    ///
    /// # Errors
    /// What is wrong with them, in words.
    fn read_settings(&self, words: &str) -> Result<Self::Settings, String>;

    /// What an entry of the journal was answered, in a few words.
    fn write_reply(&self, reply: &<Self::App as App>::Reply) -> String;

    /// The words in which its story is told.
    fn words(&self) -> Box<dyn Words + Send> {
        Box::new(AppWords::<Self::App>::default())
    }

    /// Scripts that are simpler than this one in the app's own terms: fewer keys, shorter values.
    fn simpler(&self, _: &[Planned<Self::Call>]) -> Vec<Vec<Planned<Self::Call>>> {
        Vec::new()
    }

    /// These settings for a cluster of so many nodes; `None` when they need more.
    fn fit(&self, settings: &Self::Settings, _nodes: u8) -> Option<Self::Settings> {
        Some(settings.clone())
    }
}

/// Draws what clients ask, one call after another.
pub type Caller<'a, C> = Box<dyn FnMut(&mut Stream) -> C + 'a>;

/// What clients of a subject asked, and what came of it.
pub type JournalOf<S> = Journal<<S as Subject>::Call, <<S as Subject>::App as App>::Reply>;

/// One call to a subject, and what came of it.
pub type EntryOf<S> = Entry<<S as Subject>::Call, <<S as Subject>::App as App>::Reply>;

/// The sizes of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// How many nodes.
    pub nodes: u8,
    /// How many of them found the cluster; the others may come later, and then nodes may go, too.
    pub founders: u8,
    /// How many of them own a partition.
    pub replicas: u8,
    /// How many shards a node has.
    pub shards: u8,
}

/// What a command may depend on besides its call.
#[derive(Clone, Copy, Debug)]
pub struct Asking {
    /// The number of the call, which no other one of the run has.
    pub id: u32,
    /// What the wall clock shows of the node that is asked.
    pub wall: Wall,
}
