//! The zone, the server that has it, and the resolvers between that and the nodes.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Answer, Word};
use crate::random::{Chance, Stream};
use crate::time::Time;
use crate::world::discovery::Word as AnyWord;
use crate::world::discovery::room::Room;
use crate::world::event::NodeIndex;

/// By then clusters are founded, and questions may begin to fail.
const FOUNDED_AT: Time = Time(1_000_000_000);
/// For how long a server that is back may have no records.
const EMPTY_FOR: Duration = Duration::from_millis(500);
/// How long a stale record is said to live: RFC 8767, section 4.
const STALE_TTL: Duration = Duration::from_secs(30);

/// The records of a name, and who remembers them.
pub(super) struct Zone {
    habits: Habits,
    /// Whose records there should be.
    there: BTreeSet<NodeIndex>,
    /// Whose records there are.
    records: BTreeSet<NodeIndex>,
    /// There are none until then.
    empty_until: Time,
    resolvers: Vec<Option<Remembered>>,
    /// How many answers the server has given.
    answers: usize,
    /// How many answers of resolvers lacked somebody.
    partial: usize,
    draws: Stream,
}

/// What this zone is like.
struct Habits {
    ttl: Duration,
    /// Whether a node that is down has no record.
    has_only_living: bool,
    /// Whether resolvers serve what is stale when they cannot ask.
    serves_stale: bool,
    /// The server leaves a node out of every so manieth answer; never when zero.
    leaves_out_every: usize,
    /// How many questions of nodes come to nothing, and how many to a part of the answer.
    fails: Chance,
}

/// What a resolver remembers.
#[derive(Clone)]
struct Remembered {
    nodes: BTreeSet<NodeIndex>,
    until: Time,
}

impl Zone {
    pub fn new(seed: u64) -> Self {
        let mut draws = Stream::new(seed, "dns zone", &[]);
        let habits = Habits {
            ttl: Duration::from_millis(draws.within(200..=2_000)),
            has_only_living: draws.below(2) == 0,
            serves_stale: draws.below(2) == 0,
            leaves_out_every: *draws.pick(&[0, 2, 5]),
            fails: Chance::percent(*draws.pick(&[0, 2, 10])),
        };
        let resolvers = vec![None; 1 + draws.index(3)];
        let (there, records) = (BTreeSet::new(), BTreeSet::new());
        let (answers, partial) = (0, 0);
        Self { habits, there, records, empty_until: Time::ZERO, resolvers, answers, partial, draws }
    }

    /// A node has started.
    pub fn start(&mut self, node: NodeIndex) {
        self.there.insert(node);
    }

    /// A node is down. Whether its record is to go.
    pub fn stop(&mut self, node: NodeIndex, said_goodbye: bool) -> bool {
        (said_goodbye || self.habits.has_only_living) && self.there.remove(&node)
    }

    /// Lets something be written into the zone soon.
    pub fn hurry(&mut self, room: &mut Room<'_>, word: Word) {
        let after = self.draws.span(&(Duration::ZERO..=room.within / 2));
        room.at_backend(after, AnyWord::Dns(word));
    }

    /// Enters a node's record, or takes it out.
    pub fn enter(&mut self, node: NodeIndex) {
        match self.there.contains(&node) {
            true => self.records.insert(node),
            false => self.records.remove(&node),
        };
    }

    /// Enters all records that there should be, and no others.
    pub fn enter_all(&mut self) {
        self.records.clone_from(&self.there);
    }

    /// The server is there again, perhaps before the zone is.
    pub fn restart(&mut self, now: Time) {
        if self.draws.below(2) == 0 {
            self.empty_until = now + self.draws.span(&(Duration::ZERO..=EMPTY_FOR));
        }
    }

    /// What a resolver answers a node.
    pub fn answer(&mut self, room: &Room<'_>, node: NodeIndex, draws: &mut Stream) -> Answer {
        let is_founded = room.now >= FOUNDED_AT;
        if is_founded && draws.happens(self.habits.fails) {
            return Answer::Failed;
        }
        let resolver = draws.index(self.resolvers.len());
        let Some((mut nodes, ttl)) = self.resolve(room, resolver) else {
            return Answer::Failed;
        };
        nodes.retain(|about| *about == node || room.weather.shows(node, *about));
        let is_whole = !is_founded || !draws.happens(self.habits.fails);
        if !is_whole {
            leave_out(&mut nodes, self.partial);
            self.partial += 1;
        }
        Answer::Records { nodes, ttl, is_whole }
    }

    /// What a resolver remembers, or hears now, and how long that holds from now on.
    fn resolve(
        &mut self,
        room: &Room<'_>,
        resolver: usize,
    ) -> Option<(BTreeSet<NodeIndex>, Duration)> {
        let remembered = self.resolvers[resolver].clone();
        if let Some(Remembered { nodes, until }) = &remembered
            && *until > room.now
        {
            return Some((nodes.clone(), until.since(room.now)));
        }
        if room.weather.is_out() {
            let stale = remembered.filter(|it| self.habits.serves_stale && !it.nodes.is_empty());
            return stale.map(|it| (it.nodes, STALE_TTL));
        }
        let nodes = self.ask_server(room.now);
        let ttl = if nodes.is_empty() { self.habits.ttl / 2 } else { self.habits.ttl };
        self.resolvers[resolver] = Some(Remembered { nodes: nodes.clone(), until: room.now + ttl });
        Some((nodes, ttl))
    }

    fn ask_server(&mut self, now: Time) -> BTreeSet<NodeIndex> {
        if now < self.empty_until {
            return BTreeSet::new();
        }
        let mut nodes = self.records.clone();
        self.answers += 1;
        let every = self.habits.leaves_out_every;
        if now >= FOUNDED_AT && every > 0 && self.answers.is_multiple_of(every) {
            leave_out(&mut nodes, self.answers / every);
        }
        nodes
    }
}

/// Takes one out, each in its turn, unless it is the only one.
fn leave_out(nodes: &mut BTreeSet<NodeIndex>, turn: usize) {
    if nodes.len() > 1
        && let Some(node) = nodes.iter().nth(turn % nodes.len()).copied()
    {
        nodes.remove(&node);
    }
}
