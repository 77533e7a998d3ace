//! `static`: each node has a list, and somebody writes it anew when a machine comes or goes.
//!
//! A machine is there from the first start of a node on it until that has left; a crash changes
//! nothing about it. Each node's list is written by itself, and each machine entered into it after a
//! time of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use peer_ring_discovery_core::said::Said;

use super::room::Room;
use super::weather::Turn;
use super::{Ends, Word as AnyWord};
use crate::random::Stream;
use crate::world::event::NodeIndex;

/// All lists.
pub(super) struct Lists {
    seed: u64,
    /// The machines that are there.
    there: BTreeSet<NodeIndex>,
    /// How long it takes until the first node's list says what is true of the second.
    delays: BTreeMap<(NodeIndex, NodeIndex), Stream>,
    clients: BTreeMap<NodeIndex, Client>,
}

/// The list of a node that is up.
#[derive(Default)]
struct Client {
    list: BTreeSet<NodeIndex>,
    /// Whether it has been written once.
    is_written: bool,
    said: Said,
}

/// What happens to a node's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It says what is true of this machine from now on.
    About(NodeIndex),
    /// All is in it that was to be.
    All,
}

impl Lists {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, there: BTreeSet::new(), delays: BTreeMap::new(), clients: BTreeMap::new() }
    }

    fn plan_all(&mut self, room: &mut Room<'_>, node: NodeIndex) {
        for about in all(room) {
            self.plan(room, node, about);
        }
        room.at_node(room.within, node, AnyWord::Listed(Word::All));
    }

    fn plan_of(&mut self, room: &mut Room<'_>, about: NodeIndex) {
        let nodes: Vec<_> = self.clients.keys().copied().filter(|node| *node != about).collect();
        nodes.into_iter().for_each(|node| self.plan(room, node, about));
    }

    fn plan(&mut self, room: &mut Room<'_>, node: NodeIndex, about: NodeIndex) {
        let (seed, numbers) = (self.seed, [node.0.into(), about.0.into()]);
        let stream = || Stream::new(seed, "discovery", &numbers);
        let delays = self.delays.entry((node, about)).or_insert_with(stream);
        let after = match room.within.is_zero() {
            true => Duration::ZERO,
            false => delays.span(&(Duration::ZERO..=room.within)),
        };
        room.at_node(after, node, AnyWord::Listed(Word::About(about)));
    }
}

impl Ends for Lists {
    fn start(&mut self, room: &mut Room<'_>, node: NodeIndex) {
        self.clients.insert(node, Client::default());
        let is_new = self.there.insert(node);
        self.plan_all(room, node);
        if is_new {
            self.plan_of(room, node);
        }
    }

    fn stop(&mut self, room: &mut Room<'_>, node: NodeIndex, said_goodbye: bool) {
        self.clients.remove(&node);
        if said_goodbye && self.there.remove(&node) {
            self.plan_of(room, node);
        }
    }

    fn at_node(&mut self, room: &mut Room<'_>, node: NodeIndex, word: AnyWord) {
        let AnyWord::Listed(word) = word else {
            unreachable!("{word:?} is none of a list's");
        };
        let Some(client) = self.clients.get_mut(&node).filter(|_| !room.weather.is_blind(node))
        else {
            return;
        };
        match word {
            Word::All => client.is_written = true,
            Word::About(about) => {
                let is_there = self.there.contains(&about);
                match about == node || is_there && room.weather.shows(node, about) {
                    true => client.list.insert(about),
                    false => client.list.remove(&about),
                };
            }
        }
        let sightings = client.list.iter().map(|about| room.sighting(*about));
        let facts: Vec<_> = match client.is_written {
            true => client.said.all(sightings.map(|it| (it.name.clone(), it)).collect()),
            false => sightings.filter_map(|it| client.said.seen(it)).collect(),
        };
        facts.into_iter().for_each(|fact| room.say(node, fact));
    }

    fn at_backend(&mut self, _: &mut Room<'_>, word: AnyWord) {
        unreachable!("nobody but nodes has a list: {word:?}");
    }

    fn turn(&mut self, room: &mut Room<'_>, turn: Turn) {
        match turn {
            Turn::Out | Turn::Stale(_) | Turn::Clock(_) => {}
            Turn::Back => {
                let nodes: Vec<_> = self.clients.keys().copied().collect();
                nodes.into_iter().for_each(|node| self.plan_all(room, node));
            }
            Turn::Fresh(node) => self.plan_all(room, node),
            Turn::Hidden(node, about) | Turn::Shown(node, about) => self.plan(room, node, about),
        }
    }
}

fn all(room: &Room<'_>) -> impl Iterator<Item = NodeIndex> + use<> {
    let count = u8::try_from(room.nodes.len()).expect("at most a hundred");
    (0..count).map(NodeIndex)
}
