//! What the crates take, made of a configuration that has been checked.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::Context;
use peer_ring::{NodeName, Sighting};
use peer_ring_core::key::Partitions;
use peer_ring_core::ring::Strategy;
use peer_ring_core::ring_view;
use peer_ring_discovery::Source;
use peer_ring_kv::fronts::FrontConfig;
use peer_ring_kv::{Namespace, Namespaces};
use tokio::sync::watch;

use super::check::THREADS_MAX;
use super::{NodeConfig, load};

/// What the crates take.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The node.
    pub node: peer_ring::Config,
    /// The namespaces of its store.
    pub namespaces: Namespaces,
    /// The store's fronts.
    pub fronts: FrontConfig,
}

impl NodeConfig {
    /// What the crates take.
    ///
    /// # Errors
    /// When the configuration has not been checked, and is wrong.
    pub fn settings(&self) -> anyhow::Result<Settings> {
        let Self { listen, stop, .. } = self;
        let fronts = self.fronts.settings(listen.resp, listen.http, stop.grace_ms);
        Ok(Settings { node: self.node_settings()?, namespaces: self.store()?, fronts })
    }

    fn node_settings(&self) -> anyhow::Result<peer_ring::Config> {
        let name = self.node.name.as_deref().context("node.name is missing")?;
        let partitions = Partitions::any(self.ring.partitions).context("ring.partitions")?;
        let mut node = peer_ring::Config::new(name)?;
        node.cluster.clone_from(&self.cluster);
        node.zone = self.node.zone.as_deref().map(Into::into);
        node.weight = self.node.weight.unwrap_or(1);
        node.listen = self.listen.peers;
        node.advertise.clone_from(&self.advertise);
        node.threads = match self.node.threads {
            0 => cores(),
            threads => threads,
        };
        node.members = self.members()?;
        let strategy = self.ring.strategy;
        node.ring = ring_view::Settings { strategy, partitions, replicas: self.ring.replicas };
        node.changes = self.ring.changes();
        node.leave_on_stop = self.ring.leave_on_stop();
        node.transfers = self.transfers.settings();
        node.data.clone_from(&self.data.directory);
        node.membership = self.membership.settings();
        node.coordinator = self.requests.coordinator();
        node.timeout = Duration::from_millis(self.requests.timeout_ms);
        node.stop_grace = Duration::from_millis(self.stop.grace_ms);
        node.links = self.links.settings();
        node.flight = self.flight.settings();
        Ok(node)
    }

    /// How many owners each partition has: of a full ring, all members that own, or that found it
    /// when they are not listed.
    #[must_use]
    pub fn replicas(&self) -> u8 {
        let Some(discovery) = &self.discovery else { return self.ring.replicas };
        match (self.ring.strategy, discovery.listed()) {
            (Strategy::Full, Some(members)) => {
                let owning = members.iter().filter(|member| member.weight != Some(0)).count();
                u8::try_from(owning).unwrap_or(u8::MAX)
            }
            (Strategy::Full, None) => self
                .ring
                .bootstrap_expect
                .map_or(self.ring.replicas, |founders| u8::try_from(founders).unwrap_or(u8::MAX)),
            (
                Strategy::Balanced | Strategy::Tokens | Strategy::Rendezvous | Strategy::Modulo,
                _,
            ) => self.ring.replicas,
        }
    }

    /// The nodes that it lists; none when another source tells of them.
    ///
    /// # Errors
    /// As [`NodeConfig::settings`].
    pub fn members(&self) -> anyhow::Result<Vec<Sighting>> {
        let discovery = self.discovery.as_ref().context("discovery is missing")?;
        let members = discovery.listed().unwrap_or_default();
        members.iter().map(|member| Ok(member.sighting()?)).collect()
    }

    /// What this node says of itself where sources announce it.
    ///
    /// # Errors
    /// As [`NodeConfig::settings`].
    pub fn own_sighting(&self) -> anyhow::Result<Sighting> {
        let name = self.node.name.as_deref().context("node.name is missing")?;
        let address = self.advertise.clone().unwrap_or_else(|| self.listen.peers.to_string());
        let mut own = Sighting::new(NodeName::new(name)?, address);
        own.zone = self.node.zone.as_deref().map(Into::into);
        own.weight = self.node.weight.unwrap_or(1);
        Ok(own)
    }

    /// Where the node finds its peers; `static` follows this list.
    ///
    /// # Errors
    /// As [`NodeConfig::settings`].
    pub fn source(
        &self,
        listed: watch::Receiver<Vec<Sighting>>,
    ) -> anyhow::Result<Box<dyn Source>> {
        let discovery = self.discovery.clone().context("discovery is missing")?;
        discovery.source(self.own_sighting()?, listed)
    }

    fn store(&self) -> anyhow::Result<Namespaces> {
        let mut named = BTreeMap::new();
        for (name, namespace) in &self.namespaces {
            let settings = namespace.settings(self.replicas()).context("a count is zero")?;
            named.insert(Namespace::new(name)?, settings);
        }
        Ok(Namespaces::new(named))
    }
}

fn cores() -> u8 {
    let cores = available_parallelism().map_or(1, NonZero::get);
    u8::try_from(cores).unwrap_or(THREADS_MAX).min(THREADS_MAX)
}

/// Fills in what was left open, for a configuration that comes from no file.
#[must_use]
pub fn settled(config: NodeConfig) -> NodeConfig {
    load::settle(config, &load::Surroundings::default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::discovery::{Discovery, Member, Static};

    #[test]
    fn what_a_default_configuration_says_is_what_the_crates_default_to() {
        let member = Member {
            name: "n1".into(),
            address: "127.0.0.1:7601".into(),
            zone: None,
            weight: None,
        };
        let mut config = NodeConfig::default();
        config.node.name = Some("n1".to_owned());
        config.discovery = Some(Discovery::Static(Static { members: vec![member] }));
        let settings = settled(config).settings().unwrap();
        let mut expected = peer_ring::Config::new("n1").unwrap();
        expected.threads = settings.node.threads;
        expected.members.clone_from(&settings.node.members);
        expected.changes.bootstrap_expect = Some(1);
        assert_eq!(format!("{:?}", settings.node), format!("{expected:?}"));
        let FrontConfig { limits, grace_ms, .. } = FrontConfig::default();
        assert_eq!((settings.fronts.limits, settings.fronts.grace_ms), (limits, grace_ms));
    }
}
