//! What becomes of a replica when its partition is laid out anew.

use super::*;

const P: PartitionId = PartitionId(0);
const NOBODY: NodeId = NodeId(99);

/// A settled ring of three owners, and it on its way to other members.
fn rings(new: &[&str]) -> (Arc<Ring>, Arc<Ring>) {
    let ring = sample::ring(&["a", "b", "c"]);
    let members = new.iter().map(|member| Member::new(sample::name(member)));
    let moving = Arc::new(ring.begin(Wall::default(), members.collect()).unwrap());
    (ring, moving)
}

impl World {
    /// The replica on the seat called `name` of the node that `ring` has there.
    fn at(name: &str, ring: &Arc<Ring>) -> Self {
        let mut world = Self::new(sample::seat(name), NodeId::default(), Arc::clone(ring));
        world.learn(ring);
        world
    }

    fn learn(&mut self, ring: &Arc<Ring>) -> Option<Wants> {
        self.ring = Arc::clone(ring);
        let said = self.tell(In::Ring(Arc::clone(ring)));
        said.iter().find_map(|out| if let Out::Wants(wants) = out { Some(*wants) } else { None })
    }

    fn asked_under(&mut self, epoch: u64, request: Request) -> Response {
        let (from, epoch) = (Origin::Peer(Seat(1)), Epoch(epoch));
        match self.tell(In::Request { from, id: ID, epoch, request }).pop() {
            Some(Out::Answer { response, .. }) => response,
            other => panic!("{other:?} is no answer"),
        }
    }

    fn counts(&mut self) -> bool {
        self.run(&get("k"), None) != refused(Refusal::Blank)
    }
}

fn fill() -> Wants {
    Wants { fill: true, ..Wants::default() }
}

fn join() -> Wants {
    Wants { join: true, ..Wants::default() }
}

fn trusted() -> Wants {
    Wants { is_trusted: true, ..Wants::default() }
}

#[test]
fn who_has_learnt_a_newer_layout_refuses_writes_of_the_older_one() {
    let (ring, moving) = rings(&["a", "b", "d"]);
    let mut world = World::at("a", &ring);
    let write = execute(&set("k", 1), Some(10));
    world.learn(&moving);
    assert_eq!(world.asked_under(1, write.clone()), refused(Refusal::WrongEpoch));
    assert_eq!(world.store.stats(), TableStats::default());
    assert!(matches!(world.asked_under(2, write), Response::Executed { .. }));
}

#[test]
fn who_has_not_learnt_the_layout_of_a_request_says_that_it_is_behind() {
    let (ring, _) = rings(&["a", "b", "d"]);
    let write = execute(&set("k", 1), Some(10));
    assert_eq!(World::at("a", &ring).asked_under(2, write), refused(Refusal::Behind));
}

#[test]
fn a_newer_ring_that_lays_out_only_other_partitions_refuses_nothing() {
    let (ring, _) = rings(&["a"]);
    let held = Arc::new(ring.hold(Wall::default(), true));
    let mut world = World::at("a", &ring);
    assert_eq!(world.learn(&held), None);
    assert!(matches!(
        world.asked_under(1, execute(&set("k", 1), Some(10))),
        Response::Executed { .. }
    ));
}

#[test]
fn whom_the_founding_ring_names_has_lost_nothing() {
    let (ring, _) = rings(&["a"]);
    let mut world = World::new(sample::seat("a"), NodeId::default(), Arc::clone(&ring));
    assert_eq!(world.learn(&ring), Some(trusted()));
    assert!(!world.store.is_pending());
}

#[test]
fn whom_no_ring_names_counts_for_nothing_and_is_not_filled_yet() {
    let (ring, _) = rings(&["a"]);
    let mut world = World::new(sample::seat("a"), NOBODY, Arc::clone(&ring));
    assert_eq!(world.learn(&ring), Some(Wants::default()));
    assert!(world.store.is_pending());
    assert_eq!(world.run(&set("k", 1), Some(10)), refused(Refusal::Blank));
    assert_eq!(world.store.stats().records, 1);
    let named = Arc::new(ring.replace(Wall::default(), &[sample::member("a", NOBODY.0)]));
    assert_eq!(world.learn(&named), Some(fill()));
    assert!(!world.counts());
    world.tell(In::Trusted);
    assert!(world.counts() && !world.store.is_pending());
}

#[test]
fn a_later_ring_that_names_a_node_for_the_first_time_does_not_make_it_trusted() {
    let (ring, _) = rings(&["a"]);
    let deposed = Arc::new(ring.depose(Wall::default(), vec![ring.preference(P)[0]]));
    let mut world = World::new(ring.preference(P)[1], NodeId::default(), ring);
    assert_eq!(world.learn(&deposed), Some(fill()));
}

#[test]
fn who_is_trusted_stays_so_while_it_is_an_owner_under_its_identity() {
    let (ring, moving) = rings(&["a", "b", "d"]);
    let settled = Arc::new(moving.settle(Wall::default()));
    let stayer = ["a", "b"].into_iter().find(|it| settled.has_replica(P, sample::seat(it)));
    let mut world = World::at(stayer.unwrap(), &ring);
    let wants = world.learn(&moving).unwrap();
    assert_eq!(wants, Wants { join: true, is_trusted: true, ..Wants::default() });
    assert!(world.counts());
    assert_eq!(world.learn(&settled), Some(trusted()));
    let is_now = |id| sample::member(stayer.unwrap(), id);
    let other = Arc::new(settled.replace(Wall::default(), &[is_now(NOBODY.0)]));
    assert_eq!(world.learn(&other), Some(Wants::default()));
    let again = Arc::new(other.replace(Wall::default(), &[is_now(0)]));
    assert_eq!(world.learn(&again), Some(fill()));
}

#[test]
fn a_target_answers_and_takes_writes_before_it_has_joined_and_is_trusted_once_it_has() {
    let (_, moving) = rings(&["a", "b", "d"]);
    let mut world = World::at("d", &moving);
    assert!(world.store.is_pending());
    assert!(matches!(world.run(&set("k", 1), Some(10)), Response::Executed { .. }));
    assert_eq!(world.read("k"), Some(1));
    assert!(world.copy(None).2, "its pages prove nothing");
    world.tell(In::Joined);
    assert!(!world.store.is_pending());
    let settled = Arc::new(moving.settle(Wall::default()));
    assert_eq!(world.learn(&settled), Some(trusted()));
    assert!(!world.copy(None).2);
}

#[test]
fn a_target_that_had_joined_joins_anew_when_the_layout_changes_before_it_is_settled() {
    let (ring, moving) = rings(&["a", "b", "d"]);
    let mut world = World::at("d", &moving);
    world.tell(In::Joined);
    let deposed = Arc::new(moving.depose(Wall::default(), vec![ring.preference(P)[0]]));
    assert_eq!(world.learn(&deposed), Some(join()));
    let settled = Arc::new(deposed.settle(Wall::default()));
    assert_eq!(world.learn(&settled), Some(fill()));
}

#[test]
fn what_a_target_holds_when_the_change_is_cancelled_is_a_stray() {
    let (_, moving) = rings(&["a", "b", "d"]);
    let mut world = World::at("d", &moving);
    world.run(&set("k", 1), Some(10));
    assert!(!world.store.is_stray());
    world.learn(&Arc::new(moving.cancel(Wall::default())));
    assert!(world.store.is_stray());
    assert_eq!(world.run(&get("k"), None), refused(Refusal::NotOwner));
}

#[test]
fn what_is_to_be_dropped_goes_unless_the_node_owns_it_again() {
    let (ring, moving) = rings(&["a", "b", "d"]);
    let settled = Arc::new(moving.settle(Wall::default()));
    let mut world = World::at("c", &ring);
    world.run(&set("k", 1), Some(10));
    world.tell(In::Drop);
    assert_eq!(world.store.stats().records, 1);
    world.learn(&settled);
    assert!(world.store.is_stray());
    world.tell(In::Drop);
    assert!(!world.store.is_stray() && world.store.stats().is_empty());
}

#[test]
fn a_founding_primary_leads_at_once_and_goes_on_under_the_very_next_ring() {
    let ring = sample::ring(&["a", "b", "c"]);
    let [first, second, _] = ring.preference(P) else { panic!() };
    let mut world = World::new(*first, NodeId::default(), Arc::clone(&ring));
    world.learn(&ring);
    assert!(world.lead(&set("k", 1), 10).is_ok());
    let back = Member { id: NOBODY, ..ring.member(*second).unwrap().clone() };
    let next = Arc::new(ring.replace(Wall::default(), &[back]));
    world.learn(&next);
    assert!(world.lead(&set("k", 2), 20).is_ok());
    let unseen = next.depose(Wall::default(), vec![*first]);
    world.learn(&Arc::new(unseen.depose(Wall::default(), Vec::new())));
    assert_eq!(world.lead(&set("k", 3), 30).unwrap_err(), Refusal::NotReady);
}

#[test]
fn a_primary_that_was_deposed_and_is_restored_asks_for_what_others_led() {
    let ring = sample::ring(&["a", "b", "c"]);
    let first = ring.preference(P)[0];
    let mut world = World::new(first, NodeId::default(), Arc::clone(&ring));
    world.learn(&ring);
    assert!(world.lead(&set("k", 1), 10).is_ok());
    // It is still the first of one owner, but others lead what more of them are to hold.
    let deposed = ring.depose(Wall::default(), vec![first]);
    world.learn(&Arc::new(deposed.clone()));
    assert_eq!(world.lead(&set("k", 2), 20).unwrap_err(), Refusal::NotPrimary);
    world.learn(&Arc::new(deposed.depose(Wall::default(), Vec::new())));
    assert_eq!(world.lead(&set("k", 3), 30).unwrap_err(), Refusal::NotReady);
}

#[test]
fn a_new_primary_asks_for_what_its_predecessor_had_once_and_leads_when_it_is_there() {
    let ring = sample::ring(&["a", "b", "c"]);
    let [first, second, _] = ring.preference(P) else { panic!() };
    let mut world = World::new(*second, NodeId::default(), Arc::clone(&ring));
    world.learn(&ring);
    assert_eq!(world.lead(&set("k", 1), 10).unwrap_err(), Refusal::NotPrimary);
    world.learn(&Arc::new(ring.depose(Wall::default(), vec![*first])));
    let mut wanted = Vec::new();
    for _ in 0..2 {
        let (app, command) = (AppId::of(sample::APP), encode(&set("k", 1)));
        let stamp = version(10);
        let said = world.tell(In::Lead { id: ID, app, command, stamp, as_primary: true });
        assert!(matches!(said.last(), Some(Out::Led { outcome: Err(Refusal::NotReady), .. })));
        wanted.extend(said.iter().filter_map(|it| match it {
            Out::Wants(wants) => Some(*wants),
            _ => None,
        }));
    }
    assert_eq!(wanted, [Wants { lead: true, ..trusted() }]);
    world.tell(In::Leads);
    assert!(world.lead(&set("k", 1), 10).is_ok());
}

#[test]
fn whoever_may_be_the_primary_of_so_many_owners_writes_as_primary() {
    let ring = sample::ring(&["a", "b", "c"]);
    let [first, second, third] = ring.preference(P) else { panic!() };
    let deposed = Arc::new(ring.depose(Wall::default(), vec![*first]));
    let mut world = World::new(*third, NodeId::default(), Arc::clone(&ring));
    world.learn(&ring);
    world.learn(&deposed);
    let mut is_taken = |from: Seat| {
        let request = Request::Apply { partition: P, records: Vec::new(), as_primary: true };
        let (from, epoch) = (Origin::Peer(from), Epoch(2));
        let said = world.tell(In::Request { from, id: ID, epoch, request });
        matches!(said[..], [Out::Answer { response: Response::Applied, .. }])
    };
    assert!(is_taken(*first), "of one owner, it is the primary");
    assert!(is_taken(*second));
    assert!(!is_taken(*third));
}

#[test]
fn an_owner_says_what_it_lacks_of_what_it_is_offered() {
    let mut world = World::primary();
    world.apply(vec![entry("k", 1, 10), entry("l", 1, 10)]);
    let held = ["k", "l", "m"].map(|key| (table_key_of(key), freshness(10)));
    let mut held = held.to_vec();
    held[1].1 = freshness(20);
    let answer = world.asked(Request::Offer { partition: P, held });
    let keys = vec![table_key_of("l"), table_key_of("m")];
    assert_eq!(answer, Response::Lacking { keys });
}

#[test]
fn a_blank_owner_confirms_nothing() {
    let mut world = World::of(0, true);
    let compare = Request::Compare { partition: P, after: None, until: None, digest: 0 };
    assert_eq!(world.asked(compare), refused(Refusal::Blank));
    assert_eq!(
        world.asked(Request::Offer { partition: P, held: Vec::new() }),
        refused(Refusal::Blank)
    );
}

#[test]
fn a_part_is_the_same_if_it_holds_just_what_was_described() {
    let mut world = World::primary();
    world.apply(["k", "l", "m"].map(|key| entry(key, 1, 10)).to_vec());
    let [k, l, m] = ["k", "l", "m"].map(table_key_of);
    let mut is_same = |after: Option<&Bytes>, until: Option<&Bytes>, keys: &[&Bytes]| {
        let digest = digest(keys.iter().map(|key| (&key[..], freshness(10))));
        let (after, until) = (after.cloned(), until.cloned());
        let compare = Request::Compare { partition: P, after, until, digest };
        world.asked(compare) == Response::Compared { is_same: true }
    };
    assert!(is_same(None, None, &[&k, &l, &m]));
    assert!(is_same(Some(&k), Some(&l), &[&l]));
    assert!(is_same(Some(&m), None, &[]));
    assert!(!is_same(None, Some(&l), &[&k]));
    assert!(!is_same(None, None, &[&k, &l]));
}

#[test]
fn any_owner_that_counts_runs_a_write_that_is_no_command_of_the_owner() {
    let ring = sample::ring(&["a", "b", "c"]);
    let lead = |mut world: World| {
        let (app, command, stamp) = (AppId::of(sample::APP), encode(&set("k", 1)), version(10));
        let said = world.tell(In::Lead { id: ID, app, command, stamp, as_primary: false });
        said.into_iter().find_map(|out| match out {
            Out::Led { outcome, .. } => Some(outcome.map(|led| led.records)),
            _ => None,
        })
    };
    let mut world = World::new(ring.preference(P)[2], NodeId::default(), Arc::clone(&ring));
    world.learn(&ring);
    assert_eq!(lead(world), Some(Ok(vec![entry("k", 1, 10)])));
    assert_eq!(lead(World::of(2, true)), Some(Err(Refusal::Blank)));
    assert_eq!(lead(World::of(3, false)), Some(Err(Refusal::NotOwner)));
}
