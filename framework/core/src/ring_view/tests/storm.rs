//! Words are lost and late, links break, nodes start again and operators order whatever they like:
//! one ring follows another, never two; and in the end all are in it.

use proptest::prelude::*;

use super::*;

pub(super) const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// What happens next; nodes go by their place among the names.
#[derive(Clone, Debug)]
pub(super) enum Move {
    /// The next word of the link that has this one arrives.
    Deliver(usize),
    Drop(usize),
    Pass(u64),
    Stop(usize),
    Start(usize),
    Cut(usize, usize),
    Mend(usize, usize),
    Order(usize, usize),
    /// The replicas of a node have all that they are to have, or do not for now.
    Ready(usize),
    Unready(usize),
    /// Everything is delivered.
    Settle,
}

pub(super) fn moves() -> impl Strategy<Value = Vec<Move>> {
    let node = || 0..NAMES.len();
    let any_move = prop_oneof![
        20 => any::<usize>().prop_map(Move::Deliver),
        2 => any::<usize>().prop_map(Move::Drop),
        4 => (1..1_500_u64).prop_map(Move::Pass),
        1 => node().prop_map(Move::Stop),
        2 => node().prop_map(Move::Start),
        1 => (node(), node()).prop_map(|(one, other)| Move::Cut(one, other)),
        1 => (node(), node()).prop_map(|(one, other)| Move::Mend(one, other)),
        1 => (node(), 0..4_usize).prop_map(|(at, what)| Move::Order(at, what)),
        1 => node().prop_map(Move::Ready),
        1 => node().prop_map(Move::Unready),
        3 => Just(Move::Settle),
    ];
    prop::collection::vec(any_move, 1..300)
}

fn change(remove: &[&str], weights: &[(&str, u32)]) -> Order {
    let remove = remove.iter().map(|it| name(it)).collect();
    let weights = weights.iter().map(|(it, weight)| (name(it), *weight)).collect();
    Order::Apply { epoch: None, change: Change { remove, weights } }
}

impl Nodes {
    pub(super) fn is_up(&self, text: &str) -> bool {
        self.nodes.get(&seat(text)).is_some_and(|node| !node.is_down)
    }

    pub(super) fn go_on(&mut self, next: &Move) {
        let under_way = self.letters.len();
        match *next {
            Move::Deliver(_) | Move::Drop(_) if under_way == 0 => {}
            Move::Deliver(which) => {
                let (from, to, _) = self.letters[which % under_way];
                let is_of_link = |it: &(Seat, Seat, Message)| (it.0, it.1) == (from, to);
                let at = self.letters.iter().position(is_of_link).unwrap();
                let (from, to, message) = self.letters.remove(at).unwrap();
                self.tell(to, ControlIn::Peer { from, message });
            }
            Move::Drop(which) => drop(self.letters.remove(which % under_way)),
            Move::Pass(millis) => self.pass_silently(Duration::from_millis(millis)),
            Move::Stop(which) if self.is_up(NAMES[which]) => self.crash(seat(NAMES[which])),
            Move::Start(which) if !self.is_up(NAMES[which]) => self.begin(NAMES[which]),
            Move::Stop(_) | Move::Start(_) => {}
            Move::Cut(one, other) => self.cut_link(seat(NAMES[one]), seat(NAMES[other])),
            Move::Mend(one, other) => {
                let (one, other) = (seat(NAMES[one]), seat(NAMES[other]));
                if self.cut.remove(&(one.min(other), one.max(other))) {
                    self.link_two(one, other);
                }
            }
            Move::Order(at, what) if self.is_up(NAMES[at]) => {
                let order = match what {
                    0 => Order::Cancel,
                    1 => change(
                        &[],
                        &[(NAMES[(at + 1) % 5], 1 + u32::from(under_way.is_multiple_of(2)))],
                    ),
                    2 => change(&[NAMES[(at + 2) % 5]], &[]),
                    _ => change(&[], &[]),
                };
                self.ids += 1;
                let (at, caller) = (seat(NAMES[at]), CallerId(self.ids));
                self.callers.push((at, caller));
                self.tell(at, ControlIn::Order { caller, order });
            }
            Move::Order(..) => {}
            Move::Ready(which) => self.has_all(NAMES[which]),
            Move::Unready(which) => drop(self.unready.insert(seat(NAMES[which]))),
            Move::Settle => self.deliver(),
        }
    }

    /// Ends a node; what it had said and nobody heard is lost, and so are those who waited there.
    pub(super) fn crash(&mut self, gone: Seat) {
        self.letters.retain(|(from, to, _)| *from != gone && *to != gone);
        self.callers.retain(|(at, _)| *at != gone);
        self.nodes.get_mut(&gone).unwrap().is_down = true;
        self.forget_links(gone);
    }

    pub(super) fn cut_link(&mut self, one: Seat, other: Seat) {
        if one == other || !self.cut.insert((one.min(other), one.max(other))) {
            return;
        }
        let is_of_both = |it: &(Seat, Seat)| *it == (one, other) || *it == (other, one);
        self.letters.retain(|(from, to, _)| !is_of_both(&(*from, *to)));
        self.tell(one, ControlIn::LinkDown { seat: other });
        self.tell(other, ControlIn::LinkDown { seat: one });
    }

    /// Lets time pass in which nothing arrives; what was to be kept is, in the end.
    pub(super) fn pass_silently(&mut self, span: Duration) {
        let end = self.now.tick + span;
        while self.now.tick < end {
            self.tick();
        }
        for (at, number, state) in std::mem::take(&mut self.to_keep) {
            self.kept.insert(at, state);
            self.tell(at, ControlIn::Kept(number));
        }
    }

    fn has_all(&mut self, text: &str) {
        self.unready.remove(&seat(text));
        let ring = self.nodes.get(&seat(text)).and_then(|node| node.ring.clone());
        if let Some(ring) = ring {
            let progress = Progress { epoch: ring.epoch(), ..Progress::default() };
            let report = Report::Progress(progress);
            self.tell(seat(text), ControlIn::Shard { index: 0, report });
        }
    }

    /// No two nodes know another ring of one epoch, but in clusters that were founded apart.
    pub(super) fn check_one_chain(&self) {
        let mut known = BTreeMap::new();
        for ring in self.nodes.values().flat_map(|node| &node.rings) {
            let first = known.entry((ring.cluster(), ring.epoch())).or_insert(ring);
            assert_eq!(first.fingerprint(), ring.fingerprint(), "{}", ring.epoch());
        }
    }

    /// What is kept is kept at once, and all that are there can reach each other.
    pub(super) fn mend(&mut self) {
        self.keeps_late = false;
        self.pass_silently(Duration::from_millis(10));
        for (one, other) in std::mem::take(&mut self.cut) {
            self.link_two(one, other);
        }
        self.unready.clear();
    }

    /// Everybody is there, and whole, and can reach everybody.
    fn calm_down(&mut self) {
        self.mend();
        for which in 0..NAMES.len() {
            self.go_on(&Move::Start(which));
            self.go_on(&Move::Ready(which));
        }
        // Members that are back, and what was removed, and a change that was cancelled.
        for at in NAMES.iter().chain(&NAMES) {
            self.pass(Duration::from_secs(10));
            self.order(at, change(&[], &[]));
        }
        self.pass(Duration::from_secs(10));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn one_ring_follows_another_whatever_happens(
        has_disks in any::<bool>(),
        keeps_late in any::<bool>(),
        moves in moves(),
    ) {
        let mut nodes = Nodes::new(3);
        nodes.has_disks = has_disks;
        nodes.settings.evict_after = Some(Duration::from_secs(20));
        for name in &NAMES[..3] {
            nodes.start(name);
        }
        nodes.keeps_late = keeps_late;
        for next in &moves {
            nodes.go_on(next);
            nodes.check_one_chain();
        }
        // Without their votes too many may be lost.
        if has_disks {
            nodes.calm_down();
            nodes.check_one_chain();
            let callers = nodes.callers.iter();
            prop_assert!(callers.clone().all(|(_, caller)| nodes.answers.contains_key(caller)));
            for name in NAMES {
                let ring = nodes.ring(name);
                prop_assert_eq!(ring.fingerprint(), nodes.ring("a").fingerprint());
                prop_assert!(!ring.is_moving() && ring.deposed().is_empty());
                prop_assert_eq!(nodes.members(name), NAMES);
            }
        }
    }
}
