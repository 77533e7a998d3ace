//! From left to right: columns of operations, lanes of nodes, bars of faults; and what stands in
//! and beside them, which decides how wide they are.

use crate::diagram::layout::{Arrow, BOX, Bar, Boxed, LETTER, LOST_AFTER, Layout, count};
use crate::diagram::scene::{Said, Scene, asked_by};
use crate::diagram::wrap::{columns, shorten, wrap};
use crate::story::{Arrival, Fate, Reception, Span, SpanKind};
use crate::time::Time;

/// Where the columns of operations begin; left of that stand times.
const COLUMNS_AT: i32 = 104;
/// The distance of two columns of operations.
const BOX_PITCH: i32 = BOX + 16;
/// The least distance of two lanes.
const GAP_MIN: i32 = 130;
/// Longest label of a message, in letters.
const LABEL_MAX: usize = 26;
/// Longest text beside the bar of a node, in letters.
const CHIP_MAX: usize = 24;
/// Longest line of text beside the faults, in letters.
const FAULT_MAX: usize = 38;
/// The distance of the bars of two faults.
const BAR: i32 = 14;

impl Layout {
    /// Everything's place from left to right.
    pub(super) fn across(scene: &Scene<'_>) -> Self {
        let arrows: Vec<Arrow> = scene.messages.iter().map(Arrow::of).collect();
        let labels = arrows.iter().flat_map(|arrow| &arrow.labels);
        let longest = labels.map(|label| columns(label)).max().unwrap_or(0);
        let chips = scene.spans.iter().map(|span| chip(span)).max().unwrap_or(0);
        let gap = GAP_MIN.max(pixels(longest.max(chips)) + LOST_AFTER + 26);
        let (columns, boxes) = boxes(scene);
        let first = COLUMNS_AT + BOX_PITCH * count(columns.len()) + 30;
        let lanes: Vec<i32> = (0..scene.nodes.len()).map(|at| first + gap * count(at)).collect();
        let after = first + gap * count(scene.nodes.len().saturating_sub(1));
        let faults_at = after + GAP_MIN.max(pixels(CHIP_MAX + 3));
        let (bars, columns_of_bars) = bars(scene, &lanes, faults_at);
        let faults_text = faults_at + BAR * columns_of_bars + 6;
        let right = match columns_of_bars {
            0 => faults_at,
            _ => faults_text + pixels(FAULT_MAX + 1),
        };
        Self {
            width: right.max(960),
            height: 0,
            lanes,
            columns,
            boxes,
            arrows,
            bars,
            faults_text,
            ticks: Vec::new(),
            idle: Vec::new(),
            violation: None,
        }
    }
}

impl Arrow {
    fn of(said: &Said<'_>) -> Self {
        let text = format!("{} {}", said.letter, said.message.label);
        let text = shorten(text.trim_start(), LABEL_MAX);
        let labels = match &said.message.fate {
            Fate::Unsent => vec![format!("{text} (not sent)")],
            Fate::Lost => vec![format!("{text} (lost)")],
            Fate::Arrived { arrivals, is_late } => {
                let label = |(at, arrival): (usize, &Arrival)| {
                    let again = if at > 0 { " (again)" } else { "" };
                    let late = if *is_late { " (late)" } else { "" };
                    let dropped = match arrival.reception {
                        Reception::Dropped => " (dropped)",
                        Reception::Handled(_) | Reception::Pending => "",
                    };
                    format!("{text}{again}{late}{dropped}")
                };
                arrivals.iter().enumerate().map(label).collect()
            }
        };
        Self { sent: 0, ends: vec![0; labels.len()], labels }
    }
}

/// Each client has a column, if there are few; else operations stand where there is room.
fn boxes(scene: &Scene<'_>) -> (Vec<(i32, String)>, Vec<Boxed>) {
    let name = |at: usize| scene.operations[at].operation.client.clone().unwrap_or_default();
    let mut names: Vec<String> = (0..scene.operations.len()).map(name).collect();
    names.sort();
    names.dedup();
    let is_by_client = names.len() <= 3;
    // The client of each column, and until when it is taken.
    let mut taken: Vec<(String, Time)> = Vec::new();
    let mut boxes = Vec::new();
    for (at, shown) in scene.operations.iter().enumerate() {
        let operation = shown.operation;
        let is_free = |(owner, until): &(String, Time)| {
            *until <= operation.invoked && (!is_by_client || *owner == name(at))
        };
        let until = operation.returned.unwrap_or(operation.invoked);
        let column = taken.iter().position(is_free).unwrap_or(taken.len());
        match taken.get_mut(column) {
            Some(taken) => taken.1 = until,
            None => taken.push((name(at), until)),
        }
        let width = letters(BOX - 14);
        let mut lines = wrap(&format!("{} {}", shown.letter, operation.text), width, 2);
        lines.push(shorten(&asked_by(operation, scene.story), width));
        let answer = format!("{}: {}", operation.outcome.as_str(), operation.answer);
        lines.extend(wrap(&answer, width, 3));
        boxes.push(Boxed { column, lines, ..Boxed::default() });
    }
    if is_by_client {
        // Those of one client side by side.
        let mut order: Vec<usize> = (0..taken.len()).collect();
        order.sort_by_key(|at| (taken[*at].0.clone(), *at));
        for boxed in &mut boxes {
            boxed.column = order.iter().position(|at| *at == boxed.column).unwrap_or(0);
        }
        taken.sort_by(|one, other| one.0.cmp(&other.0));
    }
    let named = |(at, (name, _)): (usize, (String, Time))| {
        let name = match (is_by_client && !name.is_empty(), at) {
            (true, _) => name,
            (false, 0) => "clients".to_owned(),
            (false, _) => String::new(),
        };
        (COLUMNS_AT + BOX_PITCH * count(at), name)
    };
    (taken.into_iter().enumerate().map(named).collect(), boxes)
}

/// The bars, and in how many columns those of the faults stand.
fn bars(scene: &Scene<'_>, lanes: &[i32], faults_at: i32) -> (Vec<Bar>, i32) {
    let mut taken: Vec<Time> = Vec::new();
    let mut bars = Vec::new();
    for span in &scene.spans {
        let is_before = span.begin < scene.begin;
        let has_end = scene.end_of(span).is_some();
        let (x, lines) = match span.kind {
            SpanKind::Fault(id) => {
                let until = span.end.unwrap_or(scene.end);
                let is_free = |end: &Time| *end < span.begin;
                let column = taken.iter().position(is_free).unwrap_or(taken.len());
                match taken.get_mut(column) {
                    Some(end) => *end = until,
                    None => taken.push(until),
                }
                let text = match is_before {
                    true => {
                        let since = span.begin.since(Time::ZERO).as_secs_f64();
                        format!("#{id} {}, since {since:.2} s", span.text)
                    }
                    false => format!("#{id} begins: {}", span.text),
                };
                (faults_at + BAR * count(column), wrap(&text, FAULT_MAX, 3))
            }
            SpanKind::Down(node) | SpanKind::Paused(node) | SpanKind::Moment(node) => {
                let lane = scene.lane(node).and_then(|at| lanes.get(at)).copied();
                (lane.unwrap_or(0), vec![shorten(&span.text, CHIP_MAX)])
            }
        };
        bars.push(Bar { x, lines, has_end, ..Bar::default() });
    }
    (bars, count(taken.len()))
}

/// How many letters stand beside the lane on which something lasts.
fn chip(span: &Span) -> usize {
    match span.kind {
        SpanKind::Fault(_) => 0,
        SpanKind::Down(_) | SpanKind::Paused(_) | SpanKind::Moment(_) => {
            columns(&span.text).clamp(8, CHIP_MAX)
        }
    }
}

fn pixels(letters: usize) -> i32 {
    LETTER * count(letters)
}

fn letters(pixels: i32) -> usize {
    usize::try_from(pixels / LETTER).unwrap_or(0)
}
