//! Where seeds and this node itself are, as names tell at this moment.

use std::net::SocketAddr;
use std::time::Duration;

use futures::future::join_all;
use peer_ring_core::membership::Sighting;
use tokio::net::lookup_host;
use tokio::time::timeout;

use peer_ring_discovery_core::swim::Settings;

/// How long a name may take to resolve.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);

/// The names to resolve.
#[derive(Clone)]
pub(super) struct Places {
    own: String,
    seeds: Vec<String>,
    /// Where the socket listens: only addresses of its family can be sent to.
    bound: SocketAddr,
    datagram_bytes_max: usize,
}

/// Where they are.
pub(super) struct Resolved {
    /// Where this node is; several addresses when its name has them.
    own: Vec<SocketAddr>,
    pub(super) seeds: Vec<SocketAddr>,
    /// The names that could not be resolved, and why.
    pub(super) failures: Vec<String>,
}

impl Resolved {
    /// Where this node is. Of several addresses the one of before stays right: servers of names
    /// tell them in another order each time.
    pub(super) fn own(&self, before: Option<SocketAddr>) -> Option<SocketAddr> {
        before.filter(|it| self.own.contains(it)).or_else(|| self.own.first().copied())
    }
}

impl Places {
    pub(super) fn new(settings: &Settings, own: &Sighting, bound: SocketAddr) -> Self {
        let own = settings.advertised(own);
        // A port that the system chose is known only now.
        let own = match own.strip_suffix(":0") {
            Some(host) => format!("{host}:{}", bound.port()),
            None => own,
        };
        let seeds = settings.seeds.clone();
        Self { own, seeds, bound, datagram_bytes_max: settings.datagram_bytes_max }
    }

    pub(super) fn datagram_bytes_max(&self) -> usize {
        self.datagram_bytes_max
    }

    pub(super) fn has_seeds(&self) -> bool {
        !self.seeds.is_empty()
    }

    /// Resolves all of them, side by side.
    pub(super) async fn resolve(self) -> Resolved {
        let own = addresses(&self.own, self.bound).await;
        let seeds = join_all(self.seeds.iter().map(|seed| addresses(seed, self.bound))).await;
        let mut failures = Vec::new();
        let mut found = |result: Result<Vec<SocketAddr>, String>| {
            result.unwrap_or_else(|failure| {
                failures.push(failure);
                Vec::new()
            })
        };
        let own = found(own);
        let mut seeds: Vec<_> = seeds.into_iter().flat_map(&mut found).collect();
        seeds.sort_unstable();
        seeds.dedup();
        Resolved { own, seeds, failures }
    }
}

async fn addresses(name: &str, bound: SocketAddr) -> Result<Vec<SocketAddr>, String> {
    let found = match timeout(RESOLVE_TIMEOUT, lookup_host(name)).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => return Err(format!("{name}: {error}")),
        Err(_) => return Err(format!("{name}: no answer within {RESOLVE_TIMEOUT:?}")),
    };
    let found: Vec<_> = found.filter(|it| it.is_ipv4() == bound.is_ipv4()).collect();
    let family = if bound.is_ipv4() { "4" } else { "6" };
    if found.is_empty() {
        return Err(format!("{name}: no address of IPv{family}, which `listen` is"));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_two_addresses_that_are_told_in_turns_is_no_move() {
        let [one, other] = ["10.0.0.1:7946", "10.0.0.2:7946"].map(|it| it.parse().unwrap());
        let resolved = |own: &[SocketAddr]| Resolved {
            own: own.to_vec(),
            seeds: Vec::new(),
            failures: Vec::new(),
        };
        assert_eq!(resolved(&[one, other]).own(None), Some(one));
        assert_eq!(resolved(&[other, one]).own(Some(one)), Some(one));
        assert_eq!(resolved(&[other]).own(Some(one)), Some(other), "it has moved");
        assert_eq!(resolved(&[]).own(Some(one)), None, "nobody knows");
    }
}
