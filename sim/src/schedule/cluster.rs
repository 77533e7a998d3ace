//! The lines of a schedule by which members of a cluster come and go: read and written.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use peer_ring_core::{steward, transfer};

use crate::cluster::{Cluster, Discovery};
use crate::schedule::span::Span;
use crate::schedule::words::{Words, Wrong};
use crate::source::Source;
use crate::world::NodeIndex;

/// `NODE ...`: those that come later, if at all.
pub(super) fn spares(mut words: Words<'_>) -> Result<BTreeSet<NodeIndex>, Wrong> {
    words.nodes(|_| false).map(|nodes| nodes.into_iter().collect())
}

/// `[by SOURCE] within SPAN`: how nodes find each other.
pub(super) fn discovery(mut words: Words<'_>) -> Result<Discovery, Wrong> {
    let source = match words.is_next("by") {
        true => source(&mut words)?,
        false => Source::default(),
    };
    words.the("within")?;
    let within = words.span()?;
    words.end()?;
    Ok(Discovery { source, within })
}

fn source(words: &mut Words<'_>) -> Result<Source, Wrong> {
    let name = words.word("a source of discovery")?;
    name.parse().map_err(|_| Wrong(format!("'{name}' is no source of discovery")))
}

/// `SPAN to SPAN`.
pub(super) fn range(words: &mut Words<'_>) -> Result<RangeInclusive<Duration>, Wrong> {
    let least = words.span()?;
    words.the("to")?;
    let most = words.span()?;
    if least <= most { Ok(least..=most) } else { Err(Wrong("the range is empty".to_owned())) }
}

/// `settles in SPAN patience SPAN evicts after SPAN`, or `evicts never`.
pub(super) fn steward(mut words: Words<'_>) -> Result<steward::Settings, Wrong> {
    words.the("settles")?;
    words.the("in")?;
    let settle_delay = words.span()?;
    words.the("patience")?;
    let patience = words.span()?;
    words.the("evicts")?;
    let evict_after = match words.is_next("never") {
        true => None,
        false => {
            words.the("after")?;
            Some(words.span()?)
        }
    };
    words.end()?;
    Ok(steward::Settings { settle_delay, patience, evict_after, ..steward::Settings::default() })
}

/// `N pages N B/s`.
pub(super) fn transfers(mut words: Words<'_>) -> Result<transfer::Settings, Wrong> {
    let pages_max = words.number("a number of pages")?;
    words.the("pages")?;
    let bytes_per_second = words.number("a number of bytes a second")?;
    words.the("B/s")?;
    words.end()?;
    if pages_max == 0 || bytes_per_second == 0 {
        return Err(Wrong("nothing would ever be moved".to_owned()));
    }
    Ok(transfer::Settings { pages_max, bytes_per_second, ..transfer::Settings::default() })
}

/// These lines of a cluster, without those that say what is usual.
pub(super) fn write(cluster: &Cluster) -> Vec<String> {
    let mut lines = Vec::new();
    if !cluster.spares.is_empty() {
        let names: Vec<_> = cluster.spares.iter().map(NodeIndex::to_string).collect();
        lines.push(format!("spares {}", names.join(" ")));
    }
    if cluster.discovery != Discovery::default() {
        let Discovery { source, within } = &cluster.discovery;
        let by = match source {
            Source::Static => String::new(),
            other => format!("by {other} "),
        };
        lines.push(format!("discovery {by}within {}", Span(*within)));
    }
    if let Some(disk) = &cluster.disk {
        lines.push(format!("disks {} to {}", Span(*disk.start()), Span(*disk.end())));
    }
    let steward::Settings { settle_delay, patience, evict_after, .. } = cluster.steward;
    let usual = steward::Settings::default();
    if (settle_delay, patience, evict_after)
        != (usual.settle_delay, usual.patience, usual.evict_after)
    {
        let evicts = match evict_after {
            Some(span) => format!("after {}", Span(span)),
            None => "never".to_owned(),
        };
        let (settles, patience) = (Span(settle_delay), Span(patience));
        lines.push(format!("steward settles in {settles} patience {patience} evicts {evicts}"));
    }
    let transfer::Settings { pages_max, bytes_per_second, .. } = cluster.transfers;
    if cluster.transfers != transfer::Settings::default() {
        lines.push(format!("transfers {pages_max} pages {bytes_per_second} B/s"));
    }
    lines
}
