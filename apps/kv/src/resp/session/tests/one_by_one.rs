//! A pipeline is answered as if its requests had been made one by one.
//!
//! The store played here takes writes in the order in which they are asked, as a coordinator does,
//! and reads when it pleases, as quorum reads do.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// What a key holds: a value, its version, and when it expires.
type Held = (Bytes, u64, Option<Expiry>);

#[derive(Default)]
struct Store {
    held: BTreeMap<Bytes, Held>,
    writes: u64,
    /// Answers to what was asked and not answered yet; a read has none until it is picked.
    answers: Vec<Option<Answer>>,
}

impl Store {
    /// Takes what was newly asked; writes take effect at once.
    fn hear(&mut self, asked: &[Action]) {
        for action in &asked[self.answers.len()..] {
            let answer = self.write(action);
            self.answers.push(answer);
        }
    }

    fn write(&mut self, action: &Action) -> Option<Answer> {
        self.writes += 1;
        let existed = match action {
            Action::Get { .. } => return None,
            Action::Put { key, value, expires } => {
                self.held.insert(key.clone(), (value.clone(), self.writes, *expires));
                false
            }
            Action::Delete { key } => self.held.remove(key).is_some(),
            Action::Touch { key, version: Version { stamp, .. }, expires, .. } => {
                if *expires == Some(crate::ttl::PAST) {
                    self.held.retain(|held, (_, at, _)| held != key || *at != stamp.0);
                } else if let Some(held) = self.held.get_mut(key).filter(|held| held.1 == stamp.0) {
                    held.2 = *expires;
                }
                false
            }
            Action::Keys { .. } | Action::Count { .. } | Action::Clear { .. } => false,
        };
        Some(done(existed))
    }

    fn answer(&mut self, at: usize, action: &Action) -> Answer {
        let written = self.answers.remove(at);
        let Action::Get { key } = action else { return written.unwrap() };
        let found = self.held.get(key).map(|(value, stamp, expires)| Found {
            value: value.clone(),
            version: version(*stamp),
            expires: *expires,
        });
        Ok(Reply::Value(found))
    }
}

/// What a Redis with these keys would say.
#[derive(Default)]
struct Model(BTreeMap<String, (String, bool)>);

impl Model {
    fn says(&mut self, line: &str) -> String {
        let words: Vec<_> = line.split(' ').collect();
        let bulk = |value: Option<&String>| match value {
            Some(value) => format!("${} {value} ", value.len()),
            None => "$-1 ".to_owned(),
        };
        let number = |number: usize| format!(":{number} ");
        match words[..] {
            ["SET", key, value] => {
                self.0.insert(key.to_owned(), (value.to_owned(), false));
                "+OK ".to_owned()
            }
            ["SET", key, value, "KEEPTTL"] => {
                let ends = self.0.get(key).is_some_and(|held| held.1);
                self.0.insert(key.to_owned(), (value.to_owned(), ends));
                "+OK ".to_owned()
            }
            ["GET", key] => bulk(self.0.get(key).map(|held| &held.0)),
            ["MGET", one, other] => {
                let value = |key| bulk(self.0.get(key).map(|held| &held.0));
                format!("*2 {}{}", value(one), value(other))
            }
            ["MSET", one, value, other, last] => {
                self.0.insert(one.to_owned(), (value.to_owned(), false));
                self.0.insert(other.to_owned(), (last.to_owned(), false));
                "+OK ".to_owned()
            }
            ["DEL", one, other] => {
                let one = usize::from(self.0.remove(one).is_some());
                number(one + usize::from(self.0.remove(other).is_some()))
            }
            ["EXISTS", one, other] => {
                let is_there = |key| usize::from(self.0.contains_key(key));
                number(is_there(one) + is_there(other))
            }
            ["GETDEL", key] => bulk(self.0.remove(key).map(|held| held.0).as_ref()),
            ["EXPIRE", key, _] => match self.0.get_mut(key) {
                Some(held) => {
                    held.1 = true;
                    number(1)
                }
                None => number(0),
            },
            ["PERSIST", key] => match self.0.get_mut(key) {
                Some(held) => number(usize::from(std::mem::take(&mut held.1))),
                None => number(0),
            },
            ["TTL", key] => match self.0.get(key) {
                Some((_, true)) => number(5),
                Some((_, false)) => ":-1 ".to_owned(),
                None => ":-2 ".to_owned(),
            },
            _ => "+PONG ".to_owned(),
        }
    }
}

fn lines() -> impl Strategy<Value = String> {
    let key = || prop::sample::select(vec!["a", "b", "c"]);
    (0..12, key(), key(), 0..1_000, 0..1_000).prop_map(|(kind, one, other, value, last)| match kind
    {
        0 | 1 => format!("SET {one} {value}"),
        2 => format!("SET {one} {value} KEEPTTL"),
        3 => format!("GET {one}"),
        4 => format!("MGET {one} {other}"),
        5 => format!("MSET {one} {value} {other} {last}"),
        6 => format!("DEL {one} {other}"),
        7 => format!("EXISTS {one} {other}"),
        8 => format!("GETDEL {one}"),
        9 => format!("EXPIRE {one} 5"),
        10 => format!("PERSIST {one}"),
        _ => format!("TTL {one}"),
    })
}

proptest! {
    #[test]
    fn a_pipeline_is_answered_as_if_one_by_one(
        lines in prop::collection::vec(lines(), 1..30),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 100),
        pipeline_max in 1_u32..40,
    ) {
        let limits = Limits { pipeline_max, ..roomy() };
        let mut world = World::with(limits, RedisConfig::default(), Settings::default());
        let (mut store, mut model) = (Store::default(), Model::default());
        let mut picks = picks.into_iter().cycle();
        let wanted: String = lines.iter().map(|line| model.says(line)).collect();
        let mut told = String::new();
        let mut lines = lines.iter().peekable();
        while lines.peek().is_some() || !world.session.is_idle() || world.waiting.is_some() {
            if world.waiting.is_none() && let Some(line) = lines.next() {
                world.types(line);
                store.hear(&world.asked());
                continue;
            }
            let asked = world.asked();
            prop_assert!(!asked.is_empty(), "nothing moves any more");
            let at = picks.next().unwrap().index(asked.len());
            let answer = store.answer(at, &asked[at]);
            world.answers(at, answer);
            store.hear(&world.asked());
            told.push_str(&world.told());
        }
        prop_assert_eq!(told, wanted);
        prop_assert!(world.session.asking.gauge.is_empty());
    }
}
