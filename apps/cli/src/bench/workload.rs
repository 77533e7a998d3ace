//! What a client does next, and what every key's value is.
//!
//! A key's value is a function of the key, so that whoever reads one knows what it must be.

/// What is asked of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Its value is read.
    Get,
    /// Its value is written.
    Put,
}

/// Which keys are taken, and what is done to them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mix {
    /// Keys at random; this share of them is read, the others are written.
    Random {
        /// From 0 to 1.
        reads: f64,
    },
    /// Every so-many-th key once, to be written.
    Fill {
        /// The first key.
        from: u64,
        /// How far it is to the next.
        step: u64,
    },
}

/// The stream of one client's operations.
#[derive(Clone, Debug)]
pub struct Workload {
    mix: Mix,
    keys: u64,
    dice: Dice,
    filled: u64,
    /// Below this the dice say: read.
    read_below: u64,
}

impl Workload {
    /// Operations on `keys` keys. Equal seeds give equal streams.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 2^32")]
    pub fn new(mix: Mix, keys: u64, seed: u64) -> Self {
        let reads = match mix {
            Mix::Random { reads } => reads,
            Mix::Fill { .. } => 0.0,
        };
        let read_below = (reads.clamp(0.0, 1.0) * 4_294_967_296.0) as u64;
        Self { mix, keys, dice: Dice(seed), filled: 0, read_below }
    }

    /// The next one.
    #[inline]
    pub fn next(&mut self) -> (Verb, u64) {
        match self.mix {
            Mix::Random { .. } => {
                let roll = self.dice.roll();
                let verb = if (roll >> 32) < self.read_below { Verb::Get } else { Verb::Put };
                (verb, self.dice.below(self.keys))
            }
            Mix::Fill { from, step } => {
                let key = from + self.filled * step;
                self.filled += 1;
                (Verb::Put, key)
            }
        }
    }
}

/// The values of all keys: windows into one pool of incompressible bytes.
#[derive(Clone, Debug)]
pub struct Values {
    pool: Vec<u8>,
    bytes: usize,
}

/// How many windows there are.
const WINDOWS: usize = 1 << 16;

impl Values {
    /// Values of this size.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        let mut dice = Dice(bytes as u64);
        let words = (WINDOWS + bytes).div_ceil(8);
        let pool = (0..words).flat_map(|_| dice.roll().to_le_bytes()).collect();
        Self { pool, bytes }
    }

    /// The value of a key.
    #[inline]
    #[must_use]
    pub fn of(&self, key: u64) -> &[u8] {
        let at = (mixed(key) >> 48) as usize;
        &self.pool[at..at + self.bytes]
    }

    /// The size of each.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

/// A stream of random numbers: SplitMix64 (Steele, Lea and Flood, 2014).
#[derive(Clone, Debug)]
struct Dice(u64);

impl Dice {
    #[inline]
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }

    /// A number below `bound`.
    #[inline]
    fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.roll()) * u128::from(bound)) >> 64) as u64
    }
}

#[inline]
fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_give_equal_streams() {
        let stream = |seed| {
            let mut workload = Workload::new(Mix::Random { reads: 0.5 }, 100, seed);
            (0..50).map(|_| workload.next()).collect::<Vec<_>>()
        };
        assert_eq!(stream(1), stream(1));
        assert_ne!(stream(1), stream(2));
        assert!(stream(1).iter().all(|(_, key)| *key < 100));
    }

    #[test]
    fn the_share_of_reads_is_kept() {
        let reads_of = |reads| {
            let mut workload = Workload::new(Mix::Random { reads }, 10, 3);
            (0..10_000).filter(|_| workload.next().0 == Verb::Get).count()
        };
        assert_eq!(reads_of(0.0), 0);
        assert_eq!(reads_of(1.0), 10_000);
        assert!((8_800..9_200).contains(&reads_of(0.9)));
    }

    #[test]
    fn a_fill_takes_every_key_once() {
        let mut keys: Vec<u64> = (0..3)
            .flat_map(|from| {
                let mut workload = Workload::new(Mix::Fill { from, step: 3 }, 9, 0);
                (0..3).map(move |_| workload.next().1)
            })
            .collect();
        keys.sort_unstable();
        assert_eq!(keys, (0..9).collect::<Vec<_>>());
    }

    #[test]
    fn a_value_depends_on_its_key_alone() {
        let values = Values::new(32);
        assert_eq!(values.of(5), Values::new(32).of(5));
        assert_ne!(values.of(5), values.of(6));
        assert_eq!(values.of(u64::MAX).len(), 32);
        assert_eq!(Values::new(0).of(1), b"");
    }
}
