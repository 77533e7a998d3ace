//! The trace: a running hash over everything that happens in a world.
//!
//! Two runs with equal hashes did the same things in the same order at the same times, to the
//! last byte of the last message. That is what "deterministic" means here, and the tests hold the
//! simulator to it. A trace that keeps its lines can also say where two runs part.

use std::fmt;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::time::Moment;

/// A running hash, and the lines behind it if they are kept.
#[derive(Debug, Default)]
pub struct Trace {
    hash: u64,
    lines: Option<Vec<Line>>,
}

/// One event, as a trace keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When it happened.
    pub moment: Moment,
    /// The hash up to it and with it.
    pub hash: u64,
    /// What happened.
    pub text: String,
}

impl Trace {
    /// A trace that keeps every line, for those who look for a difference.
    #[must_use]
    pub fn with_lines() -> Self {
        Self { hash: 0, lines: Some(Vec::new()) }
    }

    /// Adds an event: its number and time, whatever else tells it from others, and its bytes.
    pub fn add(&mut self, moment: Moment, facts: [u64; 3], bytes: &[u8], text: impl fmt::Display) {
        let [kind, one, other] = facts;
        let mut head = [0; 40];
        for (slot, number) in
            head.chunks_exact_mut(8).zip([moment.event, moment.at.0, kind, one, other])
        {
            slot.copy_from_slice(&number.to_le_bytes());
        }
        self.hash = xxh3_64_with_seed(&head, self.hash);
        if !bytes.is_empty() {
            self.hash = xxh3_64_with_seed(bytes, self.hash);
        }
        if let Some(lines) = &mut self.lines {
            lines.push(Line { moment, hash: self.hash, text: text.to_string() });
        }
    }

    /// The hash of all that has happened.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// The lines, if they were kept.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        self.lines.as_deref().unwrap_or_default()
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>8} {:>13}  {}", self.moment.event, self.moment.at.to_string(), self.text)
    }
}

/// The first lines in which two traces differ; one of them is `None` where one trace ends.
#[must_use]
pub fn first_difference<'a, L: PartialEq>(
    one: &'a [L],
    other: &'a [L],
) -> Option<(Option<&'a L>, Option<&'a L>)> {
    let longest = one.len().max(other.len());
    let at = (0..longest).find(|&at| one.get(at) != other.get(at))?;
    Some((one.get(at), other.get(at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace_of(bytes: &[&[u8]]) -> Trace {
        let mut trace = Trace::with_lines();
        for bytes in bytes {
            trace.add(Moment::default(), [1, 2, 3], bytes, "an event");
        }
        trace
    }

    #[test]
    fn one_other_byte_is_another_hash() {
        assert_eq!(trace_of(&[b"a", b"b"]).hash(), trace_of(&[b"a", b"b"]).hash());
        assert_ne!(trace_of(&[b"a", b"b"]).hash(), trace_of(&[b"a", b"c"]).hash());
        assert_ne!(trace_of(&[b"a", b"b"]).hash(), trace_of(&[b"b", b"a"]).hash());
    }

    #[test]
    fn the_first_event_that_differs_is_named() {
        let (one, other) = (trace_of(&[b"a", b"b", b"c"]), trace_of(&[b"a", b"x"]));
        let (first, second) = first_difference(one.lines(), other.lines()).unwrap();
        assert_eq!(first, one.lines().get(1));
        assert_eq!(second, other.lines().get(1));
        assert_eq!(first_difference(one.lines(), one.lines()), None);
    }
}
