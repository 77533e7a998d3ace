//! The text form: a line for each thing that happens, with the lanes beside it.
//!
//! A message has one line, where it arrives or where it was lost; how long ago it was sent stands
//! in it. A lane shows `│` while its node is up, `┆` while it is paused, and nothing while it is
//! down.

use std::fmt::Write;
use std::time::Duration;

use crate::diagram::scene::{Order, Said, Scene, asked_by};
use crate::diagram::wrap::{amount, shorten, wrap};
use crate::story::{Arrival, Fate, Reception, Span, SpanKind};
use crate::time::Time;
use crate::world::NodeIndex;

/// How many columns a lane takes.
const LANE: usize = 8;
/// Where in them its line is.
const LINE: usize = 3;
/// Longest line of words above the diagram.
const WORDS: usize = 100;
/// Longest text beside the lanes.
const TEXT: usize = 90;
/// Time in which nothing happens is marked from here on.
const IDLE: Duration = Duration::from_millis(20);

const KEY: &str = "\
A> asked    A< answered    A: message for A    ! guilty    ─▶ arrives    ─× lost, or dropped
│ up    ┆ paused    (nothing) down    ◆ where it happens";

/// One line beside the lanes.
struct Row {
    at: Time,
    /// Of rows at one time, the order of cause and effect.
    rank: Order,
    is_guilty: bool,
    sign: Sign,
    text: String,
}

/// What stands on the lanes.
enum Sign {
    None,
    /// Something happens at this node.
    At(NodeIndex),
    /// A message.
    Way {
        from: NodeIndex,
        to: NodeIndex,
        end: End,
    },
}

/// How a message ends.
#[derive(Clone, Copy)]
enum End {
    Arrives,
    Dropped,
    Lost,
}

/// Writes a scene.
pub fn write(scene: &Scene<'_>) -> String {
    let mut out = String::new();
    write_heading(scene, &mut out);
    let mut names = String::new();
    for node in &scene.nodes {
        let name = shorten(&scene.story.name(*node), LANE - 1);
        write!(names, "{name:^width$} ", width = LANE - 1).expect(NEVER_FULL);
    }
    writeln!(out, "{:>14} {}", "time", names.trim_end()).expect(NEVER_FULL);
    let mut last: Option<Time> = None;
    for row in rows(scene) {
        let passed = last.map_or(Duration::ZERO, |last| row.at.since(last));
        if passed > IDLE {
            writeln!(out, "{:>14} {} pass", "...", amount(passed)).expect(NEVER_FULL);
        }
        last = Some(row.at);
        let mark = if row.is_guilty { '!' } else { ' ' };
        let lanes = lanes(scene, &row);
        let text = shorten(&row.text, TEXT);
        writeln!(out, "{mark} {:>12} {lanes} {text}", row.at.to_string()).expect(NEVER_FULL);
    }
    out
}

const NEVER_FULL: &str = "a string takes whatever is written";

fn write_heading(scene: &Scene<'_>, out: &mut String) {
    let mut lines = Vec::new();
    if let Some((headline, text)) = scene.accusation() {
        lines.push(headline);
        lines.extend(wrap(&text, WORDS, 24).iter().map(|line| format!("  {line}")));
        let guilty = scene.guilty();
        lines.extend(guilty.iter().flat_map(|line| wrap(&format!("! {line}"), WORDS, 2)));
        lines.push(String::new());
    }
    if !scene.left_out.is_empty() {
        let text = format!("Left out: {}.", scene.left_out.join("; "));
        lines.extend(wrap(&text, WORDS, 4));
        lines.push(String::new());
    }
    lines.push(KEY.to_owned());
    lines.push(String::new());
    out.push_str(&lines.join("\n"));
    out.push('\n');
}

fn rows(scene: &Scene<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (at, shown) in scene.operations.iter().enumerate() {
        let (operation, letter) = (shown.operation, &shown.letter);
        let is_guilty = operation.is_guilty;
        let who = asked_by(operation, scene.story);
        let row =
            |at, rank, text| Row { at, rank, is_guilty, sign: Sign::At(operation.node), text };
        rows.push(row(
            operation.invoked,
            Order::Turn(at + 1, 0),
            format!("{letter}> {who}: {}", operation.text),
        ));
        let answer = format!("{}: {}", operation.outcome.as_str(), operation.answer);
        match operation.returned {
            Some(returned) if returned > operation.invoked => {
                rows.push(row(returned, Order::Answered, format!("{letter}< {answer}")));
            }
            Some(_) | None => {
                let at_once = Order::Turn(at + 1, 3);
                rows.push(row(operation.invoked, at_once, format!("{letter}< {answer}")));
            }
        }
    }
    for said in &scene.messages {
        add_message(said, scene.turn(said), &mut rows);
    }
    add_spans(scene, &mut rows);
    if let Some(violation) = &scene.story.violation {
        let text = format!("BROKEN PROMISE seen here: {}", violation.checker);
        rows.push(Row {
            at: violation.at,
            rank: Order::Seen,
            is_guilty: true,
            sign: Sign::None,
            text,
        });
    }
    rows.sort_by_key(|row| (row.at, row.rank));
    rows
}

fn add_message(said: &Said<'_>, turn: usize, rows: &mut Vec<Row>) {
    let message = said.message;
    let (from, to) = (message.from, message.to);
    let prefix = if said.letter.is_empty() { String::new() } else { format!("{}: ", said.letter) };
    let label = format!("{prefix}{}", message.label);
    let mut add = |at, rank, end, text| {
        let sign = Sign::Way { from, to, end };
        rows.push(Row { at, rank, is_guilty: said.is_guilty, sign, text });
    };
    let lost = Order::Turn(turn, 2);
    match &message.fate {
        Fate::Unsent => add(message.sent, lost, End::Lost, format!("{label} (not sent)")),
        Fate::Lost => add(message.sent, lost, End::Lost, format!("{label} (lost)")),
        Fate::Arrived { arrivals, is_late } => {
            for (which, Arrival { at, reception }) in arrivals.iter().enumerate() {
                let again = if which > 0 { " again" } else { "" };
                let late = if *is_late { ", late" } else { "" };
                let (end, dropped) = match reception {
                    Reception::Dropped => (End::Dropped, ", dropped"),
                    Reception::Handled(_) | Reception::Pending => (End::Arrives, ""),
                };
                let took = amount(at.since(message.sent));
                add(
                    *at,
                    Order::Arrived,
                    end,
                    format!("{label}{again} (after {took}{late}{dropped})"),
                );
            }
        }
    }
}

fn add_spans(scene: &Scene<'_>, rows: &mut Vec<Row>) {
    for span in &scene.spans {
        let Span { kind, text, .. } = span;
        // What is said when it begins, where it has begun before, and when it ends.
        let (sign, [begins, since, ends]) = match kind {
            SpanKind::Fault(id) => {
                let words = ["begins: ", "", "ends"].map(|word| format!("#{id} {word}"));
                let [begins, since, ends] = words;
                (Sign::None, [begins + text, since + text, ends])
            }
            SpanKind::Down(node) => {
                (Sign::At(*node), ["goes down", "down", "up again"].map(String::from))
            }
            SpanKind::Paused(node) => {
                (Sign::At(*node), ["is paused", "paused", "goes on"].map(String::from))
            }
            SpanKind::Moment(node) => (Sign::At(*node), [text, "", ""].map(String::from)),
        };
        let name = match sign {
            Sign::At(node) => format!("{} ", scene.story.name(node)),
            Sign::None | Sign::Way { .. } => String::new(),
        };
        let at_end = match sign {
            Sign::At(node) => Sign::At(node),
            Sign::None | Sign::Way { .. } => Sign::None,
        };
        let row = |at, rank, sign, text| Row { at, rank, is_guilty: false, sign, text };
        let begins = match span.begin < scene.begin {
            true => format!("{since}, since {}", span.begin),
            false => begins,
        };
        rows.push(row(scene.begin_of(span), Order::Begun, sign, format!("{name}{begins}")));
        if let Some(end) = scene.end_of(span) {
            rows.push(row(end, Order::Ended, at_end, format!("{name}{ends}")));
        }
    }
}

fn lanes(scene: &Scene<'_>, row: &Row) -> String {
    let mut cells = vec![' '; LANE * scene.nodes.len()];
    for (lane, node) in scene.nodes.iter().enumerate() {
        cells[LANE * lane + LINE] = state(scene, *node, row.at);
    }
    match row.sign {
        Sign::None => {}
        Sign::At(node) => {
            if let Some(lane) = scene.lane(node) {
                cells[LANE * lane + LINE] = '◆';
            }
        }
        Sign::Way { from, to, end } => {
            if let (Some(from), Some(to)) = (scene.lane(from), scene.lane(to)) {
                draw_way(&mut cells, LANE * from + LINE, LANE * to + LINE, end);
            }
        }
    }
    cells.into_iter().collect()
}

/// What a lane looks like at a time.
fn state(scene: &Scene<'_>, node: NodeIndex, at: Time) -> char {
    let is_in = |kind| {
        let is_it = |span: &&&Span| {
            span.kind == kind && span.begin <= at && span.end.is_none_or(|end| at < end)
        };
        scene.spans.iter().find(is_it).is_some()
    };
    if is_in(SpanKind::Down(node)) {
        ' '
    } else if is_in(SpanKind::Paused(node)) {
        '┆'
    } else {
        '│'
    }
}

fn draw_way(cells: &mut [char], from: usize, to: usize, end: End) {
    let step = |at: usize| if to > from { at + 1 } else { at - 1 };
    let (head, stop) = match end {
        End::Arrives if to > from => ('▶', to),
        End::Arrives => ('◀', to),
        End::Dropped => ('×', to),
        End::Lost if to > from => ('×', from + 4),
        End::Lost => ('×', from.saturating_sub(4)),
    };
    cells[from] = '●';
    let mut at = step(from);
    while step(at) != stop && at != stop {
        cells[at] = if cells[at] == ' ' || cells[at] == '─' { '─' } else { '┼' };
        at = step(at);
    }
    if at != stop {
        cells[at] = head;
    }
}
