//! How many pages are under way, and that one owner of no use holds up no other.

use super::*;

const PAGES_MAX: usize = 64;

fn many() -> World {
    World::on(sample::ring_of(256, &["a", "b", "c"]))
}

impl World {
    /// How many owners' data is wanted still, over all partitions.
    fn wanted(&self) -> usize {
        self.copying.transfers().map(|transfer| transfer.peers.len()).sum()
    }

    /// Answers each page of `from` that is under way, as `answer` says.
    fn answer_all(&mut self, from: Seat, answer: impl Fn() -> Response) {
        while let Some(at) = self.asked.iter().position(|(to, ..)| *to == from) {
            let (_, id, _) = self.asked.remove(at);
            self.tell(In::Answer { from, id, response: answer() });
        }
    }
}

fn empty() -> Response {
    Response::Copied { records: Vec::new(), upto: None, is_blank: false }
}

#[test]
fn no_more_pages_are_under_way_than_allowed() {
    let mut world = many();
    assert_eq!(world.asked.len(), PAGES_MAX);
    world.pass(RETRY_PAUSE);
    assert_eq!(world.asked.len(), PAGES_MAX);
}

#[test]
fn more_partitions_than_pages_are_filled_without_waiting_for_a_retry() {
    let mut world = many();
    for _ in 0..256 {
        for other in [1, 2] {
            world.answer_all(world.owner(other), empty);
        }
    }
    assert!(world.is_trusted());
    assert_eq!(world.done.len(), 256);
}

#[test]
fn an_owner_that_cannot_be_reached_holds_up_no_other() {
    let mut world = many();
    for _ in 0..256 {
        world.answer_all(world.owner(1), empty);
        while let Some((id, _)) = world.take_asked(2) {
            world.tell(In::Undelivered { id });
        }
    }
    // All of the one are copied, and none of the other.
    assert_eq!(world.wanted(), 256);
}

#[test]
fn an_owner_that_is_silent_holds_up_no_other() {
    let mut world = many();
    for _ in 0..100 {
        world.answer_all(world.owner(1), empty);
        world.pass(SILENCE_MAX);
    }
    assert_eq!(world.wanted(), 256);
}

#[test]
fn a_page_is_not_given_up_while_its_owner_is_busy_with_others() {
    let mut world = many();
    let (late, _) = world.take_asked(1).unwrap();
    for _ in 0..10 {
        world.pass(SILENCE_MAX / 2);
        let (id, _) = world.take_asked(1).unwrap();
        world.tell(In::Answer { from: world.owner(1), id, response: empty() });
    }
    assert!(world.copying.pages.has(late));
}
