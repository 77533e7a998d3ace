//! The replica store: one partition's records on one node, and the apps beside them.
//!
//! It runs what coordinators ask for, one message at a time, and answers each, if whoever asks
//! knows how the partition is laid out: a replica that has learnt a newer layout has thereby
//! **sealed** the partition against the older one. A replica that started without its data is
//! **blank**: what it is asked to write it keeps, so that nothing new is missed, but it refuses to
//! count, as a reader or as a writer, until [`crate::copying`] says that it holds again whatever
//! was acknowledged before. What else it may be is told in the file `place.rs`.

mod digest;
mod errand;
mod memory;
mod message;
mod page;
mod place;
mod table;

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

pub use digest::digest;
pub use memory::MemoryTable;
pub use message::{Errand, In, Led, Origin, Out, Wants};
pub use page::{PAGE_BYTES_MAX, PAGE_RECORDS_MAX, bytes_in};
pub use table::{Replaces, Table, TableStats, Visit};

use crate::actor::{Actor, Instant, Now, Outbox, Wall};
use crate::app::{Apps, Effects, Grant, Records, seen};
use crate::id::{AppId, Epoch, NodeId, PartitionId, Seat};
use crate::peer::{Entry, Execute, Refusal, Request, Response};
use crate::rare::{Mark, reached, switched_on};
use crate::record::{Record, RecordRef, Version};
use crate::ring::Ring;
use page::Page;
use place::Place;

/// Records looked at in one search for expired ones, and the pause between two.
const SWEEP_RECORDS_MAX: usize = 256;
const SWEEP_PAUSE: Duration = Duration::from_millis(100);

/// One partition's replica on this node.
pub struct ReplicaStore {
    partition: PartitionId,
    seat: Seat,
    place: Place,
    table: Box<dyn Table>,
    apps: Apps,
    effects: Effects,
    sweep_at: Option<Instant>,
    sweep_after: Option<Box<[u8]>>,
}

impl ReplicaStore {
    /// The replica of `partition` at the node `node` on `seat`; `has_records` when its table has
    /// again what it had under this identity.
    #[must_use]
    pub fn new(
        partition: PartitionId,
        seat: Seat,
        node: NodeId,
        table: Box<dyn Table>,
        apps: Apps,
        has_records: bool,
    ) -> Self {
        Self {
            partition,
            seat,
            place: Place::new(partition, seat, node, has_records),
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

    /// Whether it still misses data that it may have acknowledged before it started, and so counts
    /// for nothing.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        !self.place.counts()
    }

    /// Whether it is an owner's, and holds whatever the owners acknowledged that is lost without it.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        self.place.is_trusted()
    }

    /// Whether it is to have under this ring what it does not have yet.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.place.is_pending()
    }

    /// Whether it holds something that is others' under this ring.
    #[must_use]
    pub fn is_stray(&self) -> bool {
        self.place.is_outsider() && !self.table.stats().is_empty()
    }

    /// Its records, for inspection.
    #[must_use]
    pub fn table(&self) -> &dyn Table {
        self.table.as_ref()
    }

    fn answer(&mut self, now: Now, from: Origin, epoch: Epoch, request: Request) -> Response {
        if let Err(refusal) = self.place.check(epoch) {
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
                    Ok(_) => self.unless_blank(Response::Applied),
                    Err(refusal) => Response::Refused(refusal),
                }
            }
            Request::Fetch { keys, .. } => {
                self.unless_blank(Response::Fetched { records: self.fetch(&keys) })
            }
            Request::Copy { after, until, digest, .. } => {
                self.copy(after.as_deref(), until, digest)
            }
            Request::Compare { after, until, digest, .. } => {
                let (after, until) = (after.as_deref(), until.as_deref());
                let is_same = page::is_same(self.table.as_ref(), after, until, digest);
                self.unless_blank(Response::Compared { is_same })
            }
            Request::Offer { held, .. } => {
                self.unless_blank(Response::Lacking { keys: self.lacking(held) })
            }
            Request::Forward { .. } | Request::Cancel { .. } | Request::Probe => {
                unreachable!("the wiring gives these to others")
            }
        }
    }

    fn is_primary(&self, origin: Origin) -> bool {
        self.place.is_primary(match origin {
            Origin::Here => self.seat,
            Origin::Peer(seat) => seat,
        })
    }

    fn unless_blank(&self, response: Response) -> Response {
        let counts = self.place.counts() || crate::planted!("blank-counts");
        if counts {
            return response;
        }
        reached(Mark::BlankAsked);
        Response::Refused(Refusal::Blank)
    }

    fn execute(&mut self, now: Now, execute: &Execute) -> Response {
        let grant = match execute.stamp {
            Some(stamp) => Grant::Write(stamp),
            None if !self.place.counts() => {
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
        as_primary: bool,
    ) -> Result<Led, Refusal> {
        let reply = self.run(now, app, command, Grant::Lead(stamp), as_primary)?;
        let records = std::mem::take(&mut self.effects.writes);
        let seen = seen::entries(self.effects.seen.split().freeze()).unwrap_or_default();
        let is_written = |key: &Bytes| records.iter().any(|entry| entry.key == *key);
        let read = seen.into_iter().map(|(key, _)| key).filter(|key| !is_written(key));
        let held = |key: Bytes| Some(Entry { record: self.table.get(&key)?.to_record(), key });
        let read = read.filter_map(held).collect();
        merge(self.table.as_mut(), &records)?;
        Ok(Led { reply, records, read, latest: self.effects.latest })
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
        let epoch = self.place.since();
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

    fn copy(&mut self, after: Option<&[u8]>, until: Option<Bytes>, digest: u64) -> Response {
        let (records, upto) = page::copy(self.table.as_ref(), after, until, digest);
        if upto.is_none() && self.place.goes() && crate::planted!("m09") {
            self.table.clear();
        }
        Response::Copied { records, upto, is_blank: !self.place.is_trusted() }
    }

    fn set_ring(&mut self, ring: Arc<Ring>, out: &mut Outbox<Out>) {
        let was_stray = self.is_stray();
        if self.place.set_ring(ring) {
            if was_stray && !self.is_stray() {
                reached(Mark::DrainStopped);
            }
            out.push(Out::Wants(self.place.wants()));
            out.push(Out::Stray(self.is_stray()));
        }
    }

    fn drop_all(&mut self, out: &mut Outbox<Out>) {
        if self.place.is_outsider() {
            self.table.clear();
            out.push(Out::Stray(false));
        }
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
            In::Ring(ring) => self.set_ring(ring, out),
            In::Request { from, id, epoch, request } => {
                let node = if let Request::Copy { node, .. } = &request { *node } else { None };
                let response = self.answer(now, from, epoch, request);
                if let (Origin::Peer(peer), Some(node), Response::Copied { .. }) =
                    (from, node, &response)
                {
                    out.push(Out::PeerIsBlank { peer, node });
                }
                out.push(Out::Answer { to: from, id, response });
            }
            In::Lead { id, app, command, stamp, as_primary } => {
                let is_fit = self.place.check_lead(as_primary, |it| out.push(Out::Wants(it)));
                let outcome =
                    is_fit.and_then(|()| self.lead(now, app, &command, stamp, as_primary));
                out.push(Out::Led { id, outcome });
            }
            In::Errand { to, id, errand } => {
                let request = self.put_into_words(errand);
                out.push(Out::Send { to, id, request });
            }
            In::Merge { id, records } => {
                // Nobody holds what is not credible, so nothing is lost with a page that has it.
                let news = merge(self.table.as_mut(), &records).unwrap_or(0);
                out.push(Out::Merged { id, news });
            }
            In::Trusted => self.place.set_trusted(),
            In::Joined => self.place.set_joined(),
            In::Leads => self.place.set_leads(),
            In::Drop => self.drop_all(out),
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

/// Keeps of `records` what is fresher than what `table` holds; nothing when one is not credible.
/// How many that were.
fn merge(table: &mut dyn Table, records: &[Entry]) -> Result<usize, Refusal> {
    if !records.iter().all(|entry| entry.record.freshness.is_credible()) {
        reached(Mark::NotCredible);
        return Err(Refusal::BadCommand);
    }
    let mut news = 0;
    for Entry { key, record } in records {
        if table.put_if(key, record.view(), replaces) {
            news += 1;
        } else {
            reached(Mark::OlderIgnored);
        }
    }
    Ok(news)
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
