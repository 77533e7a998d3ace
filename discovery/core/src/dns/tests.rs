use super::*;

/// A directory, the time, and what was said.
struct Story {
    directory: Directory,
    now: Now,
}

fn nodes(listed: &[(&str, &[&str])]) -> Answer {
    let node = |(name, found): &(&str, &[&str])| {
        (NodeName::new(name).unwrap(), found.iter().map(|it| (*it).to_owned()).collect())
    };
    let nodes = listed.iter().map(node).collect();
    Answer::Listed { nodes, ttl: Duration::from_secs(5), is_whole: true }
}

fn part_of(answer: Answer) -> Answer {
    let Answer::Listed { nodes, ttl, .. } = answer else { panic!("a list is wanted") };
    Answer::Listed { nodes, ttl, is_whole: false }
}

impl Story {
    fn new() -> Self {
        let secs = Duration::from_secs;
        let pace = Pace {
            ttl: secs(1)..=secs(30),
            pauses: (Duration::from_millis(100), secs(5)),
            forget_after: secs(12),
            settle_after: secs(3),
        };
        Self { directory: Directory::new(pace), now: Now::default() }
    }

    /// Waits until it asks, answers, and gives what is said and how long it waits next.
    fn answer(&mut self, answer: Answer) -> (Vec<String>, Duration) {
        let at = self.directory.deadline().expect("it will ask");
        self.now.tick = self.now.tick.max(at);
        let mut out = Outbox::new();
        self.directory.wake(self.now, &mut out);
        assert_eq!(out.pop(), Some(Out::Ask));
        assert_eq!(self.directory.deadline(), None, "one question at a time");
        self.directory.handle(self.now, In::Answered { answer, jitter: 1.0 }, &mut out);
        let said = |order: Out| match order {
            Out::Fact(Fact::Seen(it)) => format!("{} at {}", it.name, it.address),
            Out::Fact(Fact::Lost(name)) => format!("{name} lost"),
            Out::Fact(Fact::Settled) => "settled".to_owned(),
            Out::Ask => panic!("asks at once"),
        };
        let facts = out.drain().map(said).collect();
        (facts, self.directory.deadline().unwrap().since(self.now.tick))
    }

    fn says(&mut self, answer: Answer) -> Vec<String> {
        self.answer(answer).0
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn says_what_is_listed_then_settles_then_what_changes() {
    let mut story = Story::new();
    let two = || nodes(&[("n1", &["a:1"]), ("n2", &["b:1"])]);
    assert_eq!(story.says(two()), ["n1 at a:1", "n2 at b:1", "settled"]);
    assert_eq!(story.answer(two()), (vec![], SECOND * 5));
    assert_eq!(story.says(nodes(&[("n1", &["a:1"]), ("n2", &["c:1"])])), ["n2 at c:1"]);
}

#[test]
fn of_several_addresses_the_one_said_before_stays() {
    let mut story = Story::new();
    assert_eq!(story.says(nodes(&[("n1", &["b:1"])])), ["n1 at b:1", "settled"]);
    assert_eq!(story.says(nodes(&[("n1", &["a:1", "b:1"])])), [""; 0]);
    assert_eq!(story.says(nodes(&[("n1", &["a:1", "c:1"])])), ["n1 at a:1"]);
}

#[test]
fn who_is_left_out_is_lost_in_time_and_not_by_one_answer() {
    let mut story = Story::new();
    story.says(nodes(&[("n1", &["a:1"]), ("n2", &["b:1"])]));
    let one = || nodes(&[("n1", &["a:1"])]);
    // Each comes five seconds after the one before.
    assert_eq!(story.says(one()), [""; 0]);
    assert_eq!(story.says(one()), [""; 0]);
    assert_eq!(story.says(one()), [""; 0]);
    assert_eq!(story.says(one()), ["n2 lost"]);
    assert_eq!(story.says(nodes(&[("n2", &["b:1"])])), ["n2 at b:1"]);
}

#[test]
fn who_is_listed_now_and_then_stays() {
    let mut story = Story::new();
    story.says(nodes(&[("n1", &["a:1"]), ("n2", &["b:1"])]));
    for _ in 0..10 {
        assert_eq!(story.says(nodes(&[("n1", &["a:1"])])), [""; 0]);
        assert_eq!(story.says(nodes(&[("n2", &["b:1"])])), [""; 0]);
    }
}

#[test]
fn a_part_of_a_list_adds_and_takes_nobody_away() {
    let mut story = Story::new();
    story.says(nodes(&[("n1", &["a:1"])]));
    for round in 0..10 {
        let said = story.says(part_of(nodes(&[("n2", &["b:1"])])));
        assert_eq!(said.len(), usize::from(round == 0), "{said:?}");
    }
}

#[test]
fn an_outage_takes_nobody_away_and_what_changed_meanwhile_is_said_after_it() {
    let mut story = Story::new();
    story.says(nodes(&[("n1", &["a:1"]), ("n2", &["b:1"])]));
    for round in 0..100 {
        let answer = if round % 2 == 0 { Answer::Failed } else { Answer::Nothing };
        assert_eq!(story.says(answer), [""; 0]);
    }
    let after = || nodes(&[("n1", &["c:1"]), ("n3", &["d:1"])]);
    assert_eq!(story.says(after()), ["n1 at c:1", "n3 at d:1"]);
    (0..2).for_each(|_| assert_eq!(story.says(after()), [""; 0]));
    assert_eq!(story.says(after()), ["n2 lost"]);
}

#[test]
fn failures_are_repeated_less_and_less_often() {
    let mut story = Story::new();
    let mut waits = || story.answer(Answer::Failed).1.as_millis();
    assert_eq!([waits(), waits(), waits(), waits()], [100, 200, 400, 800]);
    (0..10).for_each(|_| assert!(waits() <= 5_000));
    assert_eq!(waits(), 5_000);
    story.says(nodes(&[("n1", &["a:1"])]));
    assert_eq!(story.answer(Answer::Failed).1.as_millis(), 100);
}

#[test]
fn who_never_gets_an_answer_does_not_settle() {
    let mut story = Story::new();
    (0..100).for_each(|_| assert_eq!(story.says(Answer::Failed), [""; 0]));
    assert_eq!(story.says(nodes(&[("n1", &["a:1"])])), ["n1 at a:1", "settled"]);
}

#[test]
fn who_finds_no_records_settles_in_time() {
    let mut story = Story::new();
    assert_eq!(story.says(Answer::Nothing), [""; 0]);
    story.now.tick = Instant::default() + SECOND * 3;
    assert_eq!(story.says(Answer::Nothing), ["settled"]);
    assert_eq!(story.says(Answer::Nothing), [""; 0]);
}

#[test]
fn who_finds_a_part_asks_for_the_rest_soon_and_settles_in_time() {
    let mut story = Story::new();
    let part = || part_of(nodes(&[("n1", &["a:1"])]));
    let (said, wait) = story.answer(part());
    assert_eq!((said, wait.as_millis()), (vec!["n1 at a:1".to_owned()], 100));
    assert_eq!(story.answer(part()), (vec![], SECOND / 5));
    story.now.tick = Instant::default() + SECOND * 3;
    assert_eq!(story.says(part()), ["settled"]);
    (0..10).for_each(|_| assert!(story.answer(part()).1 <= SECOND * 5, "the time to live"));
    assert_eq!(story.answer(nodes(&[("n1", &["a:1"])])), (vec![], SECOND * 5));
    assert_eq!(story.answer(part()).1.as_millis(), 100);
}

#[test]
fn who_finds_the_rest_settles_at_once() {
    let mut story = Story::new();
    assert_eq!(story.says(part_of(nodes(&[("n1", &["a:1"])]))), ["n1 at a:1"]);
    let all = nodes(&[("n1", &["a:1"]), ("n2", &["b:1"])]);
    assert_eq!(story.says(all), ["n2 at b:1", "settled"]);
}

#[test]
fn times_to_live_are_kept_within_bounds() {
    let listed = |secs| {
        let nodes = [(NodeName::new("n1").unwrap(), BTreeSet::from(["h:1".to_owned()]))];
        let ttl = Duration::from_secs(secs);
        Answer::Listed { nodes: BTreeMap::from(nodes), ttl, is_whole: true }
    };
    let wait = |secs| Story::new().answer(listed(secs)).1.as_secs();
    assert_eq!([0, 5, 3_600].map(wait), [1, 5, 30]);
}
