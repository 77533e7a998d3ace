//! How far a seat stands from a partition: weighted rendezvous, in integers only.
//!
//! Hash (seat, partition) to a number `u` between 0 and 1 and take `-log2(u) / weight`: that is an
//! exponential race, which a seat of weight 3 wins three times as often as one of weight 1. A float
//! logarithm may differ in its last bit between machines, and with it the ring; this one is a
//! table that the compiler works out by integer squaring, and a straight line between its points.

use xxhash_rust::xxh3::xxh3_64;

use crate::id::Seat;

/// Bits after the point of a logarithm.
const POINT: u32 = 40;
/// Bits of the table's index, and of what is left of a mantissa's fraction to draw the line with.
const INDEX: u32 = 8;
const REST: u32 = 31;

/// `log2(1 + i / 256)`.
static LOG2: [u64; (1 << INDEX) + 1] = log2_table();

/// The distance of `partition` from `seat`, which has `weight`: the nearer, the rather it owns it.
///
/// # Panics
/// When `weight` is zero: such a seat is not in the race.
pub(super) fn distance(seat: Seat, partition: usize, weight: u32) -> u64 {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&seat.0.to_le_bytes());
    bytes[8..].copy_from_slice(&(partition as u64).to_le_bytes());
    // At most 64 << 40: seventeen more bits still fit, and keep the quotient fine.
    (minus_log2(xxh3_64(&bytes)) << 17) / u64::from(weight)
}

/// `-log2(hash / 2^64)`; a hash of zero counts as one.
fn minus_log2(hash: u64) -> u64 {
    let hash = hash.max(1);
    let zeros = hash.leading_zeros();
    let fraction = (hash << zeros) & (u64::MAX >> 1);
    let index = (fraction >> (63 - INDEX)) as usize;
    let rest = (fraction >> (63 - INDEX - REST)) & ((1 << REST) - 1);
    let (low, high) = (LOG2[index], LOG2[index + 1]);
    let log = low + (((high - low) * rest) >> REST);
    (u64::from(zeros + 1) << POINT) - log
}

/// One bit a turn: squaring a number doubles its logarithm.
const fn log2_table() -> [u64; (1 << INDEX) + 1] {
    const ONE: u128 = 1 << 62;
    let mut table = [1 << POINT; (1 << INDEX) + 1];
    let mut index = 0;
    while index < 1 << INDEX {
        let mut x = ONE + ((index as u128) << (62 - INDEX));
        let mut log = 0;
        let mut bit = 0;
        while bit < POINT {
            x = (x * x) >> 62;
            log <<= 1;
            if x >= 2 * ONE {
                x >>= 1;
                log |= 1;
            }
            bit += 1;
        }
        table[index] = log;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_is_one_step_and_a_quarter_two() {
        assert_eq!(minus_log2(1 << 63), 1 << POINT);
        assert_eq!(minus_log2(1 << 62), 2 << POINT);
        assert_eq!(minus_log2(1), 64 << POINT);
        assert_eq!(minus_log2(0), 64 << POINT);
        assert!(minus_log2(u64::MAX) < 1 << 10);
    }

    #[test]
    fn the_logarithm_never_rises_with_the_hash_and_is_near_the_true_one() {
        let mut last = u64::MAX;
        for step in 1..100_000_u64 {
            let hash = step * (u64::MAX / 100_000);
            let log = minus_log2(hash);
            assert!(log <= last);
            last = log;
            #[expect(clippy::cast_precision_loss, reason = "a test may compare with floats")]
            let (mine, truth) = (log as f64 / (1_u64 << POINT) as f64, 64.0 - (hash as f64).log2());
            assert!((mine - truth).abs() < 4e-6, "{hash}: {mine} {truth}");
        }
    }

    #[test]
    fn a_seat_of_weight_three_wins_three_times_out_of_four() {
        let wins = (0..10_000).filter(|&p| distance(Seat(1), p, 3) < distance(Seat(2), p, 1));
        let won = wins.count();
        assert!((7_300..7_700).contains(&won), "{won}");
    }

    #[test]
    fn distances_are_the_same_in_every_build() {
        assert_eq!(distance(Seat(1), 0, 1), 391_493_660_063_039_488);
        assert_eq!(distance(Seat(u64::MAX), 4_095, 7), 34_036_324_447_963_428);
    }
}
