//! Parsing: one line, one step.

use std::time::Duration;

use crate::scene::step::{Harm, Layout, Question, Quorums, Request, Show, Step};
use crate::scene::words::{Problem, Words};

/// How long a request may take when the scene does not say.
const WITHIN: Duration = Duration::from_secs(2);
/// How many owners a partition has when the scene does not say and there are as many nodes.
const REPLICAS: u8 = 3;
/// The most nodes of a scene.
const NODES_MAX: u8 = 9;

/// The step that this line is.
pub fn step(line: &str) -> Result<Step, Problem> {
    let mut words = Words::of(line);
    let step = match words.next("a step")? {
        "nodes" => nodes(&mut words)?,
        word @ ("n" | "r" | "w") => quorums(&mut words, word)?,
        "put" => {
            let (key, value) = (key(&mut words)?, words.next("a value")?.to_owned());
            ask(&mut words, Request::Put { key, value })?
        }
        "get" => {
            let key = key(&mut words)?;
            ask(&mut words, Request::Get { key })?
        }
        "delete" => {
            let key = key(&mut words)?;
            ask(&mut words, Request::Delete { key })?
        }
        "add" => {
            let by = words.number("how much to add")?;
            words.literal("to")?;
            let key = key(&mut words)?;
            ask(&mut words, Request::Add { key, by })?
        }
        "answer" => Step::Answer(words.next("a name")?.to_owned()),
        "crash" => Step::Crash(words.node()?),
        "start" => Step::Start(words.node()?),
        "pause" => Step::Pause(words.node()?),
        "resume" => Step::Resume(words.node()?),
        "clock" => Step::Clock { node: words.node()?, by_ms: words.shift_ms()? },
        "cut" => Step::Harm(words.ways()?, Harm::Cut),
        "drop" => Step::Harm(words.ways()?, Harm::Loss),
        "delay" => {
            let ways = words.ways()?;
            words.literal("by")?;
            Step::Harm(ways, Harm::Late(words.span()?))
        }
        "partition" => Step::Harm(words.divided()?, Harm::Cut),
        "heal" => Step::Heal,
        "wait" => Step::Wait(words.span()?),
        "settle" => Step::Settle,
        "show" => show(&mut words)?,
        word => return Err(format!("there is no step `{word}`")),
    };
    words.end()?;
    Ok(step)
}

fn nodes(words: &mut Words<'_>) -> Result<Step, Problem> {
    let nodes = words.count("how many nodes")?.get();
    if nodes > NODES_MAX {
        return Err(format!("{nodes} is more than {NODES_MAX} nodes"));
    }
    let replicas = if words.takes("replicas") {
        words.count("how many replicas")?.get()
    } else {
        REPLICAS.min(nodes)
    };
    if replicas > nodes {
        return Err(format!("{nodes} nodes cannot hold {replicas} replicas"));
    }
    Ok(Step::Nodes(Layout { nodes, replicas }))
}

fn quorums(words: &mut Words<'_>, first: &str) -> Result<Step, Problem> {
    let mut quorums = Quorums::default();
    let mut next = Some(first);
    while let Some(word) = next {
        let known = quorum(words, &mut quorums, word)?;
        if !known {
            return Err(format!("`n`, `r` or `w` is expected, not `{word}`"));
        }
        next = words.maybe();
    }
    Ok(Step::Quorums(quorums))
}

/// Takes the number after `word`, if `word` is one of a quorum. Whether it is.
fn quorum(words: &mut Words<'_>, quorums: &mut Quorums, word: &str) -> Result<bool, Problem> {
    let slot = match word {
        "n" => &mut quorums.n,
        "r" => &mut quorums.r,
        "w" => &mut quorums.w,
        _ => return Ok(false),
    };
    *slot = Some(words.count("how many replicas")?);
    Ok(true)
}

fn ask(words: &mut Words<'_>, request: Request) -> Result<Step, Problem> {
    words.literal("at")?;
    let node = words.node()?;
    let (mut quorums, mut within, mut label) = (Quorums::default(), WITHIN, None);
    while let Some(word) = words.maybe() {
        match word {
            "within" => within = words.span()?,
            "as" => label = Some(words.next("a name")?.to_owned()),
            "r" if request.writes() => return Err("a write has no `r`".to_owned()),
            "w" if !request.writes() => return Err("a read has no `w`".to_owned()),
            word => {
                if !quorum(words, &mut quorums, word)? {
                    return Err(format!("a request has no `{word}`"));
                }
            }
        }
    }
    if within.is_zero() {
        return Err("a request needs time".to_owned());
    }
    Ok(Step::Ask(Question { node, request, quorums, within, label }))
}

fn show(words: &mut Words<'_>) -> Result<Step, Problem> {
    let show = match words.next("what to show")? {
        "value" => Show::Value(key(words)?),
        "sum" => Show::Sum(key(words)?),
        "owners" => Show::Owners(key(words)?),
        "peers" => Show::Peers(words.node()?),
        "ring" => Show::Ring,
        word => return Err(format!("there is no `{word}` to show")),
    };
    Ok(Step::Show(show))
}

fn key(words: &mut Words<'_>) -> Result<String, Problem> {
    words.next("a key").map(str::to_owned)
}
