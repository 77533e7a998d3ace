//! `dns`: a zone has a record for each node, and nodes ask resolvers that remember.
//!
//! The story: somebody enters a node's record when the node comes, and takes it out when the node
//! has left; in some zones also while the node is down. A node asks one resolver or another. Each
//! keeps what the zone's server told it for as long as the records live, and then asks again; so two
//! resolvers say different things for a while, and what they say is old.
//!
//! In an outage the server is away: resolvers go on with what they remember, then fail, unless they
//! are of the kind that serves what is stale. When it is back it may have no record for a moment,
//! which resolvers remember, too. A node whose news are stale reaches no resolver. Once the cluster
//! is founded a question fails now and then, the server leaves a node out of every so manieth
//! answer, another one each time, and so does a resolver that could not look up all.
//!
//! | file | what it does |
//! |---|---|
//! | `client` | performs for production's directory, as `discovery/src/dns/perform.rs` does |
//! | `zone` | the records, and resolvers |

mod client;
mod zone;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::room::Room;
use super::weather::Turn;
use super::{Ends, Word as AnyWord};
use crate::time::Time;
use crate::world::event::NodeIndex;
use client::Client;
use zone::Zone;

/// Both ends of it.
pub(super) struct Dns {
    zone: Zone,
    clients: BTreeMap<NodeIndex, Client>,
}

/// What happens at one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// At a client: it is to ask, or has waited long enough.
    Due,
    /// At a client: a question is answered.
    Answered {
        /// Which one.
        number: u32,
        /// How.
        answer: Answer,
    },
    /// At a resolver: a client asks.
    Asked {
        /// Whose client.
        node: NodeIndex,
        /// In which start of the node.
        start: u32,
        /// Which of its questions this is.
        number: u32,
    },
    /// At the zone: it is to say what is true of this node.
    Entered(NodeIndex),
    /// At the zone: it is to say what is true of all.
    Reloaded,
}

/// What a resolver answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// There are these records, or none.
    Records {
        /// Of whom.
        nodes: BTreeSet<NodeIndex>,
        /// For how long that holds.
        ttl: Duration,
        /// Whether all that was to be looked up was found.
        is_whole: bool,
    },
    /// There is no answer.
    Failed,
}

impl Dns {
    pub(super) fn new(seed: u64) -> Self {
        Self { zone: Zone::new(seed), clients: BTreeMap::new() }
    }
}

impl Ends for Dns {
    fn start(&mut self, room: &mut Room<'_>, node: NodeIndex) {
        self.zone.start(node);
        // Who founds the cluster was entered before.
        match room.now {
            Time::ZERO => self.zone.enter(node),
            _ => self.zone.hurry(room, Word::Entered(node)),
        }
        self.clients.insert(node, Client::start(room, node));
    }

    fn stop(&mut self, room: &mut Room<'_>, node: NodeIndex, said_goodbye: bool) {
        self.clients.remove(&node);
        if self.zone.stop(node, said_goodbye) {
            self.zone.hurry(room, Word::Entered(node));
        }
    }

    fn at_node(&mut self, room: &mut Room<'_>, node: NodeIndex, word: AnyWord) {
        let client = self.clients.get_mut(&node).expect("words reach only nodes that are up");
        match word {
            AnyWord::Dns(Word::Due) => client.due(room),
            AnyWord::Dns(Word::Answered { number, answer }) => {
                if !room.weather.is_stale(node) {
                    client.answered(room, number, answer);
                }
            }
            word => unreachable!("{word:?} is none of a directory's"),
        }
    }

    fn at_backend(&mut self, room: &mut Room<'_>, word: AnyWord) {
        match word {
            AnyWord::Dns(Word::Asked { node, start, number }) => {
                let client = self.clients.get_mut(&node).filter(|client| client.start == start);
                if let Some(client) = client.filter(|_| !room.weather.is_stale(node)) {
                    let answer = self.zone.answer(room, node, client.draws());
                    client.is_answered(room, number, answer);
                }
            }
            AnyWord::Dns(Word::Entered(node)) => {
                if !room.weather.is_out() {
                    self.zone.enter(node);
                }
            }
            AnyWord::Dns(Word::Reloaded) => {
                if !room.weather.is_out() {
                    self.zone.enter_all();
                }
            }
            word => unreachable!("{word:?} is none of a zone's"),
        }
    }

    fn turn(&mut self, room: &mut Room<'_>, turn: Turn) {
        match turn {
            Turn::Out | Turn::Stale(_) | Turn::Fresh(_) => {}
            // Who asks is shown a node or not.
            Turn::Hidden(..) | Turn::Shown(..) => {}
            Turn::Back => {
                self.zone.restart(room.now);
                self.zone.hurry(room, Word::Reloaded);
            }
            Turn::Clock(node) => {
                if let Some(client) = self.clients.get(&node) {
                    client.wind(room);
                }
            }
        }
    }
}
