use peer_ring_core::peer::Lane;

use super::*;
use crate::plan::{Plan, Swarm};
use crate::run;
use crate::store::{Profile, Store};
use crate::story::{
    Arrival, Fate, Message, Operation, Outcome, Reception, Span, SpanKind, Violation,
};
use crate::time::Time;
use crate::world::NodeIndex;

const N1: NodeIndex = NodeIndex(0);
const N2: NodeIndex = NodeIndex(1);
const N3: NodeIndex = NodeIndex(2);

fn at(micros: u64) -> Time {
    Time(micros * 1_000)
}

fn arrived(micros: &[u64], reception: Reception) -> Fate {
    let arrival = |micros: &u64| Arrival { at: at(*micros), reception };
    Fate::Arrived { arrivals: micros.iter().map(arrival).collect(), is_late: false }
}

fn message(hop: (NodeIndex, NodeIndex), cause: u64, label: &str, sent: u64, fate: Fate) -> Message {
    Message {
        from: hop.0,
        to: hop.1,
        lane: Lane::Foreground,
        label: label.to_owned(),
        detail: format!("all of {label}"),
        cause: Some(cause),
        partition: Some(1),
        is_chatter: false,
        sent: at(sent),
        fate,
    }
}

fn operation(id: u64, node: NodeIndex, text: &str, invoked: u64, returned: u64) -> Operation {
    Operation {
        id,
        client: Some(format!("client {id}")),
        node,
        key: 7,
        text: text.to_owned(),
        invoked: at(invoked),
        returned: Some(at(returned)),
        outcome: Outcome::Ok,
        answer: "done".to_owned(),
        is_guilty: false,
    }
}

fn span(kind: SpanKind, text: &str, begin: u64, end: Option<u64>) -> Span {
    Span { kind, text: text.to_owned(), begin: at(begin), end: end.map(at) }
}

/// A write that one replica misses, for the network is cut, and a read that finds the old value.
fn stale_read() -> Story {
    let handled = Reception::Handled(at(0));
    let mut story = Story {
        nodes: ["n1", "n2", "n3"].map(str::to_owned).to_vec(),
        messages: vec![
            message((N1, N2), 0, "put a = 1", 1_000, arrived(&[1_300, 1_900], handled)),
            message((N1, N3), 0, "put a = 1", 1_000, arrived(&[1_500], handled)),
            message((N2, N1), 0, "done", 1_300, arrived(&[1_700], Reception::Dropped)),
            message((N1, N2), 1, "put a = 2", 900_000, arrived(&[900_400], handled)),
            message((N1, N3), 1, "put a = 2", 900_000, Fate::Lost),
            message((N2, N1), 1, "done", 900_400, arrived(&[900_900], handled)),
            message((N3, N2), 2, "get a", 902_000, Fate::Unsent),
        ],
        spans: vec![
            span(SpanKind::Fault(3), "cut n1 -> n3", 500_000, None),
            span(SpanKind::Paused(N2), "paused", 2_000, Some(3_000)),
            span(SpanKind::Down(N2), "down", 901_500, None),
            span(SpanKind::Moment(N1), "clock jumps +5 ms", 1_200, Some(1_200)),
        ],
        operations: vec![
            operation(0, N1, "put a = 1", 1_000, 1_700),
            operation(1, N1, "put a = 2", 900_000, 900_900),
            Operation {
                answer: "found 1".to_owned(),
                ..operation(2, N3, "get a", 902_000, 902_000)
            },
        ],
        violation: None,
        end: at(2_000_000),
    };
    story.accuse(
        "correctness",
        "lost write",
        "a read showed a value that had been replaced",
        [1, 2],
    );
    story
}

/// A run of many operations, in which every name is as bad as can be.
fn huge() -> Story {
    let bad = "</text></svg><script>alert('x')</script>&amp;\u{0}\u{1b}\u{ffff}\"日本語".repeat(20);
    let nodes = (1..=40).map(|number| format!("{bad}{number}")).collect();
    let hop = |number: u64| {
        let from = NodeIndex(u8::try_from(number % 40).unwrap());
        (from, NodeIndex((from.0 + 1) % 40))
    };
    let handled = Reception::Handled(at(0));
    let messages = (0..100_000).map(|number| {
        let fate = match number % 3 {
            0 => Fate::Lost,
            1 => arrived(&[number * 10 + 400], Reception::Dropped),
            _ => arrived(&[number * 10 + 400, number * 10 + 90_000], handled),
        };
        message(hop(number), number / 10, &bad, number * 10, fate)
    });
    let operations = (0..10_000).map(|number| Operation {
        client: Some(format!("{bad}{}", number % 9)),
        answer: bad.clone(),
        ..operation(number, hop(number).0, &bad, number * 100, number * 100 + 2_000)
    });
    let spans = (0..5_000).map(|number| {
        let kind = match number % 3 {
            0 => SpanKind::Fault(u32::try_from(number).unwrap()),
            1 => SpanKind::Down(hop(number).0),
            _ => SpanKind::Moment(hop(number).0),
        };
        span(kind, &bad, number * 100, Some(number * 100 + 5_000))
    });
    Story {
        nodes,
        messages: messages.collect(),
        spans: spans.collect(),
        operations: operations.collect(),
        violation: Some(Violation {
            class: bad.clone(),
            checker: bad.clone(),
            text: format!("{bad}\n").repeat(100),
            at: at(500_000),
            keys: [7].into(),
        }),
        end: at(1_000_000),
    }
}

/// The names of all elements; panics unless each is closed in its turn.
fn elements(svg: &str) -> Vec<String> {
    let (mut open, mut all) = (Vec::new(), Vec::new());
    for piece in svg.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').expect("every tag ends");
        assert!(!text.contains('>'), "{text}");
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
            continue;
        }
        let name = tag.split([' ', '/']).next().unwrap().to_owned();
        all.push(name.clone());
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert_eq!(open, Vec::<String>::new());
    all
}

/// The rectangles of one class: left, top, right, bottom.
fn rectangles(svg: &str, class: &str) -> Vec<[i32; 4]> {
    let start = format!("<rect class=\"{class}");
    let number = |tag: &str, name: &str| -> i32 {
        let (_, rest) = tag.split_once(&format!(" {name}=\"")).unwrap();
        rest.split_once('"').unwrap().0.parse().unwrap()
    };
    let tags = svg.lines().filter(|line| line.starts_with(&start));
    tags.map(|tag| {
        let (x, y) = (number(tag, "x"), number(tag, "y"));
        [x, y, x + number(tag, "width"), y + number(tag, "height")]
    })
    .collect()
}

fn nothing_overlaps(svg: &str) {
    let (_, body) = svg.split_once("<g transform").unwrap();
    let labels = rectangles(body, "under");
    let boxes = ["ok", "failed", "unknown"].map(|class| rectangles(body, class)).concat();
    let page = rectangles(svg, "page")[0];
    for placed in [labels, boxes] {
        for (at, one) in placed.iter().enumerate() {
            assert!(one[0] >= 0 && one[2] <= page[2] && one[3] <= page[3], "{one:?} is cut off");
            for other in &placed[at + 1..] {
                let is_apart = one[2] <= other[0]
                    || other[2] <= one[0]
                    || one[3] <= other[1]
                    || other[3] <= one[1];
                assert!(is_apart, "{one:?} and {other:?} overlap");
            }
        }
    }
}

#[test]
fn a_stale_read_can_be_read_in_a_terminal() {
    assert_eq!(text(&stale_read(), &Options::default()), include_str!("tests/stale_read.txt"));
}

#[test]
fn a_picture_is_well_formed_and_nothing_in_it_overlaps() {
    let svg = svg(&stale_read(), &Options::default());
    let elements = elements(&svg);
    assert_eq!(elements[0], "svg");
    for wanted in ["put a = 2 (lost)", "get a (not sent)", "done (dropped)", "put a = 1 (again)"] {
        assert!(svg.contains(wanted), "{wanted}");
    }
    nothing_overlaps(&svg);
}

#[test]
fn no_name_breaks_a_picture_and_no_run_makes_it_large() {
    let story = huge();
    for has_background in [false, true] {
        let options = Options { has_background, ..Options::default() };
        let svg = svg(&story, &options);
        let names = elements(&svg);
        assert!(names.iter().all(|name| name != "script"));
        assert!(!svg.contains('\0') && !svg.contains('\u{1b}'));
        assert!(svg.len() < 1_000_000, "{} bytes", svg.len());
        nothing_overlaps(&svg);
        let text = text(&story, &options);
        assert!(text.len() < 400_000, "{} bytes", text.len());
        assert!(!text.contains('\u{1b}'));
    }
}

#[test]
fn nothing_overlaps_in_whole_runs() {
    for seed in 0..4 {
        for profile in [Profile::Default, Profile::Weak] {
            let store = Store { profile, ..Store::default() };
            let (_, story) = run::record(&store, &Plan::draw(&store, seed, &Swarm::default()));
            let svg = svg(&story, &Options::default());
            elements(&svg);
            nothing_overlaps(&svg);
        }
    }
}

#[test]
fn an_empty_story_can_be_drawn() {
    elements(&svg(&Story::default(), &Options::default()));
    assert!(text(&Story::default(), &Options::default()).contains("time"));
}

#[test]
fn what_came_after_the_violation_is_left_out_and_that_is_said() {
    let mut story = stale_read();
    story.operations.push(operation(3, N1, "put a = 3", 950_000, 951_000));
    let text = text(&story, &Options::default());
    assert!(!text.contains("put a = 3"));
    assert!(text.contains("Left out: 1 of 4 operations"), "{text}");
}

#[test]
fn one_story_is_drawn_in_one_way() {
    let (one, other) = (stale_read(), stale_read());
    assert_eq!(svg(&one, &Options::default()), svg(&other, &Options::default()));
}
