//! Reading schedules: every mistake is named with its line.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::time::Duration;

use peer_ring_core::rare::Mark;
use peer_ring_core::ring::Strategy;
use peer_ring_core::ring::strategy::UnknownStrategy;
use peer_ring_core::{steward, transfer};
use peer_ring_proto::WireVersion;
use peer_ring_proto::hello::Protocols;

use crate::check::Class;
use crate::cluster::{Cluster, Discovery, Latency};
use crate::faults::{Fault, Scheduled};
use crate::plan::{Patience, Plan, Planned};
use crate::schedule::words::{Words, Wrong};
use crate::schedule::{Found, Schedule, VERSION, cluster};
use crate::subject::{Sizes, Subject};
use crate::time::Time;
use crate::world::{Errand, NodeIndex};

/// Most nodes of a cluster.
const NODES_MAX: u8 = 100;
/// Most replicas of a partition.
const REPLICAS_MAX: u8 = 16;
/// Most shards of a node.
const SHARDS_MAX: u8 = 16;
/// Most clients of a run.
const CLIENTS_MAX: u32 = 10_000;

/// What is wrong with a schedule, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {wrong}")]
pub struct Mistake {
    /// The line, counted from one.
    pub line: usize,
    /// What is wrong with it.
    pub wrong: Wrong,
}

/// The name of the app that a schedule is about.
///
/// # Errors
/// It is not a schedule, is of a version not known here, or names none.
pub fn app_of(text: &str) -> Result<String, Mistake> {
    let (_, lines) = lines(text)?;
    let mut named = lines.iter().filter_map(|line| line.text.strip_prefix("app "));
    let words = named.next().ok_or_else(|| missing("app", lines.len()))?;
    Ok(Words::new(words).peek().unwrap_or_default().to_owned())
}

/// The schedule that a text says, for this subject.
///
/// # Errors
/// The first mistake.
pub fn read<S: Subject>(subject: &S, text: &str) -> Result<Schedule<S>, Mistake> {
    let (version, lines) = lines(text)?;
    let last = lines.last().map_or(1, |line| line.number);
    let mut draft = Draft::<S>::default();
    // What the other lines are checked against comes first, wherever it stands.
    for line in lines.iter().filter(|line| line.is_about("cluster")) {
        line.mistake(once(&draft.sizes, "cluster"))?;
        draft.sizes = Some(line.mistake(sizes(line.words()))?);
    }
    let sizes = draft.sizes.ok_or_else(|| missing("cluster", last))?;
    for line in lines.iter().filter(|line| !line.is_about("cluster")) {
        line.mistake(draft.take(subject, Words::about(sizes.nodes, line.text)))?;
    }
    // Before version 2 of schedules there was one version of the wire.
    let usual = match version {
        1 => Protocols::OURS.at_most(WireVersion::V1.number()),
        _ => Protocols::OURS,
    };
    draft.finish(sizes, usual).map_err(|name| missing(name, last))
}

/// A line with something on it.
struct Line<'a> {
    number: usize,
    text: &'a str,
}

impl<'a> Line<'a> {
    fn is_about(&self, name: &str) -> bool {
        Words::new(self.text).peek() == Some(name)
    }

    /// The words behind the first.
    fn words(&self) -> Words<'a> {
        let mut words = Words::new(self.text);
        let _ = words.word("something");
        words
    }

    fn mistake<T>(&self, result: Result<T, Wrong>) -> Result<T, Mistake> {
        result.map_err(|wrong| Mistake { line: self.number, wrong })
    }
}

/// The version, which the first line says, and all other lines with something on them.
fn lines(text: &str) -> Result<(u32, Vec<Line<'_>>), Mistake> {
    let mut lines = (1..).zip(text.lines()).map(|(number, line)| {
        let is_comment = line.trim_start().starts_with('#');
        Line { number, text: if is_comment { "" } else { line.trim() } }
    });
    let first = lines.next().unwrap_or(Line { number: 1, text: "" });
    let version = first.mistake(version(Words::new(first.text)))?;
    Ok((version, lines.filter(|line| !line.text.is_empty()).collect()))
}

fn version(mut words: Words<'_>) -> Result<u32, Wrong> {
    let is_schedule = words.is_next("peer-ring") && words.is_next("schedule");
    if !is_schedule {
        return Err(Wrong(format!("a schedule begins with 'peer-ring schedule {VERSION}'")));
    }
    let version: u32 = words.number("a version")?;
    words.end()?;
    if (1..=VERSION).contains(&version) {
        return Ok(version);
    }
    Err(Wrong(format!("this is a schedule of version {version}, and known are 1 to {VERSION}")))
}

fn missing(name: &str, line: usize) -> Mistake {
    Mistake { line, wrong: Wrong(format!("the schedule ends without a line '{name} ...'")) }
}

/// What was read so far.
struct Draft<S: Subject> {
    app: Option<S::Settings>,
    seed: Option<u64>,
    sizes: Option<Sizes>,
    latency: Option<Latency>,
    patience: Option<Patience>,
    rise: Option<u32>,
    heal: Option<Time>,
    strategy: Option<Strategy>,
    room: Option<usize>,
    spares: Option<BTreeSet<NodeIndex>>,
    discovery: Option<Discovery>,
    disk: Option<RangeInclusive<Duration>>,
    steward: Option<steward::Settings>,
    transfers: Option<transfer::Settings>,
    wire: BTreeMap<NodeIndex, Protocols>,
    switches: BTreeMap<Mark, u16>,
    faults: Vec<Scheduled>,
    calls: Vec<Planned<S::Call>>,
    found: Option<Found>,
    fault_ids: BTreeSet<u32>,
    call_ids: BTreeSet<u32>,
}

impl<S: Subject> Default for Draft<S> {
    fn default() -> Self {
        Self {
            app: None,
            seed: None,
            sizes: None,
            latency: None,
            patience: None,
            rise: None,
            heal: None,
            strategy: None,
            room: None,
            spares: None,
            discovery: None,
            disk: None,
            steward: None,
            transfers: None,
            wire: BTreeMap::new(),
            switches: BTreeMap::new(),
            faults: Vec::new(),
            calls: Vec::new(),
            found: None,
            fault_ids: BTreeSet::new(),
            call_ids: BTreeSet::new(),
        }
    }
}

impl<S: Subject> Draft<S> {
    fn take(&mut self, subject: &S, mut words: Words<'_>) -> Result<(), Wrong> {
        match words.word("a line")? {
            "app" => set(&mut self.app, "app", app(subject, words)?),
            "seed" => set(&mut self.seed, "seed", last(words, |words| words.number("a seed"))?),
            "latency" => set(&mut self.latency, "latency", latency(words)?),
            "patience" => set(&mut self.patience, "patience", patience(words)?),
            "rise" => set(&mut self.rise, "rise", last(words, |words| words.number("a factor"))?),
            "heal" => {
                words.the("at")?;
                set(&mut self.heal, "heal", last(words, |words| words.time())?)
            }
            "strategy" => set(&mut self.strategy, "strategy", last(words, strategy)?),
            "room" => set(&mut self.room, "room", last(words, |words| words.number("a number"))?),
            "spares" => set(&mut self.spares, "spares", cluster::spares(words)?),
            "discovery" => set(&mut self.discovery, "discovery", cluster::discovery(words)?),
            "disks" => set(&mut self.disk, "disks", last(words, cluster::range)?),
            "steward" => set(&mut self.steward, "steward", cluster::steward(words)?),
            "transfers" => set(&mut self.transfers, "transfers", cluster::transfers(words)?),
            "wire" => {
                let (node, wire) = wire(words)?;
                match self.wire.insert(node, wire) {
                    None => Ok(()),
                    Some(_) => Err(Wrong(format!("there is a line 'wire {node} ...' already"))),
                }
            }
            "switch" => {
                let (mark, per_mille) = switch(words)?;
                match self.switches.insert(mark, per_mille) {
                    None => Ok(()),
                    Some(_) => Err(Wrong(format!("there is a switch {mark} already"))),
                }
            }
            "fault" => {
                let fault = fault(words)?;
                unique(&mut self.fault_ids, fault.id, "fault")?;
                self.faults.push(fault);
                Ok(())
            }
            "call" => {
                let call = call(subject, words)?;
                unique(&mut self.call_ids, call.id, "call")?;
                self.calls.push(call);
                Ok(())
            }
            "found" => set(&mut self.found, "found", found(words)?),
            other => Err(Wrong(format!("'{other}' does not begin any line of a schedule"))),
        }
    }

    /// The schedule, or the name of a line that is missing.
    fn finish(mut self, sizes: Sizes, usual: Protocols) -> Result<Schedule<S>, &'static str> {
        self.calls.sort_by_key(|planned| (planned.at, planned.id));
        let mut cluster = Cluster::new(sizes.nodes, sizes.replicas);
        let spoken = |node| self.wire.get(&node).copied().unwrap_or(usual);
        cluster.wire = (0..sizes.nodes).map(NodeIndex).map(spoken).collect();
        cluster.ring.strategy = self.strategy.unwrap_or_default();
        if let Some(room) = self.room {
            cluster.coordinator.inflight_max = room;
        }
        cluster.spares = self.spares.unwrap_or_default();
        if cluster.spares.len() == usize::from(sizes.nodes) {
            return Err("founder that is not among the spares");
        }
        cluster.discovery = self.discovery.unwrap_or_default();
        cluster.disk = self.disk;
        cluster.steward = self.steward.unwrap_or_default();
        cluster.transfers = self.transfers.unwrap_or_default();
        let latency = self.latency.unwrap_or_else(|| cluster.latency.clone());
        let timeout = Duration::from_secs(1);
        let patience = Patience { timeout, patience: timeout + Duration::from_millis(100) };
        let plan = Plan {
            seed: self.seed.ok_or("seed")?,
            settings: self.app.ok_or("app")?,
            cluster: Cluster { shards: sizes.shards, latency, ..cluster },
            patience: self.patience.unwrap_or(patience),
            calls: self.calls,
            faults: self.faults,
            heal: self.heal.ok_or("heal")?,
            switches: self.switches,
            rise: self.rise.unwrap_or(1),
        };
        Ok(Schedule { plan, found: self.found })
    }
}

fn once<T>(slot: &Option<T>, name: &str) -> Result<(), Wrong> {
    match slot {
        None => Ok(()),
        Some(_) => Err(Wrong(format!("there is a line '{name} ...' already"))),
    }
}

fn set<T>(slot: &mut Option<T>, name: &str, value: T) -> Result<(), Wrong> {
    once(slot, name)?;
    *slot = Some(value);
    Ok(())
}

fn unique(ids: &mut BTreeSet<u32>, id: u32, name: &str) -> Result<(), Wrong> {
    if ids.insert(id) { Ok(()) } else { Err(Wrong(format!("there is a {name} #{id} already"))) }
}

/// What `read` reads, which must be the last of the line.
fn last<'a, T>(
    mut words: Words<'a>,
    read: impl Fn(&mut Words<'a>) -> Result<T, Wrong>,
) -> Result<T, Wrong> {
    let value = read(&mut words)?;
    words.end()?;
    Ok(value)
}

fn app<S: Subject>(subject: &S, mut words: Words<'_>) -> Result<S::Settings, Wrong> {
    let name = words.word("the name of an app")?;
    if name != subject.name() {
        let wanted = subject.name();
        return Err(Wrong(format!("this is a schedule for the app {name}, and not for {wanted}")));
    }
    subject.read_settings(words.rest()).map_err(Wrong)
}

fn sizes(mut words: Words<'_>) -> Result<Sizes, Wrong> {
    let mut count = |what: &str, most: u8| {
        let count: u8 = words.number(what)?;
        words.the(what)?;
        if (1..=most).contains(&count) {
            return Ok(count);
        }
        Err(Wrong(format!("{count} {what}: there can be 1 to {most}")))
    };
    let nodes = count("nodes", NODES_MAX)?;
    let replicas = count("replicas", REPLICAS_MAX)?;
    let shards = count("shards", SHARDS_MAX)?;
    words.end()?;
    // Who is no founder is said elsewhere.
    Ok(Sizes { nodes, founders: nodes, replicas, shards })
}

fn latency(mut words: Words<'_>) -> Result<Latency, Wrong> {
    let usual = cluster::range(&mut words)?;
    words.the("and")?;
    let slow = words.chance()?;
    let slow_span = cluster::range(&mut words)?;
    words.end()?;
    Ok(Latency { usual, slow, slow_span })
}

fn patience(mut words: Words<'_>) -> Result<Patience, Wrong> {
    let timeout = words.span()?;
    words.the("then")?;
    let patience = last(words, |words| words.span())?;
    Ok(Patience { timeout, patience })
}

fn strategy(words: &mut Words<'_>) -> Result<Strategy, Wrong> {
    let name = words.word("a strategy")?;
    name.parse().map_err(|unknown: UnknownStrategy| Wrong(unknown.to_string()))
}

fn wire(mut words: Words<'_>) -> Result<(NodeIndex, Protocols), Wrong> {
    let node = words.node()?;
    let min = words.wire()?.number();
    words.the("to")?;
    let max = last(words, |words| words.wire())?.number();
    if min > max {
        return Err(Wrong(format!("{min} to {max} is no range")));
    }
    Ok((node, Protocols { min, max }))
}

fn switch(mut words: Words<'_>) -> Result<(Mark, u16), Wrong> {
    let name = words.word("the name of a rare branch")?;
    let mark = Mark::SWITCHES.iter().find(|mark| mark.name() == name);
    let mark = mark.ok_or_else(|| {
        let known: Vec<_> = Mark::SWITCHES.iter().map(|mark| mark.name()).collect();
        Wrong(format!("'{name}' is not a branch that can be switched; {} are", known.join(", ")))
    })?;
    let chance = last(words, |words| words.chance())?;
    Ok((*mark, chance.per_mille()))
}

fn fault(mut words: Words<'_>) -> Result<Scheduled, Wrong> {
    let id = words.id()?;
    words.the("at")?;
    let at = words.time()?;
    let during = if words.is_next("during") { Some(errand(&mut words)?) } else { None };
    words.the("for")?;
    let lasts = words.span()?;
    let fault = Fault::read(&mut words)?;
    words.end()?;
    Ok(Scheduled { id, at, during, lasts, fault })
}

fn errand(words: &mut Words<'_>) -> Result<Errand, Wrong> {
    let name = words.word("what is going on")?;
    let errand = Errand::ALL.into_iter().find(|errand| errand.as_str() == name);
    errand.ok_or_else(|| {
        let known = Errand::ALL.map(Errand::as_str).join(", ");
        Wrong(format!("'{name}' is not something that nodes are about: {known}"))
    })
}

fn call<S: Subject>(subject: &S, mut words: Words<'_>) -> Result<Planned<S::Call>, Wrong> {
    let id = words.id()?;
    words.the("client")?;
    let client = words.number("the number of a client")?;
    if client >= CLIENTS_MAX {
        return Err(Wrong(format!("client {client}: they are numbered below {CLIENTS_MAX}")));
    }
    words.the("at")?;
    let at = words.time()?;
    words.the("at")?;
    let node = words.node()?;
    let call = subject.read_call(words.rest()).map_err(Wrong)?;
    Ok(Planned { id, client, at, node, call })
}

fn found(mut words: Words<'_>) -> Result<Found, Wrong> {
    let word = words.word("a class")?;
    let class = Class::ALL.into_iter().find(|class| class.as_str() == word);
    let class =
        class.ok_or_else(|| Wrong(format!("'{word}' is not crash, correctness or liveness")))?;
    match words.rest() {
        "" => Err(Wrong("the line ends before a checker".to_owned())),
        checker => Ok(Found { class, checker: checker.to_owned() }),
    }
}
