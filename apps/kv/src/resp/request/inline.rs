//! A line typed by hand, cut into arguments: the quoting of Redis's `sdssplitargs`.
//!
//! Blanks separate. Within double quotes `\n`, `\r`, `\b`, `\a`, `\t` and `\xHH` stand for one byte
//! and a backslash takes any other byte as it is; within single quotes only `\'` is special. Quotes
//! may open anywhere in an argument, but a closing one ends it.

use bytes::Bytes;

use super::{Request, Span, Spans};

/// The arguments of `line`, possibly none, or `None` when its quotes are not balanced.
pub(super) fn split(line: &[u8]) -> Option<Request> {
    // What was quoted is shorter unquoted, so the arguments fit in as many bytes as the line.
    let mut unquoted = Vec::with_capacity(line.len());
    let mut arguments = Spans::new();
    let mut rest = skip_blanks(line);
    while !rest.is_empty() {
        let start = unquoted.len();
        rest = read_argument(rest, &mut unquoted)?;
        arguments.push(Span::of(start..unquoted.len()));
        rest = skip_blanks(rest);
    }
    Some(Request { frame: Bytes::from(unquoted), arguments })
}

/// Which quotes the next byte stands in.
#[derive(Clone, Copy)]
enum Quotes {
    None,
    Single,
    Double,
}

/// Appends the argument at the front of `rest` to `unquoted`; what comes after it is returned.
fn read_argument<'line>(mut rest: &'line [u8], unquoted: &mut Vec<u8>) -> Option<&'line [u8]> {
    let mut quotes = Quotes::None;
    loop {
        rest = match (quotes, rest) {
            (Quotes::None, []) => return Some(rest),
            // Not every blank: in Redis a vertical tab or form feed separates nothing by itself.
            (Quotes::None, [b' ' | b'\t' | b'\r' | b'\n', ..]) => return Some(rest),
            (Quotes::None, [b'\'', rest @ ..]) => {
                quotes = Quotes::Single;
                rest
            }
            (Quotes::None, [b'"', rest @ ..]) => {
                quotes = Quotes::Double;
                rest
            }
            (Quotes::Single | Quotes::Double, []) => return None,
            (Quotes::Single, [b'\'', rest @ ..]) | (Quotes::Double, [b'"', rest @ ..]) => {
                return rest.first().is_none_or(|byte| is_blank(*byte)).then_some(rest);
            }
            (Quotes::Single, [b'\\', b'\'', rest @ ..]) => {
                unquoted.push(b'\'');
                rest
            }
            (Quotes::Double, [b'\\', escaped @ ..]) => {
                let (byte, rest) = read_escape(escaped)?;
                unquoted.push(byte);
                rest
            }
            (Quotes::None | Quotes::Single | Quotes::Double, [byte, rest @ ..]) => {
                unquoted.push(*byte);
                rest
            }
        };
    }
}

/// The byte that stands behind a backslash in double quotes, and what comes after it.
fn read_escape(escaped: &[u8]) -> Option<(u8, &[u8])> {
    if let [b'x', high, low, rest @ ..] = escaped
        && let (Some(high), Some(low)) = (hex(*high), hex(*low))
    {
        return Some((high << 4 | low, rest));
    }
    let (escaped, rest) = escaped.split_first()?;
    let byte = match escaped {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 0x08,
        b'a' => 0x07,
        itself => *itself,
    };
    Some((byte, rest))
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn skip_blanks(line: &[u8]) -> &[u8] {
    let blanks = line.iter().take_while(|byte| is_blank(**byte)).count();
    &line[blanks..]
}

/// What C's `isspace` says, which unlike Rust's counts the vertical tab.
fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}
