//! Nodes that come and go because somebody wants it so, and what machines keep of them.

use peer_ring_core::chain;
use peer_ring_core::id::{CallerId, Epoch};
use peer_ring_core::steward::{Order, OrderRefused};
use peer_ring_core::wiring::ControlIn;

use crate::world::event::{Event, NodeEvent, NodeIndex};
use crate::world::{Happening, NOBODY, World};

impl World {
    /// Tells a node to hand over what it has, and go. It is down when it has left.
    pub fn leave(&mut self, node: NodeIndex) {
        self.count([24, node.0.into(), 0], &[], format_args!("{node} is to leave"));
        let Some(life) = &mut self.nodes[node.at()].life else {
            return;
        };
        life.is_leaving = true;
        let start = life.start;
        self.agenda.push(self.now.at, Event::Node(node, NodeEvent::Leave { start }));
    }

    /// Starts nodes that never came until there are as many as hold each record.
    pub fn complete(&mut self) {
        let wanted = usize::from(self.holders);
        let stays = |node: &NodeIndex| self.is_up(*node) && !self.is_leaving(*node);
        let missing = wanted.saturating_sub(self.nodes().filter(stays).count());
        let down: Vec<_> = self.nodes().filter(|node| !self.is_up(*node)).take(missing).collect();
        down.into_iter().for_each(|node| self.start(node));
    }

    pub(super) fn order_leave(&mut self, node: NodeIndex, start: u32) {
        if self.nodes[node.at()].life_of(start).is_none() {
            return;
        }
        self.tell_recorder(|recorder, now| recorder.mark(now, node, "is to leave".to_owned()));
        let order = Order::Leave;
        self.tell_control(node, ControlIn::Order { caller: CallerId(NOBODY), order });
    }

    /// What came of an order: whoever was told to leave and cannot, stays.
    pub(super) fn take_answer(&mut self, node: NodeIndex, result: &Result<Epoch, OrderRefused>) {
        if let (Err(_), Some(life)) = (result, &mut self.nodes[node.at()].life) {
            life.is_leaving = false;
        }
    }

    /// A node that has left stops.
    pub(super) fn stop(&mut self, node: NodeIndex, start: u32) {
        if self.nodes[node.at()].life_of(start).is_none() {
            return;
        }
        self.tell_recorder(|recorder, now| recorder.leave(now, node));
        self.go_down(node, true);
    }

    /// Ends the life on a machine, whatever it ends for.
    pub(super) fn go_down(&mut self, node: NodeIndex, said_goodbye: bool) {
        self.hang_up(node);
        let now = self.now;
        let machine = &mut self.nodes[node.at()];
        machine.life = None;
        machine.crashed_at = Some(now);
        if let Some(disk) = &mut machine.disk {
            disk.crash();
        }
        if let Some(waiting) = &mut machine.paused {
            waiting.clear();
        }
        self.end_discovery(node, said_goodbye);
        self.happened.push_back(Happening::Crashed(node));
    }

    /// Takes all that a machine has kept; only while its node is down.
    pub fn wipe(&mut self, node: NodeIndex) {
        self.count([25, node.0.into(), 0], &[], format_args!("{node} has nothing left"));
        if let Some(disk) = &mut self.nodes[node.at()].disk {
            disk.wipe();
        }
    }

    /// Begins to keep what a node must not forget. One that has nothing to keep it on goes on at
    /// once.
    pub(super) fn keep(&mut self, node: NodeIndex, number: u64, state: chain::State) {
        let now = self.now.at;
        let machine = &mut self.nodes[node.at()];
        let start = machine.starts;
        match &mut machine.disk {
            Some(disk) => {
                let done = disk.keep(now, number, state);
                self.agenda.push(done, Event::Node(node, NodeEvent::Kept { start, number }));
            }
            None => self.tell_control(node, ControlIn::Kept(number)),
        }
    }

    pub(super) fn take_kept(&mut self, node: NodeIndex, start: u32, number: u64) {
        let machine = &mut self.nodes[node.at()];
        if machine.life_of(start).is_none() {
            return;
        }
        if let Some(disk) = &mut machine.disk {
            disk.kept(number);
        }
        self.tell_control(node, ControlIn::Kept(number));
    }
}
