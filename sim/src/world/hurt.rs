//! What faults do to a world.

use peer_ring_core::id::CallerId;
use peer_ring_proto::hello::Protocols;

use crate::faults::Fault;
use crate::random::Stream;
use crate::story::SpanKind;
use crate::world::event::{Hop, NodeIndex};
use crate::world::{NOBODY, World};

impl World {
    /// Lets a node speak these versions of the wire from its next start on.
    pub fn set_wire(&mut self, node: NodeIndex, wire: Protocols) {
        let facts = [11, node.0.into(), u64::from(wire.min) << 32 | u64::from(wire.max)];
        self.count(facts, &[], format_args!("{node} is to speak versions {wire} of the wire"));
        self.nodes[node.at()].wire = wire;
    }

    /// Takes a node's memory and every link it has; nothing changes when it is down.
    pub fn crash(&mut self, node: NodeIndex) {
        if self.nodes[node.at()].life.is_none() {
            return;
        }
        self.count([1, node.0.into(), 0], &[], format_args!("{node} crashes"));
        self.tell_recorder(|recorder, now| recorder.crash(now, node));
        self.go_down(node, false);
    }

    /// Lets a node do nothing until it is resumed.
    pub fn pause(&mut self, node: NodeIndex) {
        self.count([2, node.0.into(), 0], &[], format_args!("{node} is paused"));
        let paused = SpanKind::Paused(node);
        self.tell_recorder(|recorder, now| recorder.begin(now, paused, "paused".to_owned()));
        self.nodes[node.at()].paused.get_or_insert_default();
    }

    /// Lets a paused node go on: first with what has waited for it.
    pub fn resume(&mut self, node: NodeIndex) {
        self.count([3, node.0.into(), 0], &[], format_args!("{node} goes on"));
        self.tell_recorder(|recorder, now| recorder.end(now, SpanKind::Paused(node)));
        for event in self.nodes[node.at()].paused.take().unwrap_or_default() {
            self.happen_at(node, event);
        }
    }

    /// Sets a node's wall clock forward, or back if `by_ms` is negative.
    pub fn jump_clock(&mut self, node: NodeIndex, by_ms: i64) {
        let facts = [4, node.0.into(), by_ms.cast_unsigned()];
        self.count(facts, &[], format_args!("the clock of {node} jumps by {by_ms} ms"));
        let text = format!("clock jumps {by_ms:+} ms");
        self.tell_recorder(|recorder, now| recorder.mark(now, node, text));
        self.latest_wall = self.latest_wall();
        self.nodes[node.at()].clock.jump(self.now.at, by_ms);
    }

    /// Lets a node's clocks run fast by `ppm` parts per million, or slow if negative.
    pub fn set_drift(&mut self, node: NodeIndex, ppm: i32) {
        let facts = [5, node.0.into(), i64::from(ppm).cast_unsigned()];
        self.count(facts, &[], format_args!("the clock of {node} drifts by {ppm} ppm"));
        let text = format!("clock drifts {ppm:+} ppm");
        self.tell_recorder(|recorder, now| recorder.mark(now, node, text));
        self.nodes[node.at()].clock.drift(self.now.at, ppm);
        self.nodes[node.at()].disarm();
        for desk in self.desks() {
            self.arm(node, desk);
        }
        self.discovery_clock(node);
    }

    /// Breaks both links between two nodes; they will be made again.
    pub fn sever(&mut self, between: Hop) {
        self.count(
            [6, between.from.0.into(), between.to.0.into()],
            &[],
            format_args!("the links {between} break"),
        );
        let text = format!("links {between} break");
        self.tell_recorder(|recorder, now| recorder.mark(now, between.from, text));
        self.hang_up_between(between);
    }

    /// Lets a fault meddle with messages from now on.
    pub fn meddle(&mut self, id: u32, fault: Fault) {
        self.count([7, id.into(), 0], &[], format_args!("#{id} begins: {fault}"));
        let text = fault.to_string();
        self.tell_recorder(|recorder, now| recorder.begin(now, SpanKind::Fault(id), text));
        let stream = Stream::new(self.seed, "fault", &[id.into()]);
        self.network.add(id, fault, self.now.at, stream);
    }

    /// Ends the meddling of a fault.
    pub fn cease(&mut self, id: u32) {
        self.count([8, id.into(), 0], &[], format_args!("#{id} ends"));
        self.tell_recorder(|recorder, now| recorder.end(now, SpanKind::Fault(id)));
        self.network.remove(id);
    }

    /// Lets so many callers at once ask what was last read at any node. They wait until they are
    /// told to go, and nobody is told their answers.
    pub fn repeat_last_read(&mut self, node: NodeIndex, calls: u32) {
        let Some(ask) = self.last_read.clone() else {
            return;
        };
        for _ in 0..calls {
            self.nobodies_count += 1;
            let caller = CallerId(NOBODY + self.nobodies_count);
            if self.ask(node, caller, ask.clone()).is_err() {
                return;
            }
            self.nobodies.push((node, caller));
        }
    }

    /// Lets those callers at a node wait no more.
    pub fn send_nobodies_away(&mut self, node: NodeIndex) {
        let (gone, left) = self.nobodies.iter().partition(|(at, _)| *at == node);
        self.nobodies = left;
        let gone: Vec<(NodeIndex, CallerId)> = gone;
        for (node, caller) in gone {
            self.abandon(node, caller);
        }
    }
}
