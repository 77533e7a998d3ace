//! One client: what it asks next, and when.

use std::time::Duration;

use crate::history::Call;
use crate::random::Stream;
use crate::workload::{Alarm, Workload};
use crate::world::{NodeIndex, World};

/// A client of the store.
#[derive(Debug)]
pub struct Client {
    /// Which one.
    pub(super) number: u32,
    /// How many operations it may still begin.
    pub(super) left: u32,
    /// The number of the operation it waits for.
    pub(super) waits_for: Option<usize>,
    /// Whether the alarm for its next turn is set.
    pub(super) is_resting: bool,
    choices: Stream,
    rests: Stream,
}

impl Client {
    pub(super) fn new(seed: u64, number: u32) -> Self {
        Self {
            number,
            left: 0,
            waits_for: None,
            is_resting: false,
            choices: Stream::new(seed, "client", &[number.into()]),
            rests: Stream::new(seed, "rest", &[number.into()]),
        }
    }

    /// Sets the alarm for its next turn, unless it is set already.
    pub(super) fn rest(&mut self, workload: &Workload, world: &mut World) {
        if self.is_resting {
            return;
        }
        self.is_resting = true;
        let rest = if self.rests.happens(workload.rests) {
            self.rests.span(&workload.rest)
        } else {
            // An answer and the next question are never one moment.
            self.rests.span(&(Duration::from_micros(1)..=Duration::from_micros(50)))
        };
        world.set_alarm(world.now().at + rest, Alarm::Turn(self.number).encode());
    }

    /// What it asks, where, and about which key. A value that it writes is `value`.
    pub(super) fn choose(
        &mut self,
        workload: &Workload,
        nodes: u8,
        value: u64,
        world: &World,
    ) -> (NodeIndex, u32, Call) {
        let choices = &mut self.choices;
        let node = choices.below(nodes.into());
        let node = NodeIndex(u8::try_from(node).expect("below a u8"));
        let key = choices.below(workload.keys.into());
        let key = u32::try_from(key).expect("below a u32");
        let call = if choices.happens(workload.gets) {
            Call::Get
        } else if choices.happens(workload.deletes) {
            Call::Delete
        } else {
            let expires = choices.happens(workload.expiring).then(|| {
                let time_to_live = choices.span(&workload.time_to_live);
                world.clock(node).wall.after(time_to_live)
            });
            Call::Put { value, expires }
        };
        (node, key, call)
    }

    /// How many bytes the value has that it writes next.
    pub(super) fn value_bytes(&mut self, workload: &Workload) -> usize {
        let (least, most) = (*workload.value_bytes.start(), *workload.value_bytes.end());
        least + self.choices.index(most - least + 1)
    }
}
