//! Playing: a scene's steps, one after another, on a stage.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use peer_ring_core::coordinator::Ask;
use peer_ring_core::id::CallerId;
use peer_ring_kv::{Action, Command, Kv, Namespace, Quorum};

use crate::ask;
use crate::scene::names::Names;
use crate::scene::show::Gallery;
use crate::scene::stage::{Answer, Stage};
use crate::scene::step::{Question, Quorums, Request, Step};
use crate::scene::tally::{Add, Tally};
use crate::scene::{Scene, SceneError, tell};
use crate::world::NodeIndex;

/// What a step takes, so that what it sets off at once has happened before the next one.
const STEP: Duration = Duration::from_millis(1);
/// How long `settle` waits, and how long it then lets arrive what is under way.
const SETTLED_WITHIN: Duration = Duration::from_secs(30);
const UNDER_WAY: Duration = Duration::from_millis(50);

/// Plays a scene: the same steps, with the outcomes that they have on this stage.
///
/// # Errors
/// [`SceneError`] names the step that cannot be taken, such as a crash of a node that is down.
pub fn play<S: Stage>(scene: &Scene) -> Result<Scene, SceneError> {
    let mut player: Option<Player<S>> = None;
    let played = scene.performed(|step| match (&mut player, step) {
        (None, Step::Nodes(layout)) => {
            player = Some(Player::new(S::raise(*layout), layout.nodes));
            Ok(Vec::new())
        }
        (None, _) => Err("the first step is `nodes`".to_owned()),
        (Some(_), Step::Nodes(_)) => Err("there is a cluster already".to_owned()),
        (Some(player), step) => player.take(step),
    })?;
    let open = player.iter().flat_map(|player| player.open.keys()).next();
    match open {
        Some(label) => Err(scene.error(scene.last_line(), format!("nobody waits for `{label}`"))),
        None => Ok(played),
    }
}

struct Player<S> {
    stage: S,
    nodes: u8,
    quorums: Quorums,
    names: Names,
    down: BTreeSet<NodeIndex>,
    paused: BTreeSet<NodeIndex>,
    asked: u64,
    open: BTreeMap<String, Open>,
}

/// A request whose answer nobody has waited for yet.
struct Open {
    node: NodeIndex,
    asked: CallerId,
    request: Request,
    patience: Duration,
    fate: Fate,
}

/// What became of a request so far.
enum Fate {
    Unknown,
    /// It was answered before its node crashed.
    Answered(Answer),
    /// Its node crashed before it was answered.
    Lost,
}

type Outcome = Result<Vec<String>, String>;

impl<S: Stage> Player<S> {
    fn new(stage: S, nodes: u8) -> Self {
        let mut names = Names::default();
        for node in (0..nodes).map(NodeIndex) {
            names.started(node, stage.id(node));
        }
        Self {
            stage,
            nodes,
            quorums: Quorums::default(),
            names,
            down: BTreeSet::new(),
            paused: BTreeSet::new(),
            asked: 0,
            open: BTreeMap::new(),
        }
    }

    fn take(&mut self, step: &Step) -> Outcome {
        let outcome = match step {
            Step::Nodes(_) => unreachable!("the player was made of it"),
            Step::Quorums(quorums) => {
                self.quorums = quorums.or(self.quorums);
                Vec::new()
            }
            Step::Ask(question) => self.ask(question)?,
            Step::Answer(label) => self.answer(label)?,
            Step::Crash(node) => self.crash(*node)?,
            Step::Start(node) => self.start(*node)?,
            Step::Pause(node) => self.pause(*node)?,
            Step::Resume(node) => self.resume(*node)?,
            Step::Clock { node, by_ms } => {
                self.known(*node)?;
                self.stage.jump_clock(*node, *by_ms);
                Vec::new()
            }
            Step::Harm(ways, harm) => {
                for way in ways {
                    self.known(way.from)?;
                    self.known(way.to)?;
                    self.stage.harm(*way, *harm);
                }
                Vec::new()
            }
            Step::Heal => {
                self.stage.heal();
                Vec::new()
            }
            Step::Wait(span) => {
                self.stage.wait(*span);
                Vec::new()
            }
            Step::Settle => self.settle()?,
            Step::Show(show) => self.gallery().show(show)?,
        };
        self.stage.wait(STEP);
        Ok(outcome)
    }

    fn ask(&mut self, question: &Question) -> Outcome {
        let Question { node, request, quorums, within, label } = question;
        self.known(*node)?;
        if self.down.contains(node) {
            return Ok(vec![format!("refused: {node} is down, may have happened: no")]);
        }
        self.asked += 1;
        let asked = CallerId(self.asked);
        let ask = command(request, quorums.or(self.quorums), *within);
        self.stage.ask(*node, asked, ask);
        // A paused node answers when it goes on, or not at all.
        let (request, patience) = (request.clone(), *within * 2);
        let open = Open { node: *node, asked, request, patience, fate: Fate::Unknown };
        match label {
            None => Ok(self.until_answered(open)),
            Some(label) if self.open.contains_key(label) => {
                Err(format!("there is a request `{label}` already"))
            }
            Some(label) => {
                self.open.insert(label.clone(), open);
                Ok(Vec::new())
            }
        }
    }

    fn answer(&mut self, label: &str) -> Outcome {
        let open = self.open.remove(label).ok_or_else(|| format!("there is no request `{label}`"));
        Ok(self.until_answered(open?))
    }

    fn until_answered(&mut self, open: Open) -> Vec<String> {
        let answer = match open.fate {
            Fate::Unknown => self.stage.answer(open.asked, open.patience),
            Fate::Answered(answer) => Some(answer),
            Fate::Lost => return vec![tell::lost(&open.request)],
        };
        let told = answer.map(|answer| tell::answer(&open.request, answer, &mut self.names));
        vec![told.unwrap_or_else(|| "no answer".to_owned())]
    }

    fn crash(&mut self, node: NodeIndex) -> Outcome {
        self.running(node)?;
        for open in self.open.values_mut().filter(|open| open.node == node) {
            if let Fate::Unknown = open.fate {
                let answer = self.stage.answer(open.asked, Duration::ZERO);
                open.fate = answer.map_or(Fate::Lost, Fate::Answered);
            }
        }
        self.stage.crash(node);
        self.down.insert(node);
        Ok(Vec::new())
    }

    fn start(&mut self, node: NodeIndex) -> Outcome {
        self.known(node)?;
        if !self.down.remove(&node) {
            return Err(format!("{node} is up already"));
        }
        self.stage.start(node);
        self.names.started(node, self.stage.id(node));
        Ok(Vec::new())
    }

    fn pause(&mut self, node: NodeIndex) -> Outcome {
        self.running(node)?;
        self.stage.pause(node);
        self.paused.insert(node);
        Ok(Vec::new())
    }

    fn resume(&mut self, node: NodeIndex) -> Outcome {
        self.known(node)?;
        if !self.paused.remove(&node) {
            return Err(format!("{node} is not paused"));
        }
        self.stage.resume(node);
        Ok(Vec::new())
    }

    fn settle(&mut self) -> Outcome {
        if self.stage.settle(SETTLED_WITHIN) {
            self.stage.wait(UNDER_WAY);
            return Ok(Vec::new());
        }
        Ok(vec![format!("not whole after {SETTLED_WITHIN:?}")])
    }

    fn gallery(&mut self) -> Gallery<'_, S> {
        let Self { stage, nodes, down, paused, names, .. } = self;
        Gallery { stage, nodes: *nodes, down, paused, names }
    }

    fn known(&self, node: NodeIndex) -> Result<(), String> {
        if node.0 < self.nodes { Ok(()) } else { Err(format!("there is no {node} here")) }
    }

    fn running(&self, node: NodeIndex) -> Result<(), String> {
        self.known(node)?;
        if self.down.contains(&node) {
            return Err(format!("{node} is down"));
        }
        if self.paused.contains(&node) { Err(format!("{node} is paused")) } else { Ok(()) }
    }
}

/// A request as a node is asked it.
fn command(request: &Request, quorums: Quorums, within: Duration) -> Ask {
    let q = if request.writes() { quorums.w } else { quorums.r };
    let action = match request.clone() {
        Request::Put { key, value } => {
            Action::Put { key: key.into(), value: value.into(), expires: None }
        }
        Request::Get { key } => Action::Get { key: key.into() },
        Request::Delete { key } => Action::Delete { key: key.into() },
        Request::Add { key, by } => {
            let n = quorums.n.map_or(3, |n| n.get());
            let w = q.map_or(n / 2 + 1, |w| w.get());
            return ask::of(&Tally, &Add { key, by, n, w }, within);
        }
    };
    let quorum = Quorum { n: quorums.n, q };
    let command = Command { namespace: Namespace::default(), quorum, action };
    ask::of(&Kv::default(), &command, within)
}
