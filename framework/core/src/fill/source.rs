//! What is known of the other owners of one blank partition, and when that is enough.

use bytes::Bytes;

use crate::id::Seat;

/// The copying of one partition.
pub(super) struct Filling {
    others: Vec<(Seat, Source)>,
}

/// What is known of another owner's replica.
///
/// It is unknown until it answers. A blank one may be trusted later, so it is asked again. One
/// with data is copied page by page, and done with after its last page: what was copied stays
/// copied, even if that owner loses its data later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Unknown,
    Blank,
    Copying { after: Bytes },
    Copied,
}

impl Filling {
    /// Nothing is known of `others` yet.
    pub fn new(others: impl Iterator<Item = Seat>) -> Self {
        Self { others: others.map(|owner| (owner, Source::Unknown)).collect() }
    }

    /// The owners that are not copied yet.
    pub fn wanted(&self) -> impl Iterator<Item = Seat> {
        let wanted = self.others.iter().filter(|(_, source)| *source != Source::Copied);
        wanted.map(|(owner, _)| *owner)
    }

    /// What is known of `owner`; `None` when it is none.
    pub fn source(&self, owner: Seat) -> Option<&Source> {
        self.others.iter().find(|(seat, _)| *seat == owner).map(|(_, source)| source)
    }

    /// Takes note of what `owner` turned out to be.
    pub fn learn(&mut self, owner: Seat, source: Source) {
        let known = self.others.iter_mut().find(|(seat, _)| *seat == owner);
        if let Some((_, known)) = known.filter(|(_, known)| *known != Source::Copied) {
            *known = source;
        }
    }

    /// Whether the copy is complete; see [`crate::fill`]. `has_waited` when owners that have not
    /// answered yet have had the time to.
    pub fn is_complete(&self, has_waited: bool) -> bool {
        let owners = self.others.len() + 1;
        let majority = owners / 2 + 1;
        let count = |wanted: fn(&Source) -> bool| {
            self.others.iter().filter(|(_, source)| wanted(source)).count()
        };
        let copied = count(|source| *source == Source::Copied);
        let copying = count(|source| matches!(source, Source::Copying { .. }));
        let unknown = count(|source| *source == Source::Unknown);
        let blank = 1 + count(|source| *source == Source::Blank);
        let is_new = blank >= majority && copying == 0 && (unknown == 0 || has_waited);
        copied > owners - majority || is_new
    }
}
