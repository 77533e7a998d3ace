//! The replica store: one partition's records on one node, and the apps beside them.
//!
//! It runs what coordinators ask for, one message at a time, and answers each. A replica that
//! started without its data is **blank**: what it is asked to write it keeps, so that nothing new
//! is missed, but it refuses to count, as a reader or as a writer, until [`crate::fill`] says that
//! it holds again whatever was acknowledged before.

mod memory;
mod message;
mod table;

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

pub use memory::MemoryTable;
pub use message::{In, Led, Origin, Out};
pub use table::{Replaces, Table, TableStats, Visit};

use crate::actor::{Actor, Instant, Now, Outbox, Wall};
use crate::app::{Apps, Effects, Grant, Records};
use crate::id::{AppId, Epoch, PartitionId, Seat};
use crate::peer::{Entry, Execute, Refusal, Request, Response};
use crate::rare::{Mark, reached, switched_on};
use crate::record::{Record, RecordRef, Version};
use crate::ring::Ring;

/// Records of one answer, and bytes after which no more are added to it.
const PAGE_RECORDS_MAX: usize = 512;
const PAGE_BYTES_MAX: usize = 256 * 1024;
/// Records looked at in one search for expired ones, and the pause between two.
const SWEEP_RECORDS_MAX: usize = 256;
const SWEEP_PAUSE: Duration = Duration::from_millis(100);

/// One partition's replica on this node.
pub struct ReplicaStore {
    partition: PartitionId,
    seat: Seat,
    ring: Option<Arc<Ring>>,
    is_blank: bool,
    table: Box<dyn Table>,
    apps: Apps,
    effects: Effects,
    sweep_at: Option<Instant>,
    sweep_after: Option<Box<[u8]>>,
}

impl ReplicaStore {
    /// The replica of `partition` at `seat`; `is_blank` when its table was empty at the start of
    /// the process.
    #[must_use]
    pub fn new(
        partition: PartitionId,
        seat: Seat,
        table: Box<dyn Table>,
        apps: Apps,
        is_blank: bool,
    ) -> Self {
        Self {
            partition,
            seat,
            ring: None,
            is_blank: is_blank && !crate::planted!("trusted-at-once"),
            table,
            apps,
            effects: Effects::default(),
            sweep_at: None,
            sweep_after: None,
        }
    }

    /// What its table holds.
    #[must_use]
    pub fn stats(&self) -> TableStats {
        self.table.stats()
    }

    /// Whether it still misses data that it may have acknowledged before it started.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.is_blank
    }

    /// Its records, for inspection.
    #[must_use]
    pub fn table(&self) -> &dyn Table {
        self.table.as_ref()
    }

    fn answer(&mut self, now: Now, from: Origin, epoch: Epoch, request: Request) -> Response {
        if let Err(refusal) = self.check(epoch) {
            return Response::Refused(refusal);
        }
        // One that writes may arrive twice, and must not be done after it was refused.
        if !request.writes() && switched_on(Mark::ReadRefused) {
            return Response::Refused(Refusal::NotReady);
        }
        match request {
            Request::Execute(execute) => self.execute(now, &execute),
            Request::Apply { records, as_primary, .. } => {
                if as_primary && !self.is_primary(from) {
                    return Response::Refused(Refusal::NotPrimary);
                }
                match merge(self.table.as_mut(), &records) {
                    Ok(()) => self.unless_blank(Response::Applied),
                    Err(refusal) => Response::Refused(refusal),
                }
            }
            Request::Fetch { keys, .. } => {
                self.unless_blank(Response::Fetched { records: self.fetch(&keys) })
            }
            Request::Copy { after, .. } => self.page(after.as_deref()),
            Request::Compare { .. } | Request::Offer { .. } => Response::Refused(Refusal::NotReady),
            Request::Forward { .. } | Request::Cancel { .. } | Request::Probe => {
                unreachable!("the wiring gives these to others")
            }
        }
    }

    fn check(&self, epoch: Epoch) -> Result<(), Refusal> {
        let Some(ring) = &self.ring else {
            return Err(Refusal::NotReady);
        };
        if ring.epoch() != epoch {
            return Err(Refusal::WrongEpoch);
        }
        if !ring.owners(self.partition, ring.replicas()).contains(&self.seat) {
            return Err(Refusal::NotOwner);
        }
        Ok(())
    }

    fn is_primary(&self, origin: Origin) -> bool {
        let seat = match origin {
            Origin::Here => self.seat,
            Origin::Peer(seat) => seat,
        };
        self.ring.as_ref().is_some_and(|ring| ring.preference(self.partition)[0] == seat)
    }

    fn unless_blank(&self, response: Response) -> Response {
        let counts = !self.is_blank || crate::planted!("blank-counts");
        if counts {
            return response;
        }
        reached(Mark::BlankAsked);
        Response::Refused(Refusal::Blank)
    }

    fn execute(&mut self, now: Now, execute: &Execute) -> Response {
        let grant = match execute.stamp {
            Some(stamp) => Grant::Write(stamp),
            None if self.is_blank => {
                reached(Mark::BlankAsked);
                return Response::Refused(Refusal::Blank);
            }
            None => Grant::Read,
        };
        let reply = match self.run(now, execute.app, &execute.command, grant, execute.wants_seen) {
            Ok(reply) => reply,
            Err(refusal) => return Response::Refused(refusal),
        };
        if let Some(by) = self.effects.superseded {
            reached(Mark::Superseded);
            return self.unless_blank(Response::Superseded { by });
        }
        if let Err(refusal) = merge(self.table.as_mut(), &self.effects.writes) {
            return Response::Refused(refusal);
        }
        let seen = self.effects.seen.split().freeze();
        self.unless_blank(Response::Executed { reply, seen })
    }

    fn lead(
        &mut self,
        now: Now,
        app: AppId,
        command: &Bytes,
        stamp: Version,
    ) -> Result<Led, Refusal> {
        if self.is_blank {
            return Err(Refusal::Blank);
        }
        let reply = self.run(now, app, command, Grant::Lead(stamp), false)?;
        let records = std::mem::take(&mut self.effects.writes);
        merge(self.table.as_mut(), &records)?;
        Ok(Led { reply, records, latest: self.effects.latest })
    }

    fn run(
        &mut self,
        now: Now,
        app: AppId,
        command: &Bytes,
        grant: Grant,
        wants_seen: bool,
    ) -> Result<Bytes, Refusal> {
        self.effects.clear();
        let handler = self.apps.get_mut(app).ok_or(Refusal::UnknownApp)?;
        let epoch = self.ring.as_ref().map(|ring| ring.epoch()).unwrap_or_default();
        let mut records = Records {
            table: self.table.as_ref(),
            effects: &mut self.effects,
            app,
            grant,
            wants_seen,
            wall: now.wall,
            epoch,
        };
        let reply = handler.execute(&mut records, command).map_err(|_| Refusal::BadCommand)?;
        if self.effects.has_overstepped { Err(Refusal::BadCommand) } else { Ok(reply) }
    }

    /// As many of the records under `keys`, in that order, as one answer may have.
    fn fetch(&self, keys: &[Bytes]) -> Vec<Entry> {
        let mut page = Page::default();
        for key in keys {
            if page.is_full() {
                break;
            }
            if let Some(record) = self.table.get(key) {
                page.add(key.clone(), record);
            }
        }
        page.records
    }

    fn page(&self, after: Option<&[u8]>) -> Response {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut page = Page::default();
        let mut upto = None;
        self.table.scan(from, &mut |key, record| {
            if page.is_full() {
                upto = page.records.last().map(|entry| entry.key.clone());
                return ControlFlow::Break(());
            }
            page.add(Bytes::copy_from_slice(key), record);
            ControlFlow::Continue(())
        });
        Response::Copied { records: page.records, upto, is_blank: self.is_blank }
    }

    /// Turns expired records, a bounded number at a time, into tombstones of the same freshness.
    ///
    /// They cannot simply go: another replica may hold an older value that does not expire.
    fn sweep(&mut self, wall: Wall) {
        let from = self.sweep_after.take();
        let from = from.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let mut expired = Vec::new();
        let mut looked_at = 0;
        let mut last = None;
        self.table.scan(from, &mut |key, record| {
            if looked_at == SWEEP_RECORDS_MAX {
                return ControlFlow::Break(());
            }
            looked_at += 1;
            if record.value.is_some() && record.freshness.is_expired(wall) {
                let record = Record { freshness: record.freshness, value: None };
                expired.push((Box::<[u8]>::from(key), record));
            }
            if looked_at == SWEEP_RECORDS_MAX {
                last = Some(Box::from(key));
            }
            ControlFlow::Continue(())
        });
        for (key, record) in expired {
            reached(Mark::Swept);
            self.table.put(&key, record.view());
        }
        self.sweep_after = last;
    }

    fn next_sweep(&self, now: Now) -> Option<Instant> {
        (self.table.stats().expiring > 0).then(|| now.tick + SWEEP_PAUSE)
    }
}

impl Actor for ReplicaStore {
    type In = In;
    type Out = Out;

    fn handle(&mut self, now: Now, input: In, out: &mut Outbox<Out>) {
        match input {
            In::Ring(ring) => self.ring = Some(ring),
            In::Request { from, id, epoch, request } => {
                let node = if let Request::Copy { node, .. } = &request { *node } else { None };
                let response = self.answer(now, from, epoch, request);
                if let (Origin::Peer(peer), Response::Copied { .. }) = (from, &response) {
                    out.push(Out::PeerIsBlank { peer, node });
                }
                out.push(Out::Answer { to: from, id, response });
            }
            In::Lead { id, app, command, stamp } => {
                let outcome = self.lead(now, app, &command, stamp);
                out.push(Out::Led { id, outcome });
            }
            In::Fill(records) => {
                // Nobody holds what is not credible, so nothing is lost with a page that has it.
                let _ = merge(self.table.as_mut(), &records);
            }
            In::Trusted => self.is_blank = false,
        }
        self.sweep_at = self.sweep_at.or_else(|| self.next_sweep(now));
    }

    fn deadline(&self) -> Option<Instant> {
        self.sweep_at
    }

    fn wake(&mut self, now: Now, _: &mut Outbox<Out>) {
        if self.sweep_at.is_some_and(|at| at <= now.tick) {
            self.sweep(now.wall);
            self.sweep_at = self.next_sweep(now);
        }
    }
}

/// The records of one answer.
#[derive(Default)]
struct Page {
    records: Vec<Entry>,
    bytes: usize,
}

impl Page {
    fn is_full(&self) -> bool {
        let is_full = self.records.len() == PAGE_RECORDS_MAX || self.bytes >= PAGE_BYTES_MAX;
        is_full || (!self.records.is_empty() && switched_on(Mark::PageCutShort))
    }

    fn add(&mut self, key: Bytes, record: RecordRef<'_>) {
        self.bytes += key.len() + record.value.map_or(0, <[u8]>::len);
        self.records.push(Entry { key, record: record.to_record() });
    }
}

/// Keeps of `records` what is fresher than what `table` holds; nothing when one is not credible.
fn merge(table: &mut dyn Table, records: &[Entry]) -> Result<(), Refusal> {
    if !records.iter().all(|entry| entry.record.freshness.is_credible()) {
        reached(Mark::NotCredible);
        return Err(Refusal::BadCommand);
    }
    for Entry { key, record } in records {
        if !table.put_if(key, record.view(), replaces) {
            reached(Mark::OlderIgnored);
        }
    }
    Ok(())
}

fn replaces(new: RecordRef<'_>, held: RecordRef<'_>) -> bool {
    if crate::planted!("late-wins") {
        return true;
    }
    if crate::planted!("m02") {
        return new.freshness.version.stamp >= held.freshness.version.stamp;
    }
    new.freshness > held.freshness
}

#[cfg(test)]
mod tests;
