//! The steward: what the next ring should be, and when it is time to propose it.
//!
//! Every voter works that out for itself, from what the others say of themselves and from whom it
//! can reach ([`Known`]). The one with the smallest name among those that are there proposes it at
//! once, and the others each a little later, if nothing has come of it by then. So one that is
//! silent holds up nothing, and two that propose at once do no harm ([`crate::chain`]).
//!
//! Nobody is taken for down, or evicted, on one node's word: more than half of the voters must say
//! that they cannot reach it. And nodes that start together make one change, not ten, since a
//! change waits until nothing has come or gone for a while.

mod history;
mod known;
mod next;
mod order;
mod plan;
mod settings;
mod stuck;

pub use history::History;
pub use known::Known;
pub use next::{Next, Target, deposed, target};
pub use order::{Change, Order, OrderRefused, Past, Plan};
pub use plan::{has_left, ordered, plan, waits};
pub use settings::{ChangeMode, Settings};
pub use stuck::Stuck;
