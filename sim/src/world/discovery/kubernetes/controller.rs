//! The pods there are, and how they are cut into slices.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Word;
use super::server::Slice;
use crate::random::Stream;
use crate::world::discovery::Word as AnyWord;
use crate::world::discovery::room::Room;
use crate::world::event::NodeIndex;

/// Most pods of a slice: few, so that there are several slices.
const SLICE_MAX: usize = 3;

/// A pod, as a slice tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// Whose pod.
    pub node: NodeIndex,
    /// Which of its pods, by the start for which it was made.
    pub pod: u32,
    pub is_ready: bool,
}

/// A slice that is to be written, or deleted.
pub(super) type Write = (String, Option<Vec<Endpoint>>);

/// Pods, and who cuts them into slices.
pub(super) struct Controller {
    pods: BTreeMap<NodeIndex, Endpoint>,
    /// How many slices there ever were.
    slices: u32,
    draws: Stream,
}

impl Controller {
    pub fn new(seed: u64) -> Self {
        let draws = Stream::new(seed, "kubernetes controller", &[]);
        Self { pods: BTreeMap::new(), slices: 0, draws }
    }

    /// A node starts: in the pod that it had, or in a new one.
    pub fn start(&mut self, room: &mut Room<'_>, node: NodeIndex) {
        let start = room.starts(node);
        let new = Endpoint { node, pod: start, is_ready: true };
        let mut draws = room.stream("kubernetes pod comes", &[node.0.into(), start.into()]);
        let is_kept = draws.below(4) > 0;
        let pod = self.pods.entry(node).or_insert(new);
        *pod = if is_kept { Endpoint { is_ready: true, ..*pod } } else { new };
        self.hurry(room);
    }

    /// A node is down: its pod goes with it if that was wanted, or if somebody takes it away.
    pub fn stop(&mut self, room: &mut Room<'_>, node: NodeIndex, said_goodbye: bool) {
        let numbers = [node.0.into(), room.starts(node).into()];
        let is_taken = room.stream("kubernetes pod goes", &numbers).below(3) == 0;
        if said_goodbye || is_taken {
            self.pods.remove(&node);
        } else if let Some(pod) = self.pods.get_mut(&node) {
            pod.is_ready = false;
        }
        self.hurry(room);
    }

    /// Looks at the pods soon.
    pub fn hurry(&mut self, room: &mut Room<'_>) {
        let after = self.draws.span(&(Duration::ZERO..=room.within / 2));
        room.at_backend(after, AnyWord::Kubernetes(Word::Reconcile));
    }

    /// What must be written, in this order, so that slices tell what is true.
    ///
    /// A pod that is new goes into any slice that has room, and now and then one is moved: nobody
    /// is promised where a pod is.
    pub fn reconcile(&mut self, slices: &BTreeMap<String, Slice>) -> Vec<Write> {
        let mut missing = self.pods.clone();
        let mut wanted = BTreeMap::new();
        for (key, slice) in slices {
            let stays = |was: &Endpoint| {
                let is = missing.get(&was.node).is_some_and(|is| is.pod == was.pod);
                if is { missing.remove(&was.node) } else { None }
            };
            let pods: Vec<_> = slice.endpoints.iter().filter_map(stays).collect();
            wanted.insert(key.clone(), pods);
        }
        if missing.is_empty() && self.draws.below(2) == 0 {
            missing.extend(self.uproot(&mut wanted).map(|pod| (pod.node, pod)));
        }
        for pod in missing.into_values() {
            let key = self.room_in(&wanted);
            wanted.entry(key).or_default().push(pod);
        }
        self.writes(slices, wanted)
    }

    /// Takes some pod out of its slice.
    fn uproot(&mut self, wanted: &mut BTreeMap<String, Vec<Endpoint>>) -> Option<Endpoint> {
        let mut lists: Vec<_> = wanted.values_mut().filter(|pods| !pods.is_empty()).collect();
        let at = self.draws.index(lists.len().max(1));
        lists.get_mut(at)?.pop()
    }

    /// A slice that has room, or else a new one.
    fn room_in(&mut self, wanted: &BTreeMap<String, Vec<Endpoint>>) -> String {
        let has_room = |pods: &Vec<_>| !pods.is_empty() && pods.len() < SLICE_MAX;
        let mut keys: Vec<_> = wanted.iter().filter(|it| has_room(it.1)).map(|it| it.0).collect();
        let new = format!("peers-{}", self.slices);
        if keys.is_empty() || self.draws.below(4) == 0 {
            keys = vec![&new];
            self.slices += 1;
        }
        self.draws.pick(&keys).to_string()
    }

    /// What differs: first the new slices, then those that change, in any order, then those that are
    /// empty.
    fn writes(
        &mut self,
        slices: &BTreeMap<String, Slice>,
        wanted: BTreeMap<String, Vec<Endpoint>>,
    ) -> Vec<Write> {
        let (mut new, mut changed, mut empty) = (Vec::new(), Vec::new(), Vec::new());
        for (key, pods) in wanted {
            match slices.get(&key) {
                Some(_) if pods.is_empty() => empty.push((key, None)),
                Some(slice) if slice.endpoints == pods => {}
                Some(_) => changed.push((key, Some(pods))),
                None => new.push((key, Some(pods))),
            }
        }
        self.draws.shuffle(&mut changed);
        new.into_iter().chain(changed).chain(empty).collect()
    }
}
