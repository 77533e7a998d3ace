//! Keeps at a backend for as long as the node listens: attempts, pauses, complaints, goodbye.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::select;
use tokio::time::{Instant, interval, sleep, timeout};

use peer_ring_discovery_core::Backoff;
use peer_ring_discovery_core::retry::{Retry, Trouble, Verdict};

use crate::{Facts, SourceError};

/// How often a source that is in trouble says so.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(10);

/// How long a goodbye may take.
const GOODBYE_MAX: Duration = Duration::from_secs(3);

/// A server, or several of them, behind a source.
pub(crate) trait Backend: Send + 'static {
    /// The source, as the configuration calls it.
    const NAME: &'static str;

    /// Connects, announces, lists and watches until that fails. May be dropped half-way.
    fn attempt(&mut self, facts: &Facts, health: &Health) -> impl Future<Output = Trouble> + Send;

    /// Takes back what this node announced. May be dropped half-way.
    fn goodbye(&mut self) -> impl Future<Output = ()> + Send;
}

/// Tries a backend for ever, and says goodbye to it once nobody listens any more.
pub(crate) async fn keep_at<B: Backend>(
    mut backend: B,
    backoff: &Backoff,
    facts: Facts,
) -> Result<(), SourceError> {
    let health = Health::new(B::NAME, Retry::new(backoff.pauses()));
    let end = select! {
        biased;
        () = facts.closed() => Ok(()),
        error = try_for_ever(&mut backend, &facts, &health) => Err(error),
        () = health.complain_for_ever() => Ok(()),
    };
    if timeout(GOODBYE_MAX, backend.goodbye()).await.is_err() {
        tracing::warn!(source = B::NAME, "could not take back what it announced: no answer");
    }
    end
}

async fn try_for_ever<B: Backend>(backend: &mut B, facts: &Facts, health: &Health) -> SourceError {
    loop {
        let trouble = backend.attempt(facts, health).await;
        match health.failed(&trouble, rand::random()) {
            Verdict::Again(pause) => sleep(pause).await,
            Verdict::GiveUp => {
                return SourceError { source_name: B::NAME, reason: trouble.reason().to_owned() };
            }
        }
    }
}

/// Whether the backend works, for the log and for the next pause.
///
/// It says once that the backend broke, and once that it is back; while it stays broken it says so
/// now and then. Of a backend that breaks time and again it says no more than that.
pub(crate) struct Health {
    name: &'static str,
    state: Mutex<State>,
}

struct State {
    retry: Retry,
    /// Since when it works, or does not.
    since: Instant,
    /// Why it does not work; `None` while it does.
    reason: Option<String>,
    /// When it was last said that it does not work.
    complained_at: Option<Instant>,
    /// Whether the last that was said is that it does not work.
    is_told: bool,
}

impl Health {
    fn new(name: &'static str, retry: Retry) -> Self {
        let state = State {
            retry,
            since: Instant::now(),
            reason: Some("it has not answered yet".into()),
            complained_at: None,
            // When it works for the first time, that is news.
            is_told: true,
        };
        Self { name, state: Mutex::new(state) }
    }

    /// The backend works: all that was asked of it was done.
    pub fn good(&self) {
        let mut state = self.state();
        if state.reason.take().is_none() {
            return;
        }
        state.retry.works();
        let outage = state.since.elapsed();
        state.since = Instant::now();
        if std::mem::replace(&mut state.is_told, false) {
            let after_ms = u64::try_from(outage.as_millis()).unwrap_or(u64::MAX);
            tracing::info!(source = self.name, after_ms, "discovery works");
        }
    }

    fn failed(&self, trouble: &Trouble, chance: f64) -> Verdict {
        self.bad(trouble.reason());
        self.state().retry.failed(trouble, chance)
    }

    /// The backend does not answer for now, in an attempt that may go on.
    pub fn bad(&self, reason: &str) {
        let mut state = self.state();
        if state.reason.is_none() {
            let worked_for = state.since.elapsed();
            state.retry.broke(worked_for);
            state.since = Instant::now();
        }
        state.reason = Some(reason.to_owned());
        let is_told_of_late =
            state.complained_at.is_some_and(|last| last.elapsed() < COMPLAINT_INTERVAL);
        if !is_told_of_late {
            state.complain();
            tracing::warn!(source = self.name, reason, "discovery does not work; retrying");
        }
    }

    async fn complain_for_ever(&self) {
        let mut ticks = interval(COMPLAINT_INTERVAL);
        ticks.tick().await;
        loop {
            ticks.tick().await;
            let mut state = self.state();
            let is_told_of_late =
                state.complained_at.is_some_and(|last| last.elapsed() < COMPLAINT_INTERVAL / 2);
            if let Some(reason) = state.reason.clone().filter(|_| !is_told_of_late) {
                state.complain();
                let for_s = state.since.elapsed().as_secs();
                tracing::warn!(source = self.name, for_s, reason, "discovery does not work yet");
            }
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn complain(&mut self) {
        self.complained_at = Some(Instant::now());
        self.is_told = true;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// A backend that always fails in one way, and counts.
    struct Failing {
        trouble: Trouble,
        goodbye: Duration,
        attempts: Arc<AtomicUsize>,
        goodbyes: Arc<AtomicUsize>,
    }

    impl Failing {
        fn new(trouble: Trouble) -> Self {
            let (attempts, goodbyes) = Default::default();
            Self { trouble, goodbye: Duration::ZERO, attempts, goodbyes }
        }
    }

    impl Backend for Failing {
        const NAME: &'static str = "failing";

        async fn attempt(&mut self, _: &Facts, _: &Health) -> Trouble {
            self.attempts.fetch_add(1, Ordering::Relaxed);
            self.trouble.clone()
        }

        async fn goodbye(&mut self) {
            sleep(self.goodbye).await;
            self.goodbyes.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_is_retried_until_nobody_listens_and_then_it_says_goodbye() {
        let failing = Failing::new(Trouble::Outage("gone".into()));
        let (attempts, goodbyes) = (failing.attempts.clone(), failing.goodbyes.clone());
        let (facts, said) = Facts::channel();
        let backoff = Backoff { min_ms: 100, max_ms: 1_000 };
        let run = tokio::spawn(async move { keep_at(failing, &backoff, facts).await });
        sleep(Duration::from_secs(60)).await;
        let tried = attempts.load(Ordering::Relaxed);
        assert!((60..=130).contains(&tried), "{tried}");
        assert_eq!(goodbyes.load(Ordering::Relaxed), 0);
        drop(said);
        run.await.unwrap().unwrap();
        assert_eq!(goodbyes.load(Ordering::Relaxed), 1);
    }

    /// A log that can be read.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Log {
        fn start(&self) -> tracing::subscriber::DefaultGuard {
            let log = self.clone();
            let fmt = tracing_subscriber::fmt().with_ansi(false);
            tracing::subscriber::set_default(fmt.with_writer(move || log.clone()).finish())
        }

        /// How many lines say this.
        fn lines(&self, what: &str) -> usize {
            let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
            text.lines().filter(|line| line.contains(what)).count()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_is_told_when_it_begins_now_and_then_and_when_it_is_over() {
        let log = Log::default();
        let _guard = log.start();
        let health = Health::new("test", Retry::new(Backoff::default().pauses()));
        let trouble = Trouble::Outage("gone".into());
        let outage = async {
            health.good();
            sleep(Duration::from_secs(60)).await;
            for _ in 0..350 {
                health.failed(&trouble, 0.0);
                sleep(Duration::from_millis(100)).await;
            }
            health.good();
            health.good();
        };
        select! {
            () = health.complain_for_ever() => {}
            () = outage => {}
        }
        assert_eq!(log.lines("discovery works"), 2);
        assert!((3..=4).contains(&log.lines("discovery does not work")), "35 s of it");
    }

    #[tokio::test(start_paused = true)]
    async fn a_backend_that_breaks_every_session_fills_no_log_and_is_not_hammered() {
        let log = Log::default();
        let _guard = log.start();
        let health = Health::new("test", Retry::new(Backoff::default().pauses()));
        let trouble = Trouble::Outage("broken off".into());
        let mut attempts = 0;
        let attempting = async {
            loop {
                attempts += 1;
                health.good();
                let Verdict::Again(pause) = health.failed(&trouble, 0.0) else { return };
                sleep(pause).await;
            }
        };
        let _ = timeout(Duration::from_secs(100), async {
            select! {
                () = health.complain_for_ever() => {}
                () = attempting => {}
            }
        })
        .await;
        assert!((20..=30).contains(&attempts), "{attempts}");
        assert!(log.lines("discovery") <= 22, "{}", log.lines("discovery"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_goodbye_that_hangs_is_cut_short() {
        let mut failing = Failing::new(Trouble::Outage("gone".into()));
        failing.goodbye = Duration::from_secs(3_600);
        let (facts, said) = Facts::channel();
        drop(said);
        let start = tokio::time::Instant::now();
        keep_at(failing, &Backoff::default(), facts).await.unwrap();
        assert_eq!(start.elapsed().as_secs(), GOODBYE_MAX.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn what_no_retry_mends_ends_it_with_the_reason() {
        let failing = Failing::new(Trouble::Refused("no rights; grant some".into()));
        let attempts = failing.attempts.clone();
        let (facts, _said) = Facts::channel();
        let error = keep_at(failing, &Backoff::default(), facts).await.unwrap_err();
        let text = "discovery by failing cannot work: no rights; grant some";
        assert_eq!((error.to_string().as_str(), attempts.load(Ordering::Relaxed)), (text, 3));
    }
}
