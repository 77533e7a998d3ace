//! Runs clients on the generator's threads, and joins what came of them.

use std::cell::RefCell;
use std::io::IsTerminal;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::Notify;
use tokio::task::LocalSet;

use super::clockwork::Clockwork;
use super::connection::{Client, Shared};
use super::pace::{Pace, Schedule};
use super::resp::Encoder;
use super::tally::Tally;
use super::workload::{Mix, Values, Workload};

/// One stretch of load.
#[derive(Clone, Debug)]
pub struct Run {
    /// What the progress bar calls it.
    pub title: &'static str,
    /// The servers; clients are shared out among them.
    pub addresses: Vec<String>,
    /// How many clients.
    pub clients: u64,
    /// How many threads they run on.
    pub threads: u64,
    /// Most operations that each has under way.
    pub pipeline: u64,
    /// The keys that are used.
    pub keys: u64,
    /// Their values.
    pub values: Arc<Values>,
    /// What is done.
    pub load: Load,
    /// How long the warm-up takes.
    pub warm_up: Duration,
    /// How long a reply may take.
    pub reply_timeout: Duration,
    /// The seed of the choice of keys.
    pub seed: u64,
}

/// What a run does, and when it ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Load {
    /// Writes every key once.
    Fill,
    /// Takes keys at random.
    Random {
        /// The share of reads.
        reads: f64,
        /// Operations a second of all clients, at fixed instants.
        rate: Option<u64>,
        /// When it ends.
        end: End,
    },
}

/// When a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// After this time, the warm-up not counted.
    Time(Duration),
    /// After so many operations, those of the warm-up not counted.
    Operations(u64),
}

impl Run {
    /// Runs it to its end: what came of it, and how many seconds were measured.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn go(&self) -> anyhow::Result<(Tally, f64)> {
        let origin = Instant::now();
        let ended = Arc::new(AtomicU64::new(0));
        let alarms: Vec<_> = (0..self.clients).map(|_| Arc::new(Notify::new())).collect();
        let clients = 0..self.clients;
        let schedules: Vec<_> = clients
            .filter_map(|client| {
                Some((self.schedule(client)?, Arc::clone(&alarms[client as usize])))
            })
            .collect();
        let clockwork = (!schedules.is_empty()).then(|| Clockwork::start(origin, schedules));
        let mut threads = Vec::new();
        for index in 0..self.threads.min(self.clients) {
            let (run, alarms, ended) = (self.clone(), alarms.clone(), Arc::clone(&ended));
            let thread = thread::Builder::new().name(format!("bench-{index}"));
            let body = move || run.thread(index, origin, &alarms, ended);
            threads.push(thread.spawn(body).context("cannot start a thread")?);
        }
        self.show_progress(origin, &ended, || threads.iter().all(thread::JoinHandle::is_finished));
        drop(clockwork);
        let mut sum = Tally::default();
        for thread in threads {
            let tally =
                thread.join().map_err(|_| anyhow::anyhow!("a generator thread panicked"))?;
            sum.add(&tally?);
        }
        let from = self.warm_up.as_secs_f64();
        let seconds = Duration::from_nanos(sum.last_reply_at).as_secs_f64() - from;
        Ok((sum, seconds.max(0.0)))
    }

    /// Runs the clients of one thread.
    fn thread(
        self,
        index: u64,
        origin: Instant,
        alarms: &[Arc<Notify>],
        ended: Arc<AtomicU64>,
    ) -> anyhow::Result<Tally> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let shared = Rc::new(Shared {
            tally: RefCell::new(Tally::default()),
            values: Arc::clone(&self.values),
            encoder: Encoder::new(self.values.bytes()),
            pipeline: usize::try_from(self.pipeline)?,
            reply_timeout: self.reply_timeout,
            origin,
            ended,
        });
        let local = LocalSet::new();
        for client in (index..self.clients).step_by(usize::try_from(self.threads)?) {
            let seat = usize::try_from(client)?;
            let client = Client {
                address: self.addresses[seat % self.addresses.len()].clone(),
                pace: self.pace(client),
                workload: Workload::new(self.mix(client), self.keys, self.seed ^ (client << 32)),
                alarm: Arc::clone(&alarms[seat]),
                shared: Rc::clone(&shared),
            };
            local.spawn_local(client.drive());
        }
        runtime.block_on(local);
        Ok(shared.tally.take())
    }

    fn mix(&self, client: u64) -> Mix {
        match self.load {
            Load::Fill => Mix::Fill { from: client, step: self.clients },
            Load::Random { reads, .. } => Mix::Random { reads },
        }
    }

    fn pace(&self, client: u64) -> Pace {
        let warm_up = nanos(self.warm_up);
        let (until, total) = match self.load {
            Load::Fill => (u64::MAX, self.keys),
            Load::Random { end: End::Time(time), .. } => {
                (warm_up.saturating_add(nanos(time)), u64::MAX)
            }
            Load::Random { end: End::Operations(count), .. } => (u64::MAX, count),
        };
        let left = match total {
            u64::MAX => u64::MAX,
            total => total / self.clients + u64::from(client < total % self.clients),
        };
        Pace::new(self.schedule(client), warm_up, until, left)
    }

    #[expect(clippy::cast_precision_loss, reason = "a nanosecond in a day does not matter")]
    fn schedule(&self, client: u64) -> Option<Schedule> {
        let Load::Random { rate: Some(rate), .. } = self.load else { return None };
        let between = 1e9 / rate as f64;
        Some(Schedule { first: between * client as f64, interval: between * self.clients as f64 })
    }

    /// Shows how far the run is, on a terminal only, until it is over.
    fn show_progress(&self, origin: Instant, ended: &AtomicU64, is_over: impl Fn() -> bool) {
        let bar = self.bar();
        let (mut before, mut at) = (0, origin);
        while !is_over() {
            thread::sleep(Duration::from_millis(20));
            if at.elapsed() < Duration::from_millis(200) {
                continue;
            }
            let count = ended.load(Ordering::Relaxed);
            #[expect(clippy::cast_precision_loss, reason = "it is for people")]
            let rate = (count - before) as f64 / at.elapsed().as_secs_f64();
            (before, at) = (count, Instant::now());
            bar.set_message(format!("{rate:.0} operations/s"));
            bar.set_position(match self.goal() {
                Goal::Millis(_) => nanos(origin.elapsed()) / 1_000_000,
                Goal::Count(_) => count,
            });
        }
        bar.finish_and_clear();
    }

    fn bar(&self) -> ProgressBar {
        let (Goal::Millis(length) | Goal::Count(length)) = self.goal();
        let target = match std::io::stderr().is_terminal() {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let style = ProgressStyle::with_template("{prefix:8} [{bar:40}] {percent:>3}%  {msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ");
        ProgressBar::with_draw_target(Some(length), target)
            .with_style(style)
            .with_prefix(self.title)
    }

    fn goal(&self) -> Goal {
        match self.load {
            Load::Fill => Goal::Count(self.keys),
            Load::Random { end: End::Operations(count), .. } => Goal::Count(count),
            Load::Random { end: End::Time(time), .. } => {
                Goal::Millis(nanos(self.warm_up + time) / 1_000_000)
            }
        }
    }
}

/// What a progress bar is full at.
enum Goal {
    Millis(u64),
    Count(u64),
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}
