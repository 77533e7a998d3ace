//! Progress of a ring that moves: a bar in a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::exit::complain;
use crate::table::thousands;
use crate::transfers::Moving;

/// How often a line is written where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(3);

/// Shows how far a ring is that moves.
pub struct Shown {
    bar: ProgressBar,
    is_terminal: bool,
    /// The most replicas that were still to be moved.
    most: u64,
    last_line: Option<Instant>,
}

impl Shown {
    /// Shows nothing yet.
    pub fn new() -> Self {
        let is_terminal = Self::is_terminal();
        let target = match is_terminal {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let style = ProgressStyle::with_template("[{bar:40}] {pos} of {len} replicas  {msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ");
        let bar = ProgressBar::with_draw_target(Some(0), target).with_style(style);
        Self { bar, is_terminal, most: 0, last_line: None }
    }

    /// Whether there is a terminal for a bar.
    pub fn is_terminal() -> bool {
        std::io::stderr().is_terminal()
    }

    /// Shows that it is so far now.
    pub fn show(&mut self, moving: &Moving) {
        let left = moving.pending() + moving.strays();
        self.most = self.most.max(left);
        let told = message(moving);
        if self.is_terminal {
            self.bar.set_length(self.most);
            self.bar.set_position(self.most - left);
            self.bar.set_message(told);
        } else if self.last_line.is_none_or(|at| at.elapsed() >= LINE_EVERY) {
            self.last_line = Some(Instant::now());
            let (done, most) = (thousands(self.most - left), thousands(self.most));
            complain(format_args!("{done} of {most} replicas, {told}"));
        }
    }

    /// Shows nothing more.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// The ring, who is waited for, and why something is stuck.
fn message(moving: &Moving) -> String {
    let state = if moving.is_moving { "moving" } else { "settled" };
    let waits = moving.nodes().filter(|node| node.pending.is_some_and(|pending| pending > 0));
    let waits: Vec<_> = waits.map(|node| node.name.as_str()).collect();
    let mut text = format!("ring {} {state}", moving.epoch);
    if !waits.is_empty() {
        text += &format!(", filling {}", waits.join(", "));
    }
    if let Some((_, waits)) = moving.stuck().next() {
        text += &format!("; {}", waits.reason);
    }
    text
}
