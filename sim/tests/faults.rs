//! Every kind of fault, by its name in a schedule, does what it is there for.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::collections::BTreeSet;
use std::time::Duration;

use peer_ring_core::rare::Mark;
use peer_ring_sim::Kind;
use peer_ring_sim::journal::Entry;
use peer_ring_sim::run::{self, Watched};
use peer_ring_sim::schedule;
use peer_ring_sim::store::Store;
use peer_ring_sim::trace::Trace;

/// Three nodes, of which two answer; from the second second on something is wrong, and a client
/// puts and gets at n1.
fn suffer(fault: &str) -> Watched<Store> {
    run(&format!(
        "peer-ring schedule 2
app kv n=3 r=2 w=2 last-write-wins
seed 1
cluster 3 nodes 3 replicas 1 shards
latency 1ms to 1ms and 0% 1ms to 1ms
patience 1s then 1.1s
heal at 6s
{fault}
call #1 client 0 at 2.1s at n1 put key-0
call #2 client 0 at 2.2s at n1 get key-0
call #3 client 0 at 7s at n1 get key-0
"
    ))
}

fn run(text: &str) -> Watched<Store> {
    let store = Store::default();
    let plan = schedule::read(&store, text).unwrap().plan;
    let watched = run::watch(&store, &plan, Trace::with_lines());
    assert_eq!(watched.outcomes.violation, None);
    let begun: u64 = watched.outcomes.faults.values().sum();
    assert_eq!(begun, text.lines().filter(|line| line.starts_with("fault")).count() as u64);
    watched
}

fn says(watched: &Watched<Store>, text: &str) -> bool {
    watched.lines.iter().any(|line| line.text.contains(text))
}

/// How long the call with this number took; `None` when it was not done.
fn took(watched: &Watched<Store>, id: u32) -> Option<Duration> {
    let entry = watched.journal.entries().iter().find(|entry| entry.id == id).unwrap();
    entry.reply()?;
    Some(entry.returned()?.at.since(entry.invoked.at))
}

fn is_slow(watched: &Watched<Store>) -> bool {
    took(watched, 1).is_none_or(|span| span > Duration::from_millis(50))
}

#[test]
fn without_a_fault_all_is_done_at_once() {
    let watched = suffer("");
    assert!(!is_slow(&watched));
    let traffic = watched.outcomes.traffic;
    let struck = traffic.lost + traffic.delayed + traffic.reordered + traffic.duplicated;
    assert_eq!((struck, traffic.corrupted, traffic.refused), (0, 0, 0));
}

#[test]
fn dropped_messages_are_missed() {
    let watched = suffer("fault #1 at 2s for 1s drop n1 -> * 100%");
    assert_eq!(took(&watched, 1), None);
    assert!(watched.outcomes.traffic.lost > 0);
}

#[test]
fn delayed_messages_are_late() {
    let watched = suffer("fault #1 at 2s for 1s delay everywhere 100% by 900ms");
    assert!(is_slow(&watched) && watched.outcomes.traffic.delayed > 0);
}

#[test]
fn reordered_messages_overtake() {
    let watched = suffer("fault #1 at 2s for 2s reorder everywhere 50% by 500ms");
    assert!(watched.outcomes.traffic.reordered > 0);
}

#[test]
fn duplicated_messages_arrive_twice() {
    let watched = suffer("fault #1 at 2s for 1s duplicate n1 <-> n2 100% within 5ms");
    assert!(watched.outcomes.traffic.duplicated > 0);
}

#[test]
fn corrupted_messages_cost_the_link() {
    let watched = suffer("fault #1 at 2s for 1s corrupt n1 -> n2 100% flip");
    assert!(watched.outcomes.traffic.corrupted > 0);
    assert!(says(&watched, "drops the link"));
}

#[test]
fn a_slow_link_makes_messages_wait_and_refuses_more_than_it_can_queue() {
    let watched = suffer("fault #1 at 2s for 2s slow n1 -> * 200 B/s queue 20 B");
    let traffic = watched.outcomes.traffic;
    assert!(traffic.delayed > 0 && traffic.refused > 0, "{traffic:?}");
}

#[test]
fn lost_probes_make_suspects_and_nothing_else() {
    let watched = suffer("fault #1 at 1s for 5s probe-loss n1 -> n2 100%");
    assert!(!is_slow(&watched));
    assert!(watched.outcomes.marks.contains_key(&Mark::PeerSuspect));
}

#[test]
fn a_cut_lets_nothing_through_one_way() {
    let watched = suffer("fault #1 at 2s for 1s cut n1 -> n2\nfault #2 at 2s for 1s cut n1 -> n3");
    assert_eq!(took(&watched, 1), None);
}

#[test]
fn a_flapping_link_loses_what_is_sent_in_the_wrong_moment() {
    let watched = suffer("fault #1 at 2s for 3s flap n1 -> n2 every 500ms");
    assert!(watched.outcomes.traffic.lost > 0);
}

#[test]
fn a_minority_takes_no_writes() {
    assert_eq!(took(&suffer("fault #1 at 2s for 1s partition n1 | n2 n3"), 1), None);
    assert!(took(&suffer("fault #1 at 2s for 1s partition n1 n2 | n3"), 1).is_some());
}

#[test]
fn in_a_circle_everybody_has_a_majority() {
    let watched = run("peer-ring schedule 2
app kv n=5 r=3 w=3 last-write-wins
seed 1
cluster 5 nodes 5 replicas 1 shards
heal at 4s
fault #1 at 1s for 3s circle n1 n3 n5 n2 n4
call #1 client 0 at 2s at n1 put key-0
call #2 client 0 at 3s at n2 get key-0
");
    assert!(took(&watched, 1).is_some() && took(&watched, 2).is_some());
    assert!(watched.outcomes.traffic.lost > 0);
}

#[test]
fn a_swizzle_cuts_nodes_off_and_lets_them_in_again() {
    let swizzle = "fault #1 at 2s for 4s swizzle n3 n2 then n3 n2 every 1s";
    let watched = suffer(swizzle);
    // n3 alone is off, and two are left.
    assert!(took(&watched, 1).is_some());
    assert!(watched.outcomes.traffic.lost > 0);
    assert_eq!(took(&suffer(&swizzle.replace("n3 n2 then n3 n2", "n1 then n1")), 1), None);
}

#[test]
fn severed_links_are_made_again() {
    let watched = suffer("fault #1 at 2s for 0s sever n1 <-> n2");
    assert!(says(&watched, "the links n1 -> n2 break"));
}

#[test]
fn a_crashed_node_loses_its_memory_and_is_filled_again() {
    let watched = suffer("fault #1 at 3s for 1s crash n1");
    assert!(says(&watched, "n1 crashes"));
    // Asked after it came back with nothing.
    assert!(took(&watched, 3).is_some());
    assert!(watched.outcomes.marks.contains_key(&Mark::BlankAsked) || says(&watched, "Copy"));
}

#[test]
fn an_upgrade_takes_a_node_down_and_brings_it_back_with_another_wire() {
    let watched = suffer("wire n2 1 to 1\nfault #1 at 3s for 1s upgrade n2 to wire 2");
    assert!(says(&watched, "n2 crashes") && says(&watched, "n2 is to speak versions 1 to 2"));
}

#[test]
fn a_paused_node_answers_when_it_goes_on() {
    let watched = suffer("fault #1 at 2s for 500ms pause n1");
    assert!(took(&watched, 1).is_some_and(|span| span >= Duration::from_millis(400)));
}

#[test]
fn a_burst_is_refused_where_there_is_no_room_for_it() {
    let fault = "room 5\nfault #1 at 3s for 100ms burst n1 50 calls";
    assert!(suffer(fault).outcomes.marks.contains_key(&Mark::AdmissionFull));
}

/// Three nodes that found a cluster, and n4 that may come; n1 is asked to put at 2.1 s and to get
/// after the heal. Rings change fast.
fn churn(faults: &str) -> Watched<Store> {
    run(&format!(
        "peer-ring schedule 2
app kv n=3 r=2 w=2 last-write-wins
seed 1
cluster 4 nodes 3 replicas 1 shards
spares n4
steward settles in 100ms patience 300ms evicts after 1s
latency 1ms to 1ms and 0% 1ms to 1ms
patience 1s then 1.1s
heal at 9s
{faults}
call #1 client 0 at 2.1s at n1 put key-0
call #3 client 0 at 10s at n1 get key-0
"
    ))
}

#[test]
fn a_node_that_joins_becomes_a_member_and_holds_what_it_owns() {
    let watched = churn("fault #1 at 3s for 0s join n4");
    assert!(says(&watched, "n4 starts"));
    assert!(took(&watched, 3).is_some());
    // What comes from another ring than the first.
    assert!(says(&watched, "-> n4: Ring"), "nobody told it the ring");
}

#[test]
fn a_node_that_leaves_hands_over_what_it_has_and_is_gone_for_good() {
    let watched = churn("fault #1 at 3s for 0s join n4\nfault #2 at 4s for 1s leave n2 for good");
    assert!(says(&watched, "n2 is to leave") && says(&watched, "n2: Stop"));
    let starts = watched.lines.iter().filter(|line| line.text == "n2 starts").count();
    assert_eq!(starts, 1);
    assert!(took(&watched, 3).is_some());
}

#[test]
fn a_node_that_has_left_may_come_back() {
    let watched = churn("fault #1 at 3s for 0s join n4\nfault #2 at 4s for 4s leave n2");
    let starts = watched.lines.iter().filter(|line| line.text == "n2 starts").count();
    assert_eq!(starts, 2);
}

#[test]
fn a_node_that_stays_away_is_evicted_and_joins_again() {
    let watched = churn("fault #1 at 2.5s for 0s join n4\nfault #2 at 4s for 4s evict n2");
    assert!(says(&watched, "n2 crashes"));
    assert!(took(&watched, 3).is_some());
}

#[test]
fn a_node_that_is_replaced_has_nothing_left_and_is_filled_again() {
    let watched = churn("disks 1ms to 2ms\nfault #1 at 3s for 1s replace n1");
    assert!(says(&watched, "n1 crashes") && says(&watched, "n1 has nothing left"));
    assert!(took(&watched, 3).is_some());
}

#[test]
fn discovery_that_is_stale_tells_of_a_node_when_it_is_over() {
    let watched = churn(
        "fault #1 at 2s for 3s stale-discovery n1
fault #2 at 3s for 0s join n4",
    );
    let texts = watched.lines.iter().map(|line| line.text.as_str());
    let after: Vec<_> = texts.skip_while(|text| *text != "n1 is told news again").collect();
    let told = "n1: Discover { start: 1, word: Listed(About(NodeIndex(3))) }";
    assert!(says(&watched, "n1 is told no news") && after.contains(&told));
}

#[test]
fn discovery_that_is_partial_takes_nodes_away_that_are_there() {
    let watched = suffer("fault #1 at 2s for 2s partial-discovery n1 without n2 n3");
    assert!(says(&watched, "hide from n1") && says(&watched, "show up at n1"));
    assert!(took(&watched, 3).is_some());
}

#[test]
fn discovery_that_is_out_takes_nobody_away() {
    let watched = suffer("fault #1 at 2s for 2s discovery-outage everywhere");
    assert!(!is_slow(&watched));
    assert!(says(&watched, "discovery is out") && says(&watched, "discovery is back"));
}

/// How far the clock of n1 has come from the call of one number to that of the other.
fn passed(watched: &Watched<Store>, ids: [u32; 2]) -> i64 {
    let entries = watched.journal.entries();
    let find = |id| entries.iter().find(|entry: &&Entry<_, _>| entry.id == id).unwrap();
    let [first, second] = ids.map(find);
    second.wall.0.cast_signed() - first.wall.0.cast_signed()
}

#[test]
fn a_clock_jumps_and_jumps_back() {
    let usual = passed(&suffer(""), [1, 2]);
    let jumped = passed(&suffer("fault #1 at 2.15s for 1s jump n1 by +60000 ms"), [1, 2]);
    assert_eq!(jumped - usual, 60_000);
    let back = passed(&suffer("fault #1 at 2.15s for 1s jump n1 by -60000 ms"), [1, 2]);
    assert_eq!(back - usual, -60_000);
}

#[test]
fn a_clock_that_drifts_is_fast() {
    let (usual, fast) = (suffer(""), suffer("fault #1 at 2.1s for 3s drift n1 by +100000 ppm"));
    let gained = passed(&fast, [2, 3]) - passed(&usual, [2, 3]);
    assert!((200..400).contains(&gained), "{gained}");
}

#[test]
fn every_kind_of_fault_is_shown_here() {
    let source = include_str!("faults.rs");
    let words: BTreeSet<_> = source.split_whitespace().collect();
    let missing: Vec<_> = Kind::ALL.iter().filter(|kind| !words.contains(kind.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
