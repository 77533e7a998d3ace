//! What the checker must see, and must not see, in the smallest histories that can show it.

use peer_ring_core::actor::Wall;
use peer_ring_core::failure::Failure;
use peer_ring_core::record::Version;

use super::*;
use crate::history::Outcome;
use crate::time::{Moment, Time};
use crate::world::NodeIndex;

fn moment(event: u64) -> Moment {
    Moment { event, at: Time(event) }
}

fn operation(invoked: u64, call: Call, outcome: Outcome) -> Operation {
    let invoked = moment(invoked);
    Operation { client: 0, node: NodeIndex(0), key: 0, call, invoked, outcome }
}

fn done(invoked: u64, returned: u64, call: Call, found: Option<u64>) -> Operation {
    let returned = moment(returned);
    let (latest_wall, version) = (Wall(returned.event), Version::NONE);
    let done = Done { returned, latest_wall, earliest_wall: latest_wall, found, version };
    operation(invoked, call, Outcome::Done(done))
}

fn put(value: u64) -> Call {
    Call::Put { value, expires: None }
}

fn read(invoked: u64, returned: u64, found: Option<u64>) -> Operation {
    done(invoked, returned, Call::Get, found)
}

fn verdict(operations: Vec<Operation>) -> Result<(), String> {
    let mut history = History::default();
    for operation in operations {
        history.begin(operation);
    }
    check(&history).map_err(|violation| violation.text.lines().next().unwrap().to_owned())
}

#[test]
fn the_last_of_two_writes_that_do_not_overlap_must_be_shown() {
    let writes =
        |value| vec![done(1, 2, put(1), None), done(3, 4, put(2), None), read(5, 6, Some(value))];
    assert_eq!(verdict(writes(2)), Ok(()));
    assert!(verdict(writes(1)).unwrap_err().contains("had been replaced"));
}

#[test]
fn of_two_writes_that_overlap_either_may_be_shown() {
    for value in [1, 2] {
        let writes = [done(1, 4, put(1), None), done(3, 6, put(2), None)];
        let history = writes.into_iter().chain([read(7, 8, Some(value))]).collect();
        assert_eq!(verdict(history), Ok(()));
    }
}

#[test]
fn a_write_that_has_not_returned_may_be_shown_or_not() {
    for found in [Some(1), Some(2)] {
        let history = vec![
            done(1, 2, put(1), None),
            operation(3, put(2), Outcome::Unknown),
            read(5, 6, found),
        ];
        assert_eq!(verdict(history), Ok(()));
    }
}

#[test]
fn an_unknown_write_may_come_back_much_later() {
    let history =
        vec![operation(1, put(1), Outcome::Unknown), done(3, 4, put(2), None), read(5, 6, Some(1))];
    assert_eq!(verdict(history), Ok(()));
}

#[test]
fn a_deleted_value_must_not_come_back() {
    let history =
        |found| vec![done(1, 2, put(1), None), done(3, 4, Call::Delete, None), read(5, 6, found)];
    assert_eq!(verdict(history(None)), Ok(()));
    assert!(verdict(history(Some(1))).unwrap_err().contains("had been replaced"));
}

#[test]
fn a_written_value_must_not_vanish() {
    let history = vec![done(1, 2, put(1), None), read(3, 4, None)];
    assert!(verdict(history).unwrap_err().contains("nothing"));
    assert_eq!(verdict(vec![read(1, 2, None), done(3, 4, put(1), None)]), Ok(()));
    let deleted_before =
        vec![done(1, 2, Call::Delete, None), done(3, 4, put(1), None), read(5, 6, None)];
    assert!(verdict(deleted_before).unwrap_err().contains("nothing"));
}

#[test]
fn a_value_may_vanish_when_it_may_have_expired_and_not_before() {
    let history = |until| {
        let call = Call::Put { value: 1, expires: Some(Wall(until)) };
        vec![done(1, 2, call, None), read(3, 4, None)]
    };
    assert_eq!(verdict(history(4)), Ok(()));
    assert!(verdict(history(5)).unwrap_err().contains("nothing"));
}

#[test]
fn values_come_from_writes_that_may_have_happened() {
    assert!(verdict(vec![read(1, 2, Some(7))]).unwrap_err().contains("nobody wrote"));
    let failed = Outcome::Failed { returned: moment(2), failure: Some(Failure::Overloaded) };
    let history = vec![operation(1, put(7), failed), read(3, 4, Some(7))];
    assert!(verdict(history).unwrap_err().contains("said not to have happened"));
    let history = vec![read(1, 2, Some(7)), done(3, 4, put(7), None)];
    assert!(verdict(history).unwrap_err().contains("before it was written"));
}
