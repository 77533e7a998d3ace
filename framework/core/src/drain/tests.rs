use super::*;
use crate::actor::Wall;
use crate::id::Epoch;
use crate::ring::Member;
use crate::sample;

const P: PartitionId = PartitionId(0);

/// The draining of the only partition at a node that owns it no more, and what it asks.
struct World {
    ring: Arc<Ring>,
    drain: Drain,
    now: Now,
    asked: Vec<(Seat, RequestId, Errand)>,
    dropped: usize,
}

impl World {
    fn new() -> Self {
        let mut world = Self::with(Settings::default());
        world.tell(In::Stray { partition: P, is_stray: true });
        world
    }

    fn with(settings: Settings) -> Self {
        let ring = sample::ring(&["a", "b", "c"]);
        let drain = Drain::new(NodeId(1), Desk::Shard(0), &settings);
        let now = Now { tick: Instant(1_000_000_000), wall: Wall(1) };
        let mut world = Self { ring: ring.clone(), drain, now, asked: Vec::new(), dropped: 0 };
        world.tell(In::Ring(ring));
        world
    }

    fn tell(&mut self, input: In) {
        let mut out = Outbox::new();
        self.drain.handle(self.now, input, &mut out);
        self.note(out);
    }

    fn pass(&mut self, span: Duration) {
        self.now.tick = self.now.tick + span;
        let mut out = Outbox::new();
        self.drain.wake(self.now, &mut out);
        self.note(out);
    }

    fn note(&mut self, mut out: Outbox<Out>) {
        for order in out.drain() {
            match order {
                Out::Ask { to, id, errand, .. } => self.asked.push((to, id, errand)),
                Out::Drop(_) => self.dropped += 1,
            }
        }
    }

    fn owner(&self, index: usize) -> Seat {
        self.ring.preference(P)[index]
    }

    /// What the owner `index` is asked.
    fn take_asked(&mut self, index: usize) -> Option<(RequestId, Errand)> {
        let owner = self.owner(index);
        let at = self.asked.iter().position(|(to, ..)| *to == owner)?;
        let (_, id, errand) = self.asked.remove(at);
        Some((id, errand))
    }

    /// Lets the owner `index` answer; a page that it compared ends at `until`.
    fn answer(&mut self, index: usize, until: Option<&str>, response: Response) -> Errand {
        let (id, errand) = self.take_asked(index).expect("was asked");
        if let Errand::Compare { .. } = errand {
            let until = until.map(|key| Bytes::copy_from_slice(key.as_bytes()));
            self.tell(In::Described { id, until });
        }
        self.tell(In::Answer { from: self.owner(index), id, response });
        errand
    }

    /// Lets the owner `index` hold all that is here.
    fn holds_all(&mut self, index: usize) {
        self.answer(index, None, Response::Compared { is_same: true });
    }

    fn learn(&mut self, ring: Ring) {
        self.ring = Arc::new(ring);
        self.tell(In::Ring(self.ring.clone()));
    }
}

fn key(of: &str) -> Option<Bytes> {
    Some(Bytes::copy_from_slice(of.as_bytes()))
}

#[test]
fn a_table_goes_when_every_owner_has_confirmed_all_of_it() {
    let mut world = World::new();
    world.holds_all(0);
    world.holds_all(1);
    assert_eq!(world.dropped, 0);
    world.holds_all(2);
    assert_eq!((world.dropped, world.drain.counters().drained), (1, 1));
    assert!(world.drain.transfers().next().is_none());
}

#[test]
fn it_is_confirmed_page_by_page() {
    let mut world = World::new();
    for other in [1, 2] {
        world.holds_all(other);
    }
    world.answer(0, Some("k"), Response::Compared { is_same: true });
    assert_eq!(world.dropped, 0);
    let asked = world.answer(0, None, Response::Compared { is_same: true });
    assert_eq!(asked, Errand::Compare { after: key("k") });
    assert_eq!(world.dropped, 1);
}

#[test]
fn an_owner_is_given_what_it_lacks_before_it_has_confirmed() {
    let mut world = World::new();
    world.answer(0, Some("m"), Response::Compared { is_same: false });
    let lacking = vec![Bytes::from_static(b"l")];
    let asked = world.answer(0, None, Response::Lacking { keys: lacking.clone() });
    assert_eq!(asked, Errand::Offer { after: None, until: key("m") });
    assert_eq!(world.answer(0, None, Response::Applied), Errand::Give { keys: lacking });
    let (_, asked) = world.take_asked(0).unwrap();
    assert_eq!(asked, Errand::Compare { after: key("m") });
}

#[test]
fn an_owner_that_holds_something_newer_lacks_nothing() {
    let mut world = World::new();
    for other in 0..3 {
        world.answer(other, None, Response::Compared { is_same: false });
        world.answer(other, None, Response::Lacking { keys: Vec::new() });
    }
    assert_eq!(world.dropped, 1);
}

#[test]
fn a_table_waits_for_an_owner_that_is_away_blank_or_behind() {
    for refusal in [Refusal::Blank, Refusal::Behind, Refusal::NotReady] {
        let mut world = World::new();
        world.holds_all(0);
        world.holds_all(1);
        world.answer(2, None, Response::Refused(refusal));
        assert!(world.asked.is_empty());
        world.pass(RETRY_PAUSE);
        world.holds_all(2);
        assert_eq!(world.dropped, 1);
    }
    let mut world = World::new();
    world.holds_all(0);
    world.holds_all(1);
    let (id, _) = world.take_asked(2).unwrap();
    world.tell(In::Undelivered { id });
    world.pass(RETRY_PAUSE);
    assert!(world.take_asked(2).is_some());
    world.pass(Settings::default().timeout);
    world.pass(RETRY_PAUSE);
    world.holds_all(2);
    assert_eq!(world.dropped, 1);
}

#[test]
fn nothing_is_confirmed_while_the_ring_is_moving() {
    let mut world = World::new();
    world.holds_all(0);
    let settled = Arc::clone(&world.ring);
    let members = ["a", "b", "d"].map(|name| Member::new(sample::name(name)));
    world.asked.clear();
    world.learn(settled.begin(Wall(1), members.to_vec()).unwrap());
    world.tell(In::Stray { partition: P, is_stray: true });
    world.pass(RETRY_PAUSE);
    assert!(world.asked.is_empty());
    world.learn(world.ring.settle(Wall(1)));
    world.tell(In::Stray { partition: P, is_stray: true });
    for other in 0..3 {
        world.holds_all(other);
    }
    assert_eq!(world.dropped, 1);
}

#[test]
fn all_confirm_anew_when_the_partition_is_laid_out_anew() {
    let mut world = World::new();
    world.holds_all(0);
    world.holds_all(1);
    let (late, _) = world.take_asked(2).unwrap();
    world.learn(world.ring.depose(Wall(1), vec![world.owner(0)]));
    assert!(world.asked.is_empty(), "it is not known to be others' still");
    world.tell(In::Stray { partition: P, is_stray: true });
    let response = Response::Compared { is_same: true };
    world.tell(In::Answer { from: world.owner(2), id: late, response });
    world.holds_all(0);
    world.holds_all(1);
    assert_eq!(world.dropped, 0);
    world.holds_all(2);
    assert_eq!(world.dropped, 1);
}

#[test]
fn who_hears_that_its_ring_is_old_drops_nothing_until_it_has_a_newer_one() {
    let mut world = World::new();
    world.answer(0, None, Response::Refused(Refusal::WrongEpoch));
    world.holds_all(1);
    world.holds_all(2);
    world.pass(RETRY_PAUSE);
    assert!(world.asked.is_empty());
    assert_eq!(world.dropped, 0);
    world.learn(world.ring.hold(Wall(1), true));
    assert_eq!(world.ring.epoch(), Epoch(2));
    world.holds_all(0);
    assert_eq!(world.dropped, 1);
}

#[test]
fn who_is_asked_under_a_newer_layout_drops_nothing_until_it_knows_it() {
    let mut world = World::new();
    world.holds_all(0);
    world.holds_all(1);
    world.tell(In::Outdated(P));
    world.holds_all(2);
    world.pass(RETRY_PAUSE);
    assert_eq!(world.dropped, 0);
    world.learn(world.ring.hold(Wall(1), true));
    assert_eq!(world.dropped, 1);
}

#[test]
fn a_node_that_owns_the_partition_again_keeps_what_it_has() {
    let mut world = World::new();
    world.holds_all(0);
    world.holds_all(1);
    let (id, _) = world.take_asked(2).unwrap();
    world.tell(In::Stray { partition: P, is_stray: false });
    let response = Response::Compared { is_same: true };
    world.tell(In::Answer { from: world.owner(2), id, response });
    assert_eq!((world.dropped, world.drain.pages_inflight()), (0, 0));
}

#[test]
fn no_more_is_asked_at_once_and_no_more_given_than_allowed() {
    let settings = Settings { pages_max: 2, bytes_per_second: 1_000, ..Settings::default() };
    let mut world = World::with(settings);
    world.tell(In::Stray { partition: P, is_stray: true });
    assert_eq!(world.asked.len(), 2);
    world.answer(0, Some("m"), Response::Compared { is_same: false });
    world.answer(0, None, Response::Lacking { keys: vec![Bytes::from_static(b"l")] });
    let (id, _) = world.take_asked(0).unwrap();
    world.tell(In::Given { id, records: 1, bytes: 1_000 });
    world.tell(In::Answer { from: world.owner(0), id, response: Response::Applied });
    assert!(world.take_asked(0).is_none());
    world.pass(Duration::from_secs(1));
    assert!(world.take_asked(0).is_some());
}

#[test]
fn while_clients_are_many_a_page_is_compared_now_and_then() {
    let mut world = World::with(Settings::default());
    world.tell(In::ForegroundBusy(true));
    world.tell(In::Stray { partition: P, is_stray: true });
    assert_eq!(world.asked.len(), 1);
    world.pass(Duration::from_millis(99));
    assert_eq!(world.asked.len(), 1);
    world.pass(Duration::from_millis(1));
    assert_eq!(world.asked.len(), 2);
    world.tell(In::ForegroundBusy(false));
    assert_eq!(world.asked.len(), 3);
}

#[test]
fn thousands_of_tables_go_in_turn_and_it_takes_no_longer_for_their_number() {
    let ring = sample::ring_of(4_096, &["a", "b", "c"]);
    let settings = Settings::default();
    let mut drain = Drain::new(NodeId(1), Desk::Shard(0), &settings);
    let mut out = Outbox::new();
    let now = Now::default();
    drain.handle(now, In::Ring(Arc::clone(&ring)), &mut out);
    for partition in ring.partitions().iter() {
        drain.handle(now, In::Stray { partition, is_stray: true }, &mut out);
    }
    assert_eq!((drain.strays.len(), drain.pages_inflight()), (4_096, settings.pages_max));
    drain.handle(now, In::Ring(ring), &mut out);
    // One turn each, but for those that have nothing to wait for.
    let turns = std::iter::from_fn(|| drain.pages.turns.pop()).count();
    assert!((4_000..=4_096).contains(&turns), "{turns}");
}
