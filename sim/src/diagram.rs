//! Diagrams: the story of a run as a picture, or as text for a terminal.
//!
//! Time runs downwards. What clients asked stands on the left, as in Jepsen's timelines; then comes
//! a lane for each node with the messages between them, as in Lamport's diagrams; then the faults:
//!
//! ```text
//!    time     clients        n1       n2       n3      faults
//!           +----------+      |        |        |
//!   0.2201  | put a=1  |----->|        |        |      # #1 begins
//!           | at n1    |      | \      |        |      #
//!           | ok       |      |   \    |        |      #
//!   0.2203  +----------+<-----|     -> | put    |      #
//! ```
//!
//! The picture is made in three steps, one file each: what is shown (`scene`), where it stands
//! (`layout`) and how it is drawn (`picture`). A run of some hundred operations is cut down to
//! those that the violation speaks of and their neighbours on the same keys; talk that serves none
//! of them is left out; stretches of time in which nothing is shown are squeezed, and marked. What
//! was left out is said.
//!
//! Time is not to scale: there is just so much room between two events that each is legible, and
//! what happens later always stands lower.

mod canvas;
mod layout;
mod picture;
mod scene;
mod terminal;
mod wrap;

use crate::story::Story;

/// What a diagram shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Most operations. If there are more, the guilty ones are shown and some of their neighbours.
    pub operations_max: usize,
    /// Most neighbours, on the same keys, that are shown with guilty operations if not all are.
    pub neighbours_max: usize,
    /// Most messages.
    pub messages_max: usize,
    /// Most faults and other things that last.
    pub spans_max: usize,
    /// Whether messages are shown that serve no operation: probes, and data being moved.
    pub has_background: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            operations_max: 20,
            neighbours_max: 6,
            messages_max: 200,
            spans_max: 40,
            has_background: false,
        }
    }
}

/// The story as a picture: one SVG file that needs no other.
#[must_use]
pub fn svg(story: &Story, options: &Options) -> String {
    picture::draw(&scene::Scene::new(story, options))
}

/// The story as text, for a terminal.
#[must_use]
pub fn text(story: &Story, options: &Options) -> String {
    terminal::write(&scene::Scene::new(story, options))
}

#[cfg(test)]
mod tests;
