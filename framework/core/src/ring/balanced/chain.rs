//! The shortest chain of passings-on between two candidates: breadth first.
//!
//! When one has too much and another too little, but nothing that the one may pass straight to the
//! other, a third takes from the one and passes something else on. That is an augmenting path of a
//! flow (Ford & Fulkerson 1956); a shortest one never uses a partition in a way that another
//! of its links forbids.

/// A partition that goes from one candidate to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub giver: usize,
    pub taker: usize,
    pub partition: usize,
}

/// The links from `start` to the nearest candidate that is an `end`, last one first.
///
/// `links` names, for a giver, what it may pass to those candidates that were not yet reached.
pub(super) fn shortest(
    candidates: usize,
    start: usize,
    mut links: impl FnMut(usize, &[bool]) -> Vec<Link>,
    end: impl Fn(usize) -> bool,
) -> Option<Vec<Link>> {
    let mut reached = vec![false; candidates];
    let mut by: Vec<Option<Link>> = vec![None; candidates];
    let mut queue = std::collections::VecDeque::from([start]);
    reached[start] = true;
    while let Some(giver) = queue.pop_front() {
        for link in links(giver, &reached) {
            if std::mem::replace(&mut reached[link.taker], true) {
                continue;
            }
            by[link.taker] = Some(link);
            if end(link.taker) {
                let back = |link: &Link| by[link.giver];
                return Some(std::iter::successors(Some(link), back).collect());
            }
            queue.push_back(link.taker);
        }
    }
    None
}
