//! Words: a line of a schedule, read from left to right.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use peer_ring_proto::WireVersion;

use crate::random::Chance;
use crate::schedule::span;
use crate::time::Time;
use crate::world::{Hop, NodeIndex};

/// What is left of a line.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    rest: &'a str,
    /// How many nodes there are; no other is known.
    nodes: u8,
}

/// What is wrong with a line, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Wrong(pub String);

impl<'a> Words<'a> {
    /// The words of a line.
    #[must_use]
    pub fn new(line: &'a str) -> Self {
        Self { rest: line.trim(), nodes: u8::MAX }
    }

    /// The words of a line about a cluster of so many nodes.
    #[must_use]
    pub fn about(nodes: u8, line: &'a str) -> Self {
        Self { rest: line.trim(), nodes }
    }

    /// All that is left, as it stands.
    #[must_use]
    pub fn rest(self) -> &'a str {
        self.rest
    }

    /// The next word, left where it is.
    #[must_use]
    pub fn peek(&self) -> Option<&'a str> {
        self.rest.split_whitespace().next()
    }

    /// The next word.
    ///
    /// # Errors
    /// There is none; `wanted` says what should have been there.
    pub fn word(&mut self, wanted: impl fmt::Display) -> Result<&'a str, Wrong> {
        let word = self.peek().ok_or_else(|| Wrong(format!("the line ends before {wanted}")))?;
        self.rest = self.rest[word.len()..].trim_start();
        Ok(word)
    }

    /// Takes this very word.
    ///
    /// # Errors
    /// There is another one, or none.
    pub fn the(&mut self, wanted: &str) -> Result<(), Wrong> {
        match self.peek() {
            Some(word) if word != wanted => {
                Err(Wrong(format!("'{word}' stands where '{wanted}' should")))
            }
            Some(_) | None => self.word(format_args!("'{wanted}'")).map(drop),
        }
    }

    /// Takes this very word if it is the next one. Whether it was.
    pub fn is_next(&mut self, wanted: &str) -> bool {
        self.the(wanted).is_ok()
    }

    /// A number.
    ///
    /// # Errors
    /// The next word is none, or one out of range.
    pub fn number<T: FromStr>(&mut self, what: &str) -> Result<T, Wrong> {
        let word = self.word(what)?;
        word.parse().map_err(|_| Wrong(format!("'{word}' is not {what}")))
    }

    /// A number behind a sign, such as `#12`.
    ///
    /// # Errors
    /// The next word is none.
    pub fn id(&mut self) -> Result<u32, Wrong> {
        let word = self.word("a number such as #12")?;
        let number = word.strip_prefix('#').and_then(|digits| digits.parse().ok());
        number.ok_or_else(|| Wrong(format!("'{word}' is not a number such as #12")))
    }

    /// A node: `n1` and so on.
    ///
    /// # Errors
    /// The next word is none.
    pub fn node(&mut self) -> Result<NodeIndex, Wrong> {
        let node = node(self.word("a node")?)?;
        if node.0 < self.nodes {
            return Ok(node);
        }
        Err(Wrong(format!("there is no {node} among {} nodes", self.nodes)))
    }

    /// A way from one node to another: `n1 -> n2`.
    ///
    /// # Errors
    /// The next words are none.
    pub fn hop(&mut self) -> Result<Hop, Wrong> {
        let from = self.node()?;
        self.the("->")?;
        Ok(Hop { from, to: self.node()? })
    }

    /// Nodes, at least one and each of them once, up to the end or a word that ends them.
    ///
    /// # Errors
    /// A word is none.
    pub fn nodes(&mut self, is_end: impl Fn(&str) -> bool) -> Result<Vec<NodeIndex>, Wrong> {
        let mut nodes = Vec::new();
        while self.peek().is_some_and(|word| !is_end(word)) {
            let node = self.node()?;
            if nodes.contains(&node) {
                return Err(Wrong(format!("{node} stands twice")));
            }
            nodes.push(node);
        }
        if nodes.is_empty() { Err(Wrong("there are no nodes".to_owned())) } else { Ok(nodes) }
    }

    /// A version of the wire.
    ///
    /// # Errors
    /// The next word is none that we speak.
    pub fn wire(&mut self) -> Result<WireVersion, Wrong> {
        let number = self.number("a version of the wire")?;
        let newest = WireVersion::NEWEST;
        let unknown =
            || Wrong(format!("there is no wire version {number}; there are 1 to {newest}"));
        WireVersion::of(number).ok_or_else(unknown)
    }

    /// A span of time: `1.5s`, `300ms`, `20us`, `7ns`.
    ///
    /// # Errors
    /// The next word is none.
    pub fn span(&mut self) -> Result<Duration, Wrong> {
        let word = self.word("a time such as 300ms")?;
        span::read(word)
            .ok_or_else(|| Wrong(format!("'{word}' is not a time such as 1.5s or 300ms")))
    }

    /// A point in time: a span since the world began.
    ///
    /// # Errors
    /// The next word is none.
    pub fn time(&mut self) -> Result<Time, Wrong> {
        self.span().map(|span| Time::ZERO + span)
    }

    /// A chance: `5%`, `0.02%`.
    ///
    /// # Errors
    /// The next word is none.
    pub fn chance(&mut self) -> Result<Chance, Wrong> {
        let word = self.word("a chance such as 5%")?;
        word.parse().map_err(|()| Wrong(format!("'{word}' is not a chance such as 5% or 0.02%")))
    }

    /// Nothing more.
    ///
    /// # Errors
    /// There is more.
    pub fn end(&self) -> Result<(), Wrong> {
        match self.rest {
            "" => Ok(()),
            rest => Err(Wrong(format!("'{rest}' is too much"))),
        }
    }
}

/// The node of this name.
///
/// # Errors
/// It is not the name of one.
pub fn node(word: &str) -> Result<NodeIndex, Wrong> {
    let number = word.strip_prefix('n').and_then(|digits| digits.parse::<u8>().ok());
    match number.and_then(|number| number.checked_sub(1)) {
        Some(index) if NodeIndex(index).to_string() == word => Ok(NodeIndex(index)),
        Some(_) | None => Err(Wrong(format!("'{word}' is not a node such as n1"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_from_left_to_right() {
        let mut words = Words::new("  #7 n1 -> n12   300ms 0.5% rest  of it ");
        assert_eq!(words.id(), Ok(7));
        assert_eq!(words.hop(), Ok(Hop { from: NodeIndex(0), to: NodeIndex(11) }));
        assert_eq!(words.span(), Ok(Duration::from_millis(300)));
        assert_eq!(words.chance(), Ok(Chance::ppm(5_000)));
        assert_eq!(words.rest(), "rest  of it");
        assert!(words.end().is_err());
    }

    #[test]
    fn what_is_not_a_node_is_named() {
        for word in ["1", "n0", "n01", "n300", "m1", "n"] {
            assert!(node(word).unwrap_err().0.contains(word));
        }
    }

    #[test]
    fn a_line_that_ends_too_early_says_what_is_missing() {
        assert_eq!(Words::new("").node().unwrap_err().0, "the line ends before a node");
        assert_eq!(Words::about(2, "n3").node().unwrap_err().0, "there is no n3 among 2 nodes");
        assert_eq!(Words::new("n1 n2").hop().unwrap_err().0, "'n2' stands where '->' should");
    }
}
