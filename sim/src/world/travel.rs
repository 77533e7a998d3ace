//! Travel by the timetable: ways on which every message takes just as long as it is told to.

use std::time::Duration;

use crate::world::{Hop, World};

impl World {
    /// Lets everything take just `span` over `hop` from now on, where it took what was drawn.
    pub fn fix_travel(&mut self, hop: Hop, span: Duration) {
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        let facts = [11, u64::from(hop.from.0) << 8 | u64::from(hop.to.0), nanos];
        self.count(facts, &[], format_args!("{hop} takes {span:?}"));
        self.network.fix_travel(hop, span);
    }
}
