mod forward;
mod joint;
mod moves;
mod owner;
mod parked;
mod parked_for_a_primary;
mod read;
mod repair;
mod storm;
mod write;

use super::*;
use crate::app::{Plan, decode, encode, seen};
use crate::hlc::Stamp;
use crate::id::{AppId, CallerId, PartitionId};
use crate::peer::{Entry, Execute, Refusal};
use crate::quorum::Need;
use crate::replica::Led;
use crate::sample::cluster::Cluster;
use crate::sample::{self, Note, entry, freshness, get, set, table_key_of, version};
use crate::view::{Health, PeerHealth, PeerState};

/// The coordinator of one of four nodes, three of which own the only partition; and what it says.
/// Owners go by their place in the preference list, the primary first.
struct World {
    /// The ring by which owners are called.
    ring: Arc<Ring>,
    /// The ring that the coordinator knows.
    known: Arc<Ring>,
    coordinator: Coordinator,
    now: Now,
    /// Requests to replicas and owners, this node's own replica included.
    sent: Vec<(Seat, RequestId, Request)>,
    replies: Vec<Result<Option<u64>, Failure>>,
    responses: Vec<Response>,
    led: Option<(RequestId, Version)>,
    callers: u64,
}

impl World {
    /// On the node `index` of the preference list; the one after the owners is none.
    fn at(index: usize) -> Self {
        Self::with(index, Settings::default())
    }

    fn with(index: usize, settings: Settings) -> Self {
        Self::on(sample::ring(&["a", "b", "c", "d"]), index, settings)
    }

    fn on(ring: Arc<Ring>, index: usize, settings: Settings) -> Self {
        let seat = ring.preference(PartitionId(0))[index];
        let coordinator =
            Coordinator::new(seat, NodeId(7), Desk::Shard(0), settings, sample::apps());
        let mut world = Self {
            known: Arc::clone(&ring),
            ring,
            coordinator,
            now: Now { wall: crate::actor::Wall(1_000), ..Now::default() },
            sent: Vec::new(),
            replies: Vec::new(),
            responses: Vec::new(),
            led: None,
            callers: 0,
        };
        world.set_down(&[]);
        world
    }

    fn primary() -> Self {
        Self::at(0)
    }

    /// Says that these owners are down, and all others alive.
    fn set_down(&mut self, down: &[usize]) {
        let line = |(index, seat): (usize, &Seat)| PeerHealth {
            seat: *seat,
            state: if down.contains(&index) { PeerState::Down } else { PeerState::Alive },
            id: None,
        };
        let peers = self.ring.preference(PartitionId(0)).iter().enumerate().map(line).collect();
        let (ring, health) = (Some(Arc::clone(&self.known)), Arc::new(Health::new(peers)));
        self.tell(In::View(View { ring, health }));
    }

    /// The coordinator learns of another ring, and that all peers are alive.
    fn learn(&mut self, ring: Arc<Ring>) {
        self.known = ring;
        self.set_down(&[]);
    }

    /// The partition begins to move away from the owner `index`, to the node after the owners.
    fn begin_without(&mut self, index: usize) {
        let ring = sample::begin_without(&self.known, self.owner(index));
        self.learn(ring);
    }

    /// What was moving has arrived.
    fn finish_move(&mut self) {
        let ring = self.known.settle(self.now.wall);
        self.learn(Arc::new(ring));
    }

    /// These are no primaries any more, and all others are.
    fn depose(&mut self, deposed: &[usize]) {
        let seats = deposed.iter().map(|index| self.owner(*index)).collect();
        let ring = self.known.depose(self.now.wall, seats);
        self.learn(Arc::new(ring));
    }

    /// Something else changes about the ring, and every partition stays as it is.
    fn change_nothing(&mut self) {
        let ring = self.known.hold(self.now.wall, !self.known.is_held());
        self.learn(Arc::new(ring));
    }

    fn tell(&mut self, input: In) {
        let mut out = Outbox::new();
        self.coordinator.handle(self.now, input, &mut out);
        self.coordinator.end_turn();
        self.note(out);
    }

    /// Lets time pass, and wakes it if that is due.
    fn pass(&mut self, span: Duration) {
        self.now = Now { tick: self.now.tick + span, wall: self.now.wall.after(span) };
        if self.coordinator.deadline().is_some_and(|at| at <= self.now.tick) {
            let mut out = Outbox::new();
            self.coordinator.wake(self.now, &mut out);
            self.note(out);
        }
    }

    fn note(&mut self, mut out: Outbox<Out>) {
        for order in out.drain() {
            match order {
                Out::Local { id, request, .. } => {
                    self.sent.push((self.coordinator.seat, id, request));
                }
                Out::Send { to, id, request } => self.sent.push((to, id, request)),
                Out::Lead { id, stamp, .. } => self.led = Some((id, stamp)),
                Out::Respond { response, .. } => self.responses.push(response),
                Out::Reply { result, .. } => {
                    self.replies.push(result.map(|reply| decode(&reply).unwrap()));
                }
            }
        }
    }

    fn ask(&mut self, plan: Plan, note: &Note) {
        self.callers += 1;
        self.tell(In::Ask { caller: CallerId(self.callers), ask: sample::ask(plan, note) });
    }

    /// Who asked last does not wait any more.
    fn abandon(&mut self) {
        self.tell(In::Abandon(Abandon::Caller(CallerId(self.callers))));
    }

    /// Asks on behalf of a caller of a peer, the owner `index`.
    fn ask_from(&mut self, index: usize, plan: Plan, note: &Note) {
        let (from, id) = (self.owner(index), RequestId(5));
        self.tell(In::Forwarded { from, id, ask: sample::ask(plan, note) });
    }

    fn owner(&self, index: usize) -> Seat {
        self.ring.preference(PartitionId(0))[index]
    }

    /// Who was sent something, in order.
    fn asked(&self) -> Vec<usize> {
        let list = self.ring.preference(PartitionId(0));
        let index = |seat| list.iter().position(|other| *other == seat).unwrap();
        self.sent.iter().map(|(to, ..)| index(*to)).collect()
    }

    /// What the owner `index` was sent last.
    fn last_to(&self, index: usize) -> (RequestId, &Request) {
        let owner = self.owner(index);
        let (_, id, request) = self.sent.iter().rfind(|(to, ..)| *to == owner).expect("was asked");
        (*id, request)
    }

    /// Answers what the owner `index` was sent last.
    fn answer(&mut self, index: usize, response: Response) {
        let id = self.last_to(index).0;
        self.tell(In::Answer { from: self.owner(index), id, response });
    }

    fn refuse(&mut self, index: usize, refusal: Refusal) {
        self.answer(index, Response::Refused(refusal));
    }

    /// What the owner `index` was sent last does not get there.
    fn lose(&mut self, index: usize, may_have_arrived: bool) {
        let id = self.last_to(index).0;
        self.tell(In::Undelivered { to: self.owner(index), id, may_have_arrived });
    }

    /// The stamp of the write that the owner `index` was sent last.
    fn stamp_to(&self, index: usize) -> Version {
        match self.last_to(index).1 {
            Request::Execute(Execute { stamp: Some(stamp), .. }) => *stamp,
            other => panic!("{other:?} is no write"),
        }
    }

    /// The only answer to the caller.
    fn reply(&self) -> Option<&Result<Option<u64>, Failure>> {
        assert!(self.replies.len() <= 1, "one answer");
        self.replies.first()
    }
}

/// A replica's answer: it read `value`, written at `stamp`, under `k`.
fn executed(value: u64, stamp: u64) -> Response {
    let mut list = bytes::BytesMut::new();
    seen::note(&mut list, &table_key_of("k"), freshness(stamp));
    Response::Executed { reply: encode(&Some(value)), seen: list.freeze() }
}

/// A replica's answer to a write.
fn written() -> Response {
    Response::Executed { reply: encode(&Some(1_u64)), seen: Bytes::new() }
}

fn not_met(acked: u8, may_have_happened: bool) -> Result<Option<u64>, Failure> {
    Err(Failure::QuorumNotMet { acked, wanted: 2, may_have_happened })
}

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[test]
fn nothing_is_coordinated_before_there_is_a_ring() {
    let mut world = World::primary();
    world.coordinator.view = View::default();
    world.ask(Plan::quorum(3, 2), &set("k", 1));
    assert_eq!(world.reply(), Some(&Err(Failure::NotReady)));
}

#[test]
fn an_app_that_does_not_run_here_is_unknown() {
    let mut world = World::primary();
    let ask = Ask { app: AppId(1), ..sample::ask(Plan::quorum(3, 2), &set("k", 1)) };
    world.tell(In::Ask { caller: CallerId(1), ask });
    assert_eq!(world.reply(), Some(&Err(Failure::UnknownApp { app: 1 })));
}

#[test]
fn one_command_too_many_is_refused_at_once() {
    let mut world = World::with(0, Settings { inflight_max: 2, ..Settings::default() });
    for _ in 0..3 {
        world.ask(Plan::quorum(3, 2), &set("k", 1));
    }
    assert_eq!(world.reply(), Some(&Err(Failure::Overloaded)));
    assert_eq!(world.coordinator.counters().overloaded, 1);
}

#[test]
fn commands_of_too_many_bytes_are_refused_at_once() {
    let bytes = sample::ask(Plan::quorum(3, 2), &set("k", 1)).command.len();
    let settings = Settings { inflight_bytes_max: 2 * bytes, ..Settings::default() };
    let mut world = World::with(0, settings);
    for _ in 0..3 {
        world.ask(Plan::quorum(3, 2), &set("k", 1));
    }
    assert_eq!(world.reply(), Some(&Err(Failure::Overloaded)));
}

#[test]
fn a_command_larger_than_all_room_is_taken_when_there_is_nothing_else() {
    let mut world = World::with(0, Settings { inflight_bytes_max: 0, ..Settings::default() });
    world.ask(Plan::quorum(3, 2), &set("k", 1));
    assert_eq!(world.coordinator.inflight(), 1);
}

#[test]
fn room_is_there_again_when_commands_have_ended() {
    let mut world = World::with(0, Settings { inflight_max: 1, ..Settings::default() });
    for _ in 0..3 {
        world.ask(Plan::quorum(3, 1), &set("k", 1));
        world.answer(1, written());
    }
    assert_eq!(world.replies, [Ok(Some(1)), Ok(Some(1)), Ok(Some(1))]);
    assert_eq!(world.coordinator.bytes, 0);
}

#[test]
fn a_command_that_nobody_waits_for_any_more_takes_no_room() {
    let mut world = World::primary();
    world.ask(Plan::quorum(3, 2), &set("k", 1));
    world.abandon();
    assert_eq!((world.coordinator.inflight(), world.coordinator.bytes), (0, 0));
    world.answer(1, written());
    world.answer(2, written());
    assert_eq!(world.reply(), None);
}

#[test]
fn a_lost_link_is_as_good_as_a_refusal_of_everything_sent_over_it() {
    let mut world = World::primary();
    world.ask(Plan::quorum(3, 3), &set("k", 1));
    world.ask(Plan::read(3, 2), &get("k"));
    assert_eq!(world.asked(), [0, 1, 2, 0, 1]);
    world.tell(In::LinkLost(world.owner(1)));
    let failure = Failure::QuorumNotMet { acked: 0, wanted: 3, may_have_happened: true };
    assert_eq!(world.reply(), Some(&Err(failure)));
    assert_eq!(world.asked(), [0, 1, 2, 0, 1, 2]);
}

#[test]
fn a_lost_link_that_was_not_used_changes_nothing() {
    let mut world = World::primary();
    world.ask(Plan::read(3, 2), &get("k"));
    world.tell(In::LinkLost(world.owner(2)));
    assert_eq!(world.asked(), [0, 1]);
}

#[test]
fn an_answer_from_someone_else_is_nobodys() {
    let mut world = World::primary();
    world.ask(Plan::quorum(3, 1), &set("k", 1));
    let id = world.last_to(1).0;
    world.tell(In::Answer { from: world.owner(3), id, response: written() });
    assert_eq!(world.reply(), None);
}

#[test]
fn timers_of_commands_that_have_ended_do_not_pile_up() {
    let mut world = World::primary();
    for _ in 0..5_000 {
        world.ask(Plan::quorum(3, 1), &set("k", 1));
        world.answer(1, written());
    }
    assert_eq!(world.coordinator.inflight(), 0);
    assert!(world.coordinator.timers.len() < 2_000);
    assert!(world.coordinator.clients.is_empty());
}

#[test]
fn when_all_has_been_answered_nothing_is_waited_for() {
    let mut world = World::primary();
    world.ask(Plan::quorum(3, 1), &set("k", 1));
    world.answer(0, written());
    world.pass(Duration::from_secs(2));
    assert_eq!(world.coordinator.deadline(), None);
}
