//! Randomness that is a function of the seed: one stream for each component that draws.
//!
//! A stream is keyed by what draws from it: the link from one node to another, the clock of a
//! node, a client, a fault. So one that draws more, or is taken away, leaves the others' draws as
//! they were, and a schedule from which a fault was removed differs in nothing else.
//!
//! The generator is wyrand (Wang Yi): a counter, and one multiplication to 128 bits.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use xxhash_rust::xxh3::Xxh3;

/// A sequence of pseudo-random numbers.
#[derive(Clone, Debug)]
pub struct Stream(u64);

impl Stream {
    /// The stream of one component: its kind, and the numbers that tell it from its siblings.
    #[must_use]
    pub fn new(seed: u64, kind: &str, numbers: &[u64]) -> Self {
        let mut key = Xxh3::with_seed(seed);
        key.update(kind.as_bytes());
        for number in numbers {
            key.update(&number.to_le_bytes());
        }
        Self(key.digest())
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0xa076_1d64_78bd_642f);
        let product = u128::from(self.0) * u128::from(self.0 ^ 0xe703_7ed1_a0b4_28db);
        fold(product)
    }

    /// A number below `bound`, which is not zero.
    ///
    /// Off from even by less than `bound` / 2^64: of no account here.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "there is no number below zero");
        high(u128::from(self.draw()) * u128::from(bound))
    }

    /// A number in `range`, which is not empty.
    pub fn within(&mut self, range: RangeInclusive<u64>) -> u64 {
        let (start, end) = range.into_inner();
        assert!(start <= end, "an empty range has no number");
        match (end - start).checked_add(1) {
            Some(bound) => start + self.below(bound),
            None => self.draw(),
        }
    }

    /// An index below `len`, which is not zero.
    pub fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).expect("below a usize")
    }

    /// One of `choices`, of which there is at least one.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.index(choices.len())]
    }

    /// Whether something with this chance happens.
    pub fn happens(&mut self, chance: Chance) -> bool {
        self.below(Chance::CERTAIN.0.into()) < chance.0.into()
    }

    /// A span in `range`, which is not empty.
    pub fn span(&mut self, range: &RangeInclusive<Duration>) -> Duration {
        let nanos = |span: &Duration| u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.within(nanos(range.start())..=nanos(range.end())))
    }

    /// Puts `items` into a random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.index(last + 1));
        }
    }
}

/// How likely something is, in parts per million.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Chance(u32);

impl Chance {
    /// It never happens.
    pub const NEVER: Self = Self(0);
    /// It always happens.
    pub const CERTAIN: Self = Self(1_000_000);

    /// So many in a hundred.
    #[must_use]
    pub fn percent(percent: u32) -> Self {
        Self::ppm(percent.saturating_mul(10_000))
    }

    /// So many times as likely; certain when that is more.
    #[must_use]
    pub fn times(self, factor: u32) -> Self {
        Self::ppm(self.0.saturating_mul(factor))
    }

    /// So many in a million; certain when there are more.
    #[must_use]
    pub fn ppm(ppm: u32) -> Self {
        Self(ppm.min(Self::CERTAIN.0))
    }
}

impl fmt::Display for Chance {
    /// In percent, exactly: `5%`, `0.02%`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0 / 10_000)?;
        if !self.0.is_multiple_of(10_000) {
            let part = format!("{:04}", self.0 % 10_000);
            write!(f, ".{}", part.trim_end_matches('0'))?;
        }
        f.write_str("%")
    }
}

impl FromStr for Chance {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        let number = word.strip_suffix('%').ok_or(())?;
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(part) || !(1..=4).contains(&part.len()) {
            return Err(());
        }
        let whole: u32 = whole.parse().map_err(|_| ())?;
        let part: u32 = format!("{part:0<4}").parse().map_err(|_| ())?;
        let ppm = whole.checked_mul(10_000).and_then(|ppm| ppm.checked_add(part)).ok_or(())?;
        (ppm <= Self::CERTAIN.0).then_some(Self(ppm)).ok_or(())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the halves are meant")]
fn fold(product: u128) -> u64 {
    high(product) ^ product as u64
}

fn high(product: u128) -> u64 {
    (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_told_by_its_whole_key() {
        let first = |seed, kind, numbers: &[u64]| Stream::new(seed, kind, numbers).draw();
        assert_eq!(first(1, "link", &[2, 3]), first(1, "link", &[2, 3]));
        assert_ne!(first(1, "link", &[2, 3]), first(1, "link", &[3, 2]));
        assert_ne!(first(1, "link", &[2, 3]), first(2, "link", &[2, 3]));
        assert_ne!(first(1, "link", &[2, 3]), first(1, "disk", &[2, 3]));
    }

    #[test]
    fn the_numbers_are_the_same_in_every_build() {
        let mut stream = Stream::new(7, "test", &[]);
        let drawn = [stream.draw(), stream.draw(), stream.below(1_000), stream.within(5..=5)];
        assert_eq!(drawn, [15_414_037_718_308_889_055, 8_517_580_131_489_426_793, 166, 5]);
    }

    #[test]
    fn what_is_likely_happens_about_as_often() {
        let mut stream = Stream::new(1, "test", &[]);
        let hits = (0..100_000).filter(|_| stream.happens(Chance::percent(30))).count();
        assert!((29_000..31_000).contains(&hits), "{hits}");
        assert!(!stream.happens(Chance::NEVER));
        assert!(stream.happens(Chance::CERTAIN));
    }

    #[test]
    fn a_chance_is_read_as_it_is_written() {
        for (ppm, text) in [(0, "0%"), (50_000, "5%"), (200, "0.02%"), (1_000_000, "100%")] {
            assert_eq!(Chance::ppm(ppm).to_string(), text);
            assert_eq!(text.parse(), Ok(Chance::ppm(ppm)));
        }
        for text in ["5", "%", "101%", "-1%", "0.00001%", "1.%"] {
            assert_eq!(text.parse::<Chance>(), Err(()), "{text}");
        }
    }

    #[test]
    fn a_shuffle_keeps_every_item() {
        let mut items: Vec<_> = (0..50).collect();
        Stream::new(1, "test", &[]).shuffle(&mut items);
        assert_ne!(items, (0..50).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..50).collect::<Vec<_>>());
    }
}
