//! A sample app, sample rings and a sample cluster, for tests.

pub mod cluster;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::actor::Wall;
use crate::app::{App, Apps, Plan, Records, encode, table_key};
use crate::coordinator::Ask;
use crate::hlc::Stamp;
use crate::id::{AppId, Epoch, NodeId, NodeName, Seat};
use crate::key::{Key, Partitions};
use crate::peer::Entry;
use crate::record::{Freshness, Record, Version};
use crate::ring::{Blueprint, Member, Ring, Strategy};

/// Numbers under names.
#[derive(Clone)]
pub struct Notes;

/// What is asked of [`Notes`]. Each may be run under any plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Note {
    Get(String),
    Set(String, u64),
    Drop(String),
    /// Adds, and answers with the sum: for the owner only.
    Add(String, u64),
    /// Answers with the second if the first is there.
    Follow(String, String),
    /// Answers with the sum of both.
    Both(String, String),
    /// Writes 1, then 2.
    Twice(String),
}

impl App for Notes {
    const NAME: &'static str = "notes";
    type Command = Note;
    type Reply = Option<u64>;

    fn key(note: &Note) -> Key {
        match note {
            Note::Get(key)
            | Note::Set(key, _)
            | Note::Drop(key)
            | Note::Add(key, _)
            | Note::Follow(key, _)
            | Note::Both(key, _)
            | Note::Twice(key) => Key::from(key),
        }
    }

    fn plan(&self, note: &Note) -> Plan {
        match note {
            Note::Get(_) | Note::Follow(..) | Note::Both(..) => Plan::read(3, 2),
            Note::Set(..) | Note::Drop(_) | Note::Twice(_) => Plan::quorum(3, 2),
            Note::Add(..) => Plan::owner(3, 2),
        }
    }

    fn handle(&mut self, records: &mut Records<'_>, note: Note) -> Option<u64> {
        match note {
            Note::Get(key) => records.get_as(key),
            Note::Set(key, value) => {
                records.put_as(key, &value);
                Some(value)
            }
            Note::Drop(key) => records.delete(key).then_some(0),
            Note::Add(key, by) => {
                let sum = records.get_as::<u64>(&key).unwrap_or(0) + by;
                records.put_as(&key, &sum);
                Some(sum)
            }
            Note::Follow(first, second) => {
                records.get_as::<u64>(first)?;
                records.get_as(second)
            }
            Note::Both(first, second) => {
                let read = [first, second].map(|key| records.get_as::<u64>(key).unwrap_or(0));
                Some(read.into_iter().sum())
            }
            Note::Twice(key) => {
                records.put_as(&key, &1_u64);
                records.put_as(&key, &2_u64);
                records.get_as(&key)
            }
        }
    }
}

pub const APP: &str = Notes::NAME;

pub fn apps() -> Apps {
    let mut apps = Apps::new();
    apps.add(Notes).unwrap();
    apps
}

pub fn get(key: &str) -> Note {
    Note::Get(key.into())
}

pub fn set(key: &str, value: u64) -> Note {
    Note::Set(key.into(), value)
}

/// `note` under `plan`, with a second to spare.
pub fn ask(plan: Plan, note: &Note) -> Ask {
    Ask {
        app: AppId::of(APP),
        key: Notes::key(note),
        plan,
        command: encode(note),
        timeout: Duration::from_secs(1),
    }
}

pub fn table_key_of(key: &str) -> Bytes {
    table_key(AppId::of(APP), key.as_bytes())
}

pub fn version(stamp: u64) -> Version {
    Version { epoch: Epoch(1), stamp: Stamp(stamp), node: NodeId(7) }
}

/// That of a record written at `stamp`, never touched, that never expires.
pub fn freshness(stamp: u64) -> Freshness {
    Freshness { version: version(stamp), ..Freshness::NONE }
}

/// What lies under `key` when `value` was written at `stamp`.
pub fn entry(key: &str, value: u64, stamp: u64) -> Entry {
    let record = Record { freshness: freshness(stamp), value: Some(encode(&value)) };
    Entry { key: table_key_of(key), record }
}

pub fn name(name: &str) -> NodeName {
    NodeName::new(name).unwrap()
}

pub fn seat(of: &str) -> Seat {
    name(of).seat()
}

/// A ring of one partition with three owners, or as many as there are members.
pub fn ring(members: &[&str]) -> Arc<Ring> {
    ring_of(1, members)
}

/// A ring of so many partitions with three owners each.
pub fn ring_of(partitions: u32, members: &[&str]) -> Arc<Ring> {
    ring_with(partitions, 3, members)
}

/// The ring on its way to do without the member on `leaving`.
pub fn begin_without(ring: &Ring, leaving: Seat) -> Arc<Ring> {
    let stays = |member: &&Member| member.seat() != leaving;
    let members = ring.members().iter().filter(stays).cloned().collect();
    Arc::new(ring.begin(Wall::default(), members).unwrap())
}

/// The ring on its way to these members.
pub fn begin_with(ring: &Ring, members: &[&str]) -> Arc<Ring> {
    let members = members.iter().map(|member| Member::new(name(member))).collect();
    Arc::new(ring.begin(Wall::default(), members).unwrap())
}

/// A ring of so many partitions with so many owners each.
pub fn ring_with(partitions: u32, replicas: u8, members: &[&str]) -> Arc<Ring> {
    let members = members.iter().map(|member| Member::new(name(member)));
    ring_from(partitions, replicas, members.collect())
}

/// A member with this identity of its data.
pub fn member(of: &str, id: u64) -> Member {
    Member { id: NodeId(id), ..Member::new(name(of)) }
}

/// A founding ring of so many partitions with so many owners each.
pub fn ring_from(partitions: u32, replicas: u8, members: Vec<Member>) -> Arc<Ring> {
    let blueprint = Blueprint {
        epoch: Epoch(1),
        strategy: Strategy::default(),
        partitions: Partitions::new(partitions).unwrap(),
        replicas,
        members,
    };
    Arc::new(Ring::build(blueprint, None).unwrap())
}
