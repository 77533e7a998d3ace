//! Scenes: short protocol stories as text, with the outcomes that the program recorded.
//!
//! A person writes the steps; under each, indented, stands what came of it. Playing a scene gives
//! the same scene with the outcomes of today, so a change of behaviour is a change of text. The
//! form is that of the `testdata` of etcd's raft. One scene plays on every [`Stage`]: in the
//! simulator ([`Simulated`]), and in the actix runtime, with the same outcomes.
//!
//! ```
//! use peer_ring_sim::scene::{Scene, Simulated, play};
//!
//! let text = "\
//! nodes 3
//! crash n2
//! put city Rome at n1
//!   ok, version 1/n1
//! get city at n3
//!   ok, Rome, version 1/n1
//! ";
//! let scene = Scene::parse("an example", text)?;
//! assert_eq!(play::<Simulated>(&scene)?.to_string(), text);
//! # Ok::<(), peer_ring_sim::scene::SceneError>(())
//! ```
//!
//! # Grammar
//!
//! A line is a comment (`#` first), blank, an outcome (indented), or a step. The first step is
//! `nodes`. Words are parted by blanks.
//!
//! ```text
//! nodes COUNT [replicas COUNT]        the cluster begins; 3 replicas when it has so many nodes
//! [n COUNT] [r COUNT] [w COUNT]       replicas and quorums of the requests from here on
//!
//! put KEY VALUE at NODE {option}      a request to the key-value store; it is answered before
//! get KEY at NODE {option}            the next step, unless it has a name
//! delete KEY at NODE {option}
//! add NUMBER to KEY at NODE {option}  a request to the tally: a sum that only its primary writes
//! answer NAME                         the answer to the request with this name is waited for
//!
//! crash NODE, start NODE              its memory is lost; it starts again, with an empty one
//! pause NODE, resume NODE             it does nothing, while its clocks go on
//! clock NODE (+|-)SPAN                its wall clock is set forward or back
//!
//! cut WAY                             nothing gets over, and no link is made
//! drop WAY                            messages are lost, links stand
//! delay WAY by SPAN                   messages sent from here on are later
//! partition NODE... | NODE... {| ...} all ways between the groups are cut
//! heal                                nothing is wrong with any way any more
//!
//! wait SPAN                           time passes
//! settle                              time passes until all nodes are up, linked and filled
//!
//! show value KEY                      what each owner of a key in the store holds, primary first
//! show sum KEY                        the same in the tally
//! show peers NODE                     whom it thinks alive, suspect, leaving or down
//! show owners KEY                     the owners of a key, the primary first
//! show ring                           the owners of each partition
//!
//! option = n COUNT | r COUNT (reads) | w COUNT (writes) | within SPAN | as NAME
//! WAY    = NODE -> NODE | NODE <-> NODE
//! NODE   = n1 | n2 | ... | n9
//! SPAN   = a number with `ms` or `s`
//! ```
//!
//! Every step takes a millisecond, so that what it sets off at once has happened before the next
//! one; `settle` takes 50 more, for what is under way. A message from `nA` to `nB` takes A + B
//! milliseconds: no two answers come at one moment.
//! Versions are numbered in the order in which a scene first shows them, with their writer:
//! `2/n1` is the second, written through n1; `3/n1'` was written through n1 after it had started
//! once more.

pub mod play;
pub mod simulated;
pub mod stage;
pub mod step;
pub mod tally;

mod names;
mod parse;
mod show;
mod tell;
mod words;

use std::fmt;

use thiserror::Error;

pub use play::play;
pub use simulated::Simulated;
pub use stage::Stage;
pub use step::Step;

/// Steps with their outcomes, and the comments between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    file: String,
    lines: Vec<Line>,
}

/// One line of a scene that is no outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Line {
    /// A comment, or nothing.
    Remark(String),
    /// A step as it was written, on which line, and what came of it.
    Step { number: usize, text: String, step: Step, outcome: Vec<String> },
}

/// A scene that cannot be played.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}:{line}: {problem}")]
pub struct SceneError {
    /// Its file.
    pub file: String,
    /// The line that is wrong; the first is 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

impl Scene {
    /// The scene that this text is; errors name `file`.
    ///
    /// # Errors
    /// [`SceneError`] names the first line that is none of a scene.
    pub fn parse(file: &str, text: &str) -> Result<Self, SceneError> {
        let mut scene = Self { file: file.to_owned(), lines: Vec::new() };
        for (number, line) in (1..).zip(text.lines()) {
            scene.read(number, line).map_err(|problem| scene.error(number, problem))?;
        }
        Ok(scene)
    }

    fn read(&mut self, number: usize, line: &str) -> Result<(), String> {
        if line.trim().is_empty() || line.starts_with('#') {
            self.lines.push(Line::Remark(line.trim_end().to_owned()));
            return Ok(());
        }
        let Some(said) = line.strip_prefix("  ") else {
            let (step, text) = (parse::step(line)?, line.trim_end().to_owned());
            self.lines.push(Line::Step { number, text, step, outcome: Vec::new() });
            return Ok(());
        };
        match self.lines.last_mut() {
            Some(Line::Step { outcome, .. }) => {
                outcome.push(said.to_owned());
                Ok(())
            }
            Some(Line::Remark(_)) | None => Err("an outcome follows its step".to_owned()),
        }
    }

    /// The first line in which `played`, the same scene with other outcomes, differs from this one,
    /// in words; `None` when they are equal.
    #[must_use]
    pub fn difference(&self, played: &Self) -> Option<String> {
        let (recorded, now) = (self.to_string(), played.to_string());
        let (mut left, mut right) = (recorded.lines(), now.lines());
        let mut number = 0;
        loop {
            number += 1;
            let (recorded, now) = (left.next(), right.next());
            if recorded == now {
                // Of two texts that end together, all lines were equal.
                recorded?;
                continue;
            }
            let [recorded, now] = [recorded, now].map(|line| line.unwrap_or("(the end)").trim());
            let Self { file, .. } = self;
            return Some(format!("{file}:{number}: `{recorded}` was recorded, now it is `{now}`"));
        }
    }

    fn error(&self, line: usize, problem: String) -> SceneError {
        SceneError { file: self.file.clone(), line, problem }
    }

    /// The same scene, where each step has come to what `perform` says.
    fn performed(
        &self,
        mut perform: impl FnMut(&Step) -> Result<Vec<String>, String>,
    ) -> Result<Self, SceneError> {
        let mut scene = self.clone();
        for line in &mut scene.lines {
            if let Line::Step { number, step, outcome, .. } = line {
                *outcome = perform(step).map_err(|problem| self.error(*number, problem))?;
            }
        }
        Ok(scene)
    }

    /// The number of the last line that is a step.
    fn last_line(&self) -> usize {
        let last = self.lines.iter().rev().find_map(|line| match line {
            Line::Step { number, .. } => Some(*number),
            Line::Remark(_) => None,
        });
        last.unwrap_or(1)
    }
}

impl fmt::Display for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            match line {
                Line::Remark(text) => writeln!(f, "{text}")?,
                Line::Step { text, outcome, .. } => {
                    writeln!(f, "{text}")?;
                    outcome.iter().try_for_each(|said| writeln!(f, "  {said}"))?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
