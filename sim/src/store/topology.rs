//! How many nodes, replicas and answers a run has, and what it may promise with them.

use crate::random::Stream;

/// The sizes of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topology {
    /// How many nodes.
    pub nodes: u8,
    /// How many of them found the cluster; the others come later, if at all.
    pub founders: u8,
    /// How many of them own a partition.
    pub replicas: u8,
    /// On how many of the owners a key lies.
    pub n: u8,
    /// How many of those answer a read.
    pub r: u8,
    /// How many acknowledge a write.
    pub w: u8,
    /// How many shards a node has.
    pub shards: u8,
    /// What is promised.
    pub promise: Promise,
}

/// What clients are promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// No acknowledged write is lost, and replicas converge: where read and write quorums meet.
    LastWriteWins,
    /// All of that, and single keys are linearizable: where every node owns everything, all
    /// replicas answer, and none loses its memory.
    Linearizable,
}

/// Which topologies a swarm draws from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// All that keep what they promise.
    #[default]
    Default,
    /// Those that are linearizable.
    Linearizable,
    /// Three nodes that promise to be linearizable and ask only one replica for each answer: the
    /// control that shows that the checkers see what they should.
    Weak,
    /// This one.
    Only(Topology),
}

impl Topology {
    /// Three replicas of which two answer, on as many nodes or more.
    #[must_use]
    pub fn majority_of_three(nodes: u8) -> Self {
        let promise = Promise::LastWriteWins;
        Self { nodes, founders: nodes, replicas: 3, n: 3, r: 2, w: 2, shards: 1, promise }
    }

    /// Five nodes that own everything, of which three answer.
    #[must_use]
    pub fn majority_of_five() -> Self {
        let promise = Promise::LastWriteWins;
        Self { nodes: 5, founders: 5, replicas: 5, n: 5, r: 3, w: 3, shards: 1, promise }
    }

    /// Five nodes that own everything, on three of which a key lies; two of those answer.
    #[must_use]
    pub fn three_of_five() -> Self {
        Self { replicas: 5, ..Self::majority_of_three(5) }
    }

    /// Four nodes, and three replicas that all answer.
    #[must_use]
    pub fn all_of_three() -> Self {
        let promise = Promise::LastWriteWins;
        Self { nodes: 4, founders: 4, replicas: 3, n: 3, r: 3, w: 3, shards: 1, promise }
    }

    /// Three nodes that own everything and all answer.
    #[must_use]
    pub fn linearizable() -> Self {
        let promise = Promise::Linearizable;
        Self { nodes: 3, founders: 3, replicas: 3, n: 3, r: 3, w: 3, shards: 1, promise }
    }

    /// Three nodes of which one answers, and which promise too much.
    #[must_use]
    pub fn weak() -> Self {
        Self { r: 1, w: 1, ..Self::linearizable() }
    }

    /// One to three nodes, to which others come: up to seven in all. Majorities answer.
    fn growing(stream: &mut Stream) -> Self {
        let (replicas, n) = match stream.below(10) {
            0..6 => (3, 3),
            6..8 => (2, 2),
            8 => (1, 1),
            _ => (5, 3),
        };
        let (r, w) = (n / 2 + 1, n / 2 + 1);
        let founders = *stream.pick(&[1, 2, 3, 3]);
        let spares = *stream.pick(&[1, 2, 2, 3, 4]);
        let nodes = u8::max(founders + spares, n);
        Self { nodes, founders, replicas, n, r, w, ..Self::majority_of_three(nodes) }
    }

    /// One of those that the profile allows.
    pub(crate) fn draw(profile: Profile, stream: &mut Stream) -> Self {
        let topology = match profile {
            Profile::Default => match stream.below(20) {
                0..10 => Self::growing(stream),
                10..13 => Self::majority_of_three(3),
                13..15 => Self::majority_of_three(5),
                15 => Self::majority_of_five(),
                16 => Self::three_of_five(),
                17 => Self::all_of_three(),
                _ => Self::linearizable(),
            },
            Profile::Linearizable => Self::linearizable(),
            Profile::Weak => Self::weak(),
            Profile::Only(topology) => return topology,
        };
        let shards = if stream.below(5) == 0 { 2 } else { 1 };
        Self { shards, ..topology }
    }
}

impl Promise {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::LastWriteWins, Self::Linearizable];

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LastWriteWins => "last-write-wins",
            Self::Linearizable => "linearizable",
        }
    }
}
