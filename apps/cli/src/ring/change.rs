//! `peer-ring ring apply`, `cancel` and `recover`: orders that change the ring.

use std::io::{BufRead, IsTerminal, Write};

use anyhow::anyhow;
use clap::Args;
use serde::Deserialize;
use serde_json::json;

use crate::exit::{Exit, Failure, OrExit, say};
use crate::ring::plan::Change;
use crate::whom::{WhomAndHow, read};

/// Makes a change, together with what is due by itself, and lets the ring change again.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
With --epoch, which `peer-ring ring plan` shows, it is refused if the ring has changed since the
plan. `peer-ring transfers` shows how far it is, `peer-ring wait --replicated` waits for its end.

Examples:
  peer-ring ring apply
  peer-ring ring apply --remove n2 --epoch 7
  peer-ring ring apply --weight n1=2 --weight n3=0")]
pub struct Apply {
    #[command(flatten)]
    change: Change,
    /// Only if this is still the ring.
    #[arg(long, value_name = "E")]
    epoch: Option<u64>,
    #[command(flatten)]
    whom: WhomAndHow,
}

/// Gives up the change that is under way: all stays where it was, until `apply`.
#[derive(Clone, Debug, Args)]
pub struct Cancel {
    #[command(flatten)]
    whom: WhomAndHow,
}

/// Goes on without voters that are gone for good, when too few are left to decide as usual.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
The members (seven of them at most) vote on every change of the ring, and more than half of the
voters must be there. When they are not, and will never be again, the ring cannot change: this
makes those that are left the voters, on the word of the node that is asked.

It may lose:
  - changes of the ring that only the lost ones knew; if one of them is alive after all, it must
    never meet the cluster again with its data directory: empty that first;
  - records of which all copies were with the lost ones, and acknowledged writes of which a
    quorum's last copies were: they count for nothing from then on.
The lost ones stay members that are down, and are evicted as such; those that came back with nothing
are members again, and vote. Ask one node only, the one with the highest ring that `peer-ring status`
shows; the others learn it.

Before there is a ring it founds the cluster without nodes for which the others wait, since they are
named, or may have founded it already. The log, `/readyz` and `peer-ring status` say for whom.

Examples:
  peer-ring ring recover --lost n2 --lost n3
  peer-ring ring recover --lost n2 n3 --yes")]
pub struct Recover {
    /// A voter that is gone for good.
    #[arg(long, value_name = "NAME", required = true, num_args = 1..)]
    lost: Vec<String>,
    /// Do not ask whether this is meant.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    whom: WhomAndHow,
}

#[derive(Deserialize)]
struct Decided {
    epoch: u64,
}

/// Makes a change.
///
/// # Errors
/// When nobody answers, or the node refuses.
pub async fn apply(options: &Apply) -> Result<Exit, Failure> {
    order(&options.whom, "/v1/ring/apply", &options.body(), "begun").await
}

/// Gives up a change.
///
/// # Errors
/// When nobody answers, or the node refuses.
pub async fn cancel(Cancel { whom }: &Cancel) -> Result<Exit, Failure> {
    order(whom, "/v1/ring/cancel", "", "cancelled; `peer-ring ring apply` begins again").await
}

/// Goes on without some.
///
/// # Errors
/// When nobody answers, the node refuses, or the operator does not mean it.
pub async fn recover(options: &Recover) -> Result<Exit, Failure> {
    let names = options.lost.join(", ");
    if !options.yes {
        let stdin = std::io::stdin();
        if !stdin.is_terminal() {
            let cause = anyhow!("nobody is there to be asked: --yes says that this is meant");
            return Err(cause).or_exit(Exit::Usage);
        }
        let question = format!(
            "What only {names} knew will be lost, see --help. Are they gone for good? [yes/no] "
        );
        if !is_meant(&question, stdin.lock())? {
            say("nothing was done");
            return Ok(Exit::Failed);
        }
    }
    let body = json!({ "lost": options.lost }).to_string();
    order(&options.whom, "/v1/ring/recover", &body, "recovered").await
}

impl Apply {
    fn body(&self) -> String {
        let weights = self.change.weight.iter().cloned();
        let weights: std::collections::BTreeMap<String, u32> = weights.collect();
        let Change { remove, .. } = &self.change;
        json!({ "epoch": self.epoch, "remove": remove, "weights": weights }).to_string()
    }
}

async fn order(
    WhomAndHow { whom, json }: &WhomAndHow,
    path: &str,
    body: &str,
    done: &str,
) -> Result<Exit, Failure> {
    let answer = whom.post(path, body).await?;
    match json {
        true => say(answer),
        false => {
            let Decided { epoch } = read(&answer)?;
            say(format_args!("ring {epoch}: {done}"));
        }
    }
    Ok(Exit::Ok)
}

/// Whether the operator types "yes".
fn is_meant(question: &str, mut answers: impl BufRead) -> std::io::Result<bool> {
    let mut out = std::io::stdout();
    write!(out, "{question}")?;
    out.flush()?;
    let mut answer = String::new();
    answers.read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        apply: Apply,
    }

    #[derive(Parser)]
    struct Lost {
        #[command(flatten)]
        recover: Recover,
    }

    #[test]
    fn a_change_becomes_a_body() {
        let line = "apply --remove n2 --remove n3 --weight n1=2 --epoch 7";
        let body = Line::parse_from(line.split(' ')).apply.body();
        assert_eq!(body, r#"{"epoch":7,"remove":["n2","n3"],"weights":{"n1":2}}"#);
    }

    #[test]
    fn the_lost_are_named_after_one_flag_or_several() {
        for line in ["recover --lost n2 n3", "recover --lost n2 --lost n3"] {
            assert_eq!(Lost::parse_from(line.split(' ')).recover.lost, ["n2", "n3"]);
        }
        assert!(Lost::try_parse_from(["recover"]).is_err());
    }

    #[test]
    fn only_yes_means_yes() {
        for (answer, is_yes) in [("yes\n", true), ("y\n", false), ("\n", false), ("", false)] {
            assert_eq!(is_meant("", answer.as_bytes()).unwrap(), is_yes, "{answer:?}");
        }
    }
}
