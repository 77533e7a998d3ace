//! When a source tries its backend again, and when it gives up.

use std::time::Duration;

/// How many refusals in a row, before anything has worked, end a source.
///
/// More than one, since rights are often granted a moment after the node has started.
const REFUSALS_MAX: u32 = 3;

/// Why an attempt at a backend ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The backend does not answer, or no more.
    Outage(String),
    /// The backend answers, and will have nothing of us: wrong password, no rights.
    Refused(String),
    /// The attempt could not even be made: a certificate that is none.
    Misconfigured(String),
}

impl Trouble {
    /// What went wrong, in words.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Outage(reason) | Self::Refused(reason) | Self::Misconfigured(reason) => reason,
        }
    }
}

/// What to do after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Try again after so long.
    Again(Duration),
    /// No retry mends this.
    GiveUp,
}

/// Counts failures, and says after each how long to wait.
///
/// The pause doubles from the least to the longest, and is then made up to a half shorter by
/// chance, so that nodes which lost their backend together do not come back together.
#[derive(Debug)]
pub struct Retry {
    pause_min: Duration,
    pause_max: Duration,
    failures: u32,
    refusals: u32,
    has_worked: bool,
}

impl Retry {
    /// Nothing has worked yet, nor failed. Given are the shortest and the longest pause.
    #[must_use]
    pub fn new((pause_min, pause_max): (Duration, Duration)) -> Self {
        Self { pause_min, pause_max, failures: 0, refusals: 0, has_worked: false }
    }

    /// The backend works: all that was asked of it was done.
    pub fn works(&mut self) {
        self.has_worked = true;
    }

    /// The backend has worked for so long, and works no more.
    ///
    /// Only after as long as the longest pause do pauses start over: a backend that takes every
    /// session and then breaks it would be asked without end otherwise.
    pub fn broke(&mut self, after: Duration) {
        if after >= self.pause_max {
            self.failures = 0;
        }
    }

    /// An attempt failed. `chance` is drawn from 0 to 1.
    ///
    /// Once the backend has worked nothing ends the source any more: a password that is changed or
    /// a certificate that is swapped badly is mended by an operator while the node runs.
    pub fn failed(&mut self, trouble: &Trouble, chance: f64) -> Verdict {
        let is_hopeless = match trouble {
            Trouble::Outage(_) => {
                self.refusals = 0;
                false
            }
            Trouble::Refused(_) => {
                self.refusals += 1;
                self.refusals >= REFUSALS_MAX
            }
            Trouble::Misconfigured(_) => true,
        };
        if is_hopeless && !self.has_worked {
            return Verdict::GiveUp;
        }
        let doubled = self.pause_min.saturating_mul(1 << self.failures.min(20));
        self.failures += 1;
        let pause = doubled.min(self.pause_max);
        Verdict::Again(pause.mul_f64(1.0 - chance.clamp(0.0, 1.0) / 2.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

    fn outage() -> Trouble {
        Trouble::Outage("it is gone".into())
    }

    fn pauses(retry: &mut Retry, count: usize, chance: f64) -> Vec<u128> {
        let pause = |_| match retry.failed(&outage(), chance) {
            Verdict::Again(pause) => pause.as_millis(),
            Verdict::GiveUp => panic!("gave up"),
        };
        (0..count).map(pause).collect()
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_start_over_once_it_has_worked_for_as_long() {
        let mut retry = Retry::new(BOUNDS);
        assert_eq!(pauses(&mut retry, 6, 0.0), [100, 200, 400, 800, 1_000, 1_000]);
        retry.works();
        retry.broke(BOUNDS.1);
        assert_eq!(pauses(&mut retry, 1, 0.0), [100]);
    }

    #[test]
    fn a_backend_that_breaks_every_session_is_asked_ever_less_often() {
        let mut retry = Retry::new(BOUNDS);
        for pause in [100, 200, 400, 800, 1_000] {
            retry.works();
            retry.broke(BOUNDS.1 / 2);
            assert_eq!(pauses(&mut retry, 1, 0.0), [pause]);
        }
    }

    #[test]
    fn chance_takes_up_to_half_of_a_pause() {
        assert_eq!(pauses(&mut Retry::new(BOUNDS), 2, 1.0), [50, 100]);
    }

    #[test]
    fn an_outage_never_ends_a_source() {
        let mut retry = Retry::new(BOUNDS);
        assert_eq!(pauses(&mut retry, 200, 0.0).last(), Some(&1_000));
    }

    #[test]
    fn being_refused_ends_a_source_only_at_its_start_and_not_at_once() {
        let refused = Trouble::Refused("no rights".into());
        let mut retry = Retry::new(BOUNDS);
        assert!(matches!(retry.failed(&refused, 0.0), Verdict::Again(_)));
        assert!(matches!(retry.failed(&outage(), 0.0), Verdict::Again(_)));
        assert!(matches!(retry.failed(&refused, 0.0), Verdict::Again(_)));
        assert!(matches!(retry.failed(&refused, 0.0), Verdict::Again(_)));
        assert_eq!(retry.failed(&refused, 0.0), Verdict::GiveUp);
        let mut retry = Retry::new(BOUNDS);
        retry.works();
        for _ in 0..9 {
            assert!(matches!(retry.failed(&refused, 0.0), Verdict::Again(_)));
        }
    }

    #[test]
    fn what_is_misconfigured_ends_a_source_at_once_unless_it_has_worked() {
        let misconfigured = Trouble::Misconfigured("no certificate".into());
        let mut retry = Retry::new(BOUNDS);
        assert_eq!(retry.failed(&misconfigured, 0.0), Verdict::GiveUp);
        retry.works();
        assert!(matches!(retry.failed(&misconfigured, 0.0), Verdict::Again(_)));
    }
}
