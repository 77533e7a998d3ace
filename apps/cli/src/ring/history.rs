//! `peer-ring ring history`: which rings there were, and why.

use clap::Args;
use peer_ring_core::actor::Wall;
use serde::Deserialize;

use crate::exit::{Exit, Failure, say};
use crate::ring::plan::Moves;
use crate::table::{Side, Table, thousands};
use crate::utc::Utc;
use crate::whom::{WhomAndHow, read};

/// Shows which rings there were, why, and how much each moved: as far as the node remembers.
#[derive(Clone, Debug, Args)]
pub struct Options {
    #[command(flatten)]
    whom: WhomAndHow,
}

#[derive(Debug, Deserialize)]
struct History {
    history: Vec<Past>,
}

#[derive(Debug, Deserialize)]
struct Past {
    epoch: u64,
    reason: String,
    decided_at_ms: u64,
    joined: Vec<String>,
    left: Vec<String>,
    moves: Moves,
}

/// Shows the rings of the past.
///
/// # Errors
/// When nobody answers, or not as a node does.
pub async fn history(options: &Options) -> Result<Exit, Failure> {
    let WhomAndHow { whom, json } = &options.whom;
    let body = whom.get("/v1/ring/history").await?;
    match json {
        true => say(body),
        false => say(table(&read(&body)?).trim_end()),
    }
    Ok(Exit::Ok)
}

fn table(History { history }: &History) -> String {
    let mut table = Table::new([
        ("RING", Side::Right),
        ("DECIDED", Side::Left),
        ("WHY", Side::Left),
        ("COPIES", Side::Right),
        ("LEADS", Side::Right),
        ("JOINED", Side::Left),
        ("LEFT", Side::Left),
    ]);
    let names = |names: &[String]| match names {
        [] => "-".to_owned(),
        names => names.join(", "),
    };
    for past in history {
        table.row([
            past.epoch.to_string(),
            Utc(Wall(past.decided_at_ms)).to_string(),
            past.reason.clone(),
            thousands(past.moves.gained),
            thousands(past.moves.primaries),
            names(&past.joined),
            names(&past.left),
        ]);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ring_of_the_past_is_a_line() {
        let history = r#"{"history": [
            {"epoch": 1, "reason": "founded", "decided_at_ms": 0, "joined": ["n1", "n2"],
             "left": [], "moves": {"gained": 0, "primaries": 0}},
            {"epoch": 2, "reason": "moving", "decided_at_ms": 1000, "joined": [], "left": ["n2"],
             "moves": {"gained": 256, "primaries": 9}}]}"#;
        let said = table(&read(history).unwrap());
        let lines: Vec<_> = said.lines().collect();
        assert_eq!(lines.len(), 3, "{said}");
        assert!(lines[1].starts_with("   1  1970-01-01"), "{said}");
        assert!(lines[1].ends_with("founded       0      0  n1, n2  -"), "{said}");
        assert!(lines[2].ends_with("moving      256      9  -       n2"), "{said}");
    }
}
