//! Keeping, off the actors' threads: a disk takes its time, and fails.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use peer_ring_core::chain;

/// The pause before what could not be kept is tried again; it doubles up to the second.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// Where a control actor puts what is to be kept, and never waits.
///
/// It holds the newest only: what is kept replaces what was kept before, so that of several that
/// wait for a slow disk the last says all.
#[derive(Default)]
pub(crate) struct Slot {
    content: Mutex<Content>,
    changed: Condvar,
}

#[derive(Default)]
struct Content {
    newest: Option<(u64, chain::State)>,
    is_over: bool,
}

impl Slot {
    /// Lets this be kept, under its number.
    pub fn put(&self, number: u64, state: chain::State) {
        self.content().newest = Some((number, state));
        self.changed.notify_one();
    }

    fn end(&self) {
        self.content().is_over = true;
        self.changed.notify_one();
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest, when there is one; `None` when there will be no more.
    fn take(&self) -> Option<(u64, chain::State)> {
        let mut content = self.content();
        loop {
            if let Some(newest) = content.newest.take() {
                return Some(newest);
            }
            if content.is_over {
                return None;
            }
            content = self.changed.wait(content).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits before `failed` is tried again. What is to be tried then, if anything is.
    fn after(&self, pause: Duration, failed: (u64, chain::State)) -> Option<(u64, chain::State)> {
        let quiet = |content: &mut Content| !content.is_over;
        let waited = self.changed.wait_timeout_while(self.content(), pause, quiet);
        let (mut content, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if content.is_over {
            return None;
        }
        Some(content.newest.take().unwrap_or(failed))
    }
}

/// A thread that keeps what a slot is given.
pub(crate) struct Keeper {
    slot: Arc<Slot>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Keeps what `slot` is given by `write`, in order, and tells `kept` the number of each when it
    /// is done. What fails is tried again, for ever, unless something newer takes its place.
    pub fn start<E: std::fmt::Display>(
        slot: Arc<Slot>,
        mut write: impl FnMut(&chain::State) -> Result<(), E> + Send + 'static,
        kept: impl Fn(u64) + Send + 'static,
    ) -> std::io::Result<Self> {
        let source = Arc::clone(&slot);
        let keep = move || {
            let mut pause = PAUSE_MIN;
            let mut next = source.take();
            while let Some((number, state)) = next {
                next = match write(&state) {
                    Ok(()) => {
                        pause = PAUSE_MIN;
                        kept(number);
                        source.take()
                    }
                    Err(error) => {
                        tracing::error!(%error, again_in = ?pause, "votes cannot be kept, and so \
                            are not cast");
                        let again = source.after(pause, (number, state));
                        pause = (pause * 2).min(PAUSE_MAX);
                        again
                    }
                };
            }
        };
        let thread = thread::Builder::new().name("keeper".to_owned()).spawn(keep)?;
        Ok(Self { slot, thread: Some(thread) })
    }
}

impl Drop for Keeper {
    /// Ends the thread when it has kept what it was given, or has failed to.
    fn drop(&mut self) {
        self.slot.end();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked keeps nothing, and so says nothing.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use peer_ring_core::chain::{Ballot, State};
    use peer_ring_core::id::Seat;

    use super::*;

    fn promise(round: u64) -> State {
        State { promised: Ballot { round, seat: Seat(1) }, ..State::default() }
    }

    /// A keeper whose disk takes what `disk` says: the slot, and the numbers that were kept.
    fn keeper(
        disk: impl FnMut(&State) -> Result<(), &'static str> + Send + 'static,
    ) -> (Keeper, Receiver<u64>) {
        let (kept, numbers) = channel();
        let keeper = Keeper::start(Arc::default(), disk, move |number| {
            // The test may be over.
            let _ = kept.send(number);
        });
        (keeper.unwrap(), numbers)
    }

    const SOON: Duration = Duration::from_secs(5);

    #[test]
    fn what_is_kept_is_confirmed_in_order() {
        let (keeper, kept) = keeper(|_| Ok(()));
        for number in 1..=3 {
            keeper.slot.put(number, promise(number));
            assert_eq!(kept.recv_timeout(SOON), Ok(number));
        }
    }

    #[test]
    fn nothing_is_confirmed_while_the_disk_is_full_and_the_newest_as_soon_as_it_is_not() {
        let (free, has_room) = channel();
        let mut is_full = true;
        let (written, rounds) = channel();
        let (keeper, kept) = keeper(move |state| {
            is_full = is_full && has_room.try_recv().is_err();
            written.send((state.promised.round, is_full)).map_err(|_| "the test is over")?;
            if is_full { Err("no space left on device") } else { Ok(()) }
        });
        keeper.slot.put(1, promise(1));
        assert_eq!(rounds.recv_timeout(SOON), Ok((1, true)));
        keeper.slot.put(2, promise(2));
        assert_eq!(rounds.recv_timeout(SOON), Ok((2, true)), "the newer one takes its place");
        assert!(kept.try_recv().is_err());
        free.send(()).unwrap();
        assert_eq!(kept.recv_timeout(SOON), Ok(2));
    }

    #[test]
    fn a_keeper_that_ends_keeps_what_it_was_given_and_does_not_wait_for_a_dead_disk() {
        let (written, rounds) = channel();
        let (ending, _kept) = keeper(move |state: &State| {
            written.send(state.promised.round).map_err(|_| "the test is over")
        });
        ending.slot.put(7, promise(7));
        drop(ending);
        assert_eq!(rounds.try_recv(), Ok(7));
        let (ending, kept) = keeper(|_| Err("input/output error"));
        ending.slot.put(1, promise(1));
        drop(ending);
        assert!(kept.try_recv().is_err());
    }
}
