//! Where everything stands.
//!
//! All moments that are shown are sorted by time, and each is given the least height that is not
//! above the one before it and leaves room for what must not overlap: labels between the same two
//! lanes, boxes in one column, lines of text beside the faults. So nothing overlaps by
//! construction, and nobody ever has to look for room.

mod across;
mod down;

use std::time::Duration;

use crate::diagram::scene::Scene;
use crate::time::Time;

/// The height of a line of text, in pixels.
pub const LINE: i32 = 15;
/// The width of a letter, in pixels, and a little more; all letters are as wide.
pub const LETTER: i32 = 7;
/// The width of the box of an operation.
pub const BOX: i32 = 200;
/// How far from its sender the cross of a lost message stands.
pub const LOST_AFTER: i32 = 26;

/// Where everything of a scene stands; the top left corner is zero.
pub struct Layout {
    /// The right edge.
    pub width: i32,
    /// The bottom edge.
    pub height: i32,
    /// The lanes of nodes.
    pub lanes: Vec<i32>,
    /// The columns of operations: their left edges and names.
    pub columns: Vec<(i32, String)>,
    /// The operations.
    pub boxes: Vec<Boxed>,
    /// The messages.
    pub arrows: Vec<Arrow>,
    /// What lasts.
    pub bars: Vec<Bar>,
    /// Where text beside the faults begins.
    pub faults_text: i32,
    /// Times, and where they are.
    pub ticks: Vec<(i32, Time)>,
    /// Where time was squeezed, and how much of it.
    pub idle: Vec<(i32, Duration)>,
    /// Where the violation came to light.
    pub violation: Option<i32>,
}

/// An operation's box.
#[derive(Clone, Default)]
pub struct Boxed {
    /// In which column.
    pub column: usize,
    /// Its top: when it was asked.
    pub top: i32,
    /// Its bottom.
    pub bottom: i32,
    /// Whether the bottom is when it was answered.
    pub is_answered: bool,
    /// What stands in it.
    pub lines: Vec<String>,
}

/// A message's arrow.
#[derive(Clone, Default)]
pub struct Arrow {
    /// Where it starts.
    pub sent: i32,
    /// Where it ends, or those of it that arrive; one end if it is lost.
    pub ends: Vec<i32>,
    /// What stands beside each end.
    pub labels: Vec<String>,
}

/// The bar of something that lasts.
#[derive(Clone, Default)]
pub struct Bar {
    /// Where it begins.
    pub top: i32,
    /// Where it ends.
    pub bottom: i32,
    /// Where the text beside it begins.
    pub text: i32,
    /// The middle of it.
    pub x: i32,
    /// What stands at its beginning.
    pub lines: Vec<String>,
    /// Whether its end is shown, and has a word of its own.
    pub has_end: bool,
}

impl Layout {
    /// Gives everything its place.
    pub fn new(scene: &Scene<'_>) -> Self {
        let mut layout = Self::across(scene);
        layout.go_down(scene);
        layout
    }
}

/// A count as a number of pixels may be multiplied by it.
pub fn count(count: usize) -> i32 {
    i32::try_from(count.min(1 << 16)).expect("at most 65,536")
}
