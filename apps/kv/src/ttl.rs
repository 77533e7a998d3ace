//! How long a value lives, as its writer says it: turned into an instant once, at the door.

use std::time::Duration;

use peer_ring_core::actor::Wall;

use crate::app::Expiry;
use crate::namespace::Settings;

/// An instant that is long past: what expires then is gone at once.
pub const PAST: Expiry = Expiry(1);

/// How long a value lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ttl {
    /// As long as its namespace says.
    #[default]
    Namespace,
    /// For ever.
    Never,
    /// So long from now.
    For(Duration),
    /// Until this instant.
    Until(Expiry),
}

impl Ttl {
    /// When a value written at `now` expires, if it does.
    #[must_use]
    pub fn expiry(self, settings: &Settings, now: Wall) -> Option<Expiry> {
        let after = |ttl| Expiry(now.after(ttl).0);
        match self {
            Self::Namespace => settings.ttl().map(after),
            Self::Never => None,
            Self::For(ttl) => Some(after(ttl)),
            // Zero would be for ever in a record.
            Self::Until(at) => Some(at.max(PAST)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_namespace_decides_when_the_writer_does_not() {
        let settings = Settings { ttl_ms: Some(50), ..Settings::default() };
        assert_eq!(Ttl::Namespace.expiry(&settings, Wall(100)), Some(Expiry(150)));
        assert_eq!(Ttl::Never.expiry(&settings, Wall(100)), None);
        let for_two = Ttl::For(Duration::from_millis(2));
        assert_eq!(for_two.expiry(&settings, Wall(100)), Some(Expiry(102)));
    }

    #[test]
    fn an_instant_in_the_past_never_means_for_ever() {
        let expiry = Ttl::Until(Expiry(0)).expiry(&Settings::default(), Wall(9));
        assert_eq!(expiry, Some(PAST));
    }
}
