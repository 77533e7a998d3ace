//! The strategies by which partitions are placed on members, and their names.
//!
//! Each is a pure function of the members, their weights and zones, and the number of partitions
//! and owners, so that every node derives the same ring; [`Strategy::Balanced`] and no other also
//! looks at the ring before. What they promise besides:
//!
//! | name | how even | what a change moves | when |
//! |---|---|---|---|
//! | `balanced` | to one partition | next to the least that evenness allows | always, but for a reason |
//! | `tokens` | by chance, about 1/8 off the mean, and more with few partitions | next to the least | for who knows it from Dynamo, Cassandra or Riak |
//! | `rendezvous` | by chance, as dice fall | the least that there can be | a ring that owes nothing to its past |
//! | `modulo` | nearly to one partition | nearly everything | a fixed set of shards and members |
//! | `full` | all own all | a copy of all to each who joins | small data, read everywhere |

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How partitions are placed on members.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// Rendezvous with bounded loads, as near to the ring before as can be: see
    /// [`balanced`](crate::ring::balanced).
    #[default]
    Balanced,
    /// Consistent hashing with virtual nodes: see [`tokens`](crate::ring::tokens).
    Tokens,
    /// The highest random weight: see [`rendezvous`](crate::ring::rendezvous).
    Rendezvous,
    /// Shards dealt to members in turn: see [`modulo`](crate::ring::modulo).
    Modulo,
    /// Every member owns everything: see [`full`](crate::ring::full).
    Full,
}

impl Strategy {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Balanced, Self::Tokens, Self::Rendezvous, Self::Modulo, Self::Full];

    /// Its name, as it stands in configurations.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Balanced => "balanced",
            Self::Tokens => "tokens",
            Self::Rendezvous => "rendezvous",
            Self::Modulo => "modulo",
            Self::Full => "full",
        }
    }

    /// Whether it takes a number of partitions that is no power of two.
    #[must_use]
    pub fn takes_any_number_of_partitions(self) -> bool {
        match self {
            Self::Modulo => true,
            Self::Balanced | Self::Tokens | Self::Rendezvous | Self::Full => false,
        }
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that no strategy has.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("'{name}' is not a strategy; balanced, tokens, rendezvous, modulo and full are")]
pub struct UnknownStrategy {
    /// That name.
    pub name: String,
}

impl FromStr for Strategy {
    type Err = UnknownStrategy;

    fn from_str(name: &str) -> Result<Self, UnknownStrategy> {
        let named = Self::ALL.into_iter().find(|strategy| strategy.as_str() == name);
        named.ok_or_else(|| UnknownStrategy { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_strategy_is_found_by_its_name() {
        for strategy in Strategy::ALL {
            assert_eq!(strategy.to_string().parse(), Ok(strategy));
        }
        let error = "Tokens".parse::<Strategy>().unwrap_err();
        assert!(error.to_string().starts_with("'Tokens' is not a strategy; balanced, "));
    }
}
