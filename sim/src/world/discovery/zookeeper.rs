//! `zookeeper`: each node keeps an ephemeral znode, and watches the path that all of them are below.
//!
//! At a node there is production's `Roster`, and in [`client`] what performs for it, and does what
//! ZooKeeper's own client does: keeps a connection, and a session over several of them. [`ensemble`]
//! is ZooKeeper as far as that asks for it; there is one server, which is there or out.

mod client;
mod ensemble;

use std::collections::BTreeMap;
use std::time::Duration;

use peer_ring_core::actor::Instant;
use peer_ring_discovery_core::zookeeper::Entry;

use self::client::Client;
use self::ensemble::Ensemble;
use super::line::{Attempt, End, Lines};
use super::room::Room;
use super::weather::Turn;
use super::{Ends, Word as AnyWord};
use crate::world::event::NodeIndex;

/// Both ends of it.
pub(super) struct ZooKeeper {
    ensemble: Ensemble,
    clients: BTreeMap<NodeIndex, Client>,
    lines: Lines,
}

/// What happens at one of them.
#[derive(Clone, Debug)]
pub enum Word {
    /// A client connects.
    Dialled {
        /// Which connection it is.
        by: Attempt,
        /// The session that is to go on, or zero for a new one.
        session: i64,
        /// How long a session lives without a word.
        timeout: Duration,
    },
    /// A client asks.
    Asked {
        /// Over which connection.
        by: Attempt,
        /// The number of its question.
        number: u32,
        /// What.
        question: Question,
    },
    /// A node that goes closes its session.
    Closed {
        /// Which node.
        node: NodeIndex,
        /// Which session.
        session: i64,
    },
    /// It is looked whether a session has run out.
    Looked {
        /// Which one.
        session: i64,
    },
    /// A client is connected.
    Accepted {
        /// By which connection.
        to: Attempt,
        /// The session; `None` when the one that was to go on has run out.
        session: Option<i64>,
    },
    /// A client is answered.
    Answered {
        /// Over which connection.
        to: Attempt,
        /// The number of its question.
        number: u32,
        /// What.
        answer: Answer,
    },
    /// A client's watch shows something.
    Watched {
        /// Over which connection.
        to: Attempt,
        /// What.
        news: News,
    },
    /// A client's connection is broken.
    Broken {
        /// Which one.
        to: Attempt,
    },
    /// A client's patience may have ended.
    Woken {
        /// When, on its clock.
        tick: Instant,
    },
}

/// What a client asks.
#[derive(Clone, Debug)]
pub enum Question {
    /// Whether anybody is there.
    Ping,
    /// To create the own znode.
    Create {
        /// What stands in it.
        value: Vec<u8>,
    },
    /// Whose the own znode is.
    Stat,
    /// To delete the own znode, whoever created it.
    Delete,
    /// For all that happens to children of the path.
    Watch,
    /// For the names of all children.
    Children,
    /// For what stands in these children.
    Read(Vec<String>),
}

/// What a client is answered.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Somebody is there.
    Pong,
    /// The znode is created.
    Created,
    /// There is one of that name.
    Exists,
    /// Whose it is, if it is there.
    Owner(Option<i64>),
    /// It is gone.
    Deleted,
    /// The watch stands.
    Watching,
    /// The names of all children.
    Children(Vec<String>),
    /// Those of the children that were asked for that are there.
    Read(Vec<Entry>),
}

/// What a watch shows.
#[derive(Clone, Debug)]
pub enum News {
    /// A child was created.
    Created(String),
    /// A child is gone.
    Deleted(String),
}

impl ZooKeeper {
    pub(super) fn new() -> Self {
        let lines = Lines::of_one_stream();
        Self { ensemble: Ensemble::new(), clients: BTreeMap::new(), lines }
    }
}

impl Ends for ZooKeeper {
    fn start(&mut self, room: &mut Room<'_>, node: NodeIndex) {
        let mut client = Client::new(room, node);
        client.begin(room, &mut self.lines);
        self.clients.insert(node, client);
    }

    fn stop(&mut self, room: &mut Room<'_>, node: NodeIndex, said_goodbye: bool) {
        self.lines.cut(node);
        self.ensemble.hang_up(node);
        let session = self.clients.remove(&node).and_then(|client| client.session());
        if let Some(session) = session.filter(|_| said_goodbye) {
            self.lines.ask(room, node, AnyWord::Zookeeper(Word::Closed { node, session }));
        }
    }

    fn at_node(&mut self, room: &mut Room<'_>, node: NodeIndex, word: AnyWord) {
        let AnyWord::Zookeeper(word) = word else {
            unreachable!("{word:?} is none of ZooKeeper's");
        };
        let Some(client) = self.clients.get_mut(&node) else {
            return;
        };
        if let Word::Woken { tick } = word {
            return client.wake(room, &mut self.lines, tick);
        }
        let word = self.lines.arrives(room, node, End::Node, AnyWord::Zookeeper(word));
        if let Some(AnyWord::Zookeeper(word)) = word {
            client.take(room, &mut self.lines, word);
        }
    }

    fn at_backend(&mut self, room: &mut Room<'_>, word: AnyWord) {
        let AnyWord::Zookeeper(word) = word else {
            unreachable!("{word:?} is none of ZooKeeper's");
        };
        match word {
            Word::Looked { session } => self.ensemble.look_at(room, &mut self.lines, session),
            // Nobody is left who would say it again.
            Word::Closed { node, session } => {
                if !room.weather.is_blind(node) {
                    self.ensemble.end(room, &mut self.lines, session);
                }
            }
            Word::Dialled { by, .. } | Word::Asked { by, .. } => {
                let word = AnyWord::Zookeeper(word);
                let word = self.lines.arrives(room, by.node, End::Backend, word);
                if let Some(AnyWord::Zookeeper(word)) = word {
                    self.ensemble.take(room, &mut self.lines, word);
                }
            }
            Word::Accepted { .. }
            | Word::Answered { .. }
            | Word::Watched { .. }
            | Word::Broken { .. }
            | Word::Woken { .. } => unreachable!("{word:?} is a client's"),
        }
    }

    fn turn(&mut self, room: &mut Room<'_>, turn: Turn) {
        match turn {
            Turn::Out => self.ensemble.go_out(room, &mut self.lines),
            Turn::Back => self.ensemble.come_back(room),
            Turn::Stale(_) => {}
            Turn::Fresh(node) => self.lines.mend(room, node),
            Turn::Hidden(node, about) | Turn::Shown(node, about) => {
                self.ensemble.show(room, &mut self.lines, node, about);
            }
            Turn::Clock(node) => {
                if let Some(client) = self.clients.get_mut(&node) {
                    client.wind(room);
                }
            }
        }
    }
}
