//! Nothing is served after it has expired.
//!
//! A replica lets go of a value when its own wall clock shows the instant at which the value
//! expires. Clocks are skewed, drift and jump, so nobody is held to an instant before the slowest
//! of them has passed it: a value may be shown unless every clock was past its expiry for as long
//! as the read was under way, from before it was asked until after it was answered.

use std::collections::BTreeMap;

use peer_ring_core::actor::Wall;

use crate::check::Violation;
use crate::history::{Call, History, Operation};

/// The name of this checker.
pub const NAME: &str = "expired";

/// Whether no read shows a value that every clock says has expired.
///
/// # Errors
/// The first read that does.
pub fn check(history: &History) -> Result<(), Violation> {
    let mut expiring: BTreeMap<(u32, u64), (Wall, &Operation)> = BTreeMap::new();
    for write in history.operations() {
        match write.call {
            Call::Put { value, expires: Some(at) } => {
                expiring.insert((write.key, value), (at, write));
            }
            Call::Put { expires: None, .. } | Call::Get | Call::Delete => {}
        }
    }
    history.operations().iter().try_for_each(|read| {
        let found = read.done().and_then(|done| Some((done.earliest_wall, done.found?)));
        let Some((earliest, value)) = found else {
            return Ok(());
        };
        match expiring.get(&(read.key, value)) {
            Some((expires, write)) if *expires <= earliest => Err(Violation::new(
                NAME,
                format!(
                    "a read showed what expires at {} when no clock was before {}\n  \
                     {write}\n  {read}",
                    expires.0, earliest.0
                ),
            )),
            Some(_) | None => Ok(()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::sample::{done, put, put_until, unknown, verdict};

    #[test]
    fn a_value_that_every_clock_says_has_expired_is_reported() {
        let shown = |invoked| {
            let read = done((invoked, invoked + 9), Call::Get, Some(1), 1);
            verdict(check, vec![done((1, 2), put_until(1, 50), None, 1), read])
        };
        assert_eq!(shown(49), Ok(()));
        assert!(shown(50).unwrap_err().contains("expires at 50 when no clock was before 50"));
    }

    #[test]
    fn a_value_whose_write_nobody_knows_of_expires_all_the_same() {
        let read = done((90, 91), Call::Get, Some(1), 1);
        assert!(verdict(check, vec![unknown(1, put_until(1, 50)), read]).is_err());
    }

    #[test]
    fn what_lives_for_ever_and_what_is_not_shown_is_not_reported() {
        let for_ever = [done((1, 2), put(1), None, 1), done((90, 91), Call::Get, Some(1), 1)];
        assert_eq!(verdict(check, for_ever.into()), Ok(()));
        let gone = [done((1, 2), put_until(1, 5), None, 1), done((90, 91), Call::Get, None, 0)];
        assert_eq!(verdict(check, gone.into()), Ok(()));
    }
}
