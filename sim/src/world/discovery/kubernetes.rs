//! `kubernetes`: still to come.

use super::room::Room;
use super::weather::Turn;
use super::{Ends, Word as AnyWord};
use crate::world::event::NodeIndex;

/// Both ends of it.
pub(super) struct Kubernetes;

/// What happens at one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {}

impl Kubernetes {
    pub(super) fn new() -> Self {
        Self
    }
}

impl Ends for Kubernetes {
    fn start(&mut self, _: &mut Room<'_>, _: NodeIndex) {}

    fn stop(&mut self, _: &mut Room<'_>, _: NodeIndex, _: bool) {}

    fn at_node(&mut self, _: &mut Room<'_>, _: NodeIndex, _: AnyWord) {}

    fn at_backend(&mut self, _: &mut Room<'_>, _: AnyWord) {}

    fn turn(&mut self, _: &mut Room<'_>, _: Turn) {}
}
