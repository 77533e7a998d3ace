use super::*;

fn refused(text: &str) -> String {
    let parsed = Scene::parse("a.scene", text);
    let played = parsed.and_then(|scene| play::<Simulated>(&scene));
    played.unwrap_err().to_string()
}

#[test]
fn a_scene_is_printed_as_it_was_written() {
    let text = "# A remark.\n\nnodes 3\nput a 1 at n1\n  ok\n\nheal\n";
    assert_eq!(Scene::parse("a.scene", text).unwrap().to_string(), text);
}

#[test]
fn an_unknown_word_is_named_with_its_file_and_line() {
    assert_eq!(refused("nodes 3\n\nbreak n1\n"), "a.scene:3: there is no step `break`");
    assert_eq!(refused("nodes 3\nget a at n1 w 2\n"), "a.scene:2: a read has no `w`");
    assert_eq!(refused("nodes 3\nget a at m1\n"), "a.scene:2: `m1` is no node");
    assert_eq!(refused("nodes 3\nwait 5\n"), "a.scene:2: `5` has no unit: `ms` or `s`");
    assert_eq!(refused("nodes 3\nheal now\n"), "a.scene:2: `now` is one word too many");
    assert_eq!(
        refused("nodes 3\ncut n1 => n2\n"),
        "a.scene:2: `->` or `<->` is expected, not `=>`"
    );
    assert_eq!(refused("nodes 3\nput a 1\n"), "a.scene:2: `at` is missing");
    let divided = "a.scene:2: two groups of nodes are expected, with a `|` between them";
    assert_eq!(refused("nodes 3\npartition n1 n2\n"), divided);
    assert_eq!(refused("nodes 3\npartition n1 | n2 | \n"), divided);
}

#[test]
fn a_step_that_cannot_be_taken_is_named_with_its_file_and_line() {
    assert_eq!(refused("heal\n"), "a.scene:1: the first step is `nodes`");
    assert_eq!(refused("nodes 2\ncrash n3\n"), "a.scene:2: there is no n3 here");
    assert_eq!(refused("nodes 2\ncrash n2\ncrash n2\n"), "a.scene:3: n2 is down");
    assert_eq!(refused("nodes 2\nstart n2\n"), "a.scene:2: n2 is up already");
    assert_eq!(refused("nodes 2\nanswer x\n"), "a.scene:2: there is no request `x`");
    assert_eq!(refused("nodes 2\nget a at n1 as x\n"), "a.scene:2: nobody waits for `x`");
}

#[test]
fn an_outcome_without_a_step_is_refused() {
    assert_eq!(refused("  ok\n"), "a.scene:1: an outcome follows its step");
    assert_eq!(refused("nodes 3\n\n  ok\n"), "a.scene:3: an outcome follows its step");
}

#[test]
fn a_partition_cuts_every_way_between_its_groups() {
    let Ok(Step::Harm(ways, step::Harm::Cut)) = parse::step("partition n1 | n2 n3") else {
        panic!("it is a step that cuts");
    };
    let ways: Vec<_> = ways.iter().map(ToString::to_string).collect();
    assert_eq!(ways, ["n1 -> n2", "n1 -> n3", "n2 -> n1", "n3 -> n1"]);
}

#[test]
fn recorded_outcomes_are_replaced_by_those_of_today() {
    let scene = Scene::parse("a.scene", "nodes 1\nget a at n1\n  ok, 5\n  and more\n").unwrap();
    let played = play::<Simulated>(&scene).unwrap();
    assert_eq!(played.to_string(), "nodes 1\nget a at n1\n  ok, nothing\n");
}

#[test]
fn the_first_outcome_that_differs_is_named() {
    let scene = |text| Scene::parse("a.scene", text).unwrap();
    let recorded = scene("nodes 1\nget a at n1\n  ok, 5\n");
    let played = play::<Simulated>(&recorded).unwrap();
    let said = "a.scene:3: `ok, 5` was recorded, now it is `ok, nothing`";
    assert_eq!(recorded.difference(&played).unwrap(), said);
    assert_eq!(played.difference(&played), None);
    let fresh = scene("nodes 1\nget a at n1\n");
    let said = "a.scene:3: `(the end)` was recorded, now it is `ok, nothing`";
    assert_eq!(fresh.difference(&played).unwrap(), said);
}
