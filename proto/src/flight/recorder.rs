//! Makes entries of an actor's turns, one after the other, in room that is used again.

use peer_ring_core::actor::Now;
use peer_ring_core::id::Desk;

use crate::flight::entry::{Outcome, put_desk, put_now, put_outcome};
use crate::flight::{Digest, Digested, Recorded, input, record};

/// Most room that is kept from one entry to the next: a big command is rare.
const KEPT_BYTES_MAX: usize = 64 * 1024;

/// Makes entries of one actor's turns.
#[derive(Debug)]
pub struct Recorder {
    desk: Desk,
    record: Vec<u8>,
    scratch: Vec<u8>,
}

impl Recorder {
    /// Makes entries of the turns of the actor at `desk`.
    #[must_use]
    pub fn new(desk: Desk) -> Self {
        Self { desk, record: Vec::new(), scratch: Vec::new() }
    }

    /// Whose turns it makes entries of.
    #[must_use]
    pub fn desk(&self) -> Desk {
        self.desk
    }

    /// Begins an entry, before the actor is given the input; `None` when its deadline has come.
    pub fn begin<I: Recorded>(&mut self, now: Now, input: Option<&I>) {
        for room in [&mut self.record, &mut self.scratch] {
            room.clear();
            room.shrink_to(KEPT_BYTES_MAX);
        }
        self.record.extend_from_slice(&[0; record::HEAD_BYTES]);
        put_desk(&mut self.record, self.desk);
        put_now(&mut self.record, now);
        match input {
            Some(input) => input.lay_down(&mut self.record),
            None => input::put_wake(&mut self.record),
        }
    }

    /// Ends the entry that was begun, before anything is done with the orders that the actor gave.
    /// The entry's record.
    pub fn end<'a, O: Digested + 'a>(
        &mut self,
        orders: impl ExactSizeIterator<Item = &'a O>,
        is_panicked: bool,
    ) -> &[u8] {
        let digest = Digest::of(orders, &mut self.scratch);
        put_outcome(&mut self.record, Outcome { digest, is_panicked });
        record::seal(&mut self.record);
        &self.record
    }
}
