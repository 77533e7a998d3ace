//! Turns of a node's actors in words: a line for what was given, a line for each order.

use std::collections::BTreeMap;
use std::fmt::Display;

use peer_ring_core::app::{Kind, Plan};
use peer_ring_core::chain::{Ballot, State, Word};
use peer_ring_core::coordinator::Ask;
use peer_ring_core::id::{AppId, NodeName, RequestId, Seat};
use peer_ring_core::membership::Fact;
use peer_ring_core::peer::{Body, Entry, Execute, Lane, Message, Request, Response};
use peer_ring_core::ring::Ring;
use peer_ring_core::standing::{Progress, Report, Standing, Wants};
use peer_ring_core::view::View;
use peer_ring_core::wiring::{ControlIn, ControlOut, ShardIn, ShardOut};
use peer_ring_proto::flight::{Header, Step};

use crate::flight::lexicon::Lexicon;
use crate::flight::{Orders, Turn};

/// Most records and keys of one message that are named.
const NAMED_MAX: usize = 3;

/// Tells turns, with peers by the names that discovery gave them.
pub struct Words<'a> {
    lexicon: &'a dyn Lexicon,
    names: BTreeMap<Seat, NodeName>,
}

impl<'a> Words<'a> {
    /// Tells the turns of the node with this header.
    #[must_use]
    pub fn new(header: &Header, lexicon: &'a dyn Lexicon) -> Self {
        let names = [(header.name().seat(), header.name().clone())].into();
        Self { lexicon, names }
    }

    /// Learns the name that a turn tells, if it does. To be called with every turn.
    pub fn learn(&mut self, turn: &Turn) {
        if let Step::Control(ControlIn::Fact(Fact::Seen(sighting))) = &turn.entry.step {
            self.names.insert(sighting.name.seat(), sighting.name.clone());
        }
    }

    /// The name of whoever is on `seat`.
    #[must_use]
    pub fn name(&self, seat: Seat) -> String {
        self.names.get(&seat).map_or_else(|| format!("{seat:?}"), NodeName::to_string)
    }

    /// What an actor was given.
    #[must_use]
    pub fn input(&self, step: &Step) -> String {
        match step {
            Step::Control(input) => self.control_input(input),
            Step::Shard(_, input) => self.shard_input(input),
            Step::NextView(_) => "the next view from control".to_owned(),
            Step::Wake(_) => "its deadline has come".to_owned(),
        }
    }

    /// What an actor asked for, a line each.
    #[must_use]
    pub fn orders(&self, orders: &Orders) -> Vec<String> {
        match orders {
            Orders::Control(orders) => orders.iter().map(|it| self.control_order(it)).collect(),
            Orders::Shard(orders) => orders.iter().map(|it| self.shard_order(it)).collect(),
        }
    }

    fn control_input(&self, input: &ControlIn) -> String {
        match input {
            ControlIn::Fact(Fact::Seen(sighting)) => {
                format!("discovery: {} at {}", sighting.name, sighting.address)
            }
            ControlIn::Fact(Fact::Lost(name)) => format!("discovery: {name} is gone"),
            ControlIn::Fact(Fact::Settled) => "discovery: that is all".to_owned(),
            ControlIn::LinkUp { seat, id } => {
                format!("a link to {} stands, its id is {id}", self.name(*seat))
            }
            ControlIn::LinkDown { seat } => format!("the link to {} broke", self.name(*seat)),
            ControlIn::Peer { from, message } => self.heard(*from, message),
            ControlIn::Leave => "the node is told to stop".to_owned(),
            ControlIn::Shard { index, report } => {
                format!("shard {index} reports {}", self.report(report))
            }
            ControlIn::Order { caller, order } => {
                format!("operator {} orders: {order:?}", caller.0)
            }
            ControlIn::Kept(number) => format!("kept on disk: all up to {number}"),
        }
    }

    fn shard_input(&self, input: &ShardIn) -> String {
        match input {
            ShardIn::View(view) => self.view(view),
            ShardIn::Ask { caller, ask } => format!("caller {} asks: {}", caller.0, self.ask(ask)),
            ShardIn::Abandon(caller) => format!("caller {} does not wait any more", caller.0),
            ShardIn::Peer { from, message } => self.heard(*from, message),
            ShardIn::Undelivered { to, id, may_have_arrived } => {
                let may = if *may_have_arrived { ", or perhaps was" } else { "" };
                format!("{} to {} was not delivered{may}", number(*id), self.name(*to))
            }
            ShardIn::LinkLost { seat, lane } => {
                let lane = match lane {
                    Lane::Foreground => "link",
                    Lane::Background => "background link",
                };
                format!("the {lane} to {} broke", self.name(*seat))
            }
        }
    }

    fn control_order(&self, order: &ControlOut) -> String {
        match order {
            ControlOut::Connect { name, address } => format!("keep a link to {name} at {address}"),
            ControlOut::Disconnect { seat } => format!("keep no link to {}", self.name(*seat)),
            ControlOut::Send { to, message } => self.said(*to, message),
            ControlOut::View(view) => format!("to all shards: {}", self.view(view)),
            ControlOut::Keep { number, state } => format!("keep as {number}: {}", kept(state)),
            ControlOut::Answer { caller, result: Ok(epoch) } => {
                format!("answer operator {}: ring {epoch} is to come", caller.0)
            }
            ControlOut::Answer { caller, result: Err(why) } => {
                format!("answer operator {}: refused, {why}", caller.0)
            }
            ControlOut::Left => "the node has left, and may stop".to_owned(),
            ControlOut::Impossible(why) => format!("there can be no ring: {why}"),
        }
    }

    fn shard_order(&self, order: &ShardOut) -> String {
        match order {
            ShardOut::Send { to, message } => self.said(*to, message),
            ShardOut::Report(report) => format!("report {}", self.report(report)),
            ShardOut::Reply { caller, result } => {
                format!("answer caller {}: {}", caller.0, self.result(result))
            }
        }
    }

    fn heard(&self, from: Seat, message: &Message) -> String {
        format!("from {}: {}", self.name(from), self.message(message))
    }

    fn said(&self, to: Seat, message: &Message) -> String {
        format!("to {}: {}", self.name(to), self.message(message))
    }

    fn message(&self, message: &Message) -> String {
        let epoch = message.epoch;
        match &message.body {
            Body::Request { id, request } => {
                format!("{} {} [epoch {epoch}]", number(*id), self.request(request))
            }
            Body::Response { id, response } => {
                format!("{} {} [epoch {epoch}]", number(*id), self.response(response))
            }
            Body::Leaving => "I am leaving".to_owned(),
            Body::Standing(standing) => self.standing(standing),
            Body::Ring(ring) => format!("here is {} [epoch {epoch}]", self.ring(ring)),
            Body::Chain(word) => format!("{} [epoch {epoch}]", self.word(word)),
        }
    }

    fn request(&self, request: &Request) -> String {
        match request {
            Request::Execute(Execute { partition, app, command, stamp, wants_seen }) => {
                let command = self.command(*app, command);
                let stamp = stamp.map(|version| format!(" at {:016x}", version.stamp.0));
                let seen = if *wants_seen { ", say what you read" } else { "" };
                format!("run {command}{} in partition {partition}{seen}", stamp.unwrap_or_default())
            }
            Request::Apply { partition, records, as_primary } => {
                let primary = if *as_primary { " as primary" } else { "" };
                format!("keep {} in partition {partition}{primary}", self.records(records))
            }
            Request::Fetch { partition, keys } => {
                let keys = self.keys(keys.iter().map(|key| &key[..]), keys.len());
                format!("fetch {keys} of partition {partition}")
            }
            Request::Copy { partition, .. } => format!("copy a page of partition {partition}"),
            Request::Compare { partition, .. } => {
                format!("compare a page of partition {partition}")
            }
            Request::Offer { partition, held } => {
                let keys = self.keys(held.iter().map(|(key, _)| &key[..]), held.len());
                format!("offer {keys} of partition {partition}")
            }
            Request::Forward { app, plan, command, timeout_ms, .. } => {
                let command = self.command(*app, command);
                format!("forward {command}, {}, within {timeout_ms} ms", told(plan))
            }
            Request::Cancel { .. } => "cancel".to_owned(),
            Request::Probe => "probe".to_owned(),
        }
    }

    fn response(&self, response: &Response) -> String {
        match response {
            Response::Executed { reply, .. } => format!("executed: {}", self.reply(reply)),
            Response::Superseded { by } => format!("superseded by {:016x}", by.stamp.0),
            Response::Applied => "applied".to_owned(),
            Response::Fetched { records } => format!("fetched {}", self.records(records)),
            Response::Compared { is_same: true } => "I hold the same".to_owned(),
            Response::Compared { is_same: false } => "I hold something else".to_owned(),
            Response::Lacking { keys } => {
                let keys = self.keys(keys.iter().map(|key| &key[..]), keys.len());
                format!("I lack {keys}")
            }
            Response::Copied { records, upto, is_blank } => {
                let more = if upto.is_some() { ", and more" } else { "" };
                let blank = if *is_blank { ", but I am blank" } else { "" };
                format!("copied {}{more}{blank}", self.records(records))
            }
            Response::Forwarded(result) => format!("forwarded: {}", self.result(result)),
            Response::Alive => "alive".to_owned(),
            Response::Refused(refusal) => format!("refused: {refusal:?}"),
        }
    }

    fn report(&self, report: &Report) -> String {
        match report {
            Report::Progress(Progress { epoch, pending, strays, bytes }) => format!(
                "under ring {epoch}: {pending} replicas pending, {strays} strays, {bytes} bytes"
            ),
            Report::OtherRing(peer) => format!("that {} knows another ring", self.name(*peer)),
        }
    }

    fn standing(&self, standing: &Standing) -> String {
        let Standing { epoch, member, wants, pending, strays, down, .. } = standing;
        let wants = match wants {
            Wants::Stay => "",
            Wants::Leave => ", wants to leave",
        };
        let down: Vec<_> = down.iter().map(|seat| self.name(*seat)).collect();
        let down = if down.is_empty() {
            String::new()
        } else {
            format!(", cannot reach {}", down.join(", "))
        };
        let name = &member.name;
        format!("{name} is at ring {epoch}{wants}: {pending} pending, {strays} strays{down}")
    }

    fn ring(&self, ring: &Ring) -> String {
        let names: Vec<_> = ring.members().iter().map(|member| member.name.to_string()).collect();
        let moving = if ring.is_moving() { ", moving" } else { "" };
        let (epoch, reason) = (ring.epoch(), ring.reason().as_str());
        format!("ring {epoch} ({reason}{moving}) of {}", names.join(", "))
    }

    fn word(&self, word: &Word) -> String {
        let told =
            |ballot: &Ballot| format!("ballot {} of {}", ballot.round, self.name(ballot.seat));
        match word {
            Word::Prepare { epoch, ballot } => format!("prepare ring {epoch}, {}", told(ballot)),
            Word::Promise { epoch, ballot, accepted: None } => {
                format!("promise for ring {epoch}, {}", told(ballot))
            }
            Word::Promise { epoch, ballot, accepted: Some((before, ring)) } => {
                let ring = self.ring(ring);
                let (ballot, before) = (told(ballot), told(before));
                format!("promise for ring {epoch}, {ballot}; accepted {ring} under {before}")
            }
            Word::Accept { ballot, ring } => {
                format!("accept {}, {}", self.ring(ring), told(ballot))
            }
            Word::Accepted { epoch, ballot } => format!("accepted ring {epoch}, {}", told(ballot)),
            Word::Reject { epoch, promised } => {
                format!("reject for ring {epoch}: promised {}", told(promised))
            }
        }
    }

    fn ask(&self, ask: &Ask) -> String {
        let Ask { app, plan, command, timeout, .. } = ask;
        let timeout_ms = timeout.as_millis();
        format!("{}, {}, within {timeout_ms} ms", self.command(*app, command), told(plan))
    }

    fn command(&self, app: AppId, command: &[u8]) -> String {
        match self.lexicon.command(app, command) {
            Some(said) => said.words,
            None => format!("a command of {} bytes of app {:08x}", command.len(), app.0),
        }
    }

    fn result(&self, result: &Result<bytes::Bytes, impl Display>) -> String {
        match result {
            Ok(reply) => self.reply(reply),
            Err(failure) => format!("failed: {failure}"),
        }
    }

    fn reply(&self, reply: &[u8]) -> String {
        let known = self.lexicon.reply(reply);
        known.unwrap_or_else(|| format!("a reply of {} bytes", reply.len()))
    }

    fn records(&self, records: &[Entry]) -> String {
        self.keys(records.iter().map(|entry| &entry.key[..]), records.len())
    }

    fn keys<'k>(&self, keys: impl Iterator<Item = &'k [u8]>, count: usize) -> String {
        let name = |key: &[u8]| match self.lexicon.record(key) {
            Some(said) => said.words,
            None => format!("a key of {} bytes", key.len()),
        };
        let named: Vec<_> = keys.take(NAMED_MAX).map(name).collect();
        let more = count.saturating_sub(named.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let records = if count == 1 { "record" } else { "records" };
        let colon = if named.is_empty() { "" } else { ": " };
        format!("{count} {records}{colon}{}{more}", named.join(", "))
    }

    fn view(&self, view: &View) -> String {
        let ring = match &view.ring {
            Some(ring) => format!("ring {} of {} members", ring.epoch(), ring.members().len()),
            None => "no ring".to_owned(),
        };
        let peer = |peer: &peer_ring_core::view::PeerHealth| {
            format!("{} {}", self.name(peer.seat), peer.state.as_str())
        };
        let peers: Vec<_> = view.health.peers().iter().map(peer).collect();
        if peers.is_empty() { ring } else { format!("{ring}; {}", peers.join(", ")) }
    }
}

/// What a voter keeps.
fn kept(State { ring, promised, accepted }: &State) -> String {
    let ring =
        ring.as_ref().map_or_else(|| "no ring".to_owned(), |r| format!("ring {}", r.epoch()));
    let accepted = match accepted {
        Some((ballot, _)) => format!("accepted ballot {}", ballot.round),
        None => "accepted nothing".to_owned(),
    };
    format!("{ring}, promised ballot {}, {accepted}", promised.round)
}

/// The end of a request's number: enough to tell those apart that are under way together.
fn number(id: RequestId) -> String {
    let lane = if id.is_background() { "background " } else { "" };
    format!("{lane}#{:06x}", id.0 >> 8 & 0xff_ffff)
}

fn told(plan: &Plan) -> String {
    let kind = match plan.kind {
        Kind::Read => "read at",
        Kind::Write => "written at",
        Kind::Owner => "led, at",
    };
    format!("{kind} {} of {}", plan.need.of(plan.n), plan.n)
}
