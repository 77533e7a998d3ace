use super::*;
use crate::id::NodeId;
use crate::replica::MemoryTable;
use crate::sample::{entry, freshness, table_key_of, version};

/// What a command with some grant sees and does, when `held` is there already.
struct World {
    table: MemoryTable,
    effects: Effects,
    grant: Grant,
}

impl World {
    fn with(grant: Grant, held: &[Entry]) -> Self {
        let mut table = MemoryTable::new();
        for Entry { key, record } in held {
            table.put(key, record.view());
        }
        Self { table, effects: Effects::default(), grant }
    }

    fn writing(stamp: u64, held: &[Entry]) -> Self {
        Self::with(Grant::Write(version(stamp)), held)
    }

    fn leading(stamp: u64, held: &[Entry]) -> Self {
        Self::with(Grant::Lead(version(stamp)), held)
    }

    fn records(&mut self) -> Records<'_> {
        Records {
            table: &self.table,
            effects: &mut self.effects,
            app: AppId::of(crate::sample::APP),
            grant: self.grant,
            wants_seen: true,
            wall: Wall(1_000),
            epoch: Epoch(1),
        }
    }

    fn keys_after(&mut self, after: Bound<&[u8]>) -> Vec<Vec<u8>> {
        let mut met = Vec::new();
        self.records().scan(after, |key, _| {
            met.push(key.to_vec());
            ControlFlow::Continue(())
        });
        met
    }

    fn written(&self, key: &str) -> &Record {
        let entry = self.effects.writes.iter().find(|entry| entry.key == table_key_of(key));
        &entry.expect("was written").record
    }
}

#[test]
fn a_command_sees_what_it_has_written() {
    let mut world = World::writing(10, &[]);
    let mut records = world.records();
    records.put_as("k", &5_u64);
    assert_eq!(records.get_as::<u64>("k"), Some(5));
    assert!(records.delete("k"));
    assert_eq!(records.get("k"), None);
}

#[test]
fn what_a_command_wrote_before_does_not_count_as_read() {
    let mut world = World::writing(10, &[]);
    let mut records = world.records();
    records.put_as("k", &5_u64);
    records.get("k");
    assert!(world.effects.seen.is_empty());
}

#[test]
fn of_several_writes_of_a_key_the_last_stands() {
    let mut world = World::writing(10, &[]);
    let mut records = world.records();
    records.put_until("k", "long", Some(Wall(9_000)));
    records.put("l", "other");
    records.put("k", "last");
    assert_eq!(world.effects.writes.len(), 2);
    assert_eq!(world.written("k").value, Some(Bytes::from("last")));
    assert_eq!(world.written("k").freshness, freshness(10));
}

#[test]
fn a_write_that_meets_something_newer_is_superseded_by_it() {
    let mut world = World::writing(10, &[entry("k", 1, 20), entry("l", 1, 30)]);
    let mut records = world.records();
    records.put("k", "v");
    records.put("l", "v");
    assert_eq!(world.effects.superseded, Some(version(30)));
    assert_eq!(world.effects.latest, Stamp(30));
}

#[test]
fn a_write_of_the_same_version_is_written_again() {
    let mut world = World::writing(10, &[entry("k", 1, 10)]);
    world.records().put("k", "v");
    assert_eq!(world.effects.superseded, None);
    assert_eq!(world.written("k").freshness, freshness(10));
}

#[test]
fn the_primary_writes_past_what_is_held() {
    let mut world = World::leading(10, &[entry("k", 1, 20)]);
    world.records().put("k", "v");
    assert_eq!(world.written("k").freshness, freshness(21));
    assert_eq!(world.effects.latest, Stamp(21));
}

#[test]
fn a_command_that_may_only_read_writes_nothing_and_is_found_out() {
    let writes: [fn(&mut Records<'_>); 3] = [
        |records| records.put("k", "v"),
        |records| _ = records.delete("k"),
        |records| records.touch("k", version(10), "v", None),
    ];
    for write in writes {
        let mut world = World::with(Grant::Read, &[entry("k", 1, 10)]);
        write(&mut world.records());
        assert!(world.effects.has_overstepped && world.effects.writes.is_empty());
    }
}

#[test]
fn a_touch_changes_the_expiry_of_the_very_version() {
    let mut world = World::writing(20, &[entry("k", 1, 10)]);
    world.records().touch("k", version(10), "v", Some(Wall(5_000)));
    let touched = Freshness { touched: Stamp(20), expires: 5_000, ..freshness(10) };
    assert_eq!(world.written("k").freshness, touched);
}

#[test]
fn a_touch_leaves_a_later_write_as_it_is() {
    let mut world = World::writing(30, &[entry("k", 1, 20)]);
    world.records().touch("k", version(10), "v", Some(Wall(5_000)));
    assert!(world.effects.writes.is_empty());
    assert_eq!(world.effects.superseded, None);
}

fn touched_at(stamp: u64) -> Entry {
    let mut entry = entry("k", 1, 10);
    entry.record.freshness.touched = Stamp(stamp);
    entry
}

#[test]
fn a_touch_that_meets_a_later_touch_is_superseded_by_it() {
    let mut world = World::writing(20, &[touched_at(30)]);
    world.records().touch("k", version(10), "v", None);
    assert_eq!(world.effects.superseded, Some(version(30)));
}

#[test]
fn the_primary_touches_past_what_is_held() {
    let mut world = World::leading(20, &[touched_at(30)]);
    world.records().touch("k", version(10), "v", None);
    assert_eq!(world.written("k").freshness.touched, Stamp(31));
    assert_eq!(world.effects.latest, Stamp(31));
}

#[test]
fn an_expiry_at_the_beginning_of_time_is_not_for_ever() {
    let mut world = World::writing(10, &[]);
    world.records().put_until("k", "v", Some(Wall(0)));
    assert!(world.written("k").freshness.is_expired(Wall(1)));
}

#[test]
fn an_expired_value_is_no_value_and_still_a_record() {
    let mut expired = entry("k", 1, 10);
    expired.record.freshness.expires = 1_000;
    let mut world = World::with(Grant::Read, &[expired]);
    assert_eq!(world.records().get("k"), None);
    assert!(world.records().record("k").is_some());
}

#[test]
fn what_is_no_such_value_is_none() {
    let mut world = World::with(Grant::Read, &[entry("k", 1 << 60, 10)]);
    assert_eq!(world.records().get_as::<u8>("k"), None);
}

#[test]
fn a_scan_meets_live_records_of_this_app_in_order() {
    let mut expired = entry("b", 1, 10);
    expired.record.freshness.expires = 1_000;
    let foreign = Entry { key: table_key(AppId(u32::MAX), b"c"), ..entry("c", 1, 10) };
    let held = [entry("d", 1, 10), foreign, entry("a", 1, 10), expired];
    let mut world = World::with(Grant::Read, &held);
    assert_eq!(world.keys_after(Bound::Unbounded), [b"a", b"d"]);
    assert_eq!(world.keys_after(Bound::Excluded(b"a")), [b"d"]);
    assert_eq!(world.keys_after(Bound::Included(b"d")), [b"d"]);
}

#[test]
fn a_command_knows_its_version_unless_it_only_reads() {
    assert_eq!(World::writing(10, &[]).records().version(), Some(version(10)));
    assert_eq!(World::with(Grant::Read, &[]).records().version(), None);
}

#[test]
fn who_writes_past_what_is_held_knows_how_far() {
    let mut world = World::leading(10, &[entry("k", 1, 20)]);
    let mut records = world.records();
    assert_eq!(records.version(), Some(version(10)));
    records.put("k", "v");
    assert_eq!(records.version(), Some(version(21)));
}

#[test]
fn of_equal_stamps_the_greater_node_id_is_newer() {
    let by = |node| Version { epoch: Epoch(1), stamp: Stamp(10), node: NodeId(node) };
    assert!(is_newer(by(2), by(1)) && !is_newer(by(1), by(2)));
}
