use super::*;

fn add() -> Note {
    Note::Add("k".into(), 1)
}

impl World {
    /// The primary's own replica has run the command and written `records`.
    pub(super) fn has_led(&mut self, records: Vec<Entry>) {
        self.has_led_and_read(records, Vec::new());
    }

    fn has_led_and_read(&mut self, records: Vec<Entry>, read: Vec<Entry>) {
        let (id, _) = self.led.expect("was asked to");
        let latest = records.iter().map(|entry| entry.record.freshness.version.stamp).max();
        let latest = latest.unwrap_or_default();
        let led = Led { reply: encode(&Some(1_u64)), records, read, latest };
        self.tell(In::Led { id, outcome: Ok(led) });
    }
}

#[test]
fn what_the_primary_wrote_goes_to_the_other_replicas_in_its_name() {
    let mut world = World::primary();
    world.ask(Plan::owner(3, 2), &add());
    assert!(world.sent.is_empty());
    world.has_led(vec![entry("k", 1, 10)]);
    assert_eq!(world.asked(), [1, 2]);
    let Request::Apply { records, as_primary: true, .. } = world.last_to(1).1 else { panic!() };
    assert_eq!(*records, [entry("k", 1, 10)]);
    assert_eq!(world.reply(), None);
    world.answer(2, Response::Applied);
    assert_eq!(world.reply(), Some(&Ok(Some(1))));
}

#[test]
fn a_primary_that_is_enough_answers_at_once_and_replicates_all_the_same() {
    let mut world = World::primary();
    world.ask(Plan::owner(3, 1), &add());
    world.has_led(vec![entry("k", 1, 10)]);
    assert_eq!(world.reply(), Some(&Ok(Some(1))));
    assert_eq!(world.asked(), [1, 2]);
}

#[test]
fn a_command_that_wrote_nothing_is_confirmed_by_others() {
    let mut world = World::primary();
    world.ask(Plan::owner(3, 2), &get("k"));
    world.has_led(Vec::new());
    let Request::Apply { records, as_primary: true, .. } = world.last_to(1).1 else { panic!() };
    assert!(records.is_empty());
    assert_eq!(world.reply(), None);
    world.answer(1, Response::Applied);
    assert_eq!(world.reply(), Some(&Ok(Some(1))));
}

#[test]
fn a_command_that_wrote_nothing_is_answered_at_once_where_the_primary_is_enough() {
    let mut world = World::primary();
    world.ask(Plan::owner(3, 1), &get("k"));
    world.has_led(Vec::new());
    assert_eq!(world.reply(), Some(&Ok(Some(1))));
    assert!(world.sent.is_empty());
}

#[test]
fn a_command_that_wrote_nothing_and_that_nobody_confirms_has_not_happened() {
    let mut world = World::primary();
    world.ask(Plan::owner(3, 2), &get("k"));
    world.has_led(Vec::new());
    world.pass(Duration::from_secs(1));
    let failure = Failure::TimedOut { acked: 1, wanted: 2, may_have_happened: false };
    assert_eq!(world.reply(), Some(&Err(failure)));
    world.replies.clear();
    world.ask(Plan::owner(3, 2), &get("k"));
    world.has_led(Vec::new());
    world.lose(1, true);
    world.lose(2, false);
    assert_eq!(world.reply().unwrap().as_ref().unwrap_err().code(), "quorum_not_met");
}

#[test]
fn what_a_command_of_the_owner_read_is_held_by_enough_before_it_is_answered() {
    let mut world = World::primary();
    world.ask(Plan::owner(3, 2), &get("k"));
    world.has_led_and_read(Vec::new(), vec![entry("k", 1, 10)]);
    let Request::Apply { records, as_primary: true, .. } = world.last_to(1).1 else { panic!() };
    assert_eq!(*records, [entry("k", 1, 10)]);
    world.pass(Duration::from_secs(1));
    assert!(!world.reply().unwrap().as_ref().unwrap_err().may_have_happened());
}

#[test]
fn a_deposed_primary_answers_no_reader() {
    let mut world = World::primary();
    world.ask(Plan::owner(3, 2), &get("k"));
    world.has_led(Vec::new());
    for owner in [1, 2] {
        world.refuse(owner, Refusal::WrongEpoch);
    }
    assert_eq!(world.reply(), None);
    world.depose(&[0]);
    // It is asked of the new primary instead.
    let Request::Forward { .. } = world.last_to(1).1 else { panic!() };
    assert_eq!(world.reply(), None);
}

#[test]
fn what_only_the_primary_holds_may_have_happened() {
    let mut world = World::primary();
    world.ask(Plan::owner(3, 2), &add());
    world.has_led(vec![entry("k", 1, 10)]);
    world.refuse(1, Refusal::NotPrimary);
    world.lose(2, false);
    assert_eq!(world.reply(), None);
    world.pass(Duration::from_secs(1));
    assert_eq!(world.reply(), Some(&not_met(1, true)));
}

#[test]
fn an_acknowledgement_delivered_twice_counts_once() {
    let mut world = World::primary();
    world.ask(Plan::owner(3, 3), &add());
    world.has_led(vec![entry("k", 1, 10)]);
    world.answer(1, Response::Applied);
    world.answer(1, Response::Applied);
    assert_eq!(world.reply(), None);
}

#[test]
fn an_answer_to_something_else_is_no_acknowledgement() {
    let mut world = World::primary();
    world.ask(Plan::owner(3, 2), &add());
    world.has_led(vec![entry("k", 1, 10)]);
    world.answer(1, Response::Alive);
    world.answer(1, Response::Applied);
    assert_eq!(world.reply(), Some(&Ok(Some(1))));
}

#[test]
fn a_primary_without_its_data_says_so() {
    let mut world = World::primary();
    world.ask(Plan::owner(3, 2), &add());
    let (id, _) = world.led.unwrap();
    world.tell(In::Led { id, outcome: Err(Refusal::Blank) });
    assert_eq!(world.reply(), None);
    world.pass(Duration::from_secs(1));
    assert_eq!(world.reply(), Some(&Err(Failure::PrimaryBlank { partition: 0 })));
}

#[test]
fn the_clock_follows_the_stamps_that_the_primary_chose() {
    let mut world = World::primary();
    world.ask(Plan::owner(3, 1), &add());
    world.has_led(vec![entry("k", 1, 1 << 60)]);
    world.ask(Plan::quorum(3, 2), &set("k", 2));
    assert!(world.stamp_to(0).stamp > Stamp(1 << 60));
}

#[test]
fn commands_of_the_owner_run_one_after_the_other_wherever_they_are_asked() {
    let mut cluster = Cluster::new(&["a", "b", "c"]);
    let callers: Vec<_> =
        ["a", "b", "c"].map(|node| cluster.ask(node, Plan::owner(3, 2), &add())).into();
    cluster.settle();
    let mut sums: Vec<_> =
        callers.iter().map(|caller| cluster.reply(*caller).unwrap().unwrap()).collect();
    sums.sort_unstable();
    assert_eq!(sums, [Some(1), Some(2), Some(3)]);
    assert_eq!(cluster.run("b", Plan::read(3, 3), &get("k")), Ok(Some(3)));
}

#[test]
fn with_the_primary_down_its_commands_fail_and_others_do_not() {
    let mut cluster = Cluster::new(&["a", "b", "c"]);
    let other = cluster.owner(1);
    cluster.stop(&cluster.owner(0));
    let caller = cluster.ask(&other, Plan::owner(3, 2), &add());
    assert_eq!(cluster.run(&other, Plan::quorum(3, 2), &set("k", 1)), Ok(Some(1)));
    assert_eq!(cluster.reply(caller), None);
    cluster.pass(Duration::from_secs(1));
    assert_eq!(cluster.reply(caller), Some(Err(Failure::PrimaryDown { partition: 0 })));
}
