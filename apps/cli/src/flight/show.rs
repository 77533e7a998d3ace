//! A replay on the screen: a line for what an actor was given, one below it for each order.

use std::fmt::Write;
use std::path::Path;

use peer_ring_core::actor::Instant;
use peer_ring_core::id::Desk;
use peer_ring_proto::flight::Recording;
use peer_ring_sim::flight::{Follow, Halt, KvLexicon, Replay, Turn, Words, state};
use serde_json::{Value, json};

use crate::exit::say;
use crate::flight::ReplayOptions;
use crate::utc::Utc;

/// Prints a replay, or what of it was asked for.
pub struct Show<'a> {
    options: &'a ReplayOptions,
    words: Words<'a>,
    follow: Option<Follow<'a>>,
    began: Instant,
    printed: usize,
}

impl<'a> Show<'a> {
    /// Prints what `options` ask for.
    pub fn new(options: &'a ReplayOptions, recording: &Recording) -> Self {
        let key = options.key.as_ref().map(|key| key.clone().into_bytes().into());
        let first = (!recording.is_empty()).then(|| recording.entry(0).ok()).flatten();
        Self {
            options,
            words: Words::new(recording.header(), &KvLexicon),
            follow: key.map(|key| Follow::new(key, &KvLexicon)),
            began: first.map(|entry| entry.now.tick).unwrap_or_default(),
            printed: 0,
        }
    }

    /// Whether more than the first so many turns are asked for.
    pub fn has_more(&self, replayed: usize) -> bool {
        self.options.to.is_none_or(|to| replayed <= to)
    }

    /// What is replayed.
    pub fn head(&self, path: &Path, recording: &Recording) -> String {
        let header = recording.header();
        let (count, ending) = (recording.len(), recording.ending());
        let partitions = header.control.ring.partitions.count();
        if self.options.json {
            let head = json!({
                "recording": path.display().to_string(),
                "cluster": header.cluster,
                "node": header.name().as_str(),
                "id": header.node().to_string(),
                "started_ms": header.started.0,
                "shards": header.shards(),
                "partitions": partitions,
                "replicas": header.control.ring.replicas,
                "apps": header.apps,
                "entries": count,
                "ending": ending.to_string(),
            });
            return head.to_string();
        }
        format!(
            "{}\n{}, id {}, of cluster {}, started {}\n{} shards, {partitions} partitions, {} \
             replicas; apps: {}\n{count} entries; then {ending}\n",
            path.display(),
            header.name(),
            header.node(),
            header.cluster,
            Utc(header.started),
            header.shards(),
            header.control.ring.replicas,
            header.apps.join(", "),
        )
    }

    /// Prints a turn, if it is asked for or did not end as it did at the node.
    pub fn turn(&mut self, turn: &Turn, agrees: bool) {
        self.words.learn(turn);
        if !self.is_wanted(turn) && agrees {
            return;
        }
        self.printed += 1;
        let line = if self.options.json { self.json(turn, agrees) } else { self.text(turn) };
        say(line.trim_end());
    }

    fn is_wanted(&mut self, turn: &Turn) -> bool {
        // Whoever follows a key must see every turn.
        let is_about = self.follow.as_mut().is_none_or(|follow| follow.is_about(turn));
        let is_there = self.options.desk.is_none_or(|desk| desk == turn.entry.step.desk());
        is_about && is_there && turn.number >= self.options.from && !self.options.quiet
    }

    fn text(&self, turn: &Turn) -> String {
        let Turn { number, entry, orders, panic } = turn;
        let after = entry.now.tick.since(self.began).as_secs_f64();
        let (desk, input) = (name(entry.step.desk()), self.words.input(&entry.step));
        let mut text = format!("#{number} +{after:.6} {desk}  {input}\n");
        for order in self.words.orders(orders) {
            writeln!(text, "      -> {order}").expect("a string takes any text");
        }
        if let Some(panic) = panic {
            writeln!(text, "      PANICS: {panic}").expect("a string takes any text");
        }
        text
    }

    fn json(&self, turn: &Turn, agrees: bool) -> String {
        let Turn { number, entry, orders, panic } = turn;
        let turn = json!({
            "entry": number,
            "tick_ns": entry.now.tick.0,
            "wall_ms": entry.now.wall.0,
            "desk": name(entry.step.desk()),
            "input": self.words.input(&entry.step),
            "orders": self.words.orders(orders),
            "panic": panic,
            "agrees": agrees,
        });
        turn.to_string()
    }

    /// What the node believed when the replay ended.
    pub fn state(&self, replay: &Replay) -> String {
        let lines = state::lines(replay, &self.words);
        let key = self.options.key.as_deref();
        let records = key.map(|key| state::records(replay, key.as_bytes(), &KvLexicon));
        if self.options.json {
            return json!({ "state": lines, "records": records }).to_string();
        }
        let mut text = String::from("\nWhat the node believed then:\n");
        for line in lines.iter().chain(records.iter().flatten()) {
            writeln!(text, "  {line}").expect("a string takes any text");
        }
        if records.is_some_and(|records| records.is_empty()) {
            text += "  no record of that key\n";
        }
        text.trim_end().to_owned()
    }

    /// How the replay went.
    pub fn end(&self, replay: &Replay, halt: Option<&Halt>) -> String {
        let (replayed, entries) = (replay.replayed(), replay.recording().len());
        let diverged_at = match halt {
            Some(Halt::Diverged(divergence)) => Some(divergence.turn.number),
            Some(Halt::NoView { .. } | Halt::Unreadable { .. }) | None => None,
        };
        if self.options.json {
            let halt = halt.map_or(Value::Null, |halt| halt.to_string().into());
            let end = json!({
                "replayed": replayed,
                "entries": entries,
                "printed": self.printed,
                "diverged_at": diverged_at,
                "halt": halt,
            });
            return end.to_string();
        }
        let printed = self.printed;
        let went = match halt {
            Some(halt @ Halt::Diverged(_)) => format!("DIVERGED at {halt}"),
            Some(halt @ (Halt::NoView { .. } | Halt::Unreadable { .. })) => {
                format!("no further: {halt}")
            }
            None => "the actors did all that the node's did".to_owned(),
        };
        format!("\nreplayed {replayed} of {entries} entries, printed {printed}: {went}")
    }
}

fn name(desk: Desk) -> String {
    match desk {
        Desk::Control => "control".to_owned(),
        Desk::Shard(index) => format!("shard-{index}"),
    }
}
