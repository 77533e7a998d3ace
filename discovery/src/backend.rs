//! Keeps at a backend for as long as the node listens: attempts, pauses, complaints, goodbye.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::select;
use tokio::time::{interval, sleep, timeout};

use crate::retry::{Retry, Trouble, Verdict};
use crate::settings::Backoff;
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
pub(crate) struct Health {
    name: &'static str,
    state: Mutex<State>,
}

struct State {
    retry: Retry,
    /// Since when it does not work, and why; `None` while it does.
    trouble: Option<(Instant, String)>,
}

impl Health {
    fn new(name: &'static str, retry: Retry) -> Self {
        let trouble = Some((Instant::now(), "it has not answered yet".to_owned()));
        Self { name, state: Mutex::new(State { retry, trouble }) }
    }

    /// The backend has answered as it should.
    pub fn good(&self) {
        let mut state = self.state();
        state.retry.worked();
        if let Some((since, _)) = state.trouble.take() {
            let after_ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
            tracing::info!(source = self.name, after_ms, "discovery works");
        }
    }

    fn failed(&self, trouble: &Trouble, chance: f64) -> Verdict {
        self.bad(trouble.reason());
        self.state().retry.failed(trouble, chance)
    }

    /// The backend does not answer for now, in an attempt that goes on.
    pub fn bad(&self, reason: &str) {
        let mut state = self.state();
        match &mut state.trouble {
            Some((_, last)) if last == reason => {}
            Some((_, last)) => {
                tracing::warn!(source = self.name, reason, "discovery does not work; retrying");
                reason.clone_into(last);
            }
            None => {
                tracing::warn!(source = self.name, reason, "discovery failed; retrying");
                state.trouble = Some((Instant::now(), reason.to_owned()));
            }
        }
    }

    async fn complain_for_ever(&self) {
        let mut ticks = interval(COMPLAINT_INTERVAL);
        ticks.tick().await;
        loop {
            ticks.tick().await;
            if let Some((since, reason)) = &self.state().trouble {
                let for_s = since.elapsed().as_secs();
                tracing::warn!(source = self.name, for_s, reason, "discovery does not work yet");
            }
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
