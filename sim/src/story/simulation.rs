//! A simulation that is driven by hand tells its story as well.

use peer_ring_core::app::App;

use crate::simulation::Simulation;
use crate::story::{Story, Words};

impl<A: App> Simulation<A> {
    /// Writes down what happens from now on, in these words.
    pub fn record(&mut self, words: impl Words + Send + 'static) {
        self.world_mut().record(Box::new(words));
    }

    /// What happened since it was told to write that down; nothing if it never was.
    #[must_use]
    pub fn story(&self) -> Story {
        self.world().story().unwrap_or_default()
    }
}
