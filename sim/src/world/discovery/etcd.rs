//! `etcd`: each node keeps a key with a lease, and watches those of the others.
//!
//! At a node there is production's `Registry`, and in [`client`] what performs for it; [`store`] is
//! etcd as far as that asks for it. There is one member of etcd, which is there or out.

mod client;
mod store;

use std::collections::BTreeMap;
use std::time::Duration;

use peer_ring_core::actor::Instant;
use peer_ring_discovery_core::etcd::{Change, Entry};

use self::client::Client;
use self::store::Store;
use super::line::{Attempt, End, Lines};
use super::room::Room;
use super::weather::Turn;
use super::{Ends, Word as AnyWord};
use crate::world::event::NodeIndex;

/// Both ends of it.
pub(super) struct Etcd {
    store: Store,
    clients: BTreeMap<NodeIndex, Client>,
    lines: Lines,
}

/// What happens at one of them.
#[derive(Clone, Debug)]
pub enum Word {
    /// A client asks.
    Asked {
        /// In which attempt.
        by: Attempt,
        /// The number of its question.
        number: u32,
        /// What.
        question: Question,
    },
    /// A node that goes gives its lease back.
    Revoked {
        /// Which node.
        node: NodeIndex,
        /// The lease.
        lease: i64,
    },
    /// It is looked whether a lease has run out.
    Looked {
        /// Which lease.
        lease: i64,
    },
    /// A client is answered.
    Answered {
        /// In which attempt.
        to: Attempt,
        /// The number of its question.
        number: u32,
        /// What.
        answer: Answer,
    },
    /// A client's watch shows something.
    Watched {
        /// In which attempt.
        to: Attempt,
        /// The number of the question that began the watch.
        watch: u32,
        /// What.
        news: News,
    },
    /// A client's connection is broken.
    Broken {
        /// In which attempt.
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
    /// For a lease.
    Grant {
        /// How long it is to live.
        ttl: Duration,
    },
    /// To keep this lease alive, for the first time.
    KeepAlive {
        /// The lease.
        lease: i64,
    },
    /// To keep it alive once more; other questions do not wait for this one's answer.
    Beat {
        /// The lease.
        lease: i64,
    },
    /// To write the own key.
    Put {
        /// With this lease.
        lease: i64,
        /// What stands under it.
        value: Vec<u8>,
    },
    /// For all keys.
    List,
    /// For all that changes.
    Watch {
        /// From this revision on.
        from: i64,
    },
}

/// What a client is answered.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A lease.
    Granted {
        /// Its number.
        lease: i64,
    },
    /// This lease lives for another while.
    Kept {
        /// The lease.
        lease: i64,
    },
    /// There is no such lease.
    Gone {
        /// The lease.
        lease: i64,
    },
    /// It is written.
    Written {
        /// By which revision.
        revision: i64,
    },
    /// All keys.
    Listed {
        /// As of which revision.
        revision: i64,
        /// The keys.
        entries: Vec<Entry>,
    },
    /// The watch stands.
    Watching,
}

/// What a watch shows.
#[derive(Clone, Debug)]
pub enum News {
    /// This has changed.
    Changed(Vec<Change>),
    /// What was asked for is not kept any more; the watch is over.
    Compacted,
}

impl Etcd {
    pub(super) fn new() -> Self {
        let lines = Lines::of_two_streams();
        Self { store: Store::new(), clients: BTreeMap::new(), lines }
    }
}

impl Ends for Etcd {
    fn start(&mut self, room: &mut Room<'_>, node: NodeIndex) {
        let mut client = Client::new(room, node);
        client.begin(room, &mut self.lines);
        self.clients.insert(node, client);
    }

    fn stop(&mut self, room: &mut Room<'_>, node: NodeIndex, said_goodbye: bool) {
        self.lines.cut(node);
        self.store.hang_up(node);
        let lease = self.clients.remove(&node).and_then(|client| client.lease());
        if let Some(lease) = lease.filter(|_| said_goodbye) {
            self.lines.ask(room, node, AnyWord::Etcd(Word::Revoked { node, lease }));
        }
    }

    fn at_node(&mut self, room: &mut Room<'_>, node: NodeIndex, word: AnyWord) {
        let AnyWord::Etcd(word) = word else {
            unreachable!("{word:?} is none of etcd's");
        };
        let Some(client) = self.clients.get_mut(&node) else {
            return;
        };
        if let Word::Woken { tick } = word {
            return client.wake(room, &mut self.lines, tick);
        }
        let word = self.lines.arrives(room, node, End::Node, AnyWord::Etcd(word));
        if let Some(AnyWord::Etcd(word)) = word {
            client.take(room, &mut self.lines, word);
        }
    }

    fn at_backend(&mut self, room: &mut Room<'_>, word: AnyWord) {
        let AnyWord::Etcd(word) = word else {
            unreachable!("{word:?} is none of etcd's");
        };
        match word {
            Word::Looked { lease } => self.store.look_at(room, &mut self.lines, lease),
            // Nobody is left who would say it again.
            Word::Revoked { node, lease } => {
                if !room.weather.is_blind(node) {
                    self.store.revoke(room, &mut self.lines, lease);
                }
            }
            Word::Asked { by, .. } => {
                let word = AnyWord::Etcd(word);
                let word = self.lines.arrives(room, by.node, End::Backend, word);
                if let Some(AnyWord::Etcd(Word::Asked { by, number, question })) = word {
                    self.store.take(room, &mut self.lines, by, number, question);
                }
            }
            Word::Answered { .. }
            | Word::Watched { .. }
            | Word::Broken { .. }
            | Word::Woken { .. } => unreachable!("{word:?} is a client's"),
        }
    }

    fn turn(&mut self, room: &mut Room<'_>, turn: Turn) {
        match turn {
            Turn::Out => self.store.go_out(room, &mut self.lines),
            Turn::Back => self.store.come_back(room),
            Turn::Stale(_) => {}
            Turn::Fresh(node) => self.lines.mend(room, node),
            Turn::Hidden(node, about) | Turn::Shown(node, about) => {
                self.store.show(room, &mut self.lines, node, about);
            }
            Turn::Clock(node) => {
                if let Some(client) = self.clients.get_mut(&node) {
                    client.wind(room);
                }
            }
        }
    }
}
