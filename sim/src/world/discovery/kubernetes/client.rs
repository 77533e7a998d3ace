//! A node's client: production's view, and what performs for it, attempt by attempt.

use std::time::Duration;

use peer_ring_core::actor::{Instant, Outbox};
use peer_ring_discovery_core::kubernetes::{In, Out, View};

use super::Word;
use super::wire::{Question, Told, Wire};
use crate::world::discovery::Word as AnyWord;
use crate::world::discovery::room::Room;
use crate::world::discovery::tries::Tries;
use crate::world::event::NodeIndex;

/// How long a watch lasts: production's is a minute, and runs are shorter than that.
pub(super) const WATCH: Duration = Duration::from_secs(2);
/// How long an answer may take, and a watch longer than it should last.
const TIMEOUT: Duration = Duration::from_secs(1);
/// A watch that ends sooner, having said nothing, has failed.
const WATCH_MIN: Duration = Duration::from_secs(1);
/// How often in a row a fresh version may be gone already.
const GONE_MAX: u32 = 2;

/// The client of a node that is up.
pub(super) struct Client {
    pub wire: Wire,
    view: View,
    tries: Tries,
    doing: Doing,
    /// Counts questions and pauses: what belongs to an earlier one comes too late.
    turn: u32,
    /// When what it does has lasted long enough, by the node's clock.
    deadline: Instant,
    gone: u32,
}

/// What a client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    /// It waits before it tries again.
    Pausing,
    /// It waits for an answer.
    Asking,
    /// It watches.
    Watching {
        since: Instant,
        /// Whether the watch has said nothing yet.
        is_new: bool,
    },
}

impl Client {
    pub fn start(room: &mut Room<'_>, node: NodeIndex) -> Self {
        let wire = Wire::new(room, node);
        let draws = room.stream("kubernetes pauses", &[node.0.into(), wire.start.into()]);
        let mut client = Self {
            wire,
            view: View::new(room.name(node).clone()),
            tries: Tries::new(draws),
            doing: Doing::Pausing,
            turn: 0,
            deadline: Instant::default(),
            gone: 0,
        };
        client.attempt(room);
        client
    }

    /// Something that was awaited has not come, or a pause is over.
    pub fn due(&mut self, room: &mut Room<'_>) {
        if room.clock(self.wire.node).tick < self.deadline {
            return;
        }
        match self.doing {
            Doing::Pausing => self.attempt(room),
            Doing::Asking | Doing::Watching { .. } => self.fail(room),
        }
    }

    /// Takes what the server says, if it still waits for that.
    pub fn told(&mut self, room: &mut Room<'_>, turn: u32, told: Told) {
        if turn != self.turn {
            return;
        }
        let now = room.clock(self.wire.node).tick;
        match (told, &mut self.doing) {
            (_, Doing::Pausing) => {}
            (Told::Broken, _) => self.fail(room),
            (Told::Opened, doing) => {
                *doing = Doing::Watching { since: now, is_new: true };
                self.tries.work(now);
                self.until(room, now + WATCH + TIMEOUT);
            }
            (Told::Says(In::Gone), _) => self.list_again(room),
            (Told::Says(In::Ended), Doing::Watching { since, is_new: true })
                if now.since(*since) < WATCH_MIN =>
            {
                self.fail(room);
            }
            (Told::Says(In::Ended), _) => self.view(room, In::Ended),
            (Told::Says(input), Doing::Watching { is_new, .. }) => {
                (*is_new, self.gone) = (false, 0);
                self.view(room, input);
            }
            (Told::Says(input), Doing::Asking) => {
                self.tries.work(now);
                self.view(room, input);
            }
        }
    }

    /// The server is gone: whoever waits for it is told so, or waits in vain.
    pub fn cut_off(&mut self, room: &mut Room<'_>) {
        if self.doing != Doing::Pausing {
            self.wire.fail(room, self.turn);
        }
    }

    /// Puts its deadline onto the agenda, where the clock says that is.
    pub fn wind(&self, room: &mut Room<'_>) {
        room.when(self.deadline, self.wire.node, AnyWord::Kubernetes(Word::Due));
    }

    fn attempt(&mut self, room: &mut Room<'_>) {
        self.gone = 0;
        self.view(room, In::Started);
    }

    /// Lists again, unless what was listed just now is gone every time.
    fn list_again(&mut self, room: &mut Room<'_>) {
        self.gone += 1;
        if self.gone > GONE_MAX {
            return self.fail(room);
        }
        self.view(room, In::Gone);
    }

    fn view(&mut self, room: &mut Room<'_>, input: In) {
        let mut out = Outbox::new();
        self.view.handle(input, &mut out);
        while let Some(order) = out.pop() {
            match order {
                Out::Say(fact) => room.say(self.wire.node, fact),
                Out::List => self.ask(room, Question::List),
                Out::Watch { version } => self.ask(room, Question::Watch(version)),
                Out::Warn(_) => {}
            }
        }
    }

    fn ask(&mut self, room: &mut Room<'_>, question: Question) {
        self.turn += 1;
        self.doing = Doing::Asking;
        self.until(room, room.clock(self.wire.node).tick + TIMEOUT);
        self.wire.ask(room, self.turn, question);
    }

    fn fail(&mut self, room: &mut Room<'_>) {
        self.turn += 1;
        self.doing = Doing::Pausing;
        let until = self.tries.fail(room.clock(self.wire.node).tick);
        self.until(room, until);
    }

    fn until(&mut self, room: &mut Room<'_>, deadline: Instant) {
        self.deadline = deadline;
        self.wind(room);
    }
}
