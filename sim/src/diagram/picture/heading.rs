//! What stands above the picture: which promise was broken, what is left out, what signs mean.

use crate::diagram::canvas::{Anchor, Canvas};
use crate::diagram::layout::{LETTER, LINE, count};
use crate::diagram::scene::Scene;
use crate::diagram::wrap::wrap;

const MARGIN: i32 = 24;
/// The width of one sign of the legend with its meaning.
const SIGN: i32 = 232;
/// Most lines of the checker's own words.
const WORDS_MAX: usize = 24;

/// What stands above the picture.
pub struct Heading {
    /// How much room it takes.
    pub height: i32,
    width: i32,
    headline: Option<String>,
    words: Vec<String>,
    guilty: Vec<String>,
    remarks: Vec<String>,
}

impl Heading {
    /// What is to be said above a picture of this width.
    pub fn new(scene: &Scene<'_>, width: i32) -> Self {
        let letters = usize::try_from((width - 2 * MARGIN - 24) / LETTER).unwrap_or(40);
        let (headline, text) = scene.accusation().unzip();
        let words = text.map(|text| wrap(&text, letters, WORDS_MAX)).unwrap_or_default();
        let guilty = scene.guilty().iter().flat_map(|line| wrap(line, letters, 2)).collect();
        let mut remarks = vec![
            "Time runs downwards and is not to scale. Point at an arrow or a bar for all of it."
                .to_owned(),
        ];
        if !scene.left_out.is_empty() {
            let text = format!("Left out: {}.", scene.left_out.join("; "));
            remarks.extend(wrap(&text, letters, 4));
        }
        let mut heading = Self { height: 0, width, headline, words, guilty, remarks };
        heading.height = heading.legend_at() + heading.legend_rows() * 22 + 14;
        heading
    }

    /// What the picture shows, in a line.
    pub fn title(&self) -> String {
        self.headline.clone().unwrap_or_else(|| "A run in which no promise was broken".to_owned())
    }

    /// What the picture shows, for those who cannot see it.
    pub fn description(&self) -> String {
        [&self.words[..], &self.guilty, &self.remarks].concat().join("\n")
    }

    /// Draws it.
    pub fn draw(&self, canvas: &mut Canvas) {
        match &self.headline {
            Some(headline) => {
                canvas.rect("panel", [MARGIN, 16, self.width - 2 * MARGIN, self.panel_height()]);
                canvas.text("bad", (MARGIN + 12, 40), Anchor::Start, headline);
            }
            None => canvas.text("h1", (MARGIN, 40), Anchor::Start, &self.title()),
        }
        let lines = self.words.iter().map(|line| ("plain", line));
        let guilty = self.guilty.iter().map(|line| ("strong", line));
        for (at, (class, line)) in (0..).zip(lines.chain(guilty)) {
            let gap = if class == "strong" { 8 } else { 0 };
            canvas.text(class, (MARGIN + 12, 62 + gap + LINE * at), Anchor::Start, line);
        }
        for (at, line) in (0..).zip(&self.remarks) {
            let y = self.remarks_at() + 12 + LINE * at;
            canvas.text("faint", (MARGIN, y), Anchor::Start, line);
        }
        self.draw_legend(canvas);
    }

    fn panel_height(&self) -> i32 {
        let lines = count(self.words.len() + self.guilty.len());
        38 + LINE * lines + if self.guilty.is_empty() { 4 } else { 12 }
    }

    fn remarks_at(&self) -> i32 {
        match &self.headline {
            Some(_) => 16 + self.panel_height() + 12,
            None => 56,
        }
    }

    fn legend_at(&self) -> i32 {
        self.remarks_at() + LINE * count(self.remarks.len()) + 12
    }

    fn signs_in_row(&self) -> i32 {
        ((self.width - 2 * MARGIN) / SIGN).max(1)
    }

    fn legend_rows(&self) -> i32 {
        (count(SIGNS.len()) + self.signs_in_row() - 1) / self.signs_in_row()
    }

    fn draw_legend(&self, canvas: &mut Canvas) {
        let in_row = self.signs_in_row();
        for (at, (sign, meaning)) in (0..).zip(SIGNS) {
            let (x, y) =
                (MARGIN + SIGN * (at % in_row), self.legend_at() + 11 + 22 * (at / in_row));
            draw_sign(canvas, *sign, x, y);
            canvas.text("plain", (x + 44, y + 4), Anchor::Start, meaning);
        }
    }
}

/// A sign of the legend.
#[derive(Clone, Copy)]
enum Sign {
    Box(&'static str),
    Guilty,
    Message(&'static str),
    Again,
    Lost,
    Dropped,
    Bar(&'static str),
}

const SIGNS: &[(Sign, &str)] = &[
    (Sign::Box("ok"), "operation, done"),
    (Sign::Box("failed"), "operation, surely not done"),
    (Sign::Box("unknown"), "operation, nobody knows"),
    (Sign::Guilty, "in the broken promise"),
    (Sign::Message("msg"), "message; A: for box A"),
    (Sign::Message("msgg"), "message for a guilty box"),
    (Sign::Lost, "lost, or not sent"),
    (Sign::Dropped, "arrives, is dropped"),
    (Sign::Again, "arrives again"),
    (Sign::Bar("down"), "node is down"),
    (Sign::Bar("paused"), "node is paused"),
    (Sign::Bar("moment"), "happens to a node at once"),
    (Sign::Bar("fault"), "fault is there"),
    (Sign::Bar("idle"), "time that is squeezed"),
];

fn draw_sign(canvas: &mut Canvas, sign: Sign, x: i32, y: i32) {
    let (from, to) = ((x, y), (x + 36, y));
    match sign {
        Sign::Box(class) => canvas.rect(class, [x, y - 7, 36, 14]),
        Sign::Guilty => canvas.rect("ok guilty", [x, y - 7, 36, 14]),
        Sign::Message(class) => {
            canvas.line(class, from, to);
            canvas.head(&format!("{class}head"), from, to);
        }
        Sign::Again => {
            canvas.line("msg again", from, to);
            canvas.head("msghead", from, to);
        }
        Sign::Lost => {
            canvas.line("msg gone", from, (x + 26, y));
            canvas.cross("cross", (x + 26, y));
        }
        Sign::Dropped => {
            canvas.line("msg", from, to);
            canvas.cross("cross", (x + 30, y));
        }
        Sign::Bar(class) => canvas.rect(class, [x + 8, y - 7, 14, 14]),
    }
}
