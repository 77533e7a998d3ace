//! `peer-ring ring plan`: what a change would come to, before it is made.

use clap::Args;
use serde::Deserialize;

use crate::exit::{Exit, Failure, say};
use crate::http;
use crate::ring::Crowded;
use crate::table::{Side, Table, thousands};
use crate::whom::{WhomAndHow, read};

/// Shows what a change would come to: moves, bytes, time, balance, and zones.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Without any change it shows what is due by itself: nodes that wait to join, to leave, or to be
evicted. A change to the ring is made with `peer-ring ring apply`.

Examples:
  peer-ring ring plan
  peer-ring ring plan --remove n2 --weight n1=2")]
pub struct Options {
    #[command(flatten)]
    pub change: Change,
    #[command(flatten)]
    whom: WhomAndHow,
}

/// What is changed, besides what is due by itself.
#[derive(Clone, Debug, Default, Args)]
pub struct Change {
    /// A member that goes.
    #[arg(long, value_name = "NAME")]
    pub remove: Vec<String>,
    /// A member that gets another weight; 0 owns nothing.
    #[arg(long, value_name = "NAME=W", value_parser = weight)]
    pub weight: Vec<(String, u32)>,
}

/// A change, as a node plans it at `/v1/ring/plan`.
#[derive(Clone, Debug, Deserialize)]
pub struct Plan {
    /// The ring for which it is planned.
    pub epoch: u64,
    join: Vec<String>,
    leave: Vec<String>,
    before: Vec<Load>,
    after: Vec<Load>,
    moves: Moves,
    bytes: u64,
    bytes_per_second: u64,
    seconds: f64,
    crowded: Crowded,
    is_empty: bool,
    waits: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct Load {
    name: String,
    owned: u64,
    primaries: u64,
}

/// How much moves.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Moves {
    /// Copies of partitions that are to be made.
    pub gained: u64,
    /// Partitions that get another primary.
    pub primaries: u64,
}

/// Shows a plan.
///
/// # Errors
/// When nobody answers, or there can be no such ring.
pub async fn plan(options: &Options) -> Result<Exit, Failure> {
    let WhomAndHow { whom, json } = &options.whom;
    let body = whom.get(&options.change.path()).await?;
    match json {
        true => say(body),
        false => say(shown(&read(&body)?)),
    }
    Ok(Exit::Ok)
}

fn weight(text: &str) -> Result<(String, u32), String> {
    let (name, weight) = text.split_once('=').ok_or("it is not NAME=W")?;
    let weight = weight.parse().map_err(|_| format!("{weight:?} is no weight"))?;
    Ok((name.to_owned(), weight))
}

impl Change {
    fn path(&self) -> String {
        let removed = self.remove.iter().map(|name| format!("remove={}", http::segment(name)));
        let weights = self.weight.iter();
        let weights = weights.map(|(of, weight)| format!("weight={}={weight}", http::segment(of)));
        let query: Vec<_> = removed.chain(weights).collect();
        match query.is_empty() {
            true => "/v1/ring/plan".to_owned(),
            false => format!("/v1/ring/plan?{}", query.join("&")),
        }
    }
}

/// A plan for people.
fn shown(plan: &Plan) -> String {
    let Plan { epoch, join, leave, before, after, moves, crowded, .. } = plan;
    if plan.is_empty {
        return format!("nothing is to be changed in ring {epoch}");
    }
    let mut table = Table::new([
        ("MEMBER", Side::Left),
        ("OWNS", Side::Right),
        ("THEN", Side::Right),
        ("LEADS", Side::Right),
        ("THEN", Side::Right),
    ]);
    let mut names: Vec<_> = before.iter().chain(after).map(|load| &load.name).collect();
    names.sort();
    names.dedup();
    for name in names {
        let of = |loads: &[Load], what: fn(&Load) -> u64| {
            let load = loads.iter().find(|load| load.name == *name);
            load.map_or("-".to_owned(), |load| thousands(what(load)))
        };
        table.row([
            name.clone(),
            of(before, |load| load.owned),
            of(after, |load| load.owned),
            of(before, |load| load.primaries),
            of(after, |load| load.primaries),
        ]);
    }
    let mut text = format!("{table}\nring {epoch}: ");
    for (names, what) in [(join, "join"), (leave, "leave")] {
        if !names.is_empty() {
            text += &format!("{} {what}; ", names.join(", "));
        }
    }
    text += &format!(
        "{} copies of partitions to be made, about {} bytes, {} at {} bytes a second",
        thousands(moves.gained),
        thousands(plan.bytes),
        span(plan.seconds),
        thousands(plan.bytes_per_second),
    );
    let said = [
        (crowded.owners, "would have two owners in one zone"),
        (crowded.fallbacks, "would have their first fallback in the zone of an owner"),
    ];
    for (count, what) in said.into_iter().filter(|(count, _)| *count > 0) {
        text += &format!("\nwarning: {} partitions {what}", thousands(count));
    }
    if let Some(waits) = &plan.waits {
        text += &format!("\nnot made by itself: {waits}");
    }
    text
}

/// A time for people: `less than a second`, `12 s`, `3 min`, `2 h`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "for people")]
fn span(seconds: f64) -> String {
    match seconds.ceil() as u64 {
        0 | 1 => "less than a second".to_owned(),
        seconds @ 2..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds.div_ceil(60)),
        seconds => format!("{} h", seconds.div_ceil(3_600)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = r#"{"epoch": 7, "join": ["n4"], "leave": ["n2"],
        "before": [{"name": "n1", "owned": 256, "primaries": 128},
                   {"name": "n2", "owned": 256, "primaries": 128}],
        "after": [{"name": "n1", "owned": 256, "primaries": 128},
                  {"name": "n4", "owned": 256, "primaries": 128}],
        "moves": {"gained": 256, "primaries": 128}, "bytes": 1000000, "bytes_per_second": 100000,
        "seconds": 10.0, "crowded": {"owners": 3, "fallbacks": 0}, "is_empty": false,
        "waits": "the ring is held"}"#;

    #[test]
    fn a_plan_shows_who_has_what_before_and_then() {
        let expected = "\
MEMBER  OWNS  THEN  LEADS  THEN
n1       256   256    128   128
n2       256     -    128     -
n4         -   256      -   128

ring 7: n4 join; n2 leave; 256 copies of partitions to be made, about 1,000,000 bytes, 10 s at \
100,000 bytes a second
warning: 3 partitions would have two owners in one zone
not made by itself: the ring is held";
        assert_eq!(shown(&read(PLAN).unwrap()), expected);
    }

    #[test]
    fn a_plan_of_nothing_says_so() {
        let nothing = PLAN.replace("\"is_empty\": false", "\"is_empty\": true");
        assert_eq!(shown(&read(&nothing).unwrap()), "nothing is to be changed in ring 7");
    }

    #[test]
    fn a_change_becomes_a_query() {
        let remove = vec!["n2".to_owned(), "a&b".to_owned()];
        let change = Change { remove, weight: vec![("n1".to_owned(), 2)] };
        assert_eq!(change.path(), "/v1/ring/plan?remove=n2&remove=a%26b&weight=n1=2");
        assert_eq!(Change::default().path(), "/v1/ring/plan");
        assert_eq!(weight("n1=2"), Ok(("n1".to_owned(), 2)));
        assert!(weight("n1").is_err() && weight("n1=-1").is_err());
    }

    #[test]
    fn times_are_for_people() {
        let spans = [0.2, 12.0, 125.0, 86_400.0].map(span);
        assert_eq!(spans, ["less than a second", "12 s", "3 min", "24 h"]);
    }
}
