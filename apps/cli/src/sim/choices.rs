//! What a swarm may be told on the command line: which clusters, which clients, which faults.

use clap::Args;
use peer_ring_sim::source::{Source, UnknownSource};
use peer_ring_sim::store::{Mix, Profile, Promise, Store, Topology};
use peer_ring_sim::{Kind, Swarm};

/// Most nodes of a cluster.
const NODES_MAX: u8 = 100;

/// Which clusters, clients and faults a seed draws from.
#[derive(Clone, Debug, Args)]
pub(super) struct Choices {
    /// Which faults: `all`, `none`, a list such as `crash,drop`, or all but some, `-crash,-drop`.
    #[arg(
        long,
        value_name = "LIST",
        default_value = "all",
        value_parser = faults,
        allow_hyphen_values = true
    )]
    faults: Swarm,
    /// How nodes find each other: `all`, for any of these by chance, or a list of `static`, `dns`,
    /// `swim`, `etcd`, `zookeeper` and `kubernetes`.
    #[arg(long, value_name = "LIST", default_value = "all", value_parser = sources)]
    discovery: Sources,
    /// Which clusters: `default`, `linearizable`, sizes such as `nodes=5,founders=3,n=3,r=2,w=2`,
    /// where those that do not found the cluster may join it; or `weak`, which promises more than it can keep, so that runs must fail.
    #[arg(long, value_name = "SIZES", default_value = "default", value_parser = topology)]
    topology: Profile,
    /// What clients ask: `drawn`, `hot-key`, `wide`, `reads`, `writes`, `deletes`, `expiring` or `big`.
    #[arg(long, value_name = "MIX", default_value = "drawn", value_parser = mix)]
    workload: Mix,
}

impl Choices {
    /// The store, as it was chosen.
    pub(super) fn store(&self) -> Store {
        Store { profile: self.topology, mix: self.workload }
    }

    /// Faults and sources of discovery, as they were chosen.
    pub(super) fn swarm(&self) -> Swarm {
        self.faults.clone().by(self.discovery.0.iter().copied())
    }
}

/// Sources of discovery: one at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sources(Vec<Source>);

/// The sources of a list such as `dns,swim`, or `all`.
fn sources(list: &str) -> Result<Sources, String> {
    if list == "all" {
        return Ok(Sources(Source::ALL.to_vec()));
    }
    let source = |name: &str| {
        let names = Source::ALL.map(Source::name).join(", ");
        name.trim()
            .parse()
            .map_err(|error: UnknownSource| format!("'{name}': {error}: all, or some of {names}"))
    };
    list.split(',').map(source).collect::<Result<_, String>>().map(Sources)
}

/// The faults of a list such as `crash,drop`: `all`, `none`, or with a minus sign all but one.
pub(super) fn faults(list: &str) -> Result<Swarm, String> {
    let kind = |name: &str| {
        let found = Kind::ALL.iter().copied().find(|kind| kind.as_str() == name);
        found.ok_or_else(|| {
            let names: Vec<_> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
            format!("'{name}' is not a fault: all, none, or some of {}", names.join(", "))
        })
    };
    match list {
        "all" => return Ok(Swarm::default()),
        "none" => return Ok(Swarm::none()),
        _ => {}
    }
    let words: Vec<_> = list.split(',').map(str::trim).collect();
    let is_without = words.iter().all(|word| word.starts_with('-'));
    if !is_without {
        return Ok(Swarm::only(words.into_iter().map(kind).collect::<Result<Vec<_>, _>>()?));
    }
    words.iter().try_fold(Swarm::default(), |swarm, word| Ok(swarm.without(kind(&word[1..])?)))
}

/// The clusters that a word names, or those of sizes such as `nodes=5,n=3,r=2,w=2`.
pub(super) fn topology(text: &str) -> Result<Profile, String> {
    match text {
        "default" => return Ok(Profile::Default),
        "linearizable" => return Ok(Profile::Linearizable),
        "weak" => return Ok(Profile::Weak),
        _ => {}
    }
    let mut topology = Topology::majority_of_three(3);
    let mut founders = None;
    for word in text.split(',').map(str::trim) {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        let number = || {
            let number = value.parse().ok().filter(|number| *number > 0);
            number.ok_or_else(|| format!("'{word}': {name} is a number from 1 on"))
        };
        match name {
            "nodes" => topology.nodes = number()?,
            "founders" => founders = Some(number()?),
            "replicas" => topology.replicas = number()?,
            "n" => topology.n = number()?,
            "r" => topology.r = number()?,
            "w" => topology.w = number()?,
            "shards" => topology.shards = number()?,
            "linearizable" if value.is_empty() => topology.promise = Promise::Linearizable,
            _ => {
                return Err(format!(
                    "'{word}' is not default, linearizable, weak, or a size such as nodes=5, \
                     founders=3, replicas=5, n=3, r=2, w=2, shards=1"
                ));
            }
        }
    }
    topology.replicas = topology.replicas.max(topology.n);
    topology.founders = founders.unwrap_or(topology.nodes);
    let Topology { nodes, founders, replicas, n, r, w, shards, .. } = topology;
    if founders > nodes {
        return Err(format!("{founders} of {nodes} nodes cannot found a cluster"));
    }
    if nodes > NODES_MAX || replicas > nodes.min(16) || r > n || w > n || shards > 16 {
        return Err(format!(
            "at most {NODES_MAX} nodes and 16 shards, as many replicas as nodes and at most 16, n at \
             most that, r and w at most n"
        ));
    }
    Ok(Profile::Only(topology))
}

/// The mixture of this name.
pub(super) fn mix(name: &str) -> Result<Mix, String> {
    let found = Mix::ALL.into_iter().find(|mix| mix.as_str() == name);
    found.ok_or_else(|| {
        let names: Vec<_> = Mix::ALL.iter().map(|mix| mix.as_str()).collect();
        format!("'{name}' is not one of {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_chosen_by_name() {
        assert_eq!(sources("all"), Ok(Sources(Source::ALL.to_vec())));
        assert_eq!(sources("swim, dns"), Ok(Sources(vec![Source::Swim, Source::Dns])));
        assert!(sources("swim,bees").unwrap_err().contains("'bees': no source"));
    }

    #[test]
    fn faults_are_chosen_by_name_or_left_out_by_name() {
        assert_eq!(faults("all"), Ok(Swarm::default()));
        assert_eq!(faults("crash, drop"), Ok(Swarm::only([Kind::Drop, Kind::Crash])));
        assert_eq!(faults("-crash"), Ok(Swarm::default().without(Kind::Crash)));
        assert!(faults("crash,flood").unwrap_err().contains("'flood' is not a fault"));
        assert!(faults("").is_err());
    }

    #[test]
    fn topologies_are_named_or_sized() {
        assert_eq!(topology("weak"), Ok(Profile::Weak));
        let five = Topology { nodes: 5, ..Topology::majority_of_three(5) };
        assert_eq!(topology("nodes=5,n=3,r=2,w=2"), Ok(Profile::Only(five)));
        let growing = Topology { founders: 2, ..five };
        assert_eq!(topology("nodes=5,founders=2"), Ok(Profile::Only(growing)));
        for wrong in
            ["nodes=0", "nodes=3,founders=4", "nodes=two", "n=4", "r=3,n=2", "big", "nodes=101"]
        {
            assert!(topology(wrong).is_err(), "{wrong}");
        }
    }
}
