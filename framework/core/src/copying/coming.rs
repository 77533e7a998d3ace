//! What becomes of a page that was asked for: it comes, or it does not.

use std::time::Duration;

use bytes::Bytes;

use crate::actor::{Now, Outbox};
use crate::copying::work::{Source, Walk};
use crate::copying::{Came, Copying, Out};
use crate::id::{RequestId, Seat};
use crate::peer::{Entry, Response};
use crate::rare::{Mark, reached, switched_on};
use crate::replica::bytes_in;
use crate::transfer::{Page, RETRY_PAUSE, Waits, rest_after};

impl Copying {
    pub(super) fn answer(
        &mut self,
        now: Now,
        from: Seat,
        id: RequestId,
        response: Response,
        out: &mut Outbox<Out>,
    ) {
        let Some(page) = self.pages.get_mut(id) else {
            return;
        };
        if page.peer != from || page.known.is_some() {
            return;
        }
        self.pages.hear(now.tick, from);
        if switched_on(Mark::PageThrownAway) {
            return self.give_up(now, id, RETRY_PAUSE, None, out);
        }
        if let Response::Copied { records, upto, is_blank } = response {
            return self.take_in(now, id, records, Came { upto, is_blank }, out);
        }
        let (at_least, waits) = rest_after(from, &response);
        self.give_up(now, id, at_least, waits, out);
    }

    fn take_in(
        &mut self,
        now: Now,
        id: RequestId,
        records: Vec<Entry>,
        came: Came,
        out: &mut Outbox<Out>,
    ) {
        let Some(page) = self.pages.get_mut(id) else {
            return;
        };
        let partition = page.partition;
        page.known = Some(came);
        if records.is_empty() {
            self.counters.pages_same += 1;
            return self.merged(now, id, 0, out);
        }
        let (count, bytes) = (records.len() as u64, bytes_in(&records));
        self.pages.gate.spend(now.tick, bytes);
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
        let Some(Page { partition, peer: from, after, known: Some(came), .. }) =
            self.pages.take(id)
        else {
            return;
        };
        let Came { upto, is_blank } = came;
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
        let Some(Page { partition, peer: from, .. }) = self.pages.take(id) else {
            return;
        };
        if let Some(work) = self.works.get_mut(&partition) {
            work.waits = waits.or(work.waits);
            if let Some(until) = work.rest(now.tick, from, at_least) {
                self.pages.retry_by(until);
            }
        }
        self.go_on(now, partition, None, out);
    }

    pub(super) fn link_lost(&mut self, now: Now, seat: Seat, out: &mut Outbox<Out>) {
        for id in self.pages.of(seat) {
            reached(Mark::FillPageLost);
            self.give_up(now, id, RETRY_PAUSE, Some(Waits::Silent(seat)), out);
        }
    }
}
