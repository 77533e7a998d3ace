//! Stories of whole runs: recording changes nothing, and what was sent for what is known.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::time::Duration;

use peer_ring_kv::{Action, Command, Kv};
use peer_ring_sim::diagram::{Options, svg, text};
use peer_ring_sim::plan::Plan;
use peer_ring_sim::store::{Profile, Store};
use peer_ring_sim::story::{Fate, KvWords, Outcome, SpanKind};
use peer_ring_sim::{Simulation, Swarm, run};

fn command(action: Action) -> Command {
    Command { namespace: Default::default(), quorum: Default::default(), action }
}

fn put(value: &'static str) -> Command {
    command(Action::Put { key: "cart".into(), value: value.into(), expires: None })
}

fn get() -> Command {
    command(Action::Get { key: "cart".into() })
}

#[test]
fn recording_changes_nothing_of_what_happens() {
    for seed in 0..6 {
        let store = Store::default();
        let plan = Plan::draw(&store, seed, &Swarm::default());
        let (recorded, story) = run::record(&store, &plan);
        assert_eq!(run::run(&store, &plan), recorded.outcomes);
        assert!(story.messages.len() as u64 >= recorded.outcomes.traffic.sent);
        assert_eq!(story, run::record(&store, &plan).1);
    }
}

#[test]
fn all_that_a_command_caused_is_known_to_be_its_own() {
    let mut sim = Simulation::new(5).nodes(5).app(Kv::default()).start();
    sim.record(KvWords);
    for node in ["n1", "n2", "n3", "n4", "n5"] {
        sim.ask(node, put("apples")).unwrap();
    }
    sim.run_for(Duration::from_secs(3));
    let story = sim.story();
    let labels = |id: u64| -> Vec<&str> {
        let its = story.messages.iter().filter(|message| message.cause == Some(id));
        its.map(|message| message.label.as_str()).collect()
    };
    let forwarded = story.operations.iter().map(|operation| labels(operation.id));
    let forwarded: Vec<_> = forwarded.filter(|it| it[0] == "forward put cart = apples").collect();
    assert_eq!(forwarded.len(), 2, "two of five nodes do not own the key");
    for labels in forwarded {
        assert_eq!(labels[1..3], ["put cart = apples"; 2]);
        assert!(labels.contains(&"forwarded: done"));
    }
    let chatter = story.messages.iter().filter(|message| message.is_chatter);
    assert!(chatter.clone().count() > 0);
    assert!(chatter.clone().all(|message| message.cause.is_none()));
}

#[test]
fn a_story_tells_what_became_of_nodes_messages_and_operations() {
    let mut sim = Simulation::new(3).nodes(3).app(Kv::default()).start();
    sim.record(KvWords);
    sim.partition(&["n1"], &["n2", "n3"]);
    sim.ask("n1", put("pears")).unwrap_err();
    sim.heal();
    sim.crash("n2");
    sim.ask("n2", get()).unwrap_err();
    sim.start("n2");
    sim.pause("n3");
    sim.run_for(Duration::from_secs(1));
    sim.resume("n3");
    let story = sim.story();
    let outcomes: Vec<_> = story.operations.iter().map(|operation| operation.outcome).collect();
    assert_eq!(outcomes, [Outcome::Unknown, Outcome::Failed]);
    let kinds: Vec<_> = story.spans.iter().map(|span| span.kind).collect();
    let down = |kind: &&SpanKind| matches!(kind, SpanKind::Down(node) if node.0 == 1);
    assert_eq!(kinds.iter().filter(down).count(), 1);
    assert!(kinds.iter().any(|kind| matches!(kind, SpanKind::Paused(node) if node.0 == 2)));
    assert!(story.spans.iter().all(|span| span.end.is_some()));
    assert!(story.messages.iter().any(|message| message.fate == Fate::Lost));
}

#[test]
fn a_run_that_breaks_a_promise_is_drawn_with_what_is_to_blame() {
    let store = Store { profile: Profile::Weak, ..Store::default() };
    let plans = (0..50).map(|seed| Plan::draw(&store, seed, &Swarm::default()));
    let mut runs = plans.map(|plan| run::record(&store, &plan));
    let (broken, story) = runs.find(|(run, _)| run.outcomes.violation.is_some()).unwrap();
    let checker = broken.outcomes.violation.unwrap().checker;
    assert!(story.operations.iter().any(|operation| operation.is_guilty));
    let text = text(&story, &Options::default());
    assert!(text.starts_with(&format!("BROKEN PROMISE: {checker}")), "{text}");
    assert!(text.lines().any(|line| line.starts_with("! ")), "{text}");
    assert!(svg(&story, &Options::default()).contains("BROKEN PROMISE seen here"));
}
