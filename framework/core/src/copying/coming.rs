//! What becomes of a page that was asked for: it comes, or it does not.

use std::time::Duration;

use bytes::Bytes;

use crate::actor::{Now, Outbox};
use crate::copying::work::{Source, Walk};
use crate::copying::{Copying, Out, Page, RETRY_PAUSE};
use crate::id::{RequestId, Seat};
use crate::peer::{Entry, Refusal, Response};
use crate::rare::{Mark, reached, switched_on};
use crate::replica::bytes_in;
use crate::transfer::Waits;

impl Copying {
    pub(super) fn answer(
        &mut self,
        now: Now,
        from: Seat,
        id: RequestId,
        response: Response,
        out: &mut Outbox<Out>,
    ) {
        let Some(page) = self.pages.get_mut(&id) else {
            return;
        };
        if page.from != from || page.came.is_some() {
            return;
        }
        self.heard_at.insert(from, now.tick);
        if switched_on(Mark::PageThrownAway) {
            return self.give_up(now, id, RETRY_PAUSE, None, out);
        }
        match response {
            Response::Copied { records, upto, is_blank } => {
                page.came = Some((upto, is_blank));
                self.take_in(now, id, records, out);
            }
            Response::Refused(Refusal::WrongEpoch | Refusal::Behind | Refusal::NotReady) => {
                let waits = Some(Waits::OtherRing(from));
                self.give_up(now, id, Duration::ZERO, waits, out);
            }
            Response::Refused(Refusal::Overloaded) => {
                self.give_up(now, id, Duration::ZERO, Some(Waits::Busy(from)), out);
            }
            _ => self.give_up(now, id, RETRY_PAUSE, None, out),
        }
    }

    fn take_in(&mut self, now: Now, id: RequestId, records: Vec<Entry>, out: &mut Outbox<Out>) {
        let Some(partition) = self.pages.get(&id).map(|page| page.partition) else {
            return;
        };
        if records.is_empty() {
            self.counters.pages_same += 1;
            return self.merged(now, id, 0, out);
        }
        let (count, bytes) = (records.len() as u64, bytes_in(&records));
        self.gate.spend(now.tick, bytes);
        self.counters.pages_differing += 1;
        self.counters.records_in += count;
        self.counters.bytes_in += bytes;
        if let Some(work) = self.works.get_mut(&partition) {
            work.records += count;
            work.bytes += bytes;
        }
        out.push(Out::Merge { partition, id, records });
    }

    /// Goes on after a page whose records are merged.
    pub(super) fn merged(&mut self, now: Now, id: RequestId, news: usize, out: &mut Outbox<Out>) {
        let Some(Page { partition, from, after, came: Some((upto, is_blank)), .. }) =
            self.pages.remove(&id)
        else {
            return;
        };
        let Some(work) = self.works.get_mut(&partition) else {
            return;
        };
        work.end_page(from);
        let mut walk = match work.source(from) {
            Some(Source::Walking(walk)) => walk.clone(),
            Some(Source::Unknown | Source::Blank | Source::Copied) | None => Walk::default(),
        };
        // Its owner said meanwhile that it is blank: that pass is over.
        if walk.after != after {
            return self.go_on(now, partition, Some(from), out);
        }
        walk.had_news |= news > 0;
        if news > 0 && walk.is_verifying {
            reached(Mark::JoinVerifiedNews);
            self.counters.verify_news += 1;
        }
        work.waits = is_blank.then_some(Waits::Blank(from));
        let is_further = |last: &Bytes| after.as_ref().is_none_or(|after| last > after);
        match upto {
            _ if is_blank => {
                work.learn(from, Source::Blank);
                work.rest(now.tick, from, RETRY_PAUSE);
            }
            _ if crate::planted!("one-page-is-all") => work.learn(from, Source::Copied),
            None if walk.had_news && !walk.is_verifying => {
                let verifying = Walk { is_verifying: true, ..Walk::default() };
                work.learn(from, Source::Walking(verifying));
            }
            None => work.learn(from, Source::Copied),
            Some(last) if is_further(&last) => {
                reached(Mark::FillManyPages);
                work.learn(from, Source::Walking(Walk { after: Some(last), ..walk }));
            }
            // More, it says, and yet no page with anything further: nothing was learnt.
            Some(_) => {
                work.rest(now.tick, from, RETRY_PAUSE);
            }
        }
        self.fulfil(partition, false, out);
        self.go_on(now, partition, Some(from), out);
    }

    /// Takes a page for lost; whose owner rests, and another may be asked instead.
    pub(super) fn give_up(
        &mut self,
        now: Now,
        id: RequestId,
        at_least: Duration,
        waits: Option<Waits>,
        out: &mut Outbox<Out>,
    ) {
        let Some(Page { partition, from, .. }) = self.pages.remove(&id) else {
            return;
        };
        if let Some(work) = self.works.get_mut(&partition) {
            work.waits = waits.or(work.waits);
            let until = work.rest(now.tick, from, at_least);
            self.retry_at = self.retry_at.into_iter().chain(until).min();
        }
        self.go_on(now, partition, None, out);
    }

    pub(super) fn link_lost(&mut self, now: Now, seat: Seat, out: &mut Outbox<Out>) {
        let pages = self.pages.iter().filter(|(_, page)| page.from == seat);
        let lost: Vec<_> = pages.map(|(&id, _)| id).collect();
        for id in lost {
            reached(Mark::FillPageLost);
            self.give_up(now, id, RETRY_PAUSE, Some(Waits::Silent(seat)), out);
        }
    }
}
