use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::actor::{Now, Wall};
use crate::id::{ClusterId, NodeId, NodeName, Seat};
use crate::key::Partitions;
use crate::ring::{Blueprint, Member, Ring, Strategy};

fn member(name: &str) -> Member {
    let name = NodeName::new(name).unwrap();
    Member { vote: NodeId(name.seat().0), ..Member::new(name) }
}

fn ring(names: &[&str]) -> Arc<Ring> {
    let blueprint = Blueprint {
        epoch: crate::id::Epoch(1),
        strategy: Strategy::default(),
        partitions: Partitions::new(2).unwrap(),
        replicas: 3,
        members: names.iter().map(|name| member(name)).collect(),
    };
    Arc::new(Ring::found(ClusterId(7), Wall(0), blueprint).unwrap())
}

fn electorate(ring: &Ring) -> Electorate {
    let voters = ring.voters().iter().map(|seat| (*seat, ring.member(*seat).unwrap().vote));
    Electorate { voters: voters.collect(), ..Electorate::default() }
}

fn seats(names: &[&str]) -> BTreeSet<Seat> {
    names.iter().map(|name| NodeName::new(name).unwrap().seat()).collect()
}

#[test]
fn more_than_half_decide() {
    let electorate = electorate(&ring(&["a", "b", "c", "d"]));
    assert!(!electorate.is_enough(&seats(&["a", "b"])));
    assert!(electorate.is_enough(&seats(&["a", "b", "d"])));
    assert!(!electorate.is_enough(&seats(&["a", "b", "x", "y"])));
}

#[test]
fn all_that_are_left_decide_when_half_of_the_votes_are_lost_and_no_fewer() {
    let mut electorate = electorate(&ring(&["a", "b", "c", "d"]));
    let lose = |electorate: &mut Electorate, name: &str| {
        electorate.seen.insert(NodeName::new(name).unwrap().seat(), NodeId(99));
    };
    lose(&mut electorate, "c");
    lose(&mut electorate, "d");
    assert!(!electorate.is_enough(&seats(&["a"])));
    assert!(electorate.is_enough(&seats(&["a", "b"])));
    lose(&mut electorate, "b");
    assert!(!electorate.is_enough(&seats(&["a"])));
}

#[test]
fn of_three_voters_two_must_be_left() {
    let mut electorate = electorate(&ring(&["a", "b", "c"]));
    for name in ["b", "c"] {
        electorate.seen.insert(NodeName::new(name).unwrap().seat(), NodeId(99));
    }
    assert!(!electorate.is_enough(&seats(&["a"])));
}

#[test]
fn a_cluster_is_founded_by_all() {
    let mut electorate = electorate(&ring(&["a", "b", "c"]));
    electorate.is_founding = true;
    assert!(!electorate.is_enough(&seats(&["a", "b"])));
    assert!(electorate.is_enough(&seats(&["a", "b", "c"])));
}

#[test]
fn a_voter_that_lost_its_memory_says_nothing() {
    let ring = ring(&["a", "b"]);
    let seat = *seats(&["a"]).first().unwrap();
    let state = State { ring: Some(Arc::clone(&ring)), ..State::default() };
    let word = Word::Prepare { epoch: ring.epoch().next(), ballot: Ballot { round: 1, seat } };
    let mut same = Voter::new(seat, NodeId(seat.0), state.clone());
    assert!(matches!(same.answer(&word), Some(Word::Promise { .. })));
    let mut another = Voter::new(seat, NodeId(5), state);
    assert_eq!(another.answer(&word), None);
}

/// A few proposers and voters, between whom words are lost, doubled and mixed up.
struct Table {
    base: Arc<Ring>,
    voters: BTreeMap<Seat, Voter>,
    proposers: BTreeMap<Seat, Proposer>,
    words: VecDeque<(Seat, Seat, Word)>,
    decided: Vec<Arc<Ring>>,
    starts: u32,
    now: Now,
}

impl Table {
    fn new() -> Self {
        let base = ring(&["a", "b", "c"]);
        let state = State { ring: Some(Arc::clone(&base)), ..State::default() };
        let voters = base.voters().iter();
        let voters = voters.map(|seat| (*seat, Voter::new(*seat, NodeId(seat.0), state.clone())));
        let proposers = base.voters().iter().map(|seat| (*seat, Proposer::new(*seat, 0)));
        Self {
            voters: voters.collect(),
            proposers: proposers.collect(),
            words: VecDeque::new(),
            decided: Vec::new(),
            starts: 0,
            now: Now::default(),
            base,
        }
    }

    fn seat(&self, index: usize) -> Seat {
        self.base.voters()[index % 3]
    }

    fn say(&mut self, from: Seat, word: &Word) {
        for to in self.base.voters() {
            self.words.push_back((from, *to, word.clone()));
        }
    }

    fn propose(&mut self, index: usize) {
        let seat = self.seat(index);
        // Each wants another ring, and after another start, again another one.
        let wanted = Arc::new(self.base.depose(Wall(self.starts.into()), vec![seat]));
        let electorate = electorate(&self.base);
        let proposer = self.proposers.get_mut(&seat).unwrap();
        let word = proposer.propose(self.now, wanted, electorate, Ballot::default());
        self.say(seat, &word);
    }

    /// A proposer starts again and has forgotten what it proposed.
    fn restart(&mut self, index: usize) {
        self.starts += 1;
        let seat = self.seat(index);
        self.proposers.insert(seat, Proposer::new(seat, self.starts));
    }

    /// Delivers all words but those for which `is_lost` says so.
    fn deliver_but(&mut self, is_lost: impl Fn(Seat, &Word) -> bool) {
        while let Some((_, to, word)) = self.words.front() {
            if is_lost(*to, word) {
                self.words.pop_front();
            } else {
                self.deliver(0, false);
            }
        }
    }

    fn deliver(&mut self, at: usize, stays: bool) {
        if self.words.is_empty() {
            return;
        }
        let at = at % self.words.len();
        let (from, to, word) = self.words[at].clone();
        if !stays {
            self.words.remove(at);
        }
        match &word {
            Word::Prepare { .. } | Word::Accept { .. } => {
                if let Some(answer) = self.voters.get_mut(&to).unwrap().answer(&word) {
                    self.words.push_back((to, from, answer));
                }
            }
            Word::Promise { .. } | Word::Accepted { .. } | Word::Reject { .. } => {
                match self.proposers.get_mut(&to).unwrap().hear(self.now, from, word) {
                    Progress::Wait => {}
                    Progress::Say(word) => self.say(to, &word),
                    Progress::Decided(ring) => self.decided.push(ring),
                }
            }
        }
    }

    fn wake(&mut self) {
        self.now.tick = self.now.tick + Duration::from_secs(2);
        let said: Vec<_> = self
            .proposers
            .iter_mut()
            .filter_map(|(seat, proposer)| Some((*seat, proposer.wake(self.now)?)))
            .collect();
        for (seat, word) in said {
            self.say(seat, &word);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn only_one_ring_is_decided_whatever_is_lost_doubled_or_late(
        steps in prop::collection::vec((0..10_u8, any::<prop::sample::Index>()), 1..200),
    ) {
        let mut table = Table::new();
        for (kind, index) in steps {
            let index = index.index(1 << 20);
            match kind {
                0 => table.propose(index),
                1 => table.wake(),
                9 => table.restart(index),
                2 if !table.words.is_empty() => drop(table.words.remove(index % table.words.len())),
                3 => table.deliver(index, true),
                _ => table.deliver(index, false),
            }
        }
        prop_assert!(table.decided.windows(2).all(|pair| pair[0] == pair[1]));
    }
}

#[test]
fn a_ring_is_decided_when_nothing_goes_wrong() {
    let mut table = Table::new();
    table.propose(0);
    while !table.words.is_empty() {
        table.deliver(0, false);
    }
    assert_eq!(table.decided[0].deposed(), [table.seat(0)]);
}

#[test]
fn one_that_starts_again_does_not_take_its_earlier_proposal_for_this_one() {
    let mut table = Table::new();
    let (first, proposer) = (table.seat(0), table.seat(2));
    let is_accept = |word: &Word| matches!(word, Word::Accept { .. });
    table.propose(2);
    // Only one voter hears of the first ring, and of the next one all but that one.
    table.deliver_but(|to, word| is_accept(word) && to != first);
    assert_eq!(table.decided, []);
    table.restart(2);
    table.propose(2);
    table.deliver_but(|to, _| to == first);
    assert_eq!(table.decided.len(), 1);
    table.restart(2);
    table.propose(0);
    table.deliver_but(|to, _| to == proposer);
    table.wake();
    table.deliver_but(|to, _| to == proposer);
    assert_eq!(table.decided[0], table.decided[1]);
}

#[test]
fn a_ballot_that_leaves_no_room_for_another_is_nobodys() {
    let mut table = Table::new();
    let (seat, epoch) = (table.seat(0), table.base.epoch().next());
    let last = Ballot { round: u64::MAX, seat };
    let voter = table.voters.get_mut(&seat).unwrap();
    assert_eq!(voter.answer(&Word::Prepare { epoch, ballot: last }), None);
    table.propose(0);
    let proposer = table.proposers.get_mut(&seat).unwrap();
    proposer.hear(table.now, seat, Word::Reject { epoch, promised: last });
    table.words.clear();
    table.wake();
    table.deliver_but(|_, _| false);
    assert!(!table.decided.is_empty());
}
