//! The timetable: begins a run's faults, and ends them, when their time has come.

use std::collections::BTreeMap;

use crate::faults::{Begun, Kind, Scheduled};
use crate::world::{Errand, World};

/// The faults of a run, and which of them are there.
pub struct Timetable {
    faults: Vec<Scheduled>,
    states: Vec<State>,
    /// The number of its first alarm.
    first: u64,
}

/// A fault is **due** until its time comes; some then **wait** until nodes are about something. It
/// is **skipped** when the cluster is healed before. Then it is **there**, unless that is **over
/// budget**, and in the end it is **over**.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Due,
    Waits,
    Skipped,
    There,
    OverBudget,
    Over,
}

impl Timetable {
    /// These faults, none of which has begun.
    #[must_use]
    pub fn new(faults: Vec<Scheduled>) -> Self {
        let states = vec![State::Due; faults.len()];
        Self { faults, states, first: 0 }
    }

    /// Sets the alarms by which it is told that a fault begins or ends.
    ///
    /// They are the numbers from `first` on, two for each fault.
    pub fn set_alarms(&mut self, first: u64, world: &mut World) {
        self.first = first;
        for (number, Scheduled { at, .. }) in (0..).zip(&self.faults) {
            world.set_alarm(*at, first + 2 * number);
        }
    }

    /// Begins or ends the fault whose alarm this is, counted from its first.
    pub fn take_alarm(&mut self, alarm: u64, world: &mut World) {
        let at = usize::try_from(alarm / 2).expect("one of this timetable's alarms");
        match (self.states[at], alarm % 2) {
            (State::Due, 0) => match self.faults[at].during {
                None => self.begin(at, world),
                Some(errand) => {
                    self.states[at] = State::Waits;
                    world.await_errand(errand);
                }
            },
            (State::There, 1) => self.end(at, world),
            (_, _) => {}
        }
    }

    /// Begins the faults that waited for this.
    pub fn take_errand(&mut self, errand: Errand, world: &mut World) {
        for at in 0..self.faults.len() {
            if self.states[at] == State::Waits && self.faults[at].during == Some(errand) {
                self.begin(at, world);
            }
        }
    }

    /// Ends every fault that is there, and lets none begin any more, but leaves clocks alone:
    /// nothing that is promised needs them to be right.
    pub fn heal(&mut self, world: &mut World) {
        for at in 0..self.faults.len() {
            match self.states[at] {
                State::Due | State::Waits => self.states[at] = State::Skipped,
                State::There if self.faults[at].fault.kind().is_healed() => self.end(at, world),
                State::There | State::Skipped | State::OverBudget | State::Over => {}
            }
        }
    }

    /// How many faults of each kind have begun.
    #[must_use]
    pub fn begun(&self) -> BTreeMap<Kind, u64> {
        let mut begun = BTreeMap::new();
        for (fault, state) in self.faults.iter().zip(&self.states) {
            if matches!(state, State::There | State::Over) {
                *begun.entry(fault.fault.kind()).or_default() += 1;
            }
        }
        begun
    }

    /// How many faults were left out because the budget forbade them.
    #[must_use]
    pub fn over_budget(&self) -> u64 {
        self.states.iter().filter(|state| **state == State::OverBudget).count() as u64
    }

    fn begin(&mut self, at: usize, world: &mut World) {
        let Scheduled { id, lasts, fault, .. } = &self.faults[at];
        self.states[at] = match fault.begin(*id, world) {
            Begun::Yes => {
                let end = self.first + 2 * at as u64 + 1;
                world.set_alarm(world.now().at + *lasts, end);
                State::There
            }
            Begun::OverBudget => State::OverBudget,
        };
    }

    fn end(&mut self, at: usize, world: &mut World) {
        let Scheduled { id, fault, .. } = &self.faults[at];
        fault.end(*id, world);
        self.states[at] = State::Over;
    }
}
