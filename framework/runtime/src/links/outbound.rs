//! The sending half of a link: messages in, frames out.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use futures::Stream;
use peer_ring_core::peer::Message;
use peer_ring_proto::{Frame, Limits, Packer, RawFrame, WireVersion};

use crate::links::lock;

/// Takes messages for one link, from any thread.
#[derive(Clone)]
pub struct Outbound(Arc<Mutex<Queue>>);

/// What a link has to send, as a stream of frames. Dropping it closes the link's sending half.
pub struct Frames(Arc<Mutex<Queue>>);

struct Queue {
    /// Frames of the handshake go first.
    first: Vec<RawFrame>,
    packer: Packer,
    version: WireVersion,
    bytes_max: usize,
    waker: Option<Waker>,
    is_closed: bool,
    sent: u64,
    refused: u64,
}

impl Outbound {
    /// A link's sending half and its frames, of which `first` is the first, in this version of the
    /// wire.
    #[must_use]
    pub fn new(
        first: Frame,
        version: WireVersion,
        limits: &Limits,
        bytes_max: usize,
    ) -> (Self, Frames) {
        let queue = Arc::new(Mutex::new(Queue {
            first: vec![first.encode(version)],
            packer: Packer::new(limits, version),
            version,
            bytes_max,
            waker: None,
            is_closed: false,
            sent: 0,
            refused: 0,
        }));
        (Self(Arc::clone(&queue)), Frames(queue))
    }

    /// Speaks the version that the handshake came to. Nothing but that was queued before.
    pub fn speak(&self, version: WireVersion) {
        let mut queue = lock(&self.0);
        queue.packer.speak(version);
        queue.version = version;
    }

    /// Which version of the wire it speaks.
    #[must_use]
    pub fn version(&self) -> WireVersion {
        lock(&self.0).version
    }

    /// Queues a message. Whether it was: not when the link is closed or too much waits already.
    #[must_use]
    pub fn send(&self, message: Message) -> bool {
        let mut queue = lock(&self.0);
        if queue.is_closed {
            return false;
        }
        if queue.packer.pending_bytes() >= queue.bytes_max {
            queue.refused += 1;
            return false;
        }
        if let Err(error) = queue.packer.push(message) {
            tracing::warn!(%error, "a message is too large for the peer and was not sent");
            queue.refused += 1;
            return false;
        }
        queue.sent += 1;
        let waker = queue.waker.take();
        drop(queue);
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    /// Sends what is queued and then nothing more.
    pub fn close(&self) {
        let mut queue = lock(&self.0);
        queue.is_closed = true;
        if let Some(waker) = queue.waker.take() {
            waker.wake();
        }
    }

    /// Bytes that wait, messages sent and messages refused.
    #[must_use]
    pub fn counts(&self) -> (usize, u64, u64) {
        let queue = lock(&self.0);
        (queue.packer.pending_bytes(), queue.sent, queue.refused)
    }
}

impl Frames {
    /// What ends them: after what is queued nothing comes any more.
    #[must_use]
    pub fn end(&self) -> End {
        End(Outbound(Arc::clone(&self.0)))
    }
}

/// Ends a link's frames when it is dropped.
pub struct End(Outbound);

impl Drop for End {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Stream for Frames {
    type Item = RawFrame;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<RawFrame>> {
        let mut queue = lock(&self.0);
        if let Some(frame) = queue.first.pop() {
            return Poll::Ready(Some(frame));
        }
        if let Some(frame) = queue.packer.pop() {
            return Poll::Ready(Some(frame));
        }
        if queue.is_closed {
            return Poll::Ready(None);
        }
        queue.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        lock(&self.0).is_closed = true;
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures::{FutureExt, StreamExt};
    use peer_ring_core::id::{Epoch, RequestId};
    use peer_ring_core::peer::{Body, Response};
    use peer_ring_proto::hello::{Goodbye, RefusalCode};

    use super::*;

    const NEWEST: WireVersion = WireVersion::NEWEST;

    fn link(bytes_max: usize) -> (Outbound, Frames) {
        let first = Goodbye { code: RefusalCode::Other, text: String::new() };
        let (outbound, mut frames) =
            Outbound::new(Frame::Goodbye(first), NEWEST, &Limits::default(), bytes_max);
        assert!(frames.next().now_or_never().is_some(), "the handshake goes first");
        (outbound, frames)
    }

    fn message(bytes: usize) -> Message {
        let (reply, seen) = (Bytes::from(vec![0; bytes]), Bytes::new());
        let response = Response::Executed { reply, seen };
        Message { epoch: Epoch(1), body: Body::Response { id: RequestId(1), response } }
    }

    fn next(frames: &mut Frames) -> Option<Option<Frame>> {
        let raw = frames.next().now_or_never()?;
        Some(raw.map(|raw| Frame::decode(raw, NEWEST, &Limits::default()).unwrap()))
    }

    #[test]
    fn what_was_queued_meanwhile_goes_out_as_one_frame() {
        let (outbound, mut frames) = link(1_000);
        for _ in 0..3 {
            assert!(outbound.send(message(1)));
        }
        assert_eq!(next(&mut frames), Some(Some(Frame::Batch(vec![message(1); 3]))));
        assert_eq!(next(&mut frames), None);
    }

    #[test]
    fn a_link_with_too_much_to_send_refuses_more() {
        let (outbound, mut frames) = link(100);
        assert!(outbound.send(message(200)));
        assert!(!outbound.send(message(1)));
        let (_, sent, refused) = outbound.counts();
        assert_eq!((sent, refused), (1, 1));
        assert!(next(&mut frames).is_some());
        assert!(outbound.send(message(1)));
    }

    #[test]
    fn a_closed_link_sends_what_it_has_and_takes_no_more() {
        let (outbound, mut frames) = link(100);
        assert!(outbound.send(message(1)));
        outbound.close();
        assert!(!outbound.send(message(1)));
        assert!(matches!(next(&mut frames), Some(Some(Frame::Batch(_)))));
        assert_eq!(next(&mut frames), Some(None));
    }

    #[test]
    fn what_is_queued_still_goes_out_when_the_end_is_dropped() {
        let (outbound, mut frames) = link(100);
        let end = frames.end();
        assert!(outbound.send(message(1)));
        drop(end);
        assert!(matches!(next(&mut frames), Some(Some(Frame::Batch(_)))));
        assert_eq!(next(&mut frames), Some(None));
    }

    #[test]
    fn a_link_whose_frames_nobody_takes_any_more_is_closed() {
        let (outbound, frames) = link(100);
        drop(frames);
        assert!(!outbound.send(message(1)));
    }
}
