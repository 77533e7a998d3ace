//! Text cut to lines of so many columns.

use std::time::Duration;

/// A time that has passed, in as few letters as say enough.
pub fn amount(span: Duration) -> String {
    match span.as_millis() {
        0..1_000 => format!("{:.1} ms", span.as_secs_f64() * 1_000.0),
        1_000..100_000 => format!("{:.2} s", span.as_secs_f64()),
        _ => format!("{} s", span.as_secs()),
    }
}

/// How many columns a text takes: most letters of East Asia take two.
pub fn columns(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

fn columns_of(letter: char) -> usize {
    if letter < '\u{1100}' { 1 } else { 2 }
}

/// The text, or as much of its beginning as fits, with a mark that there is more.
pub fn shorten(text: &str, columns_max: usize) -> String {
    let text = clean(text);
    if columns(&text) <= columns_max {
        return text;
    }
    let (head, _) = split(&text, columns_max.saturating_sub(1));
    format!("{head}…")
}

/// The text in lines, broken at spaces where there are any; cut after so many lines.
pub fn wrap(text: &str, columns_max: usize, lines_max: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.lines() {
        let line = clean(line);
        let mut rest = line.trim_end();
        let indent = rest.len() - rest.trim_start().len();
        loop {
            let (head, tail) = split(rest, columns_max);
            let at = match head.rfind(' ') {
                Some(at) if !tail.is_empty() && !tail.starts_with(' ') && at > indent => at,
                Some(_) | None => head.len(),
            };
            lines.push(rest[..at].to_owned());
            rest = rest[at..].trim_start();
            if rest.is_empty() {
                break;
            }
        }
    }
    if lines.len() > lines_max {
        lines.truncate(lines_max);
        if let Some(last) = lines.last_mut() {
            *last = shorten(&format!("{last}…"), columns_max);
        }
    }
    lines
}

/// Without what no line can show.
fn clean(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

fn split(text: &str, columns_max: usize) -> (&str, &str) {
    let mut taken = 0;
    for (at, letter) in text.char_indices() {
        taken += columns_of(letter);
        if taken > columns_max.max(2) {
            return text.split_at(at);
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_long_words_anywhere() {
        assert_eq!(wrap("one two three", 8, 9), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3, 9), ["abc", "def", "gh"]);
        assert_eq!(wrap("a\nb", 8, 9), ["a", "b"]);
        assert_eq!(wrap("  indented word", 10, 9), ["  indented", "word"]);
    }

    #[test]
    fn what_is_cut_shows_it() {
        assert_eq!(wrap("a b c d", 1, 2), ["a", "b…"]);
        assert_eq!(shorten("abcdef", 4), "abc…");
        assert_eq!(shorten("日本語", 5), "日本…");
    }
}
