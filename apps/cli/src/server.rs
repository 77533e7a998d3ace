//! A whole node: the store on the ring, and its fronts.

use std::net::SocketAddr;

use anyhow::anyhow;
use futures::future::join_all;
use peer_ring::{DataError, Handle, Node, NodeFailure, Sighting, StartError};
use peer_ring_kv::Kv;
use peer_ring_kv::fronts::{FrontError, Serving, serve};
use tokio::sync::watch;

use crate::config::NodeConfig;
use crate::exit::{Exit, Failure, OrExit};

/// A running node with its fronts.
pub struct Server {
    node: Node<Kv>,
    fronts: Serving,
}

impl Server {
    /// Starts a node and its fronts, and waits until it has a ring; see [`Server::launch`].
    ///
    /// # Errors
    /// Says what is in the way, such as an address that is in use.
    pub async fn start(
        config: &NodeConfig,
        listed: watch::Receiver<Vec<Sighting>>,
    ) -> Result<Self, Failure> {
        let server = Self::launch(config, listed).await?;
        server.until_ring().await?;
        Ok(server)
    }

    /// Starts a node and its fronts, and does not wait for a ring. With the source `static` it
    /// follows this list of nodes, which may be written anew.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub async fn launch(
        config: &NodeConfig,
        listed: watch::Receiver<Vec<Sighting>>,
    ) -> Result<Self, Failure> {
        let settings = config.settings().or_exit(Exit::Config)?;
        let name = settings.node.name.clone();
        let builder = Node::builder().config(settings.node).app(Kv::new(settings.namespaces));
        let builder = builder.discovery(config.source(listed).or_exit(Exit::Config)?);
        let node = builder.launch().map_err(|error| not_started(error, name.as_str()))?;
        match serve(node.handle(), settings.fronts).await {
            Ok(fronts) => Ok(Self { node, fronts }),
            Err(error) => {
                // Its source may have told of it already.
                node.stop_for_a_while().await;
                Err(no_fronts(error, name.as_str()))
            }
        }
    }

    /// Waits until the node has a ring.
    ///
    /// # Errors
    /// Says why there will be none.
    pub async fn until_ring(&self) -> Result<(), Failure> {
        self.node.until_ring().await.map_err(of_node)
    }

    /// Where it listens for its peers.
    pub fn peers(&self) -> SocketAddr {
        self.node.listens_at()
    }

    /// Where it listens for clients that speak the Redis protocol.
    pub fn resp(&self) -> Option<SocketAddr> {
        self.fronts.redis()
    }

    /// Where it listens for clients that speak HTTP.
    pub fn http(&self) -> Option<SocketAddr> {
        self.fronts.http()
    }

    /// What talks to the node.
    pub fn handle(&self) -> Handle<Kv> {
        self.node.handle()
    }

    /// Waits until every replica on the node has its data.
    pub async fn ready(&self) {
        self.node.ready().await;
    }

    /// Waits until the node stops by itself.
    pub async fn failed(&self) -> Failure {
        match self.node.stopped().await {
            Ok(()) => Failure { exit: Exit::NodeDied, cause: anyhow!("the node stopped") },
            Err(failure) => of_node(failure),
        }
    }

    /// Stops nodes of one cluster, which hand over first what they own if they are configured to,
    /// and serve meanwhile. Then their fronts let nobody in any more and finish what clients
    /// have begun, for as long as the configuration says; only then the nodes stop, since any of
    /// them may be needed for a request to any other.
    pub async fn stop(servers: Vec<Self>) {
        join_all(servers.iter().map(|server| server.node.hand_over())).await;
        let close = async |Self { node, fronts }: Self| {
            fronts.stop().await;
            node
        };
        let nodes = join_all(servers.into_iter().map(close)).await;
        join_all(nodes.into_iter().map(Node::stop_for_a_while)).await;
    }
}

fn not_started(error: StartError, name: &str) -> Failure {
    let exit = match error {
        StartError::Failed(failure) => return of_node(failure),
        StartError::Config(_) | StartError::App(_) => Exit::Config,
        StartError::Listen { address, source } => {
            let cause = anyhow!("node {name}: listen.peers: cannot listen on {address}: {source}");
            return Failure { exit: Exit::System, cause };
        }
        StartError::Data(error) => {
            let exit = match error {
                DataError::InUse { .. } | DataError::Io { .. } => Exit::System,
                DataError::Unreadable { .. } | DataError::TooLarge { .. } => Exit::Data,
            };
            let cause = anyhow!("node {name}: data.directory: {error}");
            return Failure { exit, cause };
        }
        StartError::NoSystem => Exit::Failed,
    };
    Failure { exit, cause: anyhow::Error::new(error).context(format!("node {name}")) }
}

/// Says it in the words of the configuration.
fn no_fronts(error: FrontError, name: &str) -> Failure {
    match error {
        FrontError::Listen { field, address, source } => {
            let field = match field {
                "redis.listen" => "listen.resp",
                "http.listen" => "listen.http",
                other => other,
            };
            let cause = anyhow!("node {name}: {field}: cannot listen on {address}: {source}");
            Failure { exit: Exit::System, cause }
        }
        error @ (FrontError::Namespace(_) | FrontError::Limit(_)) => {
            Failure { exit: Exit::Config, cause: anyhow!("node {name}: fronts: {error}") }
        }
    }
}

/// A node that stops by itself has met a bug, or has been told something wrong.
fn of_node(failure: NodeFailure) -> Failure {
    let exit = match failure {
        NodeFailure::Panicked { .. } => Exit::NodeDied,
        NodeFailure::NoRing(_)
        | NodeFailure::Discovery(_)
        | NodeFailure::NameInUse { .. }
        | NodeFailure::Refused { .. } => Exit::Config,
    };
    Failure { exit, cause: failure.into() }
}
