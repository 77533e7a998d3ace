//! The history as a doubly linked list of calls and returns, from which operations are lifted.
//!
//! Lifting unlinks an operation's call and return, but leaves their own links in place, so putting
//! them back, last lifted first, restores the list in constant time (Knuth's dancing links, which
//! Lowe's algorithm rests on).

use super::Operation;

/// The events of one key's history in order; with equal stamps, calls stand before returns.
pub(super) struct Timeline {
    /// `events[HEAD]` stands for the list's ends and belongs to no operation.
    events: Vec<Event>,
    next: Vec<u32>,
    previous: Vec<u32>,
    places: Vec<Place>,
}

/// One event of the list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// Both ends of the list.
    End,
    /// The call of an operation, named by its index.
    Call {
        /// The operation's index.
        operation: u32,
    },
    /// The return of an operation.
    Return {
        /// The operation's index.
        operation: u32,
        /// How many returns the whole history has before this one.
        rank: u32,
    },
}

/// Where the events of an operation are; an open operation has no return.
#[derive(Clone, Copy)]
struct Place {
    call: u32,
    returns: Option<u32>,
}

/// A position in the list.
pub(super) type Position = u32;

/// The position before the first event.
pub(super) const HEAD: Position = 0;

impl Timeline {
    /// The list of all events of `operations`, which come in order of invocation; `returns` names
    /// those that returned, in order of return.
    pub(super) fn of(operations: &[Operation], returns: &[(u64, usize)]) -> Self {
        assert!(operations.len() < (u32::MAX / 2) as usize, "positions fit 32 bits");
        assert!(operations.is_sorted_by_key(|operation| operation.invoked));
        let mut events = vec![Event::End];
        let mut places = Vec::with_capacity(operations.len());
        let call_until = |stamp: u64, events: &mut Vec<Event>, places: &mut Vec<Place>| {
            while operations.get(places.len()).is_some_and(|next| next.invoked <= stamp) {
                let operation = places.len() as u32;
                places.push(Place { call: events.len() as u32, returns: None });
                events.push(Event::Call { operation });
            }
        };
        for (rank, &(returned, operation)) in returns.iter().enumerate() {
            call_until(returned, &mut events, &mut places);
            places[operation].returns = Some(events.len() as u32);
            events.push(Event::Return { operation: operation as u32, rank: rank as u32 });
        }
        call_until(u64::MAX, &mut events, &mut places);

        let len = events.len() as u32;
        Self {
            next: (0..len).map(|position| (position + 1) % len).collect(),
            previous: (0..len).map(|position| (position + len - 1) % len).collect(),
            events,
            places,
        }
    }

    /// The event at `position`.
    pub(super) fn event(&self, position: Position) -> Event {
        self.events[position as usize]
    }

    /// The position after `position`, which must be in the list.
    pub(super) fn after(&self, position: Position) -> Position {
        self.next[position as usize]
    }

    /// Takes the operation's call and return out of the list.
    pub(super) fn lift(&mut self, operation: u32) {
        let place = self.places[operation as usize];
        self.unlink(place.call);
        if let Some(returns) = place.returns {
            self.unlink(returns);
        }
    }

    /// Puts back the operation that was lifted last.
    pub(super) fn restore(&mut self, operation: u32) {
        let place = self.places[operation as usize];
        if let Some(returns) = place.returns {
            self.relink(returns);
        }
        self.relink(place.call);
    }

    fn unlink(&mut self, position: Position) {
        let (before, after) = self.neighbours(position);
        self.next[before as usize] = after;
        self.previous[after as usize] = before;
    }

    fn relink(&mut self, position: Position) {
        let (before, after) = self.neighbours(position);
        self.next[before as usize] = position;
        self.previous[after as usize] = position;
    }

    fn neighbours(&self, position: Position) -> (Position, Position) {
        (self.previous[position as usize], self.next[position as usize])
    }
}
