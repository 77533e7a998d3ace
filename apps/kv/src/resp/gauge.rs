//! How much one connection may have under way.
//!
//! Three things are bounded: commands, the bytes of requests, and the bytes of replies. Those of
//! reads are not known beforehand, so they are expected to be like the largest of the recent ones;
//! at first a connection is taken to read the largest values there can be, and is given more room
//! as they turn out smaller. What finds no room stays unread in the socket.

use crate::fronts::config::Limits;

/// What is under way for one connection.
#[derive(Clone, Debug)]
pub(super) struct Gauge {
    limits: Limits,
    commands: usize,
    /// Those of them that read values.
    reads: usize,
    request_bytes: usize,
    held_bytes: usize,
    expected_reply_bytes: usize,
}

impl Gauge {
    /// Nothing is under way.
    pub(super) fn new(limits: Limits) -> Self {
        let expected_reply_bytes = limits.value_bytes_max as usize;
        Self {
            limits,
            commands: 0,
            reads: 0,
            request_bytes: 0,
            held_bytes: 0,
            expected_reply_bytes,
        }
    }

    /// A command was asked.
    #[inline]
    pub(super) fn asked(&mut self, reads_values: bool) {
        self.commands += 1;
        self.reads += usize::from(reads_values);
    }

    /// A command was answered.
    #[inline]
    pub(super) fn answered(&mut self, reads_values: bool, reply_bytes: usize) {
        self.commands -= 1;
        if !reads_values {
            return;
        }
        self.reads -= 1;
        let forgotten = self.expected_reply_bytes - self.expected_reply_bytes / 8;
        self.expected_reply_bytes = reply_bytes.max(forgotten);
    }

    /// A request of so many bytes begins.
    #[inline]
    pub(super) fn begin(&mut self, request_bytes: usize) {
        self.request_bytes += request_bytes;
    }

    /// A request of so many bytes has ended.
    #[inline]
    pub(super) fn end(&mut self, request_bytes: usize) {
        self.request_bytes -= request_bytes;
    }

    /// So many bytes of replies wait for the replies before them.
    pub(super) fn hold(&mut self, reply_bytes: usize) {
        self.held_bytes += reply_bytes;
    }

    /// So many bytes of replies wait no more.
    pub(super) fn release(&mut self, reply_bytes: usize) {
        self.held_bytes -= reply_bytes;
    }

    /// Whether one more command fits beside those under way and the replies not yet sent.
    #[inline]
    pub(super) fn has_room(&self, output_bytes: usize) -> bool {
        // The next command may be a read as well; a single one may be as large as it likes.
        let expected = match self.reads {
            0 => 0,
            reads => (reads + 1).saturating_mul(self.expected_reply_bytes),
        };
        self.commands < self.limits.pipeline_max as usize
            && self.request_bytes < self.limits.pipeline_bytes_max as usize
            && expected.saturating_add(output_bytes + self.held_bytes)
                <= self.limits.output_bytes_max as usize / 2
    }

    /// Whether nothing is under way, and nothing is held.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.commands == 0 && self.request_bytes == 0 && self.held_bytes == 0
    }

    /// Whether more replies wait than a connection may leave unread.
    pub(super) fn is_overfull(&self, output_bytes: usize) -> bool {
        output_bytes + self.held_bytes > self.limits.output_bytes_max as usize
    }

    /// How many bytes of replies wait for the replies before them.
    pub(super) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Most bytes that the values of one reply may have.
    pub(super) fn values_bytes_max(&self) -> u32 {
        self.limits.output_bytes_max / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        key_bytes_max: 10,
        value_bytes_max: 100,
        connections_max: 1,
        pipeline_max: 50,
        pipeline_bytes_max: 1_000,
        request_bytes_max: 1_000,
        arguments_max: 10,
        output_bytes_max: 800,
        memory_bytes_max: 800,
        stall_timeout_ms: 1,
    };

    fn room(gauge: &mut Gauge) -> usize {
        let before = gauge.commands;
        while gauge.has_room(0) {
            gauge.asked(true);
        }
        gauge.commands - before
    }

    #[test]
    fn a_new_connection_gets_room_for_the_largest_replies_and_more_when_they_are_small() {
        let mut gauge = Gauge::new(LIMITS);
        assert_eq!(room(&mut gauge), 4);
        while gauge.commands > 0 {
            gauge.answered(true, 5);
        }
        assert!(room(&mut gauge) > 4);
        for _ in 0..100 {
            gauge.answered(true, 5);
            room(&mut gauge);
        }
        assert_eq!(gauge.commands, 50);
    }

    #[test]
    fn replies_larger_than_expected_shrink_the_room_at_once() {
        let mut gauge = Gauge::new(LIMITS);
        for _ in 0..100 {
            gauge.asked(true);
            gauge.answered(true, 5);
        }
        gauge.asked(true);
        gauge.answered(true, 200);
        assert_eq!(room(&mut gauge), 2);
    }

    #[test]
    fn writes_have_small_replies() {
        let mut gauge = Gauge::new(LIMITS);
        for _ in 0..50 {
            assert!(gauge.has_room(0));
            gauge.asked(false);
        }
        assert!(!gauge.has_room(0));
        gauge.answered(false, 0);
        assert!(gauge.has_room(0));
    }

    #[test]
    fn nothing_is_begun_while_replies_pile_up() {
        let gauge = Gauge::new(LIMITS);
        assert!(gauge.has_room(400));
        assert!(!gauge.has_room(401));
        assert!(!gauge.is_overfull(800) && gauge.is_overfull(801));
    }

    #[test]
    fn one_request_larger_than_the_bound_stands_alone() {
        let mut gauge = Gauge::new(LIMITS);
        gauge.begin(5_000);
        assert!(!gauge.has_room(0));
        gauge.end(5_000);
        assert!(gauge.has_room(0));
    }
}
