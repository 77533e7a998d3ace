//! `kubernetes`: each node is a pod, and its client lists and watches slices of pods.
//!
//! The story: a node starts in a pod, which stays while the node is down, only not ready; or which
//! somebody takes away then, so that the next start has another one, in any slice. When the node has
//! left, its pod is deleted. A controller hears of that a little later and writes slices
//! anew, one after another. The API server tells of each write whoever watches.
//!
//! An outage is one of the API server: connections break, and what the controller has missed it
//! mends afterwards. Sometimes the server comes back from a backup. A node whose news are stale does
//! not notice until its watch should have ended: either the connection is dead by then, or what was
//! written meanwhile comes late.
//!
//! | file | what it does |
//! |---|---|
//! | `client` | performs for production's view, as `discovery/src/kubernetes/watch.rs` does |
//! | `controller` | knows pods, and cuts them into slices |
//! | `server` | keeps slices with versions, and feeds watches |
//! | `wire` | carries questions and answers, unless the weather forbids it |

mod client;
mod controller;
mod server;
mod wire;

use std::collections::BTreeMap;

use super::room::Room;
use super::weather::Turn;
use super::{Ends, Word as AnyWord};
use crate::world::event::NodeIndex;
use client::Client;
use controller::Controller;
use server::Server;
use wire::{Question, Told};

/// Both ends of it.
pub(super) struct Kubernetes {
    controller: Controller,
    server: Server,
    clients: BTreeMap<NodeIndex, Client>,
}

/// What happens at one of them.
#[derive(Clone, Debug)]
pub enum Word {
    /// At a client: what it waits for may have lasted too long.
    Due,
    /// At a client: it is told something, which belongs to that turn of its.
    Told {
        /// Which turn.
        turn: u32,
        /// What it is told.
        told: Told,
    },
    /// At the server: a client asks.
    Asked {
        /// Whose client.
        node: NodeIndex,
        /// In which start of the node.
        start: u32,
        /// In which turn of the client.
        turn: u32,
        /// What it asks.
        question: Question,
    },
    /// At the server: it is time to say up to where nothing has happened.
    Bookmark {
        /// To whom.
        node: NodeIndex,
        /// In which watch.
        watch: u64,
    },
    /// At the server: a watch is over.
    Over {
        /// Whose.
        node: NodeIndex,
        /// Which.
        watch: u64,
        /// Whether that comes out of order.
        is_broken: bool,
    },
    /// At the controller: pods may have changed.
    Reconcile,
}

impl Kubernetes {
    pub(super) fn new(seed: u64) -> Self {
        let (controller, server) = (Controller::new(seed), Server::new(seed));
        Self { controller, server, clients: BTreeMap::new() }
    }

    /// Writes what the controller wants written, unless the server is away.
    fn reconcile(&mut self, room: &mut Room<'_>) {
        if room.weather.is_out() {
            return;
        }
        for (key, endpoints) in self.controller.reconcile(self.server.slices()) {
            self.server.write(room.now, key, endpoints);
        }
        self.feed_all(room);
    }

    fn feed_all(&mut self, room: &mut Room<'_>) {
        for client in self.clients.values_mut() {
            self.server.feed(room, &mut client.wire);
        }
    }

    fn client(&mut self, node: NodeIndex) -> &mut Client {
        self.clients.get_mut(&node).expect("words reach only nodes that are up")
    }
}

impl Ends for Kubernetes {
    fn start(&mut self, room: &mut Room<'_>, node: NodeIndex) {
        self.controller.start(room, node);
        self.clients.insert(node, Client::start(room, node));
    }

    fn stop(&mut self, room: &mut Room<'_>, node: NodeIndex, said_goodbye: bool) {
        self.clients.remove(&node);
        self.server.hang_up(node);
        self.controller.stop(room, node, said_goodbye);
    }

    fn at_node(&mut self, room: &mut Room<'_>, node: NodeIndex, word: AnyWord) {
        match word {
            AnyWord::Kubernetes(Word::Due) => self.client(node).due(room),
            // What was on its way to a node that is cut off is lost, and the connection with it.
            AnyWord::Kubernetes(Word::Told { told, .. })
                if room.weather.is_stale(node)
                    || room.weather.is_out() && !matches!(told, Told::Broken) =>
            {
                self.server.hang_up(node);
            }
            AnyWord::Kubernetes(Word::Told { turn, told }) => {
                self.client(node).told(room, turn, told);
            }
            word => unreachable!("{word:?} is none of a pod's"),
        }
    }

    fn at_backend(&mut self, room: &mut Room<'_>, word: AnyWord) {
        match word {
            AnyWord::Kubernetes(Word::Asked { node, start, turn, question }) => {
                let client = self.clients.get_mut(&node).filter(|it| it.wire.start == start);
                if let Some(client) = client {
                    self.server.answer(room, &mut client.wire, turn, &question);
                }
            }
            AnyWord::Kubernetes(Word::Bookmark { node, watch }) => {
                if let Some(client) = self.clients.get_mut(&node) {
                    self.server.bookmark(room, &mut client.wire, watch);
                }
            }
            AnyWord::Kubernetes(Word::Over { node, watch, is_broken }) => {
                if let Some(client) = self.clients.get_mut(&node) {
                    self.server.end(room, &mut client.wire, watch, is_broken);
                }
            }
            AnyWord::Kubernetes(Word::Reconcile) => self.reconcile(room),
            word => unreachable!("{word:?} is none of Kubernetes's"),
        }
    }

    fn turn(&mut self, room: &mut Room<'_>, turn: Turn) {
        match turn {
            Turn::Out => {
                self.server.stop();
                self.clients.values_mut().for_each(|client| client.cut_off(room));
            }
            Turn::Back => {
                self.server.restart(room.now);
                self.controller.hurry(room);
            }
            Turn::Stale(node) => {
                if let Some(client) = self.clients.get_mut(&node)
                    && client.wire.dies()
                {
                    self.server.hang_up(node);
                }
            }
            Turn::Fresh(node) => {
                if let Some(client) = self.clients.get_mut(&node) {
                    self.server.feed(room, &mut client.wire);
                }
            }
            Turn::Hidden(_, about) | Turn::Shown(_, about) => {
                if !room.weather.is_out() {
                    self.server.touch(room.now, about);
                    self.feed_all(room);
                }
            }
            Turn::Clock(node) => {
                if let Some(client) = self.clients.get_mut(&node) {
                    client.wind(room);
                }
            }
        }
    }
}
