//! A cluster whose ring changes: who gets what, and who lets go of it when.

use super::*;
use crate::actor::Wall;
use crate::peer::Lane;
use crate::ring::Member;
use crate::sample::cluster::Letter;
use crate::standing::Report;
use crate::transfer;

impl Cluster {
    /// Lets so many milliseconds pass, and everything happen in them.
    fn rest(&mut self, millis: u64) {
        for _ in 0..millis.div_ceil(10) {
            self.settle();
            self.pass(std::time::Duration::from_millis(10));
        }
        self.settle();
    }

    fn put(&mut self, keys: std::ops::Range<u64>) {
        let node = self.owner(0);
        for key in keys {
            self.run(&node, Plan::quorum(3, 3), &set(&format!("{key:05}"), key)).unwrap();
        }
    }

    fn records(&self, member: &str) -> u64 {
        self.shard(member).stats().records
    }

    /// Begins to move so that `to` has the partition in the place of its owner `from`.
    fn begin(&mut self, from: &str, to: (&str, NodeId)) {
        let mut members = self.ring.members().to_vec();
        members.retain(|member| member.name.as_str() != from);
        members.push(Member { id: to.1, ..Member::new(sample::name(to.0)) });
        self.decide(self.ring.begin(Wall(1), members).unwrap());
    }

    fn settle_ring(&mut self) {
        let pending: u32 = self.names().iter().map(|it| self.shard(it).progress().pending).sum();
        assert_eq!(pending, 0, "a ring is settled when all is where it is to be");
        self.decide(self.ring.settle(Wall(1)));
    }

    fn names(&self) -> Vec<String> {
        self.ring.members().iter().map(|member| member.name.to_string()).collect()
    }
}

/// Three owners of a hundred records, of whom the last is to be replaced by `d`, who is there.
fn moving() -> (Cluster, String) {
    let mut cluster = Cluster::new(&NODES);
    cluster.put(0..100);
    let leaver = cluster.owner(2);
    let id = cluster.start_unnamed("d", 1);
    cluster.begin(&leaver, ("d", id));
    (cluster, leaver)
}

#[test]
fn a_partition_goes_to_its_new_owner_and_the_old_one_lets_go_of_it() {
    let (mut cluster, leaver) = moving();
    assert_eq!(cluster.shard("d").progress().pending, 1);
    cluster.rest(20);
    assert_eq!(cluster.records("d"), 100);
    cluster.settle_ring();
    assert_eq!(cluster.records(&leaver), 100);
    cluster.rest(20);
    assert_eq!((cluster.records(&leaver), cluster.shard(&leaver).progress().strays), (0, 0));
    assert_eq!(cluster.run("d", Plan::read(3, 2), &get("00042")), Ok(Some(42)));
}

#[test]
fn each_record_is_moved_once() {
    let (mut cluster, leaver) = moving();
    cluster.rest(20);
    cluster.settle_ring();
    cluster.rest(20);
    let moved = cluster.names().into_iter().chain([leaver]).map(|name| {
        let counters = cluster.shard(&name).transferred();
        (counters.records_in, counters.records_out)
    });
    let sum = moved.fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
    assert_eq!(sum, (100, 100));
    assert_eq!(cluster.shard("d").transferred().records_in, 100);
}

#[test]
fn an_owner_that_was_away_when_the_partition_moved_brings_what_only_it_had() {
    let mut cluster = Cluster::new(&NODES);
    cluster.put(0..10);
    let leaver = cluster.owner(2);
    // Only the one that leaves has this.
    cluster.ask(&leaver, Plan::quorum(3, 3), &set("late", 7));
    cluster.wire.clear();
    cluster.stop(&leaver);
    let id = cluster.start_unnamed("d", 1);
    cluster.begin(&leaver, ("d", id));
    cluster.rest(300);
    cluster.settle_ring();
    assert_eq!(cluster.run("d", Plan::read(3, 2), &get("late")), Ok(None));
    cluster.come_back(&leaver);
    cluster.rest(300);
    assert_eq!(cluster.records(&leaver), 0);
    assert_eq!(cluster.run("d", Plan::read(3, 1), &get("late")), Ok(Some(7)));
}

#[test]
fn what_an_absent_owner_lacks_is_kept_until_it_is_there() {
    let (mut cluster, leaver) = moving();
    cluster.rest(20);
    cluster.settle_ring();
    let absent = cluster.owner(1);
    cluster.stop(&absent);
    cluster.rest(1_000);
    assert_eq!(cluster.records(&leaver), 100);
    assert_eq!(cluster.shard(&leaver).progress().strays, 1);
    let transfers = cluster.shard(&leaver).transfers();
    assert_eq!(transfers[0].kind, transfer::Kind::Drain);
    assert_eq!(transfers[0].peers, [seat(&absent)]);
    cluster.come_back(&absent);
    cluster.rest(300);
    assert_eq!(cluster.records(&leaver), 0);
}

#[test]
fn a_target_that_restarts_on_its_way_joins_again_under_its_new_identity() {
    let (mut cluster, _) = moving();
    for _ in 0..2 {
        let letter = cluster.wire.pop_front().unwrap();
        cluster.deliver(letter);
    }
    cluster.wire.clear();
    let id = cluster.start_unnamed("d", 1);
    cluster.tell_ring("d");
    cluster.rest(300);
    assert_eq!((cluster.records("d"), cluster.shard("d").progress().pending), (0, 1));
    cluster.decide(cluster.ring.replace(Wall(1), &[sample::member("d", id.0)]));
    cluster.rest(300);
    assert_eq!(cluster.records("d"), 100);
    cluster.settle_ring();
    assert_eq!(cluster.run("d", Plan::read(3, 2), &get("00042")), Ok(Some(42)));
}

#[test]
fn what_came_for_a_change_that_is_cancelled_goes_again() {
    let (mut cluster, leaver) = moving();
    cluster.rest(20);
    cluster.decide(cluster.ring.cancel(Wall(1)));
    cluster.tell_ring("d");
    assert_eq!(cluster.shard("d").progress().strays, 1);
    cluster.rest(300);
    assert_eq!((cluster.records("d"), cluster.records(&leaver)), (0, 100));
}

#[test]
fn who_owns_again_what_it_was_about_to_drop_keeps_it() {
    let (mut cluster, leaver) = moving();
    cluster.rest(20);
    cluster.settle_ring();
    let absent = cluster.owner(1);
    cluster.stop(&absent);
    cluster.rest(300);
    cluster.come_back(&absent);
    let id = cluster.ring.member(seat("d")).unwrap().id;
    let back = cluster.ids[&leaver];
    cluster.begin("d", (&leaver, back));
    let before = cluster.shard(&leaver).transferred().records_in;
    cluster.rest(300);
    assert_eq!(cluster.shard(&leaver).transferred().records_in, before);
    assert_eq!(cluster.records(&leaver), 100);
    cluster.settle_ring();
    cluster.rest(300);
    assert_eq!((cluster.records(&leaver), cluster.records("d")), (100, 0));
    assert_ne!(id, back);
}

#[test]
fn a_write_of_an_older_layout_is_refused_by_whoever_has_learnt_the_newer_one() {
    let mut cluster = Cluster::new(&NODES);
    let [writer, other, leaver] = [0, 1, 2].map(|index| cluster.owner(index));
    cluster.stop(&writer);
    let id = cluster.start_unnamed("d", 1);
    cluster.begin(&leaver, ("d", id));
    cluster.come_back_unaware(&writer);
    cluster.rest(300);
    cluster.reports.clear();
    cluster.ask(&writer, Plan::quorum(3, 2), &set("k", 1));
    cluster.settle();
    assert_eq!(cluster.records(&other), 0);
    for pair in [(&writer, &other), (&other, &writer)] {
        let report = (seat(pair.0), Report::OtherRing(seat(pair.1)));
        assert!(cluster.reports.contains(&report), "{pair:?}");
    }
}

#[test]
fn a_primary_that_takes_over_has_what_the_one_before_acknowledged() {
    let mut cluster = Cluster::new(&NODES);
    let [first, second, third] = [0, 1, 2].map(|index| cluster.owner(index));
    // The next primary does not get it.
    let caller = cluster.ask(&first, Plan::owner(3, 2), &Note::Add("k".into(), 5));
    let to_second = seat(&second);
    cluster.settle_where(|letter| letter.to != to_second);
    assert_eq!(cluster.reply(caller), Some(Ok(Some(5))));
    cluster.wire.clear();
    cluster.stop(&first);
    cluster.decide(cluster.ring.depose(Wall(1), vec![seat(&first)]));
    let mut answers = (0..20).filter_map(|_| {
        let caller = cluster.ask(&second, Plan::owner(3, 2), &get("k"));
        cluster.rest(100);
        cluster.reply(caller)
    });
    assert_eq!(answers.find(Result::is_ok), Some(Ok(Some(5))), "{third} has it");
}

/// Three owners of a hundred records, of whom the last is to be replaced by `d`; the first has a
/// command under way that nobody answers, which is as many as it takes to let data wait.
fn busy() -> (Cluster, String) {
    let mut cluster = Cluster::new(&NODES);
    let source = cluster.owner(0);
    cluster.transfers.foreground_max = 0;
    cluster.start(&source, 1);
    cluster.rest(300);
    assert_eq!(cluster.shard(&source).blank(), 0);
    cluster.put(0..100);
    cluster.transfers.foreground_max = 1_024;
    let id = cluster.start_unnamed("d", 1);
    cluster.begin(&cluster.owner(2), ("d", id));
    let letters: Vec<_> = cluster.wire.drain(..).collect();
    cluster.ask(&source, Plan::quorum(3, 3), &set("k", 1));
    cluster.wire.clear();
    cluster.wire.extend(letters);
    (cluster, source)
}

#[test]
fn a_source_whose_clients_are_many_hands_over_a_page_now_and_then() {
    let (mut cluster, source) = busy();
    cluster.settle_where(|letter| letter.to == seat(&source) || letter.from == seat(&source));
    assert!(cluster.shard(&source).transferred().refused_busy > 0);
    cluster.rest(800);
    assert_eq!(cluster.shard(&source).coordinator().inflight(), 1, "its client waits still");
    assert_eq!(cluster.shard("d").progress().pending, 0);
}

#[test]
fn commands_that_wait_for_another_ring_do_not_keep_data_waiting() {
    let mut cluster = Cluster::new(&NODES);
    cluster.put(0..100);
    cluster.transfers.foreground_max = 0;
    let id = cluster.start_unnamed("d", 1);
    cluster.begin(&cluster.owner(2), ("d", id));
    let pages: Vec<_> = cluster.wire.drain(..).collect();
    cluster.ask("d", Plan::quorum(3, 2), &set("k", 1));
    while cluster.shard("d").coordinator().parked() == 0 {
        let Letter { from, to, message } = cluster.wire.pop_front().expect("it was forwarded");
        let Body::Request { id, .. } = message.body else { panic!("{message:?}") };
        let body = Body::Response { id, response: Response::Refused(Refusal::NotOwner) };
        let message = Message { body, ..message };
        cluster.tell_peer(Letter { from: to, to: from, message });
    }
    cluster.wire.extend(pages);
    cluster.settle();
    assert_eq!(cluster.shard("d").progress().pending, 0);
}

#[test]
fn a_node_says_how_far_it_is_whenever_that_changes() {
    let (mut cluster, _) = moving();
    cluster.rest(600);
    let said = cluster.reports.iter().filter_map(|(whose, report)| match report {
        Report::Progress(progress) if *whose == seat("d") => Some(*progress),
        Report::Progress(_) | Report::OtherRing(_) => None,
    });
    let said: Vec<_> = said.collect();
    let [first, .., last] = said[..] else { panic!("{said:?}") };
    assert_eq!((first.epoch, first.pending), (Epoch(2), 1));
    assert_eq!((last.epoch, last.pending), (Epoch(2), 0));
    assert_eq!(last.bytes, cluster.shard("d").stats().bytes);
    assert!(last.bytes > 0);
}

#[test]
fn data_moves_on_the_background_lane_under_the_partitions_own_epoch() {
    let mut cluster = Cluster::with_shards(4, 1, &NODES);
    cluster.decide(cluster.ring.hold(Wall(1), true));
    let id = cluster.start_unnamed("d", 1);
    cluster.begin("a", ("d", id));
    let asks: Vec<&Letter> = cluster.wire.iter().filter(|it| it.from == seat("d")).collect();
    assert!(!asks.is_empty());
    for Letter { message, .. } in asks {
        let Body::Request { request: Request::Copy { partition, .. }, .. } = &message.body else {
            panic!("{message:?}");
        };
        assert_eq!(message.lane(), Lane::Background);
        assert_eq!(message.epoch, cluster.ring.since(*partition));
    }
}

/// About how many bytes a letter takes on the wire.
fn bytes_of(letter: &Letter) -> usize {
    let key = |key: &Option<bytes::Bytes>| key.as_ref().map_or(1, |key| key.len() + 2);
    16 + match &letter.message.body {
        Body::Request { request: Request::Copy { after, until, .. }, .. } => {
            key(after) + key(until) + 16
        }
        Body::Response { response: Response::Copied { records, upto, .. }, .. } => {
            let value =
                |entry: &crate::peer::Entry| entry.record.value.as_ref().map_or(0, |it| it.len());
            let entries = records.iter().map(|entry| entry.key.len() + value(entry) + 28);
            entries.sum::<usize>() + key(upto)
        }
        _ => 0,
    }
}

#[test]
fn to_move_a_partition_takes_hardly_more_bytes_than_its_records_have() {
    let mut cluster = Cluster::new(&NODES);
    let records = (0..5_000_u64).map(|at| {
        let mut entry = sample::entry(&format!("{at:08}"), at, 10 + at);
        entry.record.value = Some(bytes::Bytes::from(vec![7; 100]));
        entry
    });
    let records: Vec<_> = records.collect();
    for node in NODES {
        for (id, page) in (0..).zip(records.chunks(500)) {
            let partition = PartitionId(0);
            let apply = Request::Apply { partition, records: page.to_vec(), as_primary: false };
            cluster.tell_peer(letter("x", node, request(RequestId(id), apply)));
        }
    }
    cluster.wire.clear();
    let id = cluster.start_unnamed("d", 1);
    cluster.begin(&cluster.owner(2), ("d", id));
    let bytes = std::cell::Cell::new(0);
    cluster.settle_where(|letter| {
        bytes.set(bytes.get() + bytes_of(letter));
        true
    });
    assert_eq!(cluster.shard("d").progress().pending, 0);
    let least: usize = records.iter().map(|it| it.key.len() + 100 + 28).sum();
    assert!(bytes.get() >= least, "all of it was moved");
    assert!(bytes.get() < least + least / 50, "{} of {least}", bytes.get());
}
