//! Any story: scenes drawn from a seed, for both runtimes to come to the same.
//!
//! At most one node is stopped at a time, be it crashed or paused: what has reached a paused node
//! from one that has crashed since is lost in the simulator, and not on actix. A network may do
//! either. So may a node that two messages reach in one millisecond take either first: of a
//! thousand stories about one hangs on that.

use std::fmt::Write;

use peer_ring_sim::random::Stream;

const KEYS: [&str; 3] = ["city", "lake", "hill"];
const STEPS: usize = 14;

/// What is so while the story is told, so that no step is impossible.
struct Teller {
    stream: Stream,
    text: String,
    nodes: u64,
    down: Option<u64>,
    paused: Option<u64>,
    values: u64,
    /// Requests whose answers nobody has waited for yet.
    open: Vec<String>,
}

/// The scene that a seed tells.
pub fn story(seed: u64) -> String {
    let mut stream = Stream::new(seed, "story", &[]);
    let nodes = *stream.pick(&[2, 3, 3, 5]);
    let text = format!("nodes {nodes}\n");
    let mut teller =
        Teller { stream, text, nodes, down: None, paused: None, values: 0, open: Vec::new() };
    for _ in 0..STEPS {
        teller.step();
    }
    teller.end();
    teller.text
}

impl Teller {
    fn say(&mut self, line: &str) {
        writeln!(self.text, "{line}").unwrap();
    }

    fn node(&mut self) -> u64 {
        self.stream.below(self.nodes) + 1
    }

    /// A node that was not stopped, as far as there is one.
    fn idle(&mut self) -> u64 {
        loop {
            let node = self.node();
            if Some(node) != self.down && Some(node) != self.paused {
                return node;
            }
        }
    }

    fn way(&mut self) -> String {
        let from = self.node();
        let to = (from + self.stream.below(self.nodes - 1)) % self.nodes + 1;
        format!("n{from} -> n{to}")
    }

    fn request(&mut self) -> String {
        let key = *self.stream.pick(&KEYS);
        let node = self.idle();
        let count = self.stream.below(4);
        let quorum = |word: &str| match count {
            0 => String::new(),
            count => format!(" {word} {}", count.min(3)),
        };
        match self.stream.below(9) {
            0..4 => {
                self.values += 1;
                format!("put {key} v{} at n{node}{}", self.values, quorum("w"))
            }
            4..7 => format!("get {key} at n{node}{}", quorum("r")),
            7 => format!("delete {key} at n{node}{}", quorum("w")),
            _ => format!("add 1 to sum at n{node}"),
        }
    }

    fn step(&mut self) {
        match self.stream.below(21) {
            0..8 => {
                let line = self.request();
                self.say(&line);
            }
            8 => {
                let label = format!("r{}", self.text.len());
                let line = format!("{} as {label}", self.request());
                self.say(&line);
                self.open.push(label);
            }
            9 => self.answer(),
            10 => {
                let line = format!("cut {}", self.way());
                self.say(&line);
            }
            11 => {
                let line = format!("drop {}", self.way());
                self.say(&line);
            }
            12 => {
                let late = *self.stream.pick(&[20, 150, 700]);
                let line = format!("delay {} by {late}ms", self.way());
                self.say(&line);
            }
            13 => self.partition(),
            14..16 => self.say("heal"),
            16 => self.crash_or_start(),
            17 => self.pause_or_resume(),
            18 => {
                let span_ms = *self.stream.pick(&[50, 900, 2_300, 7_100]);
                self.say(&format!("wait {span_ms}ms"));
            }
            19 => {
                let node = self.idle();
                let by = *self.stream.pick(&["+400ms", "-400ms", "-60s", "+5s"]);
                self.say(&format!("clock n{node} {by}"));
            }
            _ => {
                let key = *self.stream.pick(&KEYS);
                self.say(&format!("show value {key}"));
            }
        }
    }

    fn answer(&mut self) {
        if let Some(label) = self.open.pop() {
            self.say(&format!("answer {label}"));
        }
    }

    fn partition(&mut self) {
        let node = self.node();
        let others: Vec<_> = (1..=self.nodes)
            .filter(|other| *other != node)
            .map(|node| format!("n{node}"))
            .collect();
        self.say(&format!("partition n{node} | {}", others.join(" ")));
    }

    fn crash_or_start(&mut self) {
        if let Some(node) = self.down.take() {
            self.say(&format!("start n{node}"));
            self.say("heal");
            self.say("settle");
        } else if self.may_stop_one() {
            let node = self.idle();
            self.down = Some(node);
            self.say(&format!("crash n{node}"));
        }
    }

    fn pause_or_resume(&mut self) {
        if let Some(node) = self.paused.take() {
            self.say(&format!("resume n{node}"));
        } else if self.may_stop_one() {
            let node = self.idle();
            self.paused = Some(node);
            self.say(&format!("pause n{node}"));
        }
    }

    fn may_stop_one(&self) -> bool {
        self.down.is_none() && self.paused.is_none()
    }

    fn end(&mut self) {
        self.say("heal");
        while !self.open.is_empty() {
            self.answer();
        }
        if self.paused.is_some() {
            self.pause_or_resume();
        }
        if self.down.is_some() {
            self.crash_or_start();
        }
        self.say("settle");
        for key in KEYS {
            self.say(&format!("show value {key}"));
            self.say(&format!("get {key} at n1"));
            self.say(&format!("show value {key}"));
        }
        self.say("show sum sum");
    }
}
