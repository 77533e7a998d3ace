//! The picture: a scene, drawn where its layout says.

mod heading;

use crate::diagram::canvas::{Anchor, Canvas};
use crate::diagram::layout::{BOX, Bar, Boxed, LETTER, LINE, LOST_AFTER, Layout, count};
use crate::diagram::scene::{Said, Scene, Shown};
use crate::diagram::wrap::{amount, columns, shorten};
use crate::story::{Fate, Message, Outcome, Reception, SpanKind};

/// Longest tooltip, in letters.
const TOOLTIP_MAX: usize = 1_000;

/// Colours are told apart by people who see few of them, and none says anything alone.
const STYLE: &str = "
text{font-family:'DejaVu Sans Mono',Menlo,Consolas,monospace;font-size:11px;fill:#1a1a1a}
.page{fill:#fff}
.h1{font-size:16px;font-weight:bold}
.bad{font-weight:bold;font-size:14px;fill:#a3000f}
.strong{font-weight:bold}
.faint{fill:#5a5a5a}
.panel{fill:#fff2f1;stroke:#c4001a;stroke-width:2}
.lane{stroke:#8a8a8a;stroke-width:1}
.name{fill:#f0f0f0;stroke:#555}
.ask{stroke:#8a8a8a;stroke-width:1;fill:none}
.askhead{fill:#8a8a8a}
.askg{stroke:#c4001a;stroke-width:1.6;fill:none}
.askghead{fill:#c4001a}
.msg{stroke:#7d8794;stroke-width:1.1;fill:none}
.msghead{fill:#7d8794}
.msgg{stroke:#1a1a1a;stroke-width:1.8;fill:none}
.msgghead{fill:#1a1a1a}
.again{stroke-dasharray:2 3}
.gone{stroke-dasharray:5 3}
.cross{stroke:#c4001a;stroke-width:2.4;fill:none}
.label{fill:#4a525c}
.labelg{fill:#000;font-weight:bold}
.chip{fill:#6b2c00}
.ok{fill:#e8f2fa;stroke:#0068a8;stroke-width:1.5}
.failed{fill:#f2f2f2;stroke:#4a4a4a;stroke-width:1.5;stroke-dasharray:7 4}
.unknown{fill:#fff5db;stroke:#9a6200;stroke-width:1.8;stroke-dasharray:2 3}
.guilty{stroke:#c4001a;stroke-width:3}
.down{fill:#3b3b3b}
.paused{fill:#fff;stroke:#3b3b3b;stroke-width:2;stroke-dasharray:3 2}
.moment{fill:#d9812b;stroke:#6b2c00}
.fault{fill:#e5b567;stroke:#6b4a00}
.under{fill:#fff;fill-opacity:0.75}
.idle{fill:#ededed}
.tear{stroke:#9a9a9a;stroke-width:1;stroke-dasharray:1 3}
.seen{stroke:#c4001a;stroke-width:2;stroke-dasharray:8 4}
.seentext{fill:#a3000f;font-weight:bold}
";

/// Draws a scene.
pub fn draw(scene: &Scene<'_>) -> String {
    let layout = Layout::new(scene);
    let heading = heading::Heading::new(scene, layout.width);
    let height = heading.height + layout.height;
    let mut canvas = Canvas::default();
    canvas.begin(layout.width, height, STYLE);
    canvas.describe(&heading.title(), &heading.description());
    canvas.rect("page", [0, 0, layout.width, height]);
    heading.draw(&mut canvas);
    canvas.begin_group_at(heading.height);
    Picture { scene, layout: &layout, canvas: &mut canvas }.draw();
    canvas.end_group();
    canvas.end()
}

struct Picture<'a> {
    scene: &'a Scene<'a>,
    layout: &'a Layout,
    canvas: &'a mut Canvas,
}

impl Picture<'_> {
    fn draw(&mut self) {
        self.draw_idle();
        self.draw_lanes();
        self.draw_bars();
        self.draw_violation();
        self.draw_questions();
        self.draw_arrows();
        self.draw_boxes();
        self.draw_labels();
        self.draw_ticks();
    }

    fn draw_idle(&mut self) {
        for (y, span) in &self.layout.idle {
            let width = self.layout.width - 16;
            self.canvas.rect("idle", [8, y - 9, width, 18]);
            self.canvas.line("tear", (8, y - 9), (8 + width, y - 9));
            self.canvas.line("tear", (8, y + 9), (8 + width, y + 9));
            let text = format!("{} pass", amount(*span));
            self.canvas.text("faint", (96, y + 4), Anchor::End, &text);
        }
    }

    fn draw_lanes(&mut self) {
        let bottom = self.layout.height - 30;
        for (x, node) in self.layout.lanes.iter().zip(&self.scene.nodes) {
            self.canvas.line("lane", (*x, 26), (*x, bottom));
            let name = shorten(&self.scene.story.name(*node), 9);
            for y in [6, bottom] {
                self.canvas.rect("name", [x - 36, y, 72, 20]);
                self.canvas.text("strong", (*x, y + 14), Anchor::Middle, &name);
            }
        }
        for (x, name) in &self.layout.columns {
            let name = shorten(name, 26);
            self.canvas.text("strong", (x + BOX / 2, 20), Anchor::Middle, &name);
        }
        self.canvas.text("strong", (90, 20), Anchor::End, "time");
        if self.has_faults() {
            let at = (self.layout.faults_text, 20);
            self.canvas.text("strong", at, Anchor::Start, "faults");
        }
    }

    fn has_faults(&self) -> bool {
        self.scene.spans.iter().any(|span| matches!(span.kind, SpanKind::Fault(_)))
    }

    fn draw_bars(&mut self) {
        for (bar, span) in self.layout.bars.iter().zip(&self.scene.spans) {
            let until = match span.end {
                Some(end) => format!("until {end}"),
                None => "until the end".to_owned(),
            };
            self.canvas.begin_group(&format!("{}, from {} {until}", span.text, span.begin));
            let Bar { top, bottom, x, .. } = *bar;
            match span.kind {
                SpanKind::Fault(_) => self.canvas.rect("fault", [x - 4, top, 9, bottom - top]),
                SpanKind::Down(_) => self.canvas.rect("down", [x - 6, top, 12, bottom - top]),
                SpanKind::Paused(_) => self.canvas.rect("paused", [x - 5, top, 10, bottom - top]),
                SpanKind::Moment(_) => self.canvas.rect("moment", [x - 5, top + 3, 10, 10]),
            }
            self.canvas.end_group();
        }
    }

    fn draw_violation(&mut self) {
        if let Some(y) = self.layout.violation {
            self.canvas.line("seen", (100, y), (self.layout.width - 8, y));
        }
    }

    /// The ways of questions to nodes, and of answers back.
    fn draw_questions(&mut self) {
        for (boxed, shown) in self.layout.boxes.iter().zip(&self.scene.operations) {
            let Some(lane) = self.scene.lane(shown.operation.node) else {
                continue;
            };
            let Some((left, _)) = self.layout.columns.get(boxed.column) else {
                continue;
            };
            let (from, to) = (left + BOX, self.layout.lanes[lane]);
            let is_guilty = shown.operation.is_guilty;
            let (line, head) = if is_guilty { ("askg", "askghead") } else { ("ask", "askhead") };
            self.canvas.line(line, (from, boxed.top), (to, boxed.top));
            self.canvas.head(head, (from, boxed.top), (to, boxed.top));
            if boxed.is_answered {
                self.canvas.line(line, (from, boxed.bottom), (to, boxed.bottom));
                self.canvas.head(head, (to, boxed.bottom), (from, boxed.bottom));
            }
        }
    }

    fn draw_arrows(&mut self) {
        for at in 0..self.scene.messages.len() {
            let said = &self.scene.messages[at];
            let Some((from, to)) = self.ends_of(said.message) else {
                continue;
            };
            let arrow = &self.layout.arrows[at];
            let class = if said.is_guilty { "msgg" } else { "msg" };
            self.canvas.begin_group(&tooltip(said, self.scene));
            match &said.message.fate {
                Fate::Unsent | Fate::Lost => {
                    let x = if to > from { from + LOST_AFTER } else { from - LOST_AFTER };
                    let end = (x, arrow.ends[0] + 8);
                    self.canvas.line(&format!("{class} gone"), (from, arrow.sent), end);
                    self.canvas.cross("cross", end);
                }
                Fate::Arrived { arrivals, .. } => {
                    for (which, arrival) in arrivals.iter().enumerate() {
                        let end = (to, arrow.ends[which]);
                        let again = if which > 0 { " again" } else { "" };
                        let line = format!("{class}{again}");
                        self.canvas.line(&line, (from, arrow.sent), end);
                        match arrival.reception {
                            Reception::Dropped => {
                                let x = if to > from { to - 8 } else { to + 8 };
                                self.canvas.cross("cross", (x, end.1));
                            }
                            Reception::Handled(_) | Reception::Pending => {
                                let head = format!("{class}head");
                                self.canvas.head(&head, (from, arrow.sent), end);
                            }
                        }
                    }
                }
            }
            self.canvas.end_group();
        }
    }

    fn ends_of(&self, message: &Message) -> Option<(i32, i32)> {
        let x = |node| self.scene.lane(node).map(|lane| self.layout.lanes[lane]);
        Some((x(message.from)?, x(message.to)?))
    }

    fn draw_boxes(&mut self) {
        for (boxed, shown) in self.layout.boxes.iter().zip(&self.scene.operations) {
            let Some((left, _)) = self.layout.columns.get(boxed.column) else {
                continue;
            };
            let Shown { operation, letter } = shown;
            let Boxed { top, bottom, lines, .. } = boxed;
            self.canvas.begin_group(&shorten(
                &format!("{letter}: {} -> {}", operation.text, operation.answer),
                TOOLTIP_MAX,
            ));
            let guilty = if operation.is_guilty { " guilty" } else { "" };
            let class = format!("{}{guilty}", class_of(operation.outcome));
            self.canvas.rect(&class, [*left, *top, BOX, bottom - top]);
            for (at, line) in (0..).zip(lines) {
                let class = if at == 0 { "strong" } else { "plain" };
                let at = (left + 8, top + 16 + LINE * at);
                self.canvas.text(class, at, Anchor::Start, line);
            }
            self.canvas.end_group();
        }
    }

    fn draw_labels(&mut self) {
        for at in 0..self.scene.messages.len() {
            let said = &self.scene.messages[at];
            let Some((from, to)) = self.ends_of(said.message) else {
                continue;
            };
            let arrow = &self.layout.arrows[at];
            let class = if said.is_guilty { "labelg" } else { "label" };
            let is_rightward = to > from;
            for (y, label) in arrow.ends.iter().zip(&arrow.labels) {
                let (x, is_left_of_it) = match &said.message.fate {
                    Fate::Unsent | Fate::Lost if is_rightward => (from + LOST_AFTER + 10, false),
                    Fate::Unsent | Fate::Lost => (from - LOST_AFTER - 10, true),
                    Fate::Arrived { .. } if is_rightward => (to - 12, true),
                    Fate::Arrived { .. } => (to + 12, false),
                };
                let anchor = if is_left_of_it { Anchor::End } else { Anchor::Start };
                self.label(class, (x, y + 12), anchor, label);
            }
        }
        if let (Some(y), Some(violation)) = (self.layout.violation, &self.scene.story.violation) {
            let x = self.layout.lanes.first().map_or(110, |x| x + 10);
            let text = format!("BROKEN PROMISE seen here: {}", shorten(&violation.checker, 40));
            self.label("seentext", (x, y + 15), Anchor::Start, &text);
        }
        for (bar, span) in self.layout.bars.iter().zip(&self.scene.spans) {
            let (x, end) = match span.kind {
                SpanKind::Fault(id) => (self.layout.faults_text, format!("#{id} ends")),
                SpanKind::Down(_) => (bar.x + 12, "up again".to_owned()),
                SpanKind::Paused(_) | SpanKind::Moment(_) => (bar.x + 12, "goes on".to_owned()),
            };
            for (at, line) in (0..).zip(&bar.lines) {
                self.label("chip", (x, bar.text + 12 + LINE * at), Anchor::Start, line);
            }
            if bar.has_end {
                self.label("chip", (x, bar.bottom + 12), Anchor::Start, &end);
            }
        }
    }

    /// A line of text that hides what is under it.
    fn label(&mut self, class: &str, (x, y): (i32, i32), anchor: Anchor, text: &str) {
        let width = LETTER * count(columns(text));
        let left = match anchor {
            Anchor::Start => x,
            Anchor::Middle => x - width / 2,
            Anchor::End => x - width,
        };
        self.canvas.rect("under", [left - 1, y - 10, width + 2, 13]);
        self.canvas.text(class, (x, y), anchor, text);
    }

    fn draw_ticks(&mut self) {
        for (y, time) in &self.layout.ticks {
            self.canvas.text("faint", (90, y + 4), Anchor::End, &time.to_string());
        }
    }
}

fn class_of(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "ok",
        Outcome::Failed => "failed",
        Outcome::Unknown => "unknown",
    }
}

/// The whole message, for who points at it.
fn tooltip(said: &Said<'_>, scene: &Scene<'_>) -> String {
    let Message { from, to, label, detail, sent, fate, .. } = said.message;
    let (from, to) = (scene.story.name(*from), scene.story.name(*to));
    let fate = match fate {
        Fate::Unsent => "not sent: the link does not stand".to_owned(),
        Fate::Lost => "lost on its way".to_owned(),
        Fate::Arrived { arrivals, .. } => {
            let told = arrivals.iter().map(|arrival| match arrival.reception {
                Reception::Pending => format!("arrives at {}", arrival.at),
                Reception::Handled(at) if at == arrival.at => format!("arrives at {at}"),
                Reception::Handled(at) => format!("arrives at {}, handled at {at}", arrival.at),
                Reception::Dropped => format!("arrives at {} and is dropped", arrival.at),
            });
            told.collect::<Vec<_>>().join("; ")
        }
    };
    let text = format!("{from} -> {to}: {label} | sent at {sent}, {fate} | {detail}");
    shorten(&text, TOOLTIP_MAX)
}
