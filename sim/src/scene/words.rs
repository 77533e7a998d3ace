//! Words: a line taken apart, from the left to the right, until nothing is left of it.

use std::num::NonZeroU8;
use std::time::Duration;

use crate::world::{Hop, NodeIndex};

/// The words of one line that were not taken yet.
pub struct Words<'a> {
    left: std::iter::Peekable<std::str::SplitWhitespace<'a>>,
}

/// What is wrong with a line, in words.
pub type Problem = String;

impl<'a> Words<'a> {
    /// All words of `line`.
    pub fn of(line: &'a str) -> Self {
        Self { left: line.split_whitespace().peekable() }
    }

    /// The next word, which is `what`.
    pub fn next(&mut self, what: &str) -> Result<&'a str, Problem> {
        self.left.next().ok_or_else(|| format!("{what} is missing"))
    }

    /// The next word, if there is one.
    pub fn maybe(&mut self) -> Option<&'a str> {
        self.left.next()
    }

    /// The next word must be this one.
    pub fn literal(&mut self, word: &str) -> Result<(), Problem> {
        match self.left.next() {
            Some(found) if found == word => Ok(()),
            Some(found) => Err(format!("`{word}` is expected, not `{found}`")),
            None => Err(format!("`{word}` is missing")),
        }
    }

    /// Takes the next word if it is this one.
    pub fn takes(&mut self, word: &str) -> bool {
        self.left.next_if_eq(&word).is_some()
    }

    /// No word may be left.
    pub fn end(&mut self) -> Result<(), Problem> {
        self.left.next().map_or(Ok(()), |word| Err(format!("`{word}` is one word too many")))
    }

    /// A node, such as `n1`.
    pub fn node(&mut self) -> Result<NodeIndex, Problem> {
        node(self.next("a node")?)
    }

    /// A number of nodes.
    pub fn count(&mut self, what: &str) -> Result<NonZeroU8, Problem> {
        let word = self.next(what)?;
        word.parse().map_err(|_| format!("`{word}` is not 1 to 255"))
    }

    /// A number.
    pub fn number(&mut self, what: &str) -> Result<u64, Problem> {
        let word = self.next(what)?;
        word.parse().map_err(|_| format!("`{word}` is no number"))
    }

    /// A span of time, such as `500ms` or `2s`.
    pub fn span(&mut self) -> Result<Duration, Problem> {
        span(self.next("a span of time")?)
    }

    /// A span of time to set a clock by, in milliseconds: `+500ms` or `-2s`.
    pub fn shift_ms(&mut self) -> Result<i64, Problem> {
        let word = self.next("a span of time")?;
        let (sign, rest) = match (word.strip_prefix('+'), word.strip_prefix('-')) {
            (Some(rest), _) => (1, rest),
            (_, Some(rest)) => (-1, rest),
            (None, None) => return Err(format!("`{word}` has no `+` or `-` in front")),
        };
        let ms = i64::try_from(span(rest)?.as_millis());
        ms.map(|ms| sign * ms).map_err(|_| format!("`{word}` is too long"))
    }

    /// A way: `n1 -> n2`, or `n1 <-> n2` for both.
    pub fn ways(&mut self) -> Result<Vec<Hop>, Problem> {
        let from = self.node()?;
        let arrow = self.next("`->`")?;
        let hop = Hop { from, to: self.node()? };
        if hop.from == hop.to {
            return Err(format!("{from} needs no way to itself"));
        }
        match arrow {
            "->" => Ok(vec![hop]),
            "<->" => Ok(vec![hop, hop.back()]),
            _ => Err(format!("`->` or `<->` is expected, not `{arrow}`")),
        }
    }

    /// Every way between nodes of different groups: `n1 | n2 n3`.
    pub fn divided(&mut self) -> Result<Vec<Hop>, Problem> {
        let mut placed: Vec<(usize, NodeIndex)> = Vec::new();
        let mut group = 0;
        while let Some(word) = self.maybe() {
            if word == "|" {
                group += 1;
                continue;
            }
            let found = node(word)?;
            if placed.iter().any(|(_, other)| *other == found) {
                return Err(format!("{found} is named twice"));
            }
            placed.push((group, found));
        }
        let all = |at| placed.iter().any(|(group, _)| *group == at);
        if group == 0 || !(0..=group).all(all) {
            return Err("two groups of nodes are expected, with a `|` between them".to_owned());
        }
        let pairs = placed.iter().flat_map(|one| placed.iter().map(move |other| (one, other)));
        let apart = pairs.filter(|(one, other)| one.0 != other.0);
        Ok(apart.map(|(one, other)| Hop { from: one.1, to: other.1 }).collect())
    }
}

fn node(word: &str) -> Result<NodeIndex, Problem> {
    let number = word.strip_prefix('n').and_then(|digits| digits.parse::<NonZeroU8>().ok());
    let index = number.map(|number| NodeIndex(number.get() - 1));
    index.filter(|index| index.to_string() == word).ok_or_else(|| format!("`{word}` is no node"))
}

fn span(word: &str) -> Result<Duration, Problem> {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let number = digits.parse().map_err(|_| format!("`{word}` is no span of time"))?;
    match &word[digits.len()..] {
        "ms" => Ok(Duration::from_millis(number)),
        "s" => Ok(Duration::from_secs(number)),
        _ => Err(format!("`{word}` has no unit: `ms` or `s`")),
    }
}
