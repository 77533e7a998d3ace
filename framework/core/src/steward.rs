//! The steward: what the next ring should be, and when it is time to propose it.

mod order;

pub use order::{Change, Order, OrderRefused, Past, Plan};
