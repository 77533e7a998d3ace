//! Wakes clients when their next operation falls due, to some fifty microseconds.
//!
//! Tokio's timers are a millisecond coarse, which is many times the latency that is measured. So a
//! thread of its own sleeps from one instant to the next and wakes whose turn it is.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::pace::Schedule;

/// The shortest sleep: what falls due meanwhile is woken together.
const NAP: Duration = Duration::from_micros(50);
/// The longest sleep, so that the end of the run is seen.
const SLEEP_MAX: Duration = Duration::from_millis(50);

/// The running thread; it ends when this is dropped.
pub struct Clockwork {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Clockwork {
    /// Starts the thread. Instants of the schedules are nanoseconds since `origin`.
    #[must_use]
    pub fn start(origin: Instant, clients: Vec<(Schedule, Arc<Notify>)>) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&is_over);
        let thread = thread::spawn(move || run(origin, clients, &seen));
        Self { is_over, thread: Some(thread) }
    }
}

impl Drop for Clockwork {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It cannot panic: it only sleeps and wakes.
            let _ = thread.join();
        }
    }
}

fn run(origin: Instant, mut clients: Vec<(Schedule, Arc<Notify>)>, is_over: &AtomicBool) {
    let mut turns: BinaryHeap<_> = clients
        .iter()
        .enumerate()
        .map(|(index, (s, _))| Reverse((nanos(s.first), index)))
        .collect();
    while !is_over.load(Ordering::Relaxed) {
        let now = u64::try_from(origin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        while let Some(&Reverse((at, index))) = turns.peek()
            && at <= now
        {
            let (schedule, alarm) = &mut clients[index];
            alarm.notify_one();
            // Turns that have passed meanwhile are served by this one waking.
            while nanos(schedule.first) <= now {
                schedule.first += schedule.interval;
            }
            turns.pop();
            turns.push(Reverse((nanos(schedule.first), index)));
        }
        let Some(&Reverse((next, _))) = turns.peek() else { return };
        thread::sleep(Duration::from_nanos(next - now).clamp(NAP, SLEEP_MAX));
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is time")]
fn nanos(at: f64) -> u64 {
    at as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_woken_at_its_instants() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let alarm = Arc::new(Notify::new());
        let origin = Instant::now();
        let schedule = Schedule { first: 1e6, interval: 1e6 };
        let _clockwork = Clockwork::start(origin, vec![(schedule, Arc::clone(&alarm))]);
        runtime.block_on(async {
            for turn in 1..=3 {
                alarm.notified().await;
                assert!(origin.elapsed() >= Duration::from_millis(turn));
            }
        });
    }
}
