//! `peer-ring ring`: who owns what, as a running node sees it, and how to change it.

mod change;
mod history;
mod plan;

use clap::{Args, Subcommand};
use peer_ring_core::ring::{Strategy, Tenure};
use serde::Deserialize;

use crate::exit::{Exit, Failure, say};
use crate::http;
use crate::table::{Side, Table, thousands};
use crate::whom::{WhomAndHow, read, runtime};

/// Shows who owns what, as a running node sees it, and changes it.
#[derive(Clone, Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  peer-ring ring --address 127.0.0.1:7501
  peer-ring ring owners user:42 --address 127.0.0.1:7501
  peer-ring ring plan --remove n2
  peer-ring ring apply --remove n2
  peer-ring ring cancel
  peer-ring ring history --json"
)]
pub struct Options {
    #[command(subcommand)]
    question: Option<Question>,
    #[command(flatten)]
    whom: WhomAndHow,
}

/// What is asked instead of the whole ring, or ordered.
#[derive(Clone, Debug, Subcommand)]
enum Question {
    /// Shows who owns a key, the primary first.
    Owners {
        /// The key.
        key: String,
        #[command(flatten)]
        whom: WhomAndHow,
    },
    Plan(plan::Options),
    Apply(change::Apply),
    Cancel(change::Cancel),
    Recover(change::Recover),
    History(history::Options),
}

/// The ring, as a node tells it at `/v1/ring`.
#[derive(Clone, Debug, Deserialize)]
pub struct Ring {
    /// The cluster's name.
    pub cluster: String,
    /// The number of the ring in its chain.
    pub epoch: u64,
    /// Equal only for rings that say the same.
    pub fingerprint: String,
    /// Whether partitions move; rings of older releases never do.
    #[serde(default)]
    pub is_moving: bool,
    /// Whether an operator has put a stop to changes.
    #[serde(default)]
    pub is_held: bool,
    /// Why it cannot change, and what to order then; nodes of older releases do not say.
    #[serde(default)]
    pub stuck: Option<String>,
    /// How partitions are placed; nodes of older releases know one way, and do not say.
    #[serde(default = "balanced")]
    pub strategy: String,
    /// How many partitions there are.
    pub partitions: u64,
    /// How many owners each has.
    pub replicas: u64,
    /// The members by name.
    pub members: Vec<Member>,
    /// Of how many partitions copies share a zone.
    #[serde(default)]
    pub crowded: Crowded,
}

/// Of how many partitions copies share a zone.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct Crowded {
    /// Two owners do.
    pub owners: u64,
    /// The first fallback does with an owner.
    pub fallbacks: u64,
}

fn member() -> String {
    Tenure::Member.as_str().to_owned()
}

fn balanced() -> String {
    Strategy::Balanced.to_string()
}

/// A member of the ring.
#[derive(Clone, Debug, Deserialize)]
pub struct Member {
    /// The name of its seat.
    pub name: String,
    /// Where it stands.
    pub zone: Option<String>,
    /// Its share of partitions.
    pub weight: u64,
    /// Whether the asked node can reach it.
    pub state: String,
    /// Whether it comes or goes.
    #[serde(default = "member")]
    pub tenure: String,
    /// How many partitions it owns.
    pub owned: u64,
    /// Of how many of them it is the primary.
    pub primaries: u64,
}

/// The owners of a key, as a node tells them at `/v1/ring/owners/…`.
#[derive(Clone, Debug, Deserialize)]
struct Owners {
    partition: u64,
    owners: Vec<String>,
}

/// Asks a node about the ring, or to change it.
///
/// # Errors
/// When nobody answers, or the node refuses.
pub fn ring(options: &Options) -> Result<Exit, Failure> {
    let runtime = runtime()?;
    match &options.question {
        None => {
            let WhomAndHow { whom, json } = &options.whom;
            let body = runtime.block_on(whom.get("/v1/ring"))?;
            match json {
                true => say(body),
                false => say(table(&read(&body)?)),
            }
            Ok(Exit::Ok)
        }
        Some(Question::Owners { key, whom: WhomAndHow { whom, json } }) => {
            let path = format!("/v1/ring/owners/{}", http::segment(key));
            let body = runtime.block_on(whom.get(&path))?;
            match json {
                true => say(body),
                false => {
                    let Owners { partition, owners } = read(&body)?;
                    say(format_args!("partition {partition}: {}", owners.join(", ")));
                }
            }
            Ok(Exit::Ok)
        }
        Some(Question::Plan(options)) => runtime.block_on(plan::plan(options)),
        Some(Question::Apply(options)) => runtime.block_on(change::apply(options)),
        Some(Question::Cancel(options)) => runtime.block_on(change::cancel(options)),
        Some(Question::Recover(options)) => runtime.block_on(change::recover(options)),
        Some(Question::History(options)) => runtime.block_on(history::history(options)),
    }
}

fn table(ring: &Ring) -> String {
    let mut table = Table::new([
        ("MEMBER", Side::Left),
        ("STATE", Side::Left),
        ("ZONE", Side::Left),
        ("WEIGHT", Side::Right),
        ("OWNS", Side::Right),
        ("LEADS", Side::Right),
    ]);
    for member in &ring.members {
        table.row([
            member.name.clone(),
            match member.tenure.as_str() {
                "member" => member.state.clone(),
                tenure => format!("{}, {tenure}", member.state),
            },
            member.zone.clone().unwrap_or_else(|| "-".to_owned()),
            member.weight.to_string(),
            thousands(member.owned),
            thousands(member.primaries),
        ]);
    }
    let Ring { cluster, epoch, fingerprint, strategy, partitions, replicas, crowded, .. } = ring;
    let mut text = format!(
        "{table}\ncluster {cluster}, ring {epoch} ({fingerprint}): {} partitions, {replicas} \
         owners each, {strategy}",
        thousands(*partitions)
    );
    if ring.is_moving {
        text.push_str("\nmoving: `peer-ring transfers` shows how far it is");
    }
    if ring.is_held {
        text.push_str("\nheld: it changes only with `peer-ring ring apply`");
    }
    if let Some(stuck) = &ring.stuck {
        text.push_str(&format!("\nstuck: {stuck}"));
    }
    let said = [
        (crowded.owners, "have two owners in one zone"),
        (crowded.fallbacks, "have their first fallback in the zone of an owner"),
    ];
    for (count, what) in said.into_iter().filter(|(count, _)| *count > 0) {
        text.push_str(&format!("\nwarning: {} partitions {what}", thousands(count)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const RING: &str = r#"{"cluster": "dev", "epoch": 1, "fingerprint": "00ff", "partitions": 256,
        "replicas": 2, "owners": [[0, 1]], "members": [
        {"name": "n1", "zone": null, "weight": 1, "state": "alive", "owned": 171, "primaries": 85},
        {"name": "n2", "zone": "z", "weight": 2, "state": "down", "owned": 341, "primaries": 171}]}"#;

    #[test]
    fn a_ring_is_a_table_of_its_members() {
        let expected = "\
MEMBER  STATE  ZONE  WEIGHT  OWNS  LEADS
n1      alive  -          1   171     85
n2      down   z          2   341    171

cluster dev, ring 1 (00ff): 256 partitions, 2 owners each, balanced";
        assert_eq!(table(&read(RING).unwrap()), expected);
    }

    #[test]
    fn a_ring_that_moves_says_who_comes_and_what_to_watch() {
        let moving = RING.replace("\"owners\"", "\"is_moving\": true, \"owners\"");
        let moving =
            moving.replace("\"state\": \"down\"", "\"state\": \"alive\", \"tenure\": \"joining\"");
        let said = table(&read(&moving).unwrap());
        assert!(said.contains("n2      alive, joining  z"), "{said}");
        assert!(said.ends_with("moving: `peer-ring transfers` shows how far it is"), "{said}");
    }

    #[test]
    fn a_ring_that_cannot_change_says_why_and_what_to_order() {
        let stuck = r#""stuck": "ring 1 cannot change; order this", "owners"#;
        let said = table(&read(&RING.replacen("\"owners", stuck, 1)).unwrap());
        assert!(said.ends_with("balanced\nstuck: ring 1 cannot change; order this"), "{said}");
    }

    #[test]
    fn zones_that_hold_two_copies_of_a_partition_are_warned_of() {
        let crowded = r#""strategy": "tokens", "crowded": {"owners": 7, "fallbacks": 0}, "owners"#;
        let said = table(&read(&RING.replacen("\"owners", crowded, 1)).unwrap());
        let end = "2 owners each, tokens\nwarning: 7 partitions have two owners in one zone";
        assert!(said.ends_with(end), "{said}");
    }

    #[test]
    fn what_no_node_says_is_refused() {
        let error = read::<Ring>("<html>").unwrap_err();
        assert!(format!("{error:#}").starts_with("this is not what a peer-ring node answers"));
    }
}
