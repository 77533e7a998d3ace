//! From top to bottom: every moment that is shown is given its height.

use std::time::Duration;

use crate::diagram::layout::{LINE, Layout, count};
use crate::diagram::scene::{Order, Scene};
use crate::story::{Fate, SpanKind};
use crate::time::Time;

/// Where the first moment stands.
const TOP: i32 = 44;
/// Time in which nothing happens is squeezed from here on.
const IDLE: Duration = Duration::from_millis(20);
/// The height that such a time is squeezed to.
const IDLE_HEIGHT: i32 = 46;

impl Layout {
    /// Gives everything its place from top to bottom.
    pub(super) fn go_down(&mut self, scene: &Scene<'_>) {
        Pass { free: Free::new(scene, self), scene, y: TOP, last: None }.run(self);
    }
}

/// A moment that has a place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    Arrived(usize, usize),
    Answered(usize),
    Ended(usize),
    Begun(usize),
    Asked(usize),
    Sent(usize),
    Gone(usize),
    Seen,
}

/// From where on there is room, at each place that can be taken.
struct Free {
    /// Between lanes: left of the first one, then right of each.
    gaps: Vec<i32>,
    columns: Vec<i32>,
    faults: i32,
}

impl Free {
    fn new(scene: &Scene<'_>, layout: &Layout) -> Self {
        Self {
            gaps: vec![TOP; scene.nodes.len() + 1],
            columns: vec![TOP; layout.columns.len()],
            faults: TOP,
        }
    }
}

/// The walk down the page.
struct Pass<'a> {
    scene: &'a Scene<'a>,
    free: Free,
    y: i32,
    last: Option<Time>,
}

impl Pass<'_> {
    fn run(mut self, layout: &mut Layout) {
        for (at, mark) in marks(self.scene) {
            self.pass_time(at, layout);
            self.place(mark, layout);
            let is_legible =
                layout.ticks.last().is_none_or(|(y, last)| self.y >= y + LINE && *last < at);
            if is_legible {
                layout.ticks.push((self.y, at));
            }
        }
        let lowest = self.free.gaps.iter().chain(&self.free.columns).copied().max().unwrap_or(TOP);
        let boxes = layout.boxes.iter().map(|boxed| boxed.bottom).max().unwrap_or(TOP);
        let bottom = self.y.max(lowest).max(boxes).max(self.free.faults) + 12;
        for (bar, span) in layout.bars.iter_mut().zip(&self.scene.spans) {
            if span.end.is_none_or(|end| end > self.scene.end) {
                bar.bottom = bottom;
            }
        }
        layout.height = bottom + 34;
    }

    /// Goes down a little for the time that has passed, and for a long time not much more.
    fn pass_time(&mut self, at: Time, layout: &mut Layout) {
        let Some(last) = self.last.replace(at) else {
            return;
        };
        let passed = at.since(last);
        if passed > IDLE {
            // Nothing that hangs below the last moment reaches into the gap.
            let hanging = self.free.gaps.iter().copied().max().unwrap_or(self.y);
            let beside = self.free.faults.min(self.y + 2 * LINE);
            self.y = self.y.max(hanging).max(beside);
            layout.idle.push((self.y + IDLE_HEIGHT / 2, passed));
            self.y += IDLE_HEIGHT;
            return;
        }
        let micros = passed.as_micros();
        self.y += match micros {
            0 => 0,
            1..100 => 3,
            100..300 => 6,
            300..1_000 => 9,
            1_000..5_000 => 13,
            _ => 18,
        };
    }

    fn place(&mut self, mark: Mark, layout: &mut Layout) {
        match mark {
            Mark::Begun(at) => self.begin(at, layout),
            Mark::Ended(at) => self.end(at, layout),
            Mark::Asked(at) => {
                self.clear_way(at);
                let boxed = &mut layout.boxes[at];
                let free = &mut self.free.columns[boxed.column];
                self.y = self.y.max(*free);
                boxed.top = self.y;
                boxed.bottom = self.y + 10 + LINE * count(boxed.lines.len());
                *free = boxed.bottom + 8;
            }
            Mark::Answered(at) => {
                self.clear_way(at);
                let boxed = &mut layout.boxes[at];
                self.y = self.y.max(boxed.bottom);
                boxed.bottom = self.y;
                boxed.is_answered = true;
                self.free.columns[boxed.column] = self.y + 8;
            }
            Mark::Sent(at) => {
                let (_, gap) = self.sides(at);
                self.y = self.y.max(self.free.gaps[gap]);
                layout.arrows[at].sent = self.y;
            }
            Mark::Gone(at) => {
                let (_, gap) = self.sides(at);
                self.y = self.y.max(layout.arrows[at].sent + 10);
                self.take_gap(gap);
                layout.arrows[at].ends[0] = self.y;
            }
            Mark::Arrived(at, which) => {
                let (gap, _) = self.sides(at);
                self.y = self.y.max(layout.arrows[at].sent + 12);
                self.take_gap(gap);
                layout.arrows[at].ends[which] = self.y;
            }
            Mark::Seen => {
                let free = self.free.gaps.iter().copied().max().unwrap_or(self.y);
                self.y = self.y.max(free) + 6;
                layout.violation = Some(self.y);
                self.y += LINE + 8;
                self.free.gaps.fill(self.y);
            }
        }
    }

    fn begin(&mut self, at: usize, layout: &mut Layout) {
        let bar = &mut layout.bars[at];
        match self.scene.spans[at].kind {
            SpanKind::Fault(_) => {
                let is_before = self.scene.spans[at].begin < self.scene.begin;
                bar.text = self.y.max(self.free.faults);
                bar.top = if is_before { self.y } else { bar.text };
                self.free.faults = bar.text + LINE * count(bar.lines.len()) + 2;
                self.y = bar.top;
            }
            SpanKind::Down(node) | SpanKind::Paused(node) | SpanKind::Moment(node) => {
                let gap = self.scene.lane(node).map_or(0, |lane| lane + 1);
                self.take_gap(gap);
                bar.top = self.y;
                bar.text = self.y;
            }
        }
        bar.bottom = bar.top;
    }

    fn end(&mut self, at: usize, layout: &mut Layout) {
        let bar = &mut layout.bars[at];
        self.y = self.y.max(bar.top + LINE);
        match self.scene.spans[at].kind {
            SpanKind::Fault(_) => {
                self.y = self.y.max(self.free.faults);
                self.free.faults = self.y + LINE + 2;
            }
            SpanKind::Down(node) | SpanKind::Paused(node) | SpanKind::Moment(node) => {
                let gap = self.scene.lane(node).map_or(0, |lane| lane + 1);
                self.take_gap(gap);
            }
        }
        bar.bottom = self.y;
    }

    /// Goes below all labels on the way from an operation to the node that is asked.
    fn clear_way(&mut self, at: usize) {
        let lane = self.scene.lane(self.scene.operations[at].operation.node).unwrap_or(0);
        let lowest = self.free.gaps[..=lane].iter().copied().max();
        self.y = self.y.max(lowest.unwrap_or(self.y));
    }

    /// Takes a line of text between two lanes, at the first place from here on.
    fn take_gap(&mut self, gap: usize) {
        let free = &mut self.free.gaps[gap];
        self.y = self.y.max(*free);
        *free = self.y + LINE + 1;
    }

    /// Between which lanes the label of a message stands: before its receiver, and beside its
    /// sender.
    fn sides(&self, at: usize) -> (usize, usize) {
        let message = self.scene.messages[at].message;
        let lane = |node| self.scene.lane(node).unwrap_or(0);
        let (from, to) = (lane(message.from), lane(message.to));
        if from < to { (to, from + 1) } else { (to + 1, from) }
    }
}

/// All that has a place in time, in the order of time.
fn marks(scene: &Scene<'_>) -> Vec<(Time, Mark)> {
    let mut marks = Vec::new();
    for (at, shown) in scene.operations.iter().enumerate() {
        let (invoked, turn) = (shown.operation.invoked, at + 1);
        marks.push((invoked, Order::Turn(turn, 0), Mark::Asked(at)));
        marks.extend(shown.operation.returned.map(|returned| {
            let is_at_once = returned == invoked;
            let order = if is_at_once { Order::Turn(turn, 3) } else { Order::Answered };
            (returned, order, Mark::Answered(at))
        }));
    }
    for (at, said) in scene.messages.iter().enumerate() {
        let (sent, turn) = (said.message.sent, scene.turn(said));
        marks.push((sent, Order::Turn(turn, 1), Mark::Sent(at)));
        match &said.message.fate {
            Fate::Unsent | Fate::Lost => marks.push((sent, Order::Turn(turn, 2), Mark::Gone(at))),
            Fate::Arrived { arrivals, .. } => {
                let arrived = arrivals.iter().enumerate();
                marks.extend(
                    arrived.map(|(which, it)| (it.at, Order::Arrived, Mark::Arrived(at, which))),
                );
            }
        }
    }
    for (at, span) in scene.spans.iter().enumerate() {
        marks.push((scene.begin_of(span), Order::Begun, Mark::Begun(at)));
        marks.extend(scene.end_of(span).map(|end| (end, Order::Ended, Mark::Ended(at))));
    }
    let violation = scene.story.violation.as_ref();
    marks.extend(violation.map(|violation| (violation.at, Order::Seen, Mark::Seen)));
    marks.sort();
    marks.into_iter().map(|(at, _, mark)| (at, mark)).collect()
}
