//! The times in a client's command, and those in an answer, counted as Redis counts them.

use peer_ring_core::actor::Wall;

use super::refusal::Refusal;
use crate::app::Expiry;

/// How a time is given: from when it counts, and in what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// In seconds from now.
    Seconds,
    /// In milliseconds from now.
    Millis,
    /// In seconds since the Unix epoch.
    AtSeconds,
    /// In milliseconds since the Unix epoch.
    AtMillis,
}

/// Reads an integer as Redis does: no blanks, no plus, no zeros before it.
pub(super) fn integer(bytes: &[u8]) -> Result<i64, Refusal> {
    let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let is_plain = match digits {
        [] => false,
        [b'0'] => digits.len() == bytes.len(),
        [first, ..] => *first != b'0' && digits.iter().all(u8::is_ascii_digit),
    };
    let text = std::str::from_utf8(bytes).ok().filter(|_| is_plain);
    text.and_then(|text| text.parse().ok()).ok_or(Refusal::NotAnInteger)
}

impl Unit {
    /// When something expires that is to live for `time`, or until then; `None` when that is past.
    ///
    /// # Errors
    /// [`Refusal::InvalidExpireTime`] when no clock will ever show it.
    pub(super) fn instant(
        self,
        time: i64,
        now: Wall,
        command: &'static str,
    ) -> Result<Option<Expiry>, Refusal> {
        let invalid = Refusal::InvalidExpireTime { command };
        let now = i64::try_from(now.0).unwrap_or(i64::MAX);
        let millis = match self {
            Self::Seconds => time.checked_mul(1_000).and_then(|millis| millis.checked_add(now)),
            Self::Millis => time.checked_add(now),
            Self::AtSeconds => time.checked_mul(1_000),
            Self::AtMillis => Some(time),
        };
        let millis = millis.ok_or(invalid)?;
        let future = u64::try_from(millis).ok().filter(|_| millis > now);
        Ok(future.map(Expiry))
    }

    /// What is left until `expires`, or when that is.
    pub(super) fn of(self, expires: Expiry, now: Wall) -> i64 {
        let at = i64::try_from(expires.0).unwrap_or(i64::MAX);
        let left = i64::try_from(expires.0.saturating_sub(now.0)).unwrap_or(i64::MAX);
        match self {
            Self::Seconds => rounded(left),
            Self::Millis => left,
            Self::AtSeconds => rounded(at),
            Self::AtMillis => at,
        }
    }
}

/// Milliseconds as the nearest number of seconds.
fn rounded(millis: i64) -> i64 {
    millis.saturating_add(500) / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_is_what_redis_takes_for_one() {
        for (text, wanted) in [("0", 0), ("-1", -1), ("9223372036854775807", i64::MAX)] {
            assert_eq!(integer(text.as_bytes()), Ok(wanted));
        }
        for text in ["", "-", "+1", " 1", "1 ", "01", "-0", "1x", "9223372036854775808"] {
            assert_eq!(integer(text.as_bytes()), Err(Refusal::NotAnInteger), "{text}");
        }
    }

    #[test]
    fn a_time_is_counted_from_now_or_from_the_epoch() {
        let now = Wall(10_000);
        assert_eq!(Unit::Seconds.instant(2, now, "set"), Ok(Some(Expiry(12_000))));
        assert_eq!(Unit::Millis.instant(2, now, "set"), Ok(Some(Expiry(10_002))));
        assert_eq!(Unit::AtSeconds.instant(12, now, "set"), Ok(Some(Expiry(12_000))));
        assert_eq!(Unit::AtMillis.instant(9_999, now, "set"), Ok(None));
        assert_eq!(Unit::Seconds.instant(-1, now, "set"), Ok(None));
        let invalid = Err(Refusal::InvalidExpireTime { command: "set" });
        assert_eq!(Unit::Seconds.instant(i64::MAX, now, "set"), invalid);
        assert_eq!(Unit::Millis.instant(i64::MAX, now, "set"), invalid);
    }

    #[test]
    fn what_is_left_is_rounded_to_the_nearest_second() {
        let now = Wall(10_000);
        assert_eq!(Unit::Seconds.of(Expiry(11_499), now), 1);
        assert_eq!(Unit::Seconds.of(Expiry(11_500), now), 2);
        assert_eq!(Unit::Millis.of(Expiry(9_000), now), 0);
        assert_eq!(Unit::AtSeconds.of(Expiry(11_500), now), 12);
    }
}
