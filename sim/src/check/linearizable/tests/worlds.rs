//! Histories to check: of a true atomic register, of one that was tampered with, and of no register
//! at all.

use proptest::prelude::*;

use super::super::{Action, Operation, in_order_of_invocation};

/// Operations thrown together: most such histories are not linearizable.
pub(super) fn any_history(operations: usize) -> impl Strategy<Value = Vec<Operation>> {
    prop::collection::vec(any_operation(), 0..=operations)
        .prop_map(|operations| in_order_of_invocation(&operations))
}

fn any_operation() -> impl Strategy<Value = Operation> {
    let action = prop_oneof![
        4 => (0..3_u64).prop_map(|value| Action::Write { value }),
        1 => Just(Action::Delete),
        4 => prop::option::weighted(0.8, 0..3_u64).prop_map(|value| Action::Read { value }),
    ];
    let duration = prop::option::weighted(0.8, 0..8_u64);
    (0..12_u64, duration, action).prop_map(|(invoked, duration, action)| Operation {
        process: 0,
        invoked,
        returned: duration.map(|duration| invoked + duration),
        action,
    })
}

/// The same, with a value of its own for every write.
pub(super) fn with_unique_values(mut operations: Vec<Operation>) -> Vec<Operation> {
    for (index, operation) in operations.iter_mut().enumerate() {
        if operation.writes().is_some() {
            operation.action = Action::Write { value: index as u64 };
        }
    }
    operations
}

/// One operation of an atomic register as a client lives it: how long it waits, how long until the
/// operation takes effect and how long until the answer is there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    pub(super) client: u32,
    pub(super) pause: u64,
    pub(super) until_effect: u64,
    pub(super) until_answer: u64,
    pub(super) wish: Wish,
    pub(super) fate: Fate,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Wish {
    Write,
    Delete,
    Read,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Answered,
    AnswerLost,
    RequestLost,
}

/// Whether every write has a value of its own, or all of them share a few.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Values {
    Unique,
    Few(u64),
}

pub(super) fn turns(
    clients: u32,
    number: usize,
    wishes: impl Strategy<Value = Wish>,
) -> impl Strategy<Value = Vec<Turn>> {
    let fate = prop_oneof![
        10 => Just(Fate::Answered),
        1 => Just(Fate::AnswerLost),
        1 => Just(Fate::RequestLost),
    ];
    let turn = (0..clients, 0..6_u64, 0..8_u64, 0..8_u64, wishes, fate).prop_map(
        |(client, pause, until_effect, until_answer, wish, fate)| Turn {
            client,
            pause,
            until_effect,
            until_answer,
            wish,
            fate,
        },
    );
    prop::collection::vec(turn, 0..=number)
}

pub(super) fn writes_and_reads() -> impl Strategy<Value = Wish> {
    prop_oneof![Just(Wish::Write), Just(Wish::Read)]
}

pub(super) fn all_wishes() -> impl Strategy<Value = Wish> {
    prop_oneof![2 => Just(Wish::Write), 1 => Just(Wish::Delete), 3 => Just(Wish::Read)]
}

/// The history of an atomic register: each client takes its turns one after the other, and the
/// register does what they wish in the order of the effects. Linearizable by construction.
pub(super) fn atomic_register(turns: &[Turn], values: Values) -> Vec<Operation> {
    let clients = turns.iter().map(|turn| turn.client as usize + 1).max().unwrap_or(0);
    let mut clocks = vec![0; clients];
    let mut effects = Vec::new();
    let mut operations = Vec::new();
    for (index, turn) in turns.iter().enumerate() {
        let clock = &mut clocks[turn.client as usize];
        let invoked = *clock + turn.pause;
        let effect = invoked + turn.until_effect;
        let answer = effect + turn.until_answer;
        *clock = answer + 1;
        if turn.fate != Fate::RequestLost {
            effects.push((effect, index));
        }
        let value = match values {
            Values::Unique => index as u64,
            Values::Few(number) => index as u64 % number,
        };
        operations.push(Operation {
            process: turn.client,
            invoked,
            returned: (turn.fate == Fate::Answered).then_some(answer),
            action: match turn.wish {
                Wish::Write => Action::Write { value },
                Wish::Delete => Action::Delete,
                Wish::Read => Action::Read { value: None },
            },
        });
    }

    effects.sort_unstable();
    let mut register = None;
    for (_, index) in effects {
        match &mut operations[index].action {
            Action::Write { value } => register = Some(*value),
            Action::Delete => register = None,
            Action::Read { value } => *value = register,
        }
    }
    in_order_of_invocation(&operations)
}

/// Lets one read see what another one saw: mostly a lie, and a hard one to see through.
pub(super) fn with_a_lie(
    mut operations: Vec<Operation>,
    liar: prop::sample::Index,
    source: prop::sample::Index,
) -> Vec<Operation> {
    let is_read = |&index: &usize| operations[index].reads().is_some();
    let reads: Vec<usize> = (0..operations.len()).filter(is_read).collect();
    if !reads.is_empty() {
        operations[*liar.get(&reads)].action = operations[*source.get(&reads)].action;
    }
    operations
}
