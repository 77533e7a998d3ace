//! `static`: each node lists itself and those before it.

use std::collections::BTreeMap;

use super::{Backend, Fault, Place};

/// The nodes that were started so far.
#[derive(Default)]
pub struct Fixed(BTreeMap<String, Place>);

impl Backend for Fixed {
    fn block(&self, _: &Place) -> String {
        let member = |node: &Place| format!("{{name: {}, address: '{}'}}", node.name, node.peers());
        let members: Vec<_> = self.0.values().map(member).collect();
        format!("{{static: {{members: [{}]}}}}", members.join(", "))
    }

    fn comes(&mut self, node: &Place) {
        self.0.insert(node.name.clone(), node.clone());
    }

    fn breaks(&mut self, _: Fault) {
        unreachable!("nothing stands behind a list");
    }

    fn mends(&mut self) {
        unreachable!("nothing stands behind a list");
    }
}
