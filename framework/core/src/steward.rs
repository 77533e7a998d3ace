//! The steward: what the next ring should be, and when it is time to propose it.

mod order;
mod settings;

pub use order::{Change, Order, OrderRefused, Past, Plan};
pub use settings::{ChangeMode, Settings};
