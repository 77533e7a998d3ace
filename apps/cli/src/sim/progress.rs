//! Progress of long work: a bar in a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use peer_ring_sim::swarm::Progress;

use crate::exit::complain;
use crate::table::thousands;

/// How often a line is written where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Shows how far a swarm is.
pub(super) struct Shown {
    bar: ProgressBar,
    is_terminal: bool,
    last_line: Instant,
}

impl Shown {
    /// Shows the progress of so many runs.
    pub(super) fn new(seeds: u64) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let target = match is_terminal {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let style = ProgressStyle::with_template("[{bar:40}] {pos} of {len} seeds  {msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ");
        let bar = ProgressBar::with_draw_target(Some(seeds), target).with_style(style);
        Self { bar, is_terminal, last_line: Instant::now() }
    }

    /// Shows that it is so far now.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "for people")]
    pub(super) fn show(&mut self, progress: &Progress) {
        let Progress { done, seeds, failures, simulated, elapsed } = progress;
        let speed = simulated.as_secs_f64() / elapsed.as_secs_f64().max(1e-9);
        let simulated = thousands(simulated.as_secs());
        let speed = thousands(speed.round() as u64);
        let told = format!("{simulated} s simulated, {speed} s/s, {failures} failed");
        if self.is_terminal {
            self.bar.set_message(told);
            self.bar.set_position(*done);
        } else if self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            complain(format_args!("{} of {} seeds, {told}", thousands(*done), thousands(*seeds)));
        }
    }

    /// Shows nothing more.
    pub(super) fn finish(self) {
        self.bar.finish_and_clear();
    }
}
