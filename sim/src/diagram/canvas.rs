//! The few elements of SVG that a diagram is made of, as text that is always well-formed.

use std::fmt::{Display, Write};

/// A picture being drawn.
#[derive(Default)]
pub struct Canvas {
    out: String,
}

/// Where a text stands from its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

impl Canvas {
    /// Begins a picture of this size.
    pub fn begin(&mut self, width: i32, height: i32, style: &str) {
        self.put(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\">"
        ));
        self.put(format_args!("<style>{style}</style>"));
    }

    /// Says in words what the whole picture shows.
    pub fn describe(&mut self, title: &str, text: &str) {
        self.put(format_args!("<title>{}</title><desc>{}</desc>", escape(title), escape(text)));
    }

    /// Ends the picture.
    pub fn end(mut self) -> String {
        self.put("</svg>");
        self.out
    }

    /// Begins a group whose own top left corner is at this height.
    pub fn begin_group_at(&mut self, y: i32) {
        self.put(format_args!("<g transform=\"translate(0 {y})\">"));
    }

    /// Begins a group that says this when pointed at.
    pub fn begin_group(&mut self, title: &str) {
        self.put(format_args!("<g><title>{}</title>", escape(title)));
    }

    /// Ends a group.
    pub fn end_group(&mut self) {
        self.put("</g>");
    }

    /// A rectangle.
    pub fn rect(&mut self, class: &str, [x, y, width, height]: [i32; 4]) {
        self.put(format_args!(
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\"/>",
            width.max(0),
            height.max(0)
        ));
    }

    /// A straight line.
    pub fn line(&mut self, class: &str, (x1, y1): (i32, i32), (x2, y2): (i32, i32)) {
        self.put(format_args!(
            "<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>"
        ));
    }

    /// The head of an arrow that comes from one point and ends at another.
    pub fn head(&mut self, class: &str, from: (i32, i32), to: (i32, i32)) {
        let (x, y) = (f64::from(to.0), f64::from(to.1));
        let (dx, dy) = (x - f64::from(from.0), y - f64::from(from.1));
        let length = (dx * dx + dy * dy).sqrt().max(1.0);
        let (ux, uy) = (dx / length, dy / length);
        let (bx, by) = (x - 9.0 * ux, y - 9.0 * uy);
        self.put(format_args!(
            "<path class=\"{class}\" d=\"M{x:.1} {y:.1}L{:.1} {:.1}L{:.1} {:.1}Z\"/>",
            bx - 4.0 * uy,
            by + 4.0 * ux,
            bx + 4.0 * uy,
            by - 4.0 * ux,
        ));
    }

    /// A cross.
    pub fn cross(&mut self, class: &str, (x, y): (i32, i32)) {
        self.put(format_args!(
            "<path class=\"{class}\" d=\"M{} {}L{} {}M{} {}L{} {}\"/>",
            x - 5,
            y - 5,
            x + 5,
            y + 5,
            x - 5,
            y + 5,
            x + 5,
            y - 5,
        ));
    }

    /// A line of text.
    pub fn text(&mut self, class: &str, (x, y): (i32, i32), anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let text = escape(text);
        self.put(format_args!(
            "<text class=\"{class}\" x=\"{x}\" y=\"{y}\"{anchor} xml:space=\"preserve\">{text}</text>"
        ));
    }

    fn put(&mut self, element: impl Display) {
        writeln!(self.out, "{element}").expect("a string takes whatever is written");
    }
}

/// The text as it may stand in an XML document, whatever it is.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\n' => out.push(letter),
            // XML has no way to say these.
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ if letter.is_control() => out.push('\u{fffd}'),
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_can_break_out_of_its_element() {
        assert_eq!(
            escape("</text><script a=\"1\">&'\0\u{1b}"),
            "&lt;/text&gt;&lt;script a=&quot;1&quot;&gt;&amp;&apos;\u{fffd}\u{fffd}"
        );
    }
}
