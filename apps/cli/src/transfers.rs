//! `peer-ring transfers`: what moves when the ring changes, and how far it is.

mod progress;

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use serde::Deserialize;
use tokio::time::sleep;

use crate::exit::{Exit, Failure, say};
use crate::table::{Side, Table, thousands};
use crate::whom::{Whom, WhomAndHow, read, runtime};

pub use progress::Shown;

/// How often a live display asks.
const PAUSE: Duration = Duration::from_millis(300);
/// Most stuck transfers that are named one by one.
const STUCK_MAX: usize = 20;

/// Shows what moves to and from a node, how far the cluster is, and why a transfer is stuck.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
In a terminal it shows a progress bar until nothing moves any more; elsewhere, with --once or with
--json it says once how things stand.

Examples:
  peer-ring transfers
  peer-ring transfers --once --address 127.0.0.1:7502
  peer-ring transfers --json")]
pub struct Options {
    /// Say once how things stand, in a terminal, too.
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    whom: WhomAndHow,
}

/// What moves, as a node tells it at `/v1/transfers`.
#[derive(Clone, Debug, Deserialize)]
pub struct Moving {
    /// The ring's number; zero while the node has none.
    pub epoch: u64,
    /// Whether it moves.
    pub is_moving: bool,
    /// The node that was asked.
    pub node: Stands,
    /// The others.
    pub peers: Vec<Stands>,
    /// What moves to and from the node that was asked.
    pub transfers: Vec<Transfer>,
}

/// How far a node is.
#[derive(Clone, Debug, Deserialize)]
pub struct Stands {
    /// Its name.
    pub name: String,
    /// Its ring.
    pub epoch: u64,
    /// Whether the asked node can reach it.
    pub state: Option<String>,
    /// Replicas that miss data still; `None` when it has not said.
    pub pending: Option<u64>,
    /// Replicas of others' partitions.
    pub strays: Option<u64>,
    /// Bytes that it holds.
    pub bytes: Option<u64>,
}

/// One partition's way.
#[derive(Clone, Debug, Deserialize)]
pub struct Transfer {
    partition: u64,
    kind: String,
    peers: Vec<String>,
    bytes: u64,
    records: u64,
    waits: Option<Waits>,
}

/// Why a transfer does not get on.
#[derive(Clone, Debug, Deserialize)]
struct Waits {
    code: String,
    reason: String,
}

impl Moving {
    /// What a node tells, and the text of it.
    ///
    /// # Errors
    /// When nobody answers, or not as a node does.
    pub async fn ask(whom: &Whom) -> Result<(String, Self), Failure> {
        let body = whom.get("/v1/transfers").await?;
        let moving = read(&body)?;
        Ok((body, moving))
    }

    /// How many replicas miss data, as far as nodes have said.
    pub fn pending(&self) -> u64 {
        self.nodes().filter_map(|node| node.pending).sum()
    }

    /// How many replicas are still to be given away.
    pub fn strays(&self) -> u64 {
        self.nodes().filter_map(|node| node.strays).sum()
    }

    /// Whether nothing moves any more, and nobody has anything left to do.
    pub fn is_over(&self) -> bool {
        let is_behind = |node: &Stands| node.pending.is_none() && !node.is_away();
        !self.is_moving && self.pending() + self.strays() == 0 && !self.nodes().any(is_behind)
    }

    fn nodes(&self) -> impl Iterator<Item = &Stands> {
        std::iter::once(&self.node).chain(&self.peers)
    }

    /// Transfers that wait for something other than their turn.
    fn stuck(&self) -> impl Iterator<Item = (&Transfer, &Waits)> {
        let waiting = self.transfers.iter().filter_map(|it| Some((it, it.waits.as_ref()?)));
        waiting.filter(|(_, waits)| waits.code != "turn")
    }
}

impl Stands {
    fn is_away(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state != "alive")
    }
}

/// Shows what moves.
///
/// # Errors
/// When nobody answers, or not as a node does.
pub fn transfers(options: &Options) -> Result<Exit, Failure> {
    let WhomAndHow { whom, json } = &options.whom;
    runtime()?.block_on(async {
        if *json {
            say(Moving::ask(whom).await?.0);
            return Ok(Exit::Ok);
        }
        if options.once || !Shown::is_terminal() {
            say(shown(&Moving::ask(whom).await?.1));
            return Ok(Exit::Ok);
        }
        let mut bar = Shown::new();
        loop {
            let (_, moving) = Moving::ask(whom).await?;
            if moving.is_over() {
                bar.finish();
                say(shown(&moving));
                return Ok(Exit::Ok);
            }
            bar.show(&moving);
            sleep(PAUSE).await;
        }
    })
}

/// How things stand, for people.
fn shown(moving: &Moving) -> String {
    let mut table = Table::new([
        ("NODE", Side::Left),
        ("STATE", Side::Left),
        ("RING", Side::Right),
        ("PENDING", Side::Right),
        ("STRAYS", Side::Right),
        ("BYTES", Side::Right),
    ]);
    let number = |number: Option<u64>| number.map_or("?".to_owned(), thousands);
    let mut nodes: Vec<_> = moving.nodes().collect();
    nodes.sort_by(|a, b| a.name.cmp(&b.name));
    for node in nodes {
        table.row([
            node.name.clone(),
            node.state.clone().unwrap_or_else(|| "asked".to_owned()),
            node.epoch.to_string(),
            number(node.pending),
            number(node.strays),
            number(node.bytes),
        ]);
    }
    let state = if moving.is_moving { "moving" } else { "settled" };
    let mut text = format!("{table}\nring {}: {state}", moving.epoch);
    text += &of_node(moving);
    for (transfer, waits) in moving.stuck().take(STUCK_MAX) {
        let Transfer { partition, kind, .. } = transfer;
        text += &format!("\nstuck: {kind} of partition {partition}: {}", waits.reason);
    }
    let more = moving.stuck().count().saturating_sub(STUCK_MAX);
    if more > 0 {
        text += &format!("\nstuck: {} more, see --json", thousands(more as u64));
    }
    text
}

/// What moves to and from the node that was asked, a line for each kind.
fn of_node(moving: &Moving) -> String {
    let mut kinds: BTreeMap<&str, (u64, u64, u64, Vec<&str>)> = BTreeMap::new();
    for Transfer { kind, bytes, records, peers, .. } in &moving.transfers {
        let sum = kinds.entry(kind).or_default();
        sum.0 += 1;
        sum.1 += records;
        sum.2 += bytes;
        sum.3.extend(peers.iter().map(String::as_str));
    }
    let mut text = String::new();
    for (kind, (count, records, bytes, mut peers)) in kinds {
        peers.sort_unstable();
        peers.dedup();
        let (name, peers) = (&moving.node.name, peers.join(", "));
        let (count, records, bytes) = (thousands(count), thousands(records), thousands(bytes));
        text += &format!(
            "\n{name}: {kind} of {count} partitions, with {peers}: {records} records, {bytes} bytes"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOVING: &str = r#"{"epoch": 4, "is_moving": true,
        "node": {"name": "n2", "epoch": 4, "pending": 12, "strays": 0, "bytes": 1000},
        "peers": [{"name": "n1", "state": "alive", "epoch": 4, "pending": 0, "strays": 3,
                   "bytes": 2000, "leaves": false},
                  {"name": "n3", "state": "down", "epoch": 3, "pending": null, "strays": null,
                   "bytes": null, "leaves": false}],
        "transfers": [
            {"partition": 7, "kind": "join", "peers": ["n1", "n3"], "bytes": 512, "records": 5,
             "waits": {"code": "silent", "peer": "n3", "reason": "n3 does not answer"}},
            {"partition": 8, "kind": "join", "peers": ["n1"], "bytes": 0, "records": 0,
             "waits": {"code": "turn", "peer": null, "reason": "others are before it"}}]}"#;

    #[test]
    fn it_says_how_far_everybody_is_and_why_a_transfer_is_stuck() {
        let expected = "\
NODE  STATE  RING  PENDING  STRAYS  BYTES
n1    alive     4        0       3  2,000
n2    asked     4       12       0  1,000
n3    down      3        ?       ?      ?

ring 4: moving
n2: join of 2 partitions, with n1, n3: 5 records, 512 bytes
stuck: join of partition 7: n3 does not answer";
        assert_eq!(shown(&read(MOVING).unwrap()), expected);
    }

    #[test]
    fn it_is_over_when_the_ring_is_settled_and_nobody_has_anything_to_do() {
        let mut moving: Moving = read(MOVING).unwrap();
        assert_eq!((moving.pending(), moving.strays()), (12, 3));
        moving.is_moving = false;
        assert!(!moving.is_over());
        moving.node.pending = Some(0);
        moving.peers[0].strays = Some(0);
        assert!(moving.is_over(), "who is away holds nothing up");
        moving.peers[1].state = Some("alive".to_owned());
        assert!(!moving.is_over(), "somebody has not said how far it is");
    }
}
