//! What an operator orders as bytes, and back.

use peer_ring_core::id::{Epoch, NodeName};
use peer_ring_core::steward::{Change, Order};

use crate::flight::FlightError;
use crate::flight::cursor::{Cursor, put_bytes, put_u32, put_u64};

const APPLY: u8 = 1;
const CANCEL: u8 = 2;
const LEAVE: u8 = 3;
const RECOVER: u8 = 4;

/// Lays down an order.
pub(super) fn put(into: &mut Vec<u8>, order: &Order) {
    match order {
        Order::Apply { epoch, change: Change { remove, weights } } => {
            into.push(APPLY);
            into.push(epoch.is_some().into());
            put_u64(into, epoch.unwrap_or_default().0);
            put_names(into, remove);
            put_count(into, weights.len());
            for (name, weight) in weights {
                put_name(into, name);
                put_u32(into, *weight);
            }
        }
        Order::Cancel => into.push(CANCEL),
        Order::Leave => into.push(LEAVE),
        Order::Recover { lost } => {
            into.push(RECOVER);
            put_names(into, lost);
        }
    }
}

/// Takes up an order.
pub(super) fn take(cursor: &mut Cursor) -> Result<Order, FlightError> {
    Ok(match cursor.u8("order")? {
        APPLY => {
            let has_epoch = cursor.flag("order")?;
            let epoch = Some(Epoch(cursor.u64("order")?)).filter(|_| has_epoch);
            let remove = take_names(cursor)?;
            let mut weights = Vec::new();
            for _ in 0..cursor.u32("order")? {
                weights.push((cursor.name("order")?, cursor.u32("order")?));
            }
            Order::Apply { epoch, change: Change { remove, weights } }
        }
        CANCEL => Order::Cancel,
        LEAVE => Order::Leave,
        RECOVER => Order::Recover { lost: take_names(cursor)? },
        _ => return cursor.wrong("order"),
    })
}

fn put_count(into: &mut Vec<u8>, count: usize) {
    put_u32(into, u32::try_from(count).expect("an operator names fewer nodes than that"));
}

fn put_name(into: &mut Vec<u8>, name: &NodeName) {
    put_bytes(into, name.as_str().as_bytes());
}

fn put_names(into: &mut Vec<u8>, names: &[NodeName]) {
    put_count(into, names.len());
    names.iter().for_each(|name| put_name(into, name));
}

fn take_names(cursor: &mut Cursor) -> Result<Vec<NodeName>, FlightError> {
    // Not collected: the count is not to be believed before the names are there.
    let mut names = Vec::new();
    for _ in 0..cursor.u32("order")? {
        names.push(cursor.name("order")?);
    }
    Ok(names)
}
