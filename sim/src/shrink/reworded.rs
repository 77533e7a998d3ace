//! Faults in other words: about other nodes, or of a plainer kind.
//!
//! A fault is changed by the words in which a schedule says it, so that each kind of fault is,
//! whatever it has to say; words that say no fault are no candidate.

use std::collections::BTreeSet;

use crate::faults::{Crash, Cut, Evict, Fault, Partition, Replace, Upgrade};
use crate::random::Chance;
use crate::schedule::words::{self, Words};
use crate::world::{Hop, NodeIndex};

/// Most nodes among which the ways are tried one by one.
const NODES_MAX: u8 = 5;

/// The fault that is left when `gone` is taken away, and the nodes behind it are called by the
/// name of the one before; `None` when it was about that node.
pub(super) fn without(fault: &Fault, gone: NodeIndex, nodes: u8) -> Option<Fault> {
    let said = fault.to_string();
    let left = said.split_whitespace().filter_map(|word| match words::node(word) {
        Ok(node) if node == gone => None,
        Ok(node) => Some(moved(node, gone).to_string()),
        Err(_) => Some(word.to_owned()),
    });
    read(&left.collect::<Vec<_>>(), nodes - 1)
}

/// What a node is called when `gone` is not there any more.
pub(super) fn moved(node: NodeIndex, gone: NodeIndex) -> NodeIndex {
    if node > gone { NodeIndex(node.0 - 1) } else { node }
}

/// Faults that are easier to follow than this one: with no chance in it, over one way alone.
pub(super) fn plainer(fault: &Fault, nodes: u8) -> Vec<Fault> {
    let said = fault.to_string();
    let words: Vec<_> = said.split_whitespace().map(str::to_owned).collect();
    let mut plainer = Vec::new();
    let is_random = words.iter().any(|word| word.parse::<Chance>().is_ok());
    let is_partition = matches!(fault, Fault::Partition(_));
    let cuts_oddly =
        matches!(fault, Fault::Flap(_) | Fault::Circle(_) | Fault::Swizzle(_) | Fault::Slow(_));
    if let Fault::Upgrade(Upgrade { node, .. }) = fault {
        plainer.push(Fault::Crash(Crash { node: *node }));
    }
    if let Fault::Replace(Replace { node }) | Fault::Evict(Evict { node }) = fault {
        plainer.push(Fault::Crash(Crash { node: *node }));
    }
    if is_random || is_partition || cuts_oddly {
        plainer.extend(ways(nodes).map(|hop| Fault::Cut(Cut { hop })));
    }
    if is_random || cuts_oddly {
        plainer.extend(apart(nodes));
    }
    if is_random {
        let certain: Vec<_> = words.iter().map(|word| certain(word)).collect();
        for words in [&certain, &words] {
            plainer.extend(narrower(words, nodes));
        }
        plainer.extend(read(&certain, nodes));
    }
    if let [.., sign, unit] = &words[..]
        && unit == "ms"
        && let Ok(by_ms) = sign.parse::<i64>()
    {
        let before = &words[..words.len() - 2];
        let rounder = [1, 10, 100, 1_000].into_iter().filter(|ms| *ms < by_ms.abs());
        plainer.extend(rounder.filter_map(|ms| {
            let by = [format!("{:+}", ms * by_ms.signum()), unit.clone()];
            read(&[before, &by].concat(), nodes)
        }));
    }
    plainer.retain(|plain| plain != fault);
    plainer
}

/// The same, over one way alone.
fn narrower(words: &[String], nodes: u8) -> Vec<Fault> {
    let Some(kind) = words.first() else {
        return Vec::new();
    };
    // The scope is what stands between the kind and the chance.
    let chance = words.iter().position(|word| word.parse::<Chance>().is_ok());
    let Some(chance) = chance.filter(|_| !is_one_way(words)) else {
        return Vec::new();
    };
    let narrow = ways(nodes).filter_map(|hop| {
        let head = [kind.clone(), hop.to_string()];
        read(&[&head, &words[chance..]].concat(), nodes)
    });
    narrow.collect()
}

fn is_one_way(words: &[String]) -> bool {
    let mut words = words.iter().skip(1);
    let is_node = |word: Option<&String>| word.is_some_and(|word| words::node(word).is_ok());
    is_node(words.next()) && words.next().is_some_and(|word| word == "->") && is_node(words.next())
}

fn certain(word: &str) -> String {
    let is_chance = word.parse::<Chance>().is_ok();
    if is_chance { Chance::CERTAIN.to_string() } else { word.to_owned() }
}

/// Each way from one node to another; none in a great cluster.
fn ways(nodes: u8) -> impl Iterator<Item = Hop> {
    let nodes = if nodes > NODES_MAX { 0 } else { nodes };
    let all = move || (0..nodes).map(NodeIndex);
    all().flat_map(move |from| all().filter(move |to| *to != from).map(move |to| Hop { from, to }))
}

/// Each node apart from all others; none in a great cluster.
fn apart(nodes: u8) -> impl Iterator<Item = Fault> {
    let each = if (2..=NODES_MAX).contains(&nodes) { nodes } else { 0 };
    (0..each).map(move |apart| {
        let others: BTreeSet<_> = (0..nodes).filter(|node| *node != apart).map(NodeIndex).collect();
        Fault::Partition(Partition { one: [NodeIndex(apart)].into(), other: others })
    })
}

fn read(words: &[String], nodes: u8) -> Option<Fault> {
    let said = words.join(" ");
    let mut words = Words::about(nodes, &said);
    let fault = Fault::read(&mut words).ok()?;
    words.end().ok()?;
    Some(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(said: &str) -> Fault {
        Fault::read(&mut Words::new(said)).unwrap()
    }

    fn is_among(said: &str, faults: &[Fault]) -> bool {
        faults.contains(&fault(said))
    }

    #[test]
    fn what_cuts_oddly_becomes_a_cut_and_an_upgrade_a_crash() {
        let plainer = |said| plainer(&fault(said), 3);
        assert!(is_among("crash n2", &plainer("upgrade n2 to wire 2")));
        for said in ["flap n1 -> n2 every 1s", "swizzle n1 n2 then n2 n1 every 1s", "circle n1 n2"]
        {
            assert!(is_among("cut n1 -> n2", &plainer(said)), "{said}");
            assert!(is_among("partition n1 | n2 n3", &plainer(said)), "{said}");
        }
    }

    #[test]
    fn a_node_that_is_gone_takes_its_faults_along_and_leaves_the_others() {
        let without = |said| without(&fault(said), NodeIndex(1), 4).map(|fault| fault.to_string());
        assert_eq!(without("pause n2"), None);
        assert_eq!(without("pause n4").as_deref(), Some("pause n3"));
        assert_eq!(without("cut n2 -> n1"), None);
        assert_eq!(without("partition n2 | n1 n4"), None);
        assert_eq!(without("partition n1 n2 | n3").as_deref(), Some("partition n1 | n2"));
        assert_eq!(without("drop everywhere 5%").as_deref(), Some("drop everywhere 5%"));
    }

    #[test]
    fn chances_become_certain_and_scopes_one_way() {
        let plain = plainer(&fault("delay n2 -> * 20% by 300ms"), 3);
        assert!(is_among("cut n1 -> n3", &plain));
        assert!(is_among("partition n2 | n1 n3", &plain));
        assert!(is_among("delay n2 -> n3 100% by 300ms", &plain));
        assert!(is_among("delay n2 -> * 100% by 300ms", &plain));
    }

    #[test]
    fn clocks_jump_by_round_numbers() {
        let plain = plainer(&fault("jump n2 by -3726 ms"), 3);
        assert!(is_among("jump n2 by -1000 ms", &plain) && is_among("jump n2 by -1 ms", &plain));
        assert!(plainer(&fault("jump n2 by +1 ms"), 3).is_empty());
    }

    #[test]
    fn what_is_as_plain_as_can_be_has_nothing_plainer() {
        assert_eq!(plainer(&fault("cut n2 -> n1"), 3), []);
        assert_eq!(plainer(&fault("crash n2"), 3), []);
    }
}
