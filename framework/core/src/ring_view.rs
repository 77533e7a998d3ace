//! The ring view: which ring all requests follow, and what becomes of it.
//!
//! It is a node's part in the chain of decrees. As a voter it answers those that propose, once what
//! it answers is kept. As a steward ([`crate::steward`]) it works out what the next ring should be
//! and proposes it when its turn has come. And it tells: every peer where this node stands, whenever
//! that changes and now and then; and the ring to whoever knows only an earlier one.
//!
//! A node without a ring waits to be told one. If nobody has any, and as many nodes see each other
//! as are expected, one of them founds the cluster: `founding` says when that is safe.

mod founding;
mod message;
mod orders;
mod say;
mod steer;
mod strangers;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use xxhash_rust::xxh3::xxh3_64;

pub use message::{Counters, In, NoRing, Out, Settings};

use crate::actor::{Actor, Instant, Now, Outbox};
use crate::chain::{self, Progress as Proposed, Proposer, Voter};
use crate::id::{ClusterId, Epoch, NodeId, NodeName, Seat};
use crate::membership::Fact;
use crate::peer::Body;
use crate::rare::{Mark, reached};
use crate::ring::{Member, Ring};
use crate::standing::{Progress, Report, Standing, Wants};
use crate::steward::{self, Change, History, Known, OrderRefused, Past, Plan};
use crate::wiring::ControlSettings;
use orders::Waiting;
use say::Told;
use steer::Noticed;
use strangers::Strangers;

/// How often a node says where it stands though nothing has changed: what it said may be lost.
const STANDING_PAUSE: Duration = Duration::from_secs(2);

/// One node's part in the chain of rings.
pub struct RingView {
    seat: Seat,
    founding: ClusterId,
    ring: Settings,
    settings: steward::Settings,
    voter: Voter,
    proposer: Proposer,
    known: Known,
    /// By shard: how far its replicas are.
    progress: Vec<Progress>,
    /// Who is to own a partition whose owners change, under the ring as it is.
    targets: BTreeSet<Seat>,
    /// Since when more than half of the voters cannot reach a member.
    down_since: BTreeMap<Seat, Instant>,
    /// When that was last looked at.
    watched_at: Instant,
    noticed: Option<Noticed>,
    strangers: Strangers,
    /// Whom discovery names.
    discovered: BTreeMap<Seat, NodeName>,
    /// Since when discovery has said all it knows.
    settled_at: Option<Instant>,
    kept: u64,
    keeping: u64,
    /// Words that may be said when what they follow from is kept.
    held_back: VecDeque<(u64, Seat, chain::Word)>,
    waiting: Vec<Waiting>,
    told: Told,
    /// A first ring that others have accepted, and who of it has not answered about it.
    adopted: Option<(Arc<Ring>, Vec<Seat>)>,
    /// Those of them who are gone for good, and as whom they would vote: an operator said so.
    gone: BTreeMap<Seat, NodeId>,
    history: History,
    learnt: u64,
    has_left: bool,
    /// Whether the ring has been told to the rest of the node: one that was kept has not, at first.
    is_entered: bool,
}

impl RingView {
    /// The ring as the node that is made of `settings` sees it.
    #[must_use]
    pub fn new(settings: ControlSettings) -> Self {
        let ControlSettings { me, founding, ring, steward, wire, shards, kept, .. } = settings;
        let seat = me.seat();
        let known = Known::new(Standing {
            cluster: ClusterId::default(),
            epoch: Epoch::NONE,
            member: me.clone(),
            wants: Wants::Stay,
            wire,
            pending: 1,
            strays: 0,
            bytes: 0,
            down: Vec::new(),
        });
        Self {
            seat,
            founding,
            ring,
            settings: steward,
            voter: Voter::new(seat, me.vote, kept),
            proposer: Proposer::new(seat, start_of(founding, me.id)),
            known,
            progress: vec![Progress::default(); usize::from(shards)],
            targets: BTreeSet::new(),
            down_since: BTreeMap::new(),
            watched_at: Instant::default(),
            noticed: None,
            strangers: Strangers::default(),
            discovered: BTreeMap::new(),
            settled_at: None,
            kept: 0,
            keeping: 0,
            held_back: VecDeque::new(),
            waiting: Vec::new(),
            told: Told::default(),
            adopted: None,
            gone: BTreeMap::new(),
            history: History::default(),
            learnt: 0,
            has_left: false,
            is_entered: false,
        }
    }

    /// The ring, once there is one.
    #[must_use]
    pub fn ring(&self) -> Option<&Arc<Ring>> {
        self.voter.ring()
    }

    /// What is known of the others, and of this node.
    #[must_use]
    pub fn known(&self) -> &Known {
        &self.known
    }

    /// The latest rings, oldest first.
    pub fn history(&self) -> impl ExactSizeIterator<Item = &Past> {
        self.history.iter()
    }

    /// What it counts.
    #[must_use]
    pub fn counters(&self) -> Counters {
        Counters { proposed: self.proposer.attempts(), learnt: self.learnt }
    }

    /// What `change`, and all that waits to be changed, would come to.
    ///
    /// # Errors
    /// [`OrderRefused`] says why it would come to nothing.
    pub fn plan(&self, change: &Change) -> Result<Plan, OrderRefused> {
        let ring = self.ring().ok_or(OrderRefused::NoRing)?;
        let target = steward::ordered(ring, &self.known, &self.late(), change)?;
        steward::plan(ring, &self.known, &target, &self.settings)
    }

    fn epoch(&self) -> Epoch {
        self.ring().map_or(Epoch::NONE, |ring| ring.epoch())
    }

    fn fact(&mut self, now: Now, fact: Fact) {
        match fact {
            Fact::Seen(sighting) if sighting.name.seat() == self.seat => {
                let own = &mut self.known.own_mut().member;
                own.address = sighting.address.into();
            }
            Fact::Seen(sighting) => {
                self.discovered.insert(sighting.name.seat(), sighting.name);
            }
            Fact::Lost(name) => {
                self.discovered.remove(&name.seat());
            }
            Fact::Settled => {
                self.settled_at.get_or_insert(now.tick);
            }
        }
    }

    /// Takes a ring for the latest, if it is.
    fn learn(&mut self, now: Now, ring: &Arc<Ring>, out: &mut Outbox<Out>) {
        let before = self.ring().cloned();
        let is_foreign = before.as_ref().is_some_and(|it| it.cluster() != ring.cluster());
        if is_foreign {
            return;
        }
        let (ours, theirs) = (self.ring.partitions.count(), ring.partitions().count());
        if ours != theirs {
            return out.push(Out::Impossible(NoRing::Partitions { ours, theirs }));
        }
        if !self.voter.learn(Arc::clone(ring)) {
            return;
        }
        if before.as_ref().is_some_and(|before| before.epoch().next() < ring.epoch()) {
            reached(Mark::LearntLate);
        }
        self.keep(out);
        self.learnt += 1;
        self.enter(now, ring, before.as_deref(), out);
    }

    /// Goes on with the ring that was kept before a restart, whatever discovery says.
    fn enter_kept(&mut self, now: Now, out: &mut Outbox<Out>) {
        if !self.is_entered
            && let Some(ring) = self.ring().cloned()
        {
            self.enter(now, &ring, None, out);
        }
    }

    /// Everything that follows from a new ring.
    fn enter(&mut self, now: Now, ring: &Arc<Ring>, before: Option<&Ring>, out: &mut Outbox<Out>) {
        self.is_entered = true;
        self.proposer.give_up();
        self.noticed = None;
        (self.adopted, self.gone) = Default::default();
        self.targets = ring.target_seats();
        self.history.add(ring, before);
        if before.is_some_and(|before| ring.deposed().len() > before.deposed().len()) {
            reached(Mark::PrimaryDeposed);
        }
        out.push(Out::Ring(Arc::clone(ring)));
        self.answer_orders(ring, out);
        self.refresh(now, out);
    }

    /// Asks to keep what must not be forgotten. The number of that.
    fn keep(&mut self, out: &mut Outbox<Out>) -> u64 {
        self.keeping += 1;
        out.push(Out::Keep { number: self.keeping, state: self.voter.state().clone() });
        self.keeping
    }

    fn kept(&mut self, now: Now, number: u64, out: &mut Outbox<Out>) {
        self.kept = self.kept.max(number);
        while self.held_back.front().is_some_and(|it| it.0 <= self.kept)
            && let Some((_, to, word)) = self.held_back.pop_front()
        {
            self.say(now, to, word, out);
        }
    }

    /// Says a word about the next ring; what it says to itself it hears at once.
    fn say(&mut self, now: Now, to: Seat, word: chain::Word, out: &mut Outbox<Out>) {
        if to == self.seat {
            return self.hear(now, to, word, out);
        }
        out.push(Out::Say { to, body: Body::Chain(word) });
    }

    fn hear(&mut self, now: Now, from: Seat, word: chain::Word, out: &mut Outbox<Out>) {
        if chain::epoch_of(&word) < self.voter.open() {
            return self.tell_ring(now, from, out);
        }
        match &word {
            chain::Word::Prepare { .. } | chain::Word::Accept { .. } => {
                if let Some(answer) = self.voter.answer(&word) {
                    let number = self.keep(out);
                    self.held_back.push_back((number, from, answer));
                }
            }
            chain::Word::Promise { .. }
            | chain::Word::Accepted { .. }
            | chain::Word::Reject { .. } => {
                self.proposer.see(&self.known.votes());
                match self.proposer.hear(now, from, word) {
                    Proposed::Wait => {}
                    Proposed::Say(word) => self.say_to_voters(now, &word, out),
                    Proposed::Decided(ring) => {
                        self.learn(now, &ring, out);
                        self.tell_everybody_ring(now, out);
                    }
                }
            }
        }
    }

    fn say_to_voters(&mut self, now: Now, word: &chain::Word, out: &mut Outbox<Out>) {
        let voters = self.proposer.electorate().map(|it| it.voters.keys().copied());
        let voters: Vec<_> = voters.into_iter().flatten().collect();
        for voter in voters {
            self.say(now, voter, word.clone(), out);
        }
    }

    fn report(&mut self, now: Now, index: u8, report: Report, out: &mut Outbox<Out>) {
        match report {
            Report::Progress(progress) => {
                self.progress[usize::from(index)] = progress;
                self.refresh(now, out);
            }
            Report::OtherRing(peer) => self.compare_rings(now, peer, out),
        }
    }

    /// Brings this node's standing up to date, and tells everybody if it has changed.
    fn refresh(&mut self, now: Now, out: &mut Outbox<Out>) {
        let epoch = self.epoch();
        let is_known = self.progress.iter().all(|progress| progress.epoch == epoch);
        let sum = |of: fn(&Progress) -> u32| self.progress.iter().map(of).sum::<u32>();
        let (pending, strays) = (sum(|it| it.pending), sum(|it| it.strays));
        let bytes = self.progress.iter().map(|it| it.bytes).sum();
        let down = self.missed(now);
        let cluster = self.ring().map(|ring| ring.cluster()).unwrap_or_default();
        let own = self.known.own_mut();
        own.cluster = cluster;
        own.epoch = epoch;
        // What a shard has not said yet may be anything.
        own.pending = if is_known { pending } else { pending.max(1) };
        own.strays = if is_known { strays } else { strays.max(1) };
        own.bytes = bytes;
        own.down = down;
        self.tell_standing(now, out);
        self.look_whether_left(out);
    }

    /// The members that this node cannot reach, and should.
    fn missed(&mut self, now: Now) -> Vec<Seat> {
        let ring = self.voter.ring();
        let members = ring.into_iter().flat_map(|ring| ring.members()).map(Member::seat);
        let mut down = self.known.unreachable(members);
        let never = |seat: &Seat| !self.known.was_linked(*seat);
        let never: Vec<_> = down.iter().copied().filter(never).collect();
        self.strangers.note(now.tick, &never, self.settings.patience);
        down.retain(|seat| !self.strangers.may_come(*seat));
        down
    }

    pub(super) fn look_whether_left(&mut self, out: &mut Outbox<Out>) {
        let ring = self.voter.ring().map(|ring| &**ring);
        if !self.has_left && steward::has_left(ring, &self.known) {
            self.has_left = true;
            out.push(Out::Left);
        }
    }
}

/// A number that another start of this node does not have: `founding` is drawn afresh at each.
#[expect(clippy::cast_possible_truncation, reason = "the low half of a hash is one, too")]
fn start_of(founding: ClusterId, node: NodeId) -> u32 {
    let bytes = (u128::from(founding.0) << 64 | u128::from(node.0)).to_le_bytes();
    xxh3_64(&bytes) as u32
}

impl Actor for RingView {
    type In = In;
    type Out = Out;

    fn handle(&mut self, now: Now, input: In, out: &mut Outbox<Out>) {
        self.enter_kept(now, out);
        match input {
            In::Fact(fact) => self.fact(now, fact),
            In::Health(health) => {
                self.told.forget_all_but(&health);
                self.known.see(health);
                self.refresh(now, out);
            }
            In::Linked(seat) => self.tell_standing_to(seat, out),
            In::Standing(standing) => return self.heard_standing(now, *standing, out),
            In::Ring(ring) => self.learn(now, &ring, out),
            In::Chain { from, word } => self.hear(now, from, word, out),
            In::Shard { index, report } => self.report(now, index, report, out),
            In::Order { caller, order } => self.order(now, caller, order, out),
            In::Kept(number) => self.kept(now, number, out),
        }
        self.steer(now, out);
    }

    fn deadline(&self) -> Option<Instant> {
        let noticed = self.noticed.as_ref().filter(|_| !self.proposer.is_busy());
        let due = noticed.map(|noticed| noticed.due);
        let kept = (!self.is_entered && self.ring().is_some()).then(Instant::default);
        let again = Some(self.told.again_at());
        [
            kept,
            again,
            self.proposer.due(),
            due,
            self.founding_at(),
            self.next_late(),
            self.strangers.due(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn wake(&mut self, now: Now, out: &mut Outbox<Out>) {
        self.enter_kept(now, out);
        if self.strangers.due().is_some_and(|at| at <= now.tick) {
            self.refresh(now, out);
        }
        self.propose_again(now, out);
        if self.told.again_at() <= now.tick {
            self.tell_standing_again(now, out);
        }
        self.steer(now, out);
    }
}

#[cfg(test)]
mod tests;
