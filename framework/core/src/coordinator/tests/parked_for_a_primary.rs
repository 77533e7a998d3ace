//! A command of the owner waits for its primary, and is led by one primary only.

use super::*;

fn add() -> Note {
    Note::Add("k".into(), 1)
}

#[test]
fn a_command_of_the_owner_waits_for_another_primary() {
    let mut world = World::at(1);
    world.set_down(&[0]);
    world.ask(Plan::owner(3, 2), &add());
    assert!(world.sent.is_empty());
    let ring = world.known.depose(world.now.wall, vec![world.owner(0)]);
    world.learn(Arc::new(ring));
    // That is this node.
    assert!(world.led.is_some());
    world.has_led(vec![entry("k", 1, 10)]);
    world.answer(2, Response::Applied);
    assert_eq!(world.reply(), Some(&Ok(Some(1))));
}

#[test]
fn a_command_of_the_owner_goes_to_a_primary_that_is_back() {
    let mut world = World::at(1);
    world.set_down(&[0]);
    world.ask(Plan::owner(3, 2), &add());
    world.set_down(&[]);
    world.pass(millis(5));
    assert_eq!(world.asked(), [0]);
}

#[test]
fn a_primary_that_does_not_lead_yet_is_asked_again() {
    for refusal in [Refusal::NotReady, Refusal::NotPrimary, Refusal::Blank] {
        let mut world = World::primary();
        world.ask(Plan::owner(3, 2), &add());
        let (id, _) = world.led.take().unwrap();
        world.tell(In::Led { id, outcome: Err(refusal) });
        assert_eq!(world.reply(), None);
        world.pass(millis(5));
        world.has_led(vec![entry("k", 1, 10)]);
        world.answer(1, Response::Applied);
        assert_eq!(world.reply(), Some(&Ok(Some(1))));
    }
}

#[test]
fn what_a_primary_led_is_sent_again_while_it_stays_primary() {
    let mut world = World::primary();
    world.ask(Plan::owner(3, 2), &add());
    world.has_led(vec![entry("k", 1, 10)]);
    world.refuse(1, Refusal::WrongEpoch);
    world.refuse(2, Refusal::WrongEpoch);
    world.begin_without(1);
    // To its own replica, too, which may count otherwise now.
    assert_eq!(world.asked(), [1, 2, 0, 1, 2, 3]);
    let Request::Apply { records, as_primary: true, .. } = world.last_to(3).1 else { panic!() };
    assert_eq!(*records, [entry("k", 1, 10)]);
    world.answer(0, Response::Applied);
    world.answer(2, Response::Applied);
    assert_eq!(world.reply(), Some(&Ok(Some(1))));
}

#[test]
fn what_a_deposed_primary_led_may_have_happened() {
    let mut world = World::primary();
    world.ask(Plan::owner(3, 2), &add());
    world.has_led(vec![entry("k", 1, 10)]);
    world.refuse(1, Refusal::WrongEpoch);
    world.refuse(2, Refusal::WrongEpoch);
    world.depose(&[0]);
    let failure = Failure::WrongEpoch { may_have_happened: true };
    assert_eq!(world.reply(), Some(&Err(failure)));
    assert_eq!(world.asked(), [1, 2]);
}

#[test]
fn what_was_led_before_another_was_primary_is_not_sent_again() {
    for sees_the_other in [true, false] {
        let mut world = World::primary();
        world.ask(Plan::owner(3, 2), &add());
        world.has_led(vec![entry("k", 1, 10)]);
        let deposed = world.known.depose(world.now.wall, vec![world.owner(0)]);
        if sees_the_other {
            world.learn(Arc::new(deposed.clone()));
        }
        world.learn(Arc::new(deposed.depose(world.now.wall, vec![])));
        world.refuse(1, Refusal::WrongEpoch);
        world.refuse(2, Refusal::WrongEpoch);
        // It is primary, but the other one may have led commands that did not know of this one.
        let failure = Failure::WrongEpoch { may_have_happened: true };
        assert_eq!(world.reply(), Some(&Err(failure)));
        assert_eq!(world.asked(), [1, 2]);
    }
}

#[test]
fn rings_that_leave_the_primary_alone_do_not_interrupt_it() {
    let mut world = World::primary();
    world.ask(Plan::owner(3, 2), &add());
    world.has_led(vec![entry("k", 1, 10)]);
    world.change_nothing();
    let moving = sample::begin_without(&world.known, world.owner(1));
    // It hears of two rings at once, the second of which is nothing to the partition.
    world.learn(Arc::new(moving.hold(world.now.wall, true)));
    world.refuse(1, Refusal::WrongEpoch);
    world.refuse(2, Refusal::WrongEpoch);
    assert_eq!(world.asked(), [1, 2, 0, 1, 2, 3]);
}

#[test]
fn a_refusal_delivered_twice_does_not_forward_a_command_a_third_time() {
    let mut world = World::at(1);
    world.ask(Plan::owner(3, 2), &add());
    let first = world.last_to(0).0;
    world.refuse(0, Refusal::NotReady);
    world.pass(millis(5));
    assert_eq!(world.asked(), [0, 0]);
    let refused = Response::Refused(Refusal::NotReady);
    world.tell(In::Answer { from: world.owner(0), id: first, response: refused });
    world.pass(millis(50));
    assert_eq!(world.asked(), [0, 0]);
    world.answer(0, Response::Forwarded(Ok(encode(&Some(1_u64)))));
    assert_eq!(world.reply(), Some(&Ok(Some(1))));
}
