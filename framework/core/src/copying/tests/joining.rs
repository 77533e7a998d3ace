//! Who is to become an owner, and a primary that takes over: how many owners they copy, and how.

use super::*;
use crate::actor::Wall;
use crate::ring::Member;

const JOIN: Wants = Wants { fill: false, join: true, lead: false, is_trusted: false };
const STAYER: Wants = Wants { is_trusted: true, ..JOIN };
const LEAD: Wants = Wants { fill: false, join: false, lead: true, is_trusted: true };

/// The ring of `old` on its way to `new`, whose only partition has so many owners.
fn moving(replicas: u8, old: &[&str], new: &[&str]) -> Arc<Ring> {
    let ring = sample::ring_with(1, replicas, old);
    let members = new.iter().map(|member| Member::new(sample::name(member)));
    Arc::new(ring.begin(Wall::default(), members.collect()).unwrap())
}

/// The one that `ring` has among its targets and not among its owners.
fn newcomer(ring: &Ring) -> Seat {
    let targets = ring.targets(PartitionId(0), 3).unwrap();
    *targets.iter().find(|seat| !ring.owners(PartitionId(0), 3).contains(seat)).unwrap()
}

fn world(seat: Seat, ring: &Arc<Ring>, wants: Wants) -> World {
    let mut world = World::at(seat, Arc::clone(ring), &[], Settings::default());
    world.want(wants);
    world
}

fn done(kind: Kind) -> [(PartitionId, Kind); 1] {
    [(PartitionId(0), kind)]
}

#[test]
fn a_target_copies_so_many_owners_that_one_has_each_acknowledged_write() {
    let ring = moving(3, &["a", "b", "c"], &["d", "e", "f"]);
    let mut world = world(newcomer(&ring), &ring, JOIN);
    world.has_data(0);
    assert_eq!(world.done, []);
    world.has_data(1);
    assert_eq!(world.done, done(Kind::Join));
}

#[test]
fn a_target_is_not_told_of_enough_by_owners_that_are_blank_or_do_not_know_the_ring() {
    let ring = moving(3, &["a", "b", "c"], &["d", "e", "f"]);
    let mut world = world(newcomer(&ring), &ring, JOIN);
    world.has_data(0);
    world.is_blank(1);
    world.refuse(2, Refusal::Behind);
    world.pass(2 * SILENCE_MAX);
    assert_eq!(world.done, []);
    world.has_data(2);
    assert_eq!(world.done, done(Kind::Join));
}

#[test]
fn an_owner_that_stays_joins_with_itself_as_one_of_those_that_are_copied() {
    let ring = moving(3, &["a", "b", "c"], &["a", "d", "e"]);
    let stayer = sample::seat("a");
    let mut world = world(stayer, &ring, STAYER);
    assert_eq!(world.done, []);
    let other = usize::from(world.owner(0) == stayer);
    world.is_same(other);
    assert_eq!(world.done, done(Kind::Join));
}

#[test]
fn an_owner_that_stays_and_is_blank_is_filled_before_it_has_joined() {
    let ring = moving(3, &["a", "b", "c"], &["a", "d", "e"]);
    let mut world = world(sample::seat("a"), &ring, Wants { fill: true, ..JOIN });
    let others: Vec<_> = (0..3).filter(|at| world.owner(*at) != sample::seat("a")).collect();
    world.has_data(others[0]);
    assert_eq!(world.done, []);
    world.has_data(others[1]);
    let both = [(PartitionId(0), Kind::Fill), (PartitionId(0), Kind::Join)];
    assert_eq!(world.done, both);
}

#[test]
fn the_order_of_owners_alone_may_make_one_join_who_is_to_have_what_lies_on_the_first_few() {
    // Somewhere among many moves, one owner comes before another that stays.
    let names = ["a", "b", "c", "d", "e"];
    let old = sample::ring_of(64, &names);
    let members = names[1..].iter().map(|member| Member::new(sample::name(member)));
    let ring = Arc::new(old.begin(Wall::default(), members.collect()).unwrap());
    let is_late = |p: &PartitionId, seat: &Seat| ring.owners(*p, 3)[1..].contains(seat);
    let mut moves = ring.partitions().iter().filter_map(|p| {
        let first = *ring.targets(p, 1)?.first()?;
        is_late(&p, &first).then_some((p, first))
    });
    let (partition, seat) = moves.next().expect("an owner moves to the front");
    let settings = Settings::default();
    let mut world = World::at(seat, Arc::clone(&ring), &[1], settings);
    world.tell(In::Wants { partition, wants: STAYER });
    let primary = ring.owners(partition, 1)[0];
    let others = ring.owners(partition, 3).iter().filter(|it| ![primary, seat].contains(it));
    let mut answer = |from: Seat| {
        let at = world.asked.iter().position(|(to, ..)| *to == from);
        let at = at.unwrap_or_else(|| {
            world.pass(RETRY_PAUSE);
            world.asked.iter().position(|(to, ..)| *to == from).expect("was asked")
        });
        let (_, id, _) = world.asked.remove(at);
        let response = Response::Copied { records: Vec::new(), upto: None, is_blank: false };
        world.tell(In::Answer { from, id, response });
        world.done.len()
    };
    // Two of three owners are copied now, but what lies on the first alone is not here.
    for other in others {
        assert_eq!(answer(*other), 0);
    }
    assert_eq!(answer(primary), 1);
}

#[test]
fn one_owner_is_walked_over_after_the_other() {
    let ring = moving(3, &["a", "b", "c"], &["d", "e", "f"]);
    let mut world = world(newcomer(&ring), &ring, JOIN);
    for key in ["k", "l", "m"] {
        world.answer(0, vec![entry(key, 1, 10)], true, false);
        assert_eq!(world.asked.len(), 1);
    }
}

#[test]
fn an_owner_that_lets_this_wait_is_not_waited_for() {
    let ring = moving(3, &["a", "b", "c"], &["d", "e", "f"]);
    let mut world = world(newcomer(&ring), &ring, JOIN);
    world.pass(RETRY_PAUSE);
    assert_eq!(world.asked.len(), 2);
}

#[test]
fn what_had_news_is_walked_over_once_more_and_what_had_none_is_not() {
    let ring = moving(3, &["a", "b", "c"], &["d", "e", "f"]);
    let mut world = world(newcomer(&ring), &ring, JOIN);
    world.answer(0, vec![entry("k", 1, 10)], false, false);
    assert_eq!(world.take_asked(0).map(|(_, after)| after), Some(None));
    assert!(world.take_asked(1).is_none());
    let mut world = self::world(newcomer(&ring), &ring, JOIN);
    world.is_same(0);
    assert!(world.take_asked(0).is_none() && world.take_asked(1).is_some());
}

#[test]
fn news_of_a_verifying_pass_are_counted_and_end_it() {
    let ring = moving(3, &["a", "b", "c"], &["d", "e", "f"]);
    let mut world = world(newcomer(&ring), &ring, JOIN);
    world.answer(0, vec![entry("k", 1, 10)], false, false);
    world.answer(0, vec![entry("k", 2, 20)], false, false);
    assert_eq!(world.copying.counters().verify_news, 1);
    assert!(world.take_asked(0).is_none());
}

#[test]
fn all_begins_anew_when_the_partition_is_laid_out_anew() {
    let ring = moving(3, &["a", "b", "c"], &["d", "e", "f"]);
    let mut world = world(newcomer(&ring), &ring, JOIN);
    world.has_data(0);
    world.answer(1, vec![entry("l", 1, 10)], true, false);
    let (late, _) = world.take_asked(1).unwrap();
    let deposed = vec![world.owner(0)];
    let next = Arc::new(ring.depose(Wall::default(), deposed));
    world.tell(In::Ring(Arc::clone(&next)));
    assert!(world.asked.is_empty());
    world.want(JOIN);
    assert_eq!(world.asked.len(), 1);
    let response = Response::Copied { records: Vec::new(), upto: None, is_blank: false };
    world.tell(In::Answer { from: world.owner(1), id: late, response });
    world.is_same(0);
    assert_eq!(world.done, []);
    world.is_same(1);
    assert_eq!(world.done, done(Kind::Join));
}

#[test]
fn nothing_begins_anew_when_other_partitions_are_laid_out_anew() {
    let ring = moving(3, &["a", "b", "c"], &["d", "e", "f"]);
    let mut world = world(newcomer(&ring), &ring, JOIN);
    world.has_data(0);
    let held = Arc::new(ring.hold(Wall::default(), true));
    world.tell(In::Ring(held));
    world.has_data(1);
    assert_eq!(world.done, done(Kind::Join));
}

#[test]
fn a_primary_that_takes_over_copies_enough_others() {
    let ring = sample::ring_with(1, 5, &["a", "b", "c", "d", "e"]);
    let mut world = world(ring.preference(PartitionId(0))[1], &ring, LEAD);
    world.has_data(0);
    assert_eq!(world.done, []);
    world.has_data(2);
    assert_eq!(world.done, done(Kind::Lead));
}

#[test]
fn what_clients_wait_for_is_copied_before_all_else_and_however_many_they_are() {
    let ring = sample::ring_of(8, &["a", "b", "c"]);
    let me = sample::seat("a");
    let (lead, fill): (Vec<_>, Vec<_>) =
        ring.partitions().iter().partition(|p| ring.preference(*p)[0] == me);
    let settings = Settings { pages_max: 1, ..Settings::default() };
    let mut world = World::at(me, Arc::clone(&ring), &[], settings.clone());
    world.tell(In::ForegroundBusy(true));
    let wants = |partition, wants| In::Wants { partition, wants };
    world.tell(wants(fill[0], FILL));
    let (id, from) = (world.asked[0].1, world.asked.remove(0).0);
    world.tell(In::Answer { from, id, response: Response::Refused(Refusal::Overloaded) });
    world.tell(wants(fill[1], FILL));
    assert!(world.asked.is_empty(), "one page went through, and no more for now");
    world.tell(wants(lead[0], LEAD));
    assert_eq!((world.asked.len(), world.said_blank), (1, None));
    // Nor do a blank primary's clients get on before it is whole.
    let mut world = World::at(me, ring, &[], settings);
    world.tell(In::ForegroundBusy(true));
    world.tell(wants(lead[0], FILL));
    assert_eq!((world.asked.len(), world.said_blank), (1, Some(NodeId(1))));
}

#[test]
fn what_clients_wait_for_is_not_behind_passes_that_have_begun() {
    let ring = sample::ring_of(8, &["a", "b", "c"]);
    let me = sample::seat("a");
    let (lead, fill): (Vec<_>, Vec<_>) =
        ring.partitions().iter().partition(|p| ring.preference(*p)[0] == me);
    let settings = Settings { pages_max: 1, ..Settings::default() };
    let mut world = World::at(me, ring, &[], settings);
    let wants = |partition, wants| In::Wants { partition, wants };
    world.tell(wants(fill[0], FILL));
    world.tell(wants(fill[1], FILL));
    world.tell(wants(lead[0], LEAD));
    let mut next = |key| {
        let (from, id, _) = world.asked.remove(0);
        let records = vec![entry(key, 1, 10)];
        let upto = Some(records[0].key.clone());
        let response = Response::Copied { records, upto, is_blank: false };
        world.tell(In::Answer { from, id, response });
        (world.asked.len(), world.said_blank)
    };
    // Its next page would be asked for otherwise, and the one after that.
    assert_eq!(next("1"), (1, None));
    assert_eq!(next("2"), (1, None));
}

#[test]
fn while_clients_are_many_a_page_is_copied_now_and_then() {
    let ring = moving(3, &["a", "b", "c"], &["d", "e", "f"]);
    let mut world = World::at(newcomer(&ring), ring, &[], Settings::default());
    world.tell(In::ForegroundBusy(true));
    world.want(JOIN);
    for key in ["1", "2", "3", "4"] {
        assert_eq!(world.asked.len(), 1);
        let before = world.now.tick;
        world.answer(0, vec![entry(key, 1, 10)], true, false);
        assert!(world.asked.is_empty());
        let waits = world.copying.transfers().next().unwrap().waits;
        assert_eq!(waits, Some(Waits::Foreground));
        let span = world.copying.pages.gate.opens_at().since(before);
        assert_eq!(span, Duration::from_millis(100));
        world.pass(span);
    }
    let (id, _) = world.take_asked(0).unwrap();
    world.tell(In::Undelivered { id });
    assert!(world.asked.is_empty());
    world.tell(In::ForegroundBusy(false));
    assert_eq!(world.asked.len(), 1);
}

#[test]
fn a_page_waits_until_the_one_before_is_paid_for() {
    let ring = moving(3, &["a", "b", "c"], &["d", "e", "f"]);
    let settings = Settings { bytes_per_second: 100, ..Settings::default() };
    let mut world = World::at(newcomer(&ring), ring, &[], settings);
    world.now.tick = Instant(1_000_000_000);
    world.want(JOIN);
    let mut large = entry("k", 1, 10);
    large.record.value = Some(Bytes::from(vec![0; 300]));
    world.answer(0, vec![large], true, false);
    assert!(world.asked.is_empty());
    assert_eq!(world.copying.transfers().next().unwrap().waits, Some(Waits::Limit));
    world.pass(Duration::from_millis(2_900));
    assert!(world.asked.is_empty());
    world.pass(Duration::from_millis(300));
    assert_eq!(world.asked.len(), 1);
}

#[test]
fn a_source_that_is_busy_is_left_alone_for_longer_and_longer() {
    let ring = moving(1, &["a"], &["d"]);
    let mut world = world(newcomer(&ring), &ring, JOIN);
    let mut pauses = Vec::new();
    for _ in 0..4 {
        let began = world.now.tick;
        world.refuse(0, Refusal::Overloaded);
        let busy = Some(Waits::Busy(world.owner(0)));
        assert_eq!(world.copying.transfers().next().unwrap().waits, busy);
        while !world.asked.iter().any(|(to, ..)| *to == world.owner(0)) {
            world.pass(Duration::from_millis(1));
        }
        pauses.push(world.now.tick.since(began).as_millis());
    }
    assert_eq!(pauses, [10, 20, 40, 80]);
}

#[test]
fn who_was_blank_while_this_one_was_trusted_proves_nothing_when_it_is_not_any_more() {
    let mut world =
        World::at(sample::seat("a"), sample::ring(&["a", "b", "c"]), &[], Settings::default());
    world.want(Wants { fill: false, is_trusted: true, ..FILL });
    let others: Vec<_> = (0..3).filter(|at| world.owner(*at) != sample::seat("a")).collect();
    // They started again, one long after the other, and were filled since.
    world.hear_blank(others[0], 7);
    world.hear_blank(others[1], 8);
    let ring = world.ring.replace(Wall(1), &[sample::member("b", 7), sample::member("c", 8)]);
    world.tell(In::Ring(Arc::new(ring)));
    world.want(FILL);
    world.pass(SILENCE_MAX);
    world.pass(RETRY_PAUSE);
    assert_eq!(world.done, []);
}

#[test]
fn where_owners_become_fewer_one_that_stays_copies_as_many_of_those_there_were() {
    let ring = moving(3, &["a", "b", "c"], &["a", "b"]);
    for stayer in ["a", "b"] {
        let mut world = world(sample::seat(stayer), &ring, STAYER);
        // What the one that goes and the other one acknowledged this one may lack.
        assert_eq!(world.done, []);
        let other = usize::from(world.owner(0) == sample::seat(stayer));
        world.is_same(other);
        assert_eq!(world.done, done(Kind::Join));
    }
}
