//! A node alone, recorded as its runtime does it, and replayed.

use std::time::Duration;

use peer_ring_core::actor::{Instant, Wall};
use peer_ring_core::app::{App, Plan, Records, encode};
use peer_ring_core::coordinator::Ask;
use peer_ring_core::id::{AppId, CallerId, NodeId, NodeName};
use peer_ring_core::key::Key;
use peer_ring_core::membership::{Fact, Sighting};
use peer_ring_kv::{Action, Command, Kv, Namespace, Quorum, Reply};
use peer_ring_proto::flight::{Header, Recorder, record};

use super::*;

/// A node of one shard, and what its recorder has kept of it.
struct Recorded {
    file: Vec<u8>,
    apps: Apps,
    control: Control,
    shard: Shard,
    recorders: [Recorder; 2],
    now: Now,
    replies: Vec<String>,
}

impl Recorded {
    /// A node that has its ring.
    fn with(app: impl App) -> Self {
        let mut apps = Apps::new();
        apps.add(app).unwrap();
        let mut header = Header::new("test", NodeName::new("n1").unwrap(), NodeId(7));
        header.apps = apps.names().map(str::to_owned).collect();
        // It is the only node there will ever be.
        header.control.steward.alone_for = Duration::ZERO;
        // The actors that are recorded and those of a replay are built by the same code.
        let empty = Recording::read(header.encode().into()).unwrap();
        let Replay { control, mut shards, .. } = Replay::new(empty, &apps).unwrap();
        let mut node = Self {
            file: header.encode(),
            apps,
            control,
            shard: shards.remove(0),
            recorders: [Desk::Control, Desk::Shard(0)].map(Recorder::new),
            now: Now { tick: Instant(1), wall: Wall(1_700_000_000_000) },
            replies: Vec::new(),
        };
        let seen = Sighting::new(NodeName::new("n1").unwrap(), "localhost:1");
        node.tell_control(ControlIn::Fact(Fact::Seen(seen)));
        node.tell_control(ControlIn::Fact(Fact::Settled));
        node
    }

    fn tell_control(&mut self, input: ControlIn) {
        self.now.tick.0 += 1_000;
        let mut out = Outbox::new();
        self.recorders[0].begin(self.now, Some(&input));
        self.control.handle(self.now, input, &mut out);
        self.file.extend_from_slice(self.recorders[0].end(out.iter(), false));
        for order in out.drain() {
            match order {
                ControlOut::View(view) => self.tell_shard(Some(ShardIn::View(view))),
                ControlOut::Keep { number, .. } => self.tell_control(ControlIn::Kept(number)),
                ControlOut::Connect { .. }
                | ControlOut::Disconnect { .. }
                | ControlOut::Send { .. }
                | ControlOut::Answer { .. }
                | ControlOut::Left
                | ControlOut::Impossible(_) => {}
            }
        }
    }

    fn tell_shard(&mut self, input: Option<ShardIn>) {
        self.now.tick.0 += 1_000;
        let mut out = Outbox::new();
        self.recorders[1].begin(self.now, input.as_ref());
        let (now, shard) = (self.now, &mut self.shard);
        let turn = || match input {
            Some(input) => shard.handle(now, input, &mut out),
            None => shard.wake(now, &mut out),
        };
        let panicked = catch_unwind(AssertUnwindSafe(turn)).is_err();
        self.file.extend_from_slice(self.recorders[1].end(out.iter(), panicked));
        for order in out.drain() {
            if let ShardOut::Reply { result, .. } = order {
                let reply = result.map(|reply| KvLexicon.reply(&reply).unwrap_or_default());
                self.replies.push(format!("{reply:?}"));
            }
        }
    }

    fn ask<A: App>(&mut self, app: &A, command: &A::Command) {
        let ask = Ask {
            app: AppId::of(A::NAME),
            key: A::key(command),
            plan: app.plan(command),
            command: encode(command),
            timeout: Duration::from_secs(1),
        };
        let caller = CallerId(self.now.tick.0);
        self.tell_shard(Some(ShardIn::Ask { caller, ask }));
    }

    fn replay(&self) -> Replay {
        Replay::new(Recording::read(self.file.clone().into()).unwrap(), &self.apps).unwrap()
    }
}

fn command(action: Action) -> Command {
    let quorum = Quorum { n: 1.try_into().ok(), q: None };
    Command { namespace: Namespace::default(), quorum, action }
}

fn put(key: &'static str, value: &'static str) -> Command {
    command(Action::Put { key: key.into(), value: value.into(), expires: None })
}

fn get(key: &'static str) -> Command {
    command(Action::Get { key: key.into() })
}

/// A node that was asked to keep two values.
fn store() -> Recorded {
    let mut node = Recorded::with(Kv::default());
    node.ask(&Kv::default(), &put("a", "first"));
    node.ask(&Kv::default(), &put("b", "other"));
    node.ask(&Kv::default(), &get("a"));
    node.tell_shard(None);
    node
}

/// All turns, and why there are no more.
fn turns(replay: &mut Replay) -> (Vec<Turn>, Option<Halt>) {
    let mut turns = Vec::new();
    loop {
        match replay.turn() {
            Ok(Some(turn)) => turns.push(turn),
            Ok(None) => return (turns, None),
            Err(halt) => return (turns, Some(halt)),
        }
    }
}

#[test]
fn a_replay_does_what_the_node_did_and_ends_where_it_was() {
    let node = store();
    assert!(node.replies.iter().any(|reply| reply.contains("first")), "{:?}", node.replies);
    let mut replay = node.replay();
    let (turns, halt) = turns(&mut replay);
    assert!(halt.is_none(), "{halt:?}");
    assert_eq!(turns.len(), replay.recording().len());
    let words = Words::new(replay.recording().header(), &KvLexicon);
    let said: Vec<_> = turns.iter().flat_map(|turn| words.orders(&turn.orders)).collect();
    assert!(said.iter().any(|line| line.contains(": \"first\" at ")), "{said:#?}");
    let stats = |shard: &Shard| (shard.stats(), shard.blank(), shard.coordinator().counters());
    assert_eq!(stats(&replay.shards()[0]), stats(&node.shard));
    let records = state::records(&replay, b"a", &KvLexicon);
    assert_eq!(records.len(), 1, "{records:?}");
    assert!(records[0].starts_with("default/a in partition "), "{records:?}");
    assert!(records[0].contains("\"first\", written by 0000000000000007"), "{records:?}");
}

#[test]
fn a_key_is_followed_from_its_question_to_its_answer() {
    let mut replay = store().replay();
    let mut follow = Follow::new("a".into(), &KvLexicon);
    let words = Words::new(replay.recording().header(), &KvLexicon);
    let (turns, _) = turns(&mut replay);
    let about: Vec<_> = turns
        .iter()
        .filter(|turn| follow.is_about(turn))
        .map(|turn| words.input(&turn.entry.step))
        .collect();
    assert_eq!(about.len(), 2, "{about:?}");
    assert!(about[0].contains("asks: put default/a = \"first\", written at 1 of 1"), "{about:?}");
    assert!(about[1].contains("asks: get default/a, read at 1 of 1"), "{about:?}");
}

/// Replays the node with one entry changed, the first that has `part` in it.
fn edited(node: &Recorded, part: &[u8], edit: impl Fn(&mut [u8], usize)) -> (usize, Option<Halt>) {
    let mut at = node.replay().recording().header().encode().len();
    let mut file = node.file[..at].to_vec();
    let mut found = None;
    for number in 0.. {
        let Some(payload) = record::first(&node.file[at..]) else { break };
        let mut bytes = node.file[at..][payload.clone()].to_vec();
        at += payload.end;
        let place = bytes.windows(part.len()).position(|window| window == part);
        if let Some(place) = place.filter(|_| found.is_none()) {
            edit(&mut bytes, place);
            found = Some(number);
        }
        record::put(&mut file, &bytes);
    }
    let recording = Recording::read(file.into()).unwrap();
    let (_, halt) = turns(&mut Replay::new(recording, &node.apps).unwrap());
    (found.unwrap(), halt)
}

/// Where the wall clock stands in an entry.
const WALL_AT: usize = 9;

#[test]
fn an_entry_that_was_edited_is_where_the_replay_diverges() {
    // Another time makes another stamp, of which the caller is told.
    let (number, halt) = edited(&store(), b"first", |entry, _| entry[WALL_AT + 1] ^= 1);
    let Some(Halt::Diverged(divergence)) = halt else { panic!("{halt:?}") };
    assert_eq!(divergence.turn.number, number);
    let said = divergence.to_string();
    assert!(said.starts_with(&format!("entry {number}: the node gave 1 order (hash ")), "{said}");
    assert!(said.contains(", and the replay gave 1 order (hash "), "{said}");
}

#[test]
fn what_was_edited_and_not_told_anybody_shows_when_it_is() {
    let node = store();
    let (number, halt) = edited(&node, b"first", |entry, at| entry[at] = b'F');
    let Some(Halt::Diverged(divergence)) = halt else { panic!("{halt:?}") };
    assert!(divergence.turn.number > number);
    let words = Words::new(node.replay().recording().header(), &KvLexicon);
    let said = words.orders(&divergence.turn.orders);
    assert!(said[0].contains("\"First\""), "{said:?}");
}

#[derive(Clone)]
struct Bomb;

impl App for Bomb {
    const NAME: &'static str = "bomb";
    type Command = u8;
    type Reply = u8;

    fn key(_: &u8) -> Key {
        Key::at(0)
    }

    fn plan(&self, _: &u8) -> Plan {
        Plan::quorum(1, 1)
    }

    fn handle(&mut self, _: &mut Records<'_>, command: u8) -> u8 {
        assert!(command < 3, "three on purpose");
        command
    }
}

#[test]
fn a_panic_of_the_node_is_one_of_the_replay_too() {
    let mut node = Recorded::with(Bomb);
    (1..=3).for_each(|command| node.ask(&Bomb, &command));
    let (turns, halt) = turns(&mut node.replay());
    assert!(halt.is_none(), "{halt:?}");
    let panics: Vec<_> = turns.iter().filter_map(|turn| turn.panic.as_deref()).collect();
    assert_eq!(panics, ["three on purpose"]);
}

#[test]
fn a_node_with_other_apps_is_not_replayed() {
    let node = store();
    let recording = node.replay().recording().clone();
    let refused = Replay::new(recording, &Apps::new()).err().unwrap();
    let said = "the recording is of a node with the apps [\"kv\"], and here are []";
    assert_eq!(refused.to_string(), said);
}

#[test]
fn a_view_whose_making_was_lost_ends_the_replay() {
    let mut node = Recorded::with(Kv::default());
    let header = node.replay().recording().header().encode();
    node.file = header;
    node.tell_shard(Some(ShardIn::View(node.control.view().clone())));
    let (turns, halt) = turns(&mut node.replay());
    assert!(turns.is_empty());
    assert!(matches!(halt, Some(Halt::NoView { number: 0 })), "{halt:?}");
}

#[test]
fn a_reply_of_the_store_is_told_in_words() {
    let reply = |reply: Reply| KvLexicon.reply(&encode(&reply)).unwrap();
    assert_eq!(reply(Reply::Value(None)), "nothing");
    assert_eq!(reply(Reply::Count(3)), "3");
    let version = Default::default();
    assert_eq!(reply(Reply::Done { version, existed: false }), "done at 0000000000000000");
    assert_eq!(KvLexicon.command(AppId(1), b""), None);
}
