//! The pure half: datagrams and time in; datagrams, facts and orders out.
//!
//! foca decides who is up. Around it stand the [`Envelope`], through which nothing comes that no
//! key vouches for; [`Join`], which finds the way in; and the [`Roster`], which tells news.

use std::net::SocketAddr;
use std::time::Duration;

use foca::{
    AccumulatingRuntime, Error, Foca, Member, NoCustomBroadcast, OwnedNotification, PostcardCodec,
    State, Timer,
};
use peer_ring_core::actor::{Actor, Instant, Now, Outbox};
use peer_ring_core::id::Seat;
use peer_ring_core::membership::{Fact, Sighting};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::envelope::{Body, Dropped, Envelope, Why};
use super::identity::Identity;
use super::join::Join;
use super::key::Keyring;
use super::message::{In, Out};
use super::renewal::Renewal;
use super::replay::Heard;
use super::roster::Roster;
use super::settings::Settings;
use super::timers::Timers;
use crate::BadSetting;

/// How many nodes are asked in each round of catching up.
const ASKED_A_ROUND: usize = 5;

/// How often a node that leaves says so.
const GOODBYES: u8 = 4;

type Protocol = Foca<Identity, PostcardCodec, StdRng, NoCustomBroadcast>;

/// One node's part in the gossip.
pub struct Agent {
    settings: Settings,
    foca: Protocol,
    effects: AccumulatingRuntime<Identity>,
    timers: Timers,
    envelope: Envelope,
    roster: Roster,
    renewal: Renewal,
    rng: StdRng,
    /// How many nodes foca's settings are for.
    sized_for: usize,
    dropped: Dropped,
    phase: Phase,
}

/// An agent waits for its first wake, takes part, and leaves.
enum Phase {
    New,
    In(Join),
    Leaving { goodbyes: u8, at: Instant },
    Left,
}

impl Agent {
    /// The agent of the node that says this of itself, to which peers send gossip at `gossip`.
    /// `start` has to be higher than at any earlier start, as the wall clock is; `seed` is what all
    /// its randomness comes from.
    ///
    /// # Errors
    /// [`BadSetting`] when it cannot work so.
    pub fn new(
        settings: Settings,
        own: Sighting,
        gossip: SocketAddr,
        start: u64,
        seed: u64,
    ) -> Result<Self, BadSetting> {
        settings.check(&own)?;
        let mut rng = StdRng::seed_from_u64(seed);
        let identity = Identity::new(settings.said_of(own), gossip, start);
        let heard = Heard::new(Duration::from_millis(settings.clock_skew_max_ms));
        let keys = Keyring::new(&settings.keys()?);
        let forget_after = Duration::from_millis(settings.forget_after_ms);
        Ok(Self {
            envelope: Envelope::new(keys, heard, rng.random(), settings.datagram_bytes_max),
            roster: Roster::new(identity.seat(), forget_after),
            foca: Foca::new(
                identity,
                settings.config(1),
                StdRng::seed_from_u64(rng.random()),
                PostcardCodec,
            ),
            settings,
            effects: AccumulatingRuntime::new(),
            timers: Timers::default(),
            renewal: Renewal::default(),
            rng,
            sized_for: 1,
            dropped: Dropped::default(),
            phase: Phase::New,
        })
    }

    /// How many datagrams were dropped, by why.
    #[must_use]
    pub fn dropped(&self) -> Dropped {
        self.dropped
    }

    /// The other nodes that are up.
    pub fn members(&self) -> impl Iterator<Item = &Identity> {
        self.foca.iter_members().map(Member::id)
    }

    /// Whether no other node is up.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.foca.num_members() == 0
    }

    /// Whether this node was declared dead again soon after it had said that it lives, as happens
    /// time and again where another node has its name.
    #[must_use]
    pub fn is_contested(&self) -> bool {
        self.renewal.is_quarrel()
    }

    /// Who this node is now.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        self.foca.identity()
    }

    fn datagram(&mut self, now: Now, from: SocketAddr, bytes: &[u8], out: &mut Outbox<Out>) {
        let heard = match self.envelope.unwrap(now.wall, bytes) {
            // Two that are dead would tell each other so for ever.
            Ok(Body::Packet(_)) if self.renewal.is_dead() => Ok(()),
            Ok(Body::Packet(packet)) => self.packet(packet),
            Ok(Body::Who(seat)) => {
                self.answer(now, from, seat, out);
                Ok(())
            }
            Ok(Body::Here { start, identity }) => self.seed_is(start, identity),
            Err(why) => Err(why),
        };
        if let Err(why) = heard {
            self.dropped.count(why);
        }
    }

    fn packet(&mut self, packet: &[u8]) -> Result<(), Why> {
        self.foca.handle_data(packet, &mut self.effects).map_err(|error| match error {
            Error::Decode(_) | Error::MalformedPacket | Error::DataTooBig => Why::Malformed,
            _ => Why::Refused,
        })
    }

    fn answer(&mut self, now: Now, to: SocketAddr, seat: Seat, out: &mut Outbox<Out>) {
        let start = self.start_known_of(seat);
        let here = Body::Here { start, identity: self.foca.identity().clone() };
        out.push(Out::Send { to, bytes: self.envelope.wrap(now.wall, &here) });
    }

    /// A seed says who it is, and which start it knows of this node's.
    fn seed_is(&mut self, start: u64, seed: Identity) -> Result<(), Why> {
        let own = self.foca.identity();
        if seed.seat() == own.seat() {
            return Err(Why::Refused);
        }
        // This node's clock went back while it was away.
        if start > own.start() {
            self.become_later_than(start);
        }
        self.foca.announce(seed, &mut self.effects).map_err(|_| Why::Refused)
    }

    fn ask(&mut self, now: Now, seeds: &[SocketAddr], out: &mut Outbox<Out>) {
        let own = self.foca.identity().gossip();
        let is_member = |at: &SocketAddr| self.members().any(|member| member.gossip() == *at);
        let strangers: Vec<_> =
            seeds.iter().copied().filter(|seed| *seed != own && !is_member(seed)).collect();
        self.ask_who(now, &strangers, out);
    }

    /// Asks who is there, and what is known there of this node.
    fn ask_who(&mut self, now: Now, places: &[SocketAddr], out: &mut Outbox<Out>) {
        let who = Body::Who(self.foca.identity().seat());
        for &to in places {
            out.push(Out::Send { to, bytes: self.envelope.wrap(now.wall, &who) });
        }
    }

    fn moved(&mut self, gossip: SocketAddr) {
        if gossip != self.foca.identity().gossip() {
            self.become_identity(self.foca.identity().moved(gossip));
        }
    }

    /// Takes another start, after all that are known of this node's seat, and after this one.
    fn become_later_than(&mut self, start: u64) {
        let own = self.foca.identity();
        let latest = self.start_known_of(own.seat()).max(own.start()).max(start);
        self.become_identity(own.started(latest.saturating_add(1)));
    }

    /// Is another identity from now on, and tells some.
    fn become_identity(&mut self, identity: Identity) {
        // It differs from the one before, and it fits wherever that did.
        let _ = self.foca.change_identity(identity, &mut self.effects);
        self.ask_some();
    }

    /// The latest start that foca knows of the node on this seat; zero when it knows of none.
    fn start_known_of(&self, seat: Seat) -> u64 {
        let known = self.foca.iter_membership_state().find(|it| it.id().seat() == seat);
        known.map_or(0, |member| member.id().start())
    }

    fn leave(&mut self, now: Now) {
        if matches!(self.phase, Phase::New | Phase::In(_)) {
            let identity = self.foca.identity().leaving();
            // Both say goodbye to some; what could not be said now is said by later goodbyes.
            let _ = self.foca.change_identity(identity, &mut self.effects);
            let _ = self.foca.leave_cluster(&mut self.effects);
            let goodbyes = if self.is_alone() { 0 } else { GOODBYES };
            self.phase = Phase::Leaving { goodbyes, at: now.tick };
        }
    }

    fn say_goodbye(&mut self, now: Now, out: &mut Outbox<Out>) {
        let Phase::Leaving { goodbyes, at } = &mut self.phase else { return };
        if *at > now.tick {
            return;
        }
        if *goodbyes == 0 {
            self.phase = Phase::Left;
            return out.push(Out::Left);
        }
        *goodbyes -= 1;
        *at = now.tick + Duration::from_millis(self.settings.gossip_interval_ms);
        // Some peers hear it now; the next time others are drawn.
        let _ = self.foca.gossip(&mut self.effects);
    }

    /// Lets foca do what has fallen due.
    fn run_timers(&mut self, now: Now, out: &mut Outbox<Out>) {
        let late = self.timers.deadline().map_or(Duration::ZERO, |due| now.tick.since(due));
        if late >= Duration::from_millis(self.settings.probe_interval_ms) {
            self.timers.put_off(late);
        }
        while let Some(timer) = self.timers.pop(now.tick) {
            if self.is_refuted(&timer) {
                continue;
            }
            // A probe that was cut short by a change of identity is the one error that can be.
            let _ = self.foca.handle_timer(timer, &mut self.effects);
            self.perform(now, out);
        }
    }

    /// Whether this is the end of a suspicion in which there was nothing. foca 2.0 takes nobody for
    /// down then, but tells the node all the same that it was declared down.
    fn is_refuted(&self, timer: &Timer<Identity>) -> bool {
        let Timer::ChangeSuspectToDown { member_id, incarnation, .. } = timer else { return false };
        let suspect = Member::new(member_id.clone(), *incarnation, State::Suspect);
        !self.foca.iter_membership_state().any(|member| *member == suspect)
    }

    fn find_way_in(&mut self, now: Now, out: &mut Outbox<Out>) {
        let known = self.foca.num_members();
        let Phase::In(join) = &mut self.phase else { return };
        if join.asks(now.tick, known == 0, self.rng.random_range(0.5..1.0)) {
            out.push(Out::Resolve);
        }
        let catches_up = join.catches_up(now.tick, known);
        if join.settles(now.tick) {
            out.push(Out::Fact(Fact::Settled));
        }
        if catches_up {
            self.ask_some();
        }
    }

    /// Asks some nodes whom they know.
    fn ask_some(&mut self) {
        for asked in self.draw_members() {
            // What cannot be asked of it is asked of others in the next round.
            let _ = self.foca.announce(asked, &mut self.effects);
        }
    }

    /// A few of the nodes that are up, perhaps one of them twice.
    fn draw_members(&mut self) -> Vec<Identity> {
        let known: Vec<_> = self.members().cloned().collect();
        let draws = ASKED_A_ROUND.min(known.len());
        (0..draws).map(|_| known[self.rng.random_range(0..known.len())].clone()).collect()
    }

    /// Does what foca asked for.
    fn perform(&mut self, now: Now, out: &mut Outbox<Out>) {
        self.perform_once(now, out);
        if matches!(self.phase, Phase::In(_)) && self.renewal.renews(now.tick) {
            self.become_later_than(0);
            if self.renewal.is_quarrel() {
                let asked: Vec<_> = self.draw_members().iter().map(Identity::gossip).collect();
                self.ask_who(now, &asked, out);
            }
            self.perform_once(now, out);
        }
    }

    fn perform_once(&mut self, now: Now, out: &mut Outbox<Out>) {
        while let Some((after, timer)) = self.effects.to_schedule() {
            self.timers.set(now.tick + after, timer);
        }
        while let Some((to, packet)) = self.effects.to_send() {
            let bytes = self.envelope.wrap(now.wall, &Body::Packet(&packet));
            out.push(Out::Send { to: to.gossip(), bytes });
        }
        while let Some(notification) = self.effects.to_notify() {
            let news = self.notice(now, notification);
            news.into_iter().for_each(|fact| out.push(Out::Fact(fact)));
        }
        self.fit_config();
    }

    fn notice(&mut self, now: Now, notification: OwnedNotification<Identity>) -> Option<Fact> {
        match notification {
            OwnedNotification::MemberUp(identity) => self.roster.up(&identity),
            OwnedNotification::MemberDown(identity) => self.roster.down(now.tick, &identity),
            OwnedNotification::Rename(_, identity) => {
                let is_up = self.members().any(|member| *member == identity);
                self.roster.renamed(&identity, is_up)
            }
            OwnedNotification::Active => {
                self.roster.hears_again(now.tick);
                self.with_join(|join| join.met(now.tick))
            }
            OwnedNotification::Idle => self.with_join(|join| join.parted(now.tick)),
            OwnedNotification::Defunct => {
                self.renewal.died(now.tick);
                None
            }
            // An identity of ours does not renew itself.
            OwnedNotification::Rejoin(_) => None,
        }
    }

    fn with_join(&mut self, act: impl FnOnce(&mut Join)) -> Option<Fact> {
        match &mut self.phase {
            Phase::In(join) => act(join),
            Phase::New | Phase::Leaving { .. } | Phase::Left => {}
        }
        None
    }

    /// How often news are repeated, and how long a suspicion lasts, depend on the cluster's size.
    fn fit_config(&mut self) {
        let nodes = self.foca.num_members() + 1;
        if nodes != self.sized_for {
            self.sized_for = nodes;
            // Nothing changes in it that must not.
            let _ = self.foca.set_config(self.settings.config(nodes));
        }
    }
}

impl Actor for Agent {
    type In = In;
    type Out = Out;

    fn handle(&mut self, now: Now, input: In, out: &mut Outbox<Out>) {
        match (input, &self.phase) {
            (In::Leave, _) => self.leave(now),
            (In::Keys(keys), _) => self.envelope.use_keys(Keyring::new(&keys)),
            (In::Datagram { from, bytes }, Phase::In(_)) => self.datagram(now, from, &bytes, out),
            (In::Seeds(seeds), Phase::In(_)) => self.ask(now, &seeds, out),
            (In::Moved(gossip), Phase::In(_) | Phase::New) => self.moved(gossip),
            // Not there yet, or not any more.
            (
                In::Datagram { .. } | In::Seeds(_) | In::Moved(_),
                Phase::New | Phase::Leaving { .. } | Phase::Left,
            ) => {}
        }
        self.perform(now, out);
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.phase {
            Phase::New => Some(Instant::default()),
            Phase::In(join) => {
                let forget_at = self.roster.deadline().filter(|_| !self.is_alone());
                let others = [self.timers.deadline(), forget_at, self.renewal.deadline()];
                others.into_iter().flatten().chain([join.deadline()]).min()
            }
            Phase::Leaving { at, .. } => Some(*at),
            Phase::Left => None,
        }
    }

    fn wake(&mut self, now: Now, out: &mut Outbox<Out>) {
        if matches!(self.phase, Phase::New) {
            self.phase = Phase::In(Join::new(now.tick, &self.settings));
        }
        if matches!(self.phase, Phase::In(_)) {
            self.run_timers(now, out);
            self.find_way_in(now, out);
            // Who hears nobody judges nobody: it may be this node that is cut off.
            if !self.is_alone() {
                self.roster.forget(now.tick).for_each(|fact| out.push(Out::Fact(fact)));
            }
        }
        self.say_goodbye(now, out);
        self.perform(now, out);
    }
}
