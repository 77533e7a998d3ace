//! The shortest chain of passings-on between two candidates.
//!
//! When one has too much and another too little, but nothing that the one may pass straight to the
//! other, a third takes from the one and passes something else on: an augmenting path of a flow
//! (Ford & Fulkerson 1956), found breadth first.

/// A partition that goes from one candidate to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub giver: usize,
    pub taker: usize,
    pub partition: usize,
}

/// The links from `start` to the nearest candidate for which `is_end`, the last link first.
///
/// `links` says what a giver may pass to whom; who was reached before may be left out.
pub(super) fn shortest(
    candidates: usize,
    start: usize,
    mut links: impl FnMut(usize) -> Vec<Link>,
    is_end: impl Fn(usize) -> bool,
) -> Option<Vec<Link>> {
    let mut by: Vec<Option<Link>> = vec![None; candidates];
    let mut reached = vec![start];
    let mut next = 0;
    while next < reached.len() {
        for link in links(reached[next]) {
            if link.taker == start || by[link.taker].is_some() {
                continue;
            }
            by[link.taker] = Some(link);
            if is_end(link.taker) {
                return Some(std::iter::successors(Some(link), |link| by[link.giver]).collect());
            }
            reached.push(link.taker);
        }
        next += 1;
    }
    None
}
