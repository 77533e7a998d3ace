//! Which mixtures of requests the store's clients make.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::random::{Chance, Stream};
use crate::store::{Call, Promise};

/// What clients ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mix {
    /// Another mixture in every run.
    #[default]
    Drawn,
    /// All on one key.
    HotKey,
    /// Mostly reads.
    Reads,
    /// Mostly writes.
    Writes,
    /// As many deletes as writes.
    Deletes,
    /// Values that expire, most of them.
    Expiring,
    /// Values of up to 200 kB.
    Big,
}

/// The mixture of one run.
#[derive(Clone, Debug)]
pub(super) struct Drawn {
    keys: u32,
    gets: Chance,
    deletes: Chance,
    expiring: Chance,
    bytes: RangeInclusive<u64>,
}

impl Mix {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Drawn,
        Self::HotKey,
        Self::Reads,
        Self::Writes,
        Self::Deletes,
        Self::Expiring,
        Self::Big,
    ];

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Drawn => "drawn",
            Self::HotKey => "hot-key",
            Self::Reads => "reads",
            Self::Writes => "writes",
            Self::Deletes => "deletes",
            Self::Expiring => "expiring",
            Self::Big => "big",
        }
    }

    /// The mixture of one run. What is linearizable has no expiry.
    pub(super) fn draw(self, promise: Promise, stream: &mut Stream) -> Drawn {
        let keys = *stream.pick(&[1, 2, 3, 5, 12]);
        let gets = *stream.pick(&[20, 50, 80]);
        let deletes = *stream.pick(&[0, 10, 40]);
        let may_expire = promise != Promise::Linearizable;
        let expiring = if stream.below(4) == 0 { 30 } else { 0 };
        let bytes = match stream.below(40) {
            0 => 8..=200_000,
            1..4 => 8..=4_000,
            _ => 8..=64,
        };
        let expiring = if self == Self::Expiring { 80 } else { expiring };
        Drawn {
            keys: if self == Self::HotKey { 1 } else { keys },
            gets: Chance::percent(match self {
                Self::Reads => 90,
                Self::Writes => 10,
                Self::Drawn | Self::HotKey | Self::Deletes | Self::Expiring | Self::Big => gets,
            }),
            deletes: Chance::percent(if self == Self::Deletes { 50 } else { deletes }),
            expiring: Chance::percent(if may_expire { expiring } else { 0 }),
            bytes: if self == Self::Big { 8..=200_000 } else { bytes },
        }
    }
}

impl Drawn {
    pub(super) fn call(&self, stream: &mut Stream) -> Call {
        let key = u32::try_from(stream.below(self.keys.into())).expect("below a u32");
        if stream.happens(self.gets) {
            return Call::Get { key };
        }
        if stream.happens(self.deletes) {
            return Call::Delete { key };
        }
        let lives =
            stream.happens(self.expiring).then(|| Duration::from_millis(stream.within(20..=4_000)));
        let bytes = u32::try_from(stream.within(self.bytes.clone())).expect("not that long");
        Call::Put { key, bytes, lives }
    }
}
