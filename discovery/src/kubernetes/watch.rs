//! Asks the API server: performs what the view asks for.

use std::convert::Infallible;
use std::error::Error as _;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::{ListParams, WatchEvent, WatchParams};
use kube::config::AuthInfo;
use kube::{Api, Client, Config, Error};
use peer_ring_core::actor::Outbox;
use peer_ring_core::id::NodeName;
use peer_ring_discovery_core::kubernetes::{In, Object, Out, View};
use peer_ring_discovery_core::retry::Trouble;
use tokio::time::timeout;

use super::Settings;
use super::{pods, slices};
use crate::Facts;
use crate::backend::{Backend, Health};

/// A watch that ends sooner has failed, whatever it said: else who ends each at once is asked
/// without a pause.
const WATCH_MIN: Duration = Duration::from_millis(500);

/// How often in a row a fresh version may be gone already.
const GONE_MAX: u32 = 2;

/// What asks, attempt by attempt.
pub(super) struct Watching {
    settings: Settings,
    view: View,
}

impl Watching {
    pub fn new(settings: Settings, own: NodeName) -> Self {
        Self { settings, view: View::new(own) }
    }

    /// Works until something breaks. Each attempt has a client of its own, so that it reads the
    /// token anew.
    async fn work(&mut self, facts: &Facts, health: &Health) -> Result<Infallible, Trouble> {
        let settings = &self.settings;
        let kinds = Kinds::of(settings)?;
        let mut stream = None;
        let mut gone = 0;
        let mut out = Outbox::new();
        self.view.handle(In::Started, &mut out);
        loop {
            while let Some(order) = out.pop() {
                match order {
                    Out::Say(fact) => {
                        facts.say(fact).await;
                    }
                    Out::Warn(warning) => tracing::warn!(source = Self::NAME, "{warning}"),
                    Out::List => {
                        let input = in_time(settings, kinds.list()).await?;
                        self.view.handle(input, &mut out);
                    }
                    Out::Watch { version } => {
                        match in_time(settings, kinds.watch(&version)).await {
                            Ok(changes) => {
                                // Not before: who may list may not be let watch.
                                health.good();
                                stream = Some(Stream { changes, since: Instant::now() });
                            }
                            Err(Failure::Gone) => list_again(&mut self.view, &mut gone, &mut out)?,
                            Err(Failure::Other(trouble)) => return Err(trouble),
                        }
                    }
                }
            }
            let Some(watch) = &mut stream else {
                return Err(Trouble::Outage("there is no watch".into()));
            };
            match watch.next(settings).await {
                Ok(Some(input)) => {
                    gone = 0;
                    self.view.handle(input, &mut out);
                }
                Ok(None) if watch.since.elapsed() < WATCH_MIN => {
                    return Err(Trouble::Outage("the API server ends a watch at once".into()));
                }
                Ok(None) => {
                    gone = 0;
                    self.view.handle(In::Ended, &mut out);
                }
                Err(Failure::Gone) => list_again(&mut self.view, &mut gone, &mut out)?,
                Err(Failure::Other(trouble)) => return Err(trouble),
            }
        }
    }
}

/// Lists again, unless what was listed just now is gone every time.
fn list_again(view: &mut View, gone: &mut u32, out: &mut Outbox<Out>) -> Result<(), Trouble> {
    view.handle(In::Gone, out);
    *gone += 1;
    if *gone > GONE_MAX {
        return Err(Trouble::Outage("410 Gone for what was listed just now".into()));
    }
    Ok(())
}

impl Backend for Watching {
    const NAME: &'static str = "kubernetes";

    async fn attempt(&mut self, facts: &Facts, health: &Health) -> Trouble {
        match self.work(facts, health).await {
            Ok(never) => match never {},
            Err(trouble) => trouble,
        }
    }

    /// Nothing was announced.
    async fn goodbye(&mut self) {}
}

enum Failure {
    /// The version is too old: HTTP's 410.
    Gone,
    Other(Trouble),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Gone => Self::Outage("410 Gone".into()),
            Failure::Other(trouble) => trouble,
        }
    }
}

async fn in_time<T>(
    settings: &Settings,
    call: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    match timeout(settings.timeout(), call).await {
        Ok(answer) => answer,
        Err(_) => {
            let reason = format!("no answer within {} ms", settings.timeout_ms);
            Err(Failure::Other(Trouble::Outage(reason)))
        }
    }
}

/// A watch that is open.
struct Stream {
    changes: BoxStream<'static, Result<In, Failure>>,
    since: Instant,
}

impl Stream {
    /// What comes next; `None` when the watch has ended, or hangs: the server ends each by itself.
    async fn next(&mut self, settings: &Settings) -> Result<Option<In>, Failure> {
        let whole = Duration::from_millis(settings.watch_ms) + settings.timeout();
        let left = whole.saturating_sub(self.since.elapsed());
        match timeout(left, self.changes.next()).await {
            Ok(change) => change.transpose(),
            Err(_) => {
                let reason = "the watch hangs: it did not end when it should".to_owned();
                Err(Failure::Other(Trouble::Outage(reason)))
            }
        }
    }
}

/// The kind of objects that is asked for.
enum Kinds {
    Slices { api: Api<EndpointSlice>, query: Query, service: String },
    Pods { api: Api<Pod>, query: Query },
}

/// What is the same for both kinds.
struct Query {
    settings: Settings,
    labels: String,
    namespace: String,
    resource: &'static str,
}

type Changes = BoxStream<'static, Result<In, Failure>>;
type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'a>>;

impl Kinds {
    fn of(settings: &Settings) -> Result<Self, Trouble> {
        let namespace = settings.namespace().map_err(Trouble::Misconfigured)?;
        let client = client(settings, &namespace)?;
        let query = |labels, resource| Query {
            settings: settings.clone(),
            labels,
            namespace: namespace.clone(),
            resource,
        };
        match (&settings.service, &settings.selector) {
            (Some(service), _) => Ok(Self::Slices {
                api: Api::namespaced(client, &namespace),
                query: query(
                    format!("{}={service}", slices::SERVICE_LABEL),
                    "endpointslices.discovery.k8s.io",
                ),
                service: service.clone(),
            }),
            (None, Some(selector)) => Ok(Self::Pods {
                api: Api::namespaced(client, &namespace),
                query: query(selector.clone(), "pods"),
            }),
            (None, None) => Err(Trouble::Misconfigured("service: is missing".into())),
        }
    }

    fn list(&self) -> Answer<'_, In> {
        match self {
            Self::Slices { api, query, service } => {
                let settings = &query.settings;
                let read = |it: &EndpointSlice| {
                    slices::read(it, service, &settings.port, settings.address)
                };
                query.list(api, read).boxed()
            }
            Self::Pods { api, query } => {
                let settings = &query.settings;
                query.list(api, |it: &Pod| pods::read(it, &settings.port, settings.address)).boxed()
            }
        }
    }

    fn watch<'a>(&'a self, version: &'a str) -> Answer<'a, Changes> {
        match self {
            Self::Slices { api, query, service } => {
                let (settings, service) = (query.settings.clone(), service.clone());
                let read = move |it: &EndpointSlice| {
                    slices::read(it, &service, &settings.port, settings.address)
                };
                query.watch(api, version, read).boxed()
            }
            Self::Pods { api, query } => {
                let settings = query.settings.clone();
                let read = move |it: &Pod| pods::read(it, &settings.port, settings.address);
                query.watch(api, version, read).boxed()
            }
        }
    }
}

impl Query {
    async fn list<K>(&self, api: &Api<K>, read: impl Fn(&K) -> Object) -> Result<In, Failure>
    where
        K: Clone + std::fmt::Debug + serde::de::DeserializeOwned,
    {
        let params = ListParams::default().labels(&self.labels);
        let list = api.list(&params).await.map_err(|error| self.failure("list", &error))?;
        let version = list.metadata.resource_version.unwrap_or_default();
        Ok(In::Listed { version, objects: list.items.iter().map(read).collect() })
    }

    async fn watch<K>(
        &self,
        api: &Api<K>,
        version: &str,
        read: impl Fn(&K) -> Object + Send + 'static,
    ) -> Result<Changes, Failure>
    where
        K: Clone + std::fmt::Debug + serde::de::DeserializeOwned + Send + 'static,
    {
        let params = WatchParams {
            label_selector: Some(self.labels.clone()),
            timeout: Some(self.settings.watch_s()),
            bookmarks: true,
            ..WatchParams::default()
        };
        let stream =
            api.watch(&params, version).await.map_err(|error| self.failure("watch", &error))?;
        let (namespace, resource) = (self.namespace.clone(), self.resource);
        let change = move |event| match event {
            Ok(WatchEvent::Added(it) | WatchEvent::Modified(it)) => Ok(In::Applied(read(&it))),
            Ok(WatchEvent::Deleted(it)) => {
                let Object { key, version, .. } = read(&it);
                Ok(In::Removed { key, version })
            }
            Ok(WatchEvent::Bookmark(it)) => {
                Ok(In::Bookmark { version: it.metadata.resource_version })
            }
            Ok(WatchEvent::Error(status)) => {
                Err(refusal(status.code, &status.message, "watch", resource, &namespace))
            }
            Err(error) => Err(failure("watch", &error, resource, &namespace)),
        };
        Ok(stream.map(change).boxed())
    }

    fn failure(&self, verb: &str, error: &Error) -> Failure {
        failure(verb, error, self.resource, &self.namespace)
    }
}

fn failure(verb: &str, error: &Error, resource: &str, namespace: &str) -> Failure {
    if let Error::Api(status) = error {
        return refusal(status.code, &status.message, verb, resource, namespace);
    }
    let mut reason = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !reason.contains(&inner_text) {
            reason = format!("{reason}: {inner_text}");
        }
        cause = inner.source();
    }
    Failure::Other(Trouble::Outage(reason))
}

fn refusal(code: u16, message: &str, verb: &str, resource: &str, namespace: &str) -> Failure {
    Failure::Other(match code {
        410 => return Failure::Gone,
        401 => Trouble::Refused(format!(
            "401 {message}: the API server does not know the token; check token_file, or the pod's \
             serviceAccountName and automountServiceAccountToken"
        )),
        403 => Trouble::Refused(format!(
            "403 {message}: may not {verb} {resource} in {namespace}; grant the service account a \
             Role with the verbs list and watch on it, as examples/kubernetes/rbac.yml does"
        )),
        // What kube makes of a line that is neither a change nor a status.
        0 => Trouble::Outage(format!("cannot read the answer to {verb} {resource}: {message}")),
        _ => Trouble::Outage(format!("{code} {message}")),
    })
}

fn client(settings: &Settings, namespace: &str) -> Result<Client, Trouble> {
    let url = settings.api_url().map_err(|it| Trouble::Misconfigured(format!("api_url: {it}")))?;
    let parsed = url.parse();
    let url = parsed.map_err(|it| Trouble::Misconfigured(format!("api_url: {url}: {it}")))?;
    let mut config = Config::new(url);
    namespace.clone_into(&mut config.default_namespace);
    config.connect_timeout = Some(settings.timeout());
    // Pauses are this source's own business.
    config.default_retry = false;
    if config.cluster_url.scheme_str() == Some("https") {
        config.root_cert_file = Some(settings.ca_path());
    }
    let token = settings.token_path();
    config.auth_info =
        AuthInfo { token_file: Some(token.display().to_string()), ..AuthInfo::default() };
    Client::try_from(config).map_err(|error| {
        let mut reason = format!("ca_file or token_file: {error}");
        let mut cause = error.source();
        while let Some(inner) = cause {
            reason = format!("{reason}: {inner}");
            cause = inner.source();
        }
        Trouble::Misconfigured(reason)
    })
}
