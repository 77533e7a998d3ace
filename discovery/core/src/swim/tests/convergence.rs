//! How fast all know of a change.

use super::SECOND;
use super::world::World;

/// Within so many seconds each of 100 nodes knows of a node that has joined, and that one of them,
/// under 10 % loss.
const JOIN_SECS_MAX: f64 = 5.0;

/// Within so many seconds each of 100 nodes knows of a node that has crashed, under 10 % loss.
const CRASH_SECS_MAX: f64 = 20.0;

/// The times, in seconds, in which a cluster of so many nodes converges.
#[derive(Debug)]
struct Times {
    /// All nodes, started at once, know each other.
    formed: f64,
    /// All know of a node that has joined.
    joined: f64,
    /// It knows of all.
    learnt: f64,
    /// All have a node that has crashed for down.
    crashed: f64,
    /// Datagrams a second that a node sends when nothing changes.
    idle_rate: u64,
}

fn times(nodes: usize, loss: f64, seed: u64) -> Times {
    let mut world = World::new(seed);
    world.loss = loss;
    (0..nodes).for_each(|node| world.start(node));
    let formed = world.run_until(120, |world| world.all_know(nodes)).unwrap();
    world.run_for(SECOND * 5);
    let (sent, began) = (world.sent, world.now);
    world.run_for(SECOND * 5);
    let idle_rate = (world.sent - sent) / world.now.since(began).as_secs() / nodes as u64;
    let began = world.now;
    world.start(nodes);
    let joined = world.run_until(60, |world| world.all_agree_on(nodes, true)).unwrap();
    world.run_until(60, |world| world.nodes[&nodes].members().count() == nodes).unwrap();
    let learnt = world.now.since(began).as_secs_f64();
    world.crash(2);
    let crashed = world.run_until(60, |world| world.all_agree_on(2, false)).unwrap();
    world.run_for(SECOND);
    assert!(world.all_know(nodes), "a node that lives is held for down");
    assert_eq!(world.lost(), 0);
    Times { formed, joined, learnt, crashed, idle_rate }
}

#[test]
fn a_hundred_nodes_converge_on_a_join_and_on_a_crash_under_loss() {
    let times = times(100, 0.1, 1);
    assert!(times.joined < JOIN_SECS_MAX && times.learnt < JOIN_SECS_MAX, "{times:?}");
    assert!(times.crashed < CRASH_SECS_MAX, "{times:?}");
}

#[test]
fn few_nodes_converge_as_well() {
    for nodes in [3, 10, 30] {
        let times = times(nodes, 0.1, nodes as u64);
        assert!(times.joined < JOIN_SECS_MAX && times.learnt < JOIN_SECS_MAX, "{times:?}");
        assert!(times.crashed < CRASH_SECS_MAX, "{times:?}");
    }
}

/// Prints a table of times: `cargo test --release -- --ignored --nocapture how_long`.
#[test]
#[ignore = "a measurement, of a minute or so"]
fn how_long_clusters_of_3_to_200_nodes_take() {
    println!("| nodes | loss | seeds | formed | join known | joiner knows | crash | idle |");
    for (nodes, seeds) in [(3, 30), (10, 30), (30, 20), (100, 10), (200, 5)] {
        for loss in [0.0, 0.1] {
            let all: Vec<_> = (0..seeds).map(|seed| times(nodes, loss, seed)).collect();
            let both = |pick: fn(&Times) -> f64| {
                let mut picked: Vec<_> = all.iter().map(pick).collect();
                picked.sort_by(f64::total_cmp);
                format!("{:.1} / {:.1}", picked[picked.len() / 2], picked[picked.len() - 1])
            };
            let idle = all.iter().map(|it| it.idle_rate).max().unwrap_or_default();
            println!(
                "| {nodes} | {loss} | {seeds} | {} | {} | {} | {} | {idle}/s |",
                both(|it| it.formed),
                both(|it| it.joined),
                both(|it| it.learnt),
                both(|it| it.crashed)
            );
        }
    }
}
