//! Spans of time as people write them: `1.5s`, `300ms`, `20us`, `7ns`; exact to the nanosecond.

use std::fmt;
use std::time::Duration;

/// Units, the greatest first, in nanoseconds.
const UNITS: [(&str, u64); 4] = [("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000), ("ns", 1)];

/// A span that is shown with the greatest unit of which it has at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        let unit = UNITS.iter().find(|(_, unit)| nanos >= u128::from(*unit));
        let Some((name, unit)) = unit else {
            return f.write_str("0s");
        };
        let (whole, part) = (nanos / u128::from(*unit), nanos % u128::from(*unit));
        write!(f, "{whole}")?;
        if part > 0 {
            let digits = unit.ilog10() as usize;
            let part = format!("{part:0digits$}");
            write!(f, ".{}", part.trim_end_matches('0'))?;
        }
        f.write_str(name)
    }
}

/// The span that a word says; `None` when it says none, or one finer than a nanosecond.
#[must_use]
pub fn read(word: &str) -> Option<Duration> {
    let number = word.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let (_, unit) = UNITS.iter().find(|(name, _)| *name == &word[number.len()..])?;
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !is_number(part) {
        return None;
    }
    let part = part.trim_end_matches('0');
    let scale = 10_u64.checked_pow(u32::try_from(part.len()).ok()?)?;
    if unit % scale != 0 {
        return None;
    }
    let part: u64 = if part.is_empty() { 0 } else { part.parse().ok()? };
    let whole = whole.parse::<u64>().ok()?.checked_mul(*unit)?;
    Some(Duration::from_nanos(whole.checked_add(part * (unit / scale))?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spans_are_written_as_people_write_them() {
        let written = |nanos| Span(Duration::from_nanos(nanos)).to_string();
        assert_eq!(written(0), "0s");
        assert_eq!(written(300_000_000), "300ms");
        assert_eq!(written(1_250_000_000), "1.25s");
        assert_eq!(written(20_500), "20.5us");
        assert_eq!(written(3), "3ns");
    }

    #[test]
    fn what_is_no_span_is_none() {
        for word in ["", "s", "5", "-1s", "1.s", ".5s", "1h", "0.5ns", "99999999999999s", "1e3s"] {
            assert_eq!(read(word), None, "{word}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(nanos: u64) {
            let span = Duration::from_nanos(nanos);
            prop_assert_eq!(read(&Span(span).to_string()), Some(span));
        }
    }
}
