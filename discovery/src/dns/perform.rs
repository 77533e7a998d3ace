//! The performing half: a resolver and a clock around a [`Directory`].

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use hickory_resolver::TokioResolver;
use peer_ring_core::actor::{self, Actor, Now, Outbox};
use peer_ring_discovery_core::dns::{Answer, Directory, In, Out};
use rand::RngExt;
use tokio::time::{Instant, sleep_until};

use super::lookup::{Found, look_up, resolver};
use super::names::Names;
use super::settings::{Query, Settings};
use crate::{BadSetting, Facts, Source, SourceError};

/// How often what lasts is complained of.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(10);

/// The source `dns`.
pub struct Dns {
    settings: Settings,
    query: Query,
}

impl Dns {
    /// The nodes of a name's records.
    ///
    /// # Errors
    /// [`BadSetting`] when it cannot work so.
    pub fn new(settings: Settings) -> Result<Self, BadSetting> {
        settings.check()?;
        let query = settings.query()?;
        Ok(Self { settings, query })
    }
}

impl Source for Dns {
    fn run(self: Box<Self>, facts: Facts) -> BoxFuture<'static, Result<(), SourceError>> {
        run(*self, facts).boxed()
    }
}

async fn run(dns: Dns, facts: Facts) -> Result<(), SourceError> {
    let Dns { settings, query } = dns;
    let resolver = resolver(&settings).map_err(|error| SourceError {
        source_name: "dns",
        reason: format!("the system's settings cannot be used, give `servers`: {error}"),
    })?;
    let performer = Performer {
        directory: Directory::new(settings.pace()),
        names: Arc::new(Names::new(facts.clone(), settings.pace())),
        settings,
        resolver,
        query,
        asking: None,
        began: Instant::now(),
        complained_at: None,
        is_in_trouble: false,
    };
    performer.run(&facts).await;
    Ok(())
}

struct Performer {
    directory: Directory,
    settings: Settings,
    resolver: TokioResolver,
    query: Query,
    names: Arc<Names>,
    asking: Option<BoxFuture<'static, Found>>,
    began: Instant,
    complained_at: Option<Instant>,
    /// Whether the last that was said is that something is wrong.
    is_in_trouble: bool,
}

impl Performer {
    async fn run(mut self, facts: &Facts) {
        let mut out = Outbox::new();
        loop {
            let deadline = self.directory.deadline();
            let found = tokio::select! {
                biased;
                () = facts.closed() => return,
                found = finished(&mut self.asking) => Some(found),
                () = reaches(self.began, deadline) => None,
            };
            match found {
                Some(found) => {
                    self.complain(&found);
                    if found.answer == Answer::Failed {
                        self.renew_resolver();
                    }
                    let jitter = rand::rng().random_range(0.5..1.0);
                    let input = In::Answered { answer: found.answer, jitter };
                    self.directory.handle(self.now(), input, &mut out);
                }
                None => self.directory.wake(self.now(), &mut out),
            }
            while let Some(order) = out.pop() {
                match order {
                    Out::Ask => {
                        let asking = look_up(
                            self.resolver.clone(),
                            self.query.clone(),
                            Arc::clone(&self.names),
                        );
                        self.asking = Some(asking.boxed());
                    }
                    Out::Fact(fact) => {
                        if !facts.say(fact).await {
                            return;
                        }
                    }
                }
            }
        }
    }

    /// Starts over after a failure: the system may ask other servers by now.
    fn renew_resolver(&mut self) {
        match resolver(&self.settings) {
            Ok(resolver) => self.resolver = resolver,
            Err(error) => tracing::debug!(%error, "the resolver stays as it was"),
        }
    }

    fn now(&self) -> Now {
        let nanos = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        // Nothing in a directory depends on the wall clock.
        Now { tick: actor::Instant(nanos), ..Now::default() }
    }

    /// Says what is wrong, at once and then now and then for as long as it lasts, and when it is
    /// over.
    fn complain(&mut self, found: &Found) {
        if found.problems.is_empty() {
            if std::mem::take(&mut self.is_in_trouble) {
                tracing::info!("dns tells of all nodes again");
            }
            return;
        }
        let now = Instant::now();
        if self.complained_at.is_none_or(|last| now >= last + COMPLAINT_INTERVAL) {
            self.complained_at = Some(now);
            self.is_in_trouble = true;
            let problems = &found.problems;
            match found.answer {
                Answer::Listed { .. } => {
                    tracing::warn!(?problems, "not all that dns lists can be told of")
                }
                Answer::Nothing | Answer::Failed => {
                    tracing::warn!(?problems, "dns tells of no node: those known stay known");
                }
            }
        }
    }
}

/// What was asked for, once it is answered; never while nothing is.
async fn finished(asking: &mut Option<BoxFuture<'static, Found>>) -> Found {
    let Some(future) = asking else { return futures::future::pending().await };
    let found = future.await;
    *asking = None;
    found
}

async fn reaches(began: Instant, deadline: Option<actor::Instant>) {
    match deadline {
        Some(at) => sleep_until(began + Duration::from_nanos(at.0)).await,
        None => futures::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
