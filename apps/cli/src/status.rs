//! `peer-ring status`: how running nodes fare, a line each.

use std::collections::BTreeSet;

use anyhow::anyhow;
use clap::Args;
use serde::Serialize;
use serde_json::Value;

use crate::exit::{Exit, Failure, complain, say};
use crate::http::{self, AskError};
use crate::ring::Ring;
use crate::table::{Side, Table, thousands};
use crate::whom::read;

/// Says how running nodes fare.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  peer-ring status --address 127.0.0.1:7501
  peer-ring status --address 127.0.0.1:7501,127.0.0.1:7502,127.0.0.1:7503
  peer-ring status --json

Ends with 0 when all are ready, 69 when one does not answer, 1 when one is not ready.")]
pub struct Options {
    /// A node's address for HTTP; several, separated by commas.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:7501", value_delimiter = ',')]
    address: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// How a node fares.
#[derive(Clone, Debug, Serialize)]
struct Status {
    address: String,
    is_ready: bool,
    /// Why it is not ready.
    reason: Option<String>,
    /// Why its ring cannot change, and what to order then.
    stuck: Option<String>,
    cluster: String,
    epoch: u64,
    fingerprint: String,
    /// Members that it can reach, itself among them.
    alive: usize,
    members: usize,
    records: u64,
    records_bytes: u64,
    requests_inflight: u64,
    replicas_pending: u64,
    /// The versions of the wire that it speaks with its peers, the oldest first.
    wire: Vec<u64>,
}

/// Asks nodes how they fare.
///
/// # Errors
/// When the process cannot ask at all.
pub fn status(options: &Options) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut found, mut exit) = (Vec::new(), Exit::Ok);
    for address in &options.address {
        match runtime.block_on(ask(address)) {
            Ok(status) if status.is_ready => found.push(status),
            Ok(status) => {
                found.push(status);
                exit = worse(exit, Exit::Failed);
            }
            Err(failure) => {
                complain(format_args!("{:#}", failure.cause));
                exit = worse(exit, failure.exit);
            }
        }
    }
    if options.json {
        say(serde_json::to_string_pretty(&found)?);
    } else if !found.is_empty() {
        say(table(&found).trim_end());
        for stuck in found.iter().filter_map(|it| it.stuck.as_ref()).collect::<BTreeSet<_>>() {
            say(format_args!("stuck: {stuck}"));
        }
    }
    Ok(exit)
}

/// A node that does not answer is worse than one that is not ready.
fn worse(one: Exit, other: Exit) -> Exit {
    if one.code() >= other.code() { one } else { other }
}

async fn ask(address: &str) -> Result<Status, Failure> {
    let get = async |path| http::get(address, path).await.map_err(AskError::into_failure);
    let health = get("/healthz").await?;
    if health.status != 200 {
        return Err(anyhow!("{address}/healthz: {}: {}", health.status, health.body).into());
    }
    let readiness = get("/readyz").await?;
    let ring = get("/v1/ring").await?;
    let metrics = get("/metrics").await?;
    let reason = reason(&readiness.body);
    // A node that has no ring yet says so instead.
    let ring: Option<Ring> = if ring.status == 200 { Some(read(&ring.body)?) } else { None };
    let members = ring.as_ref().map_or(&[][..], |ring| &ring.members);
    let count = |name| metric(&metrics.body, name);
    let stuck = ring.as_ref().and_then(|ring| ring.stuck.clone());
    Ok(Status {
        address: address.to_owned(),
        is_ready: readiness.status == 200,
        // It is said once, below the table.
        reason: reason.filter(|reason| stuck.as_ref() != Some(reason)),
        stuck,
        alive: members.iter().filter(|member| member.state == "alive").count(),
        members: members.len(),
        cluster: ring.as_ref().map(|ring| ring.cluster.clone()).unwrap_or_default(),
        epoch: ring.as_ref().map_or(0, |ring| ring.epoch),
        fingerprint: ring.map(|ring| ring.fingerprint).unwrap_or_default(),
        records: count("peer_ring_records"),
        records_bytes: count("peer_ring_records_bytes"),
        requests_inflight: count("peer_ring_requests_inflight"),
        replicas_pending: count("peer_ring_replicas_pending"),
        wire: values(&metrics.body, "peer_ring_link_wire_version"),
    })
}

fn reason(readiness: &str) -> Option<String> {
    let body: Value = serde_json::from_str(readiness).ok()?;
    Some(body["reason"].as_str()?.to_owned())
}

/// The value of a metric without labels; zero when it is not shown.
fn metric(text: &str, name: &str) -> u64 {
    let value = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok();
    text.lines().find_map(value).unwrap_or(0)
}

/// The different values of a metric with labels, in order.
fn values(text: &str, name: &str) -> Vec<u64> {
    let value = |line: &str| {
        let (_, value) = line.strip_prefix(name)?.strip_prefix('{')?.rsplit_once(' ')?;
        value.parse().ok()
    };
    let found: BTreeSet<_> = text.lines().filter_map(value).collect();
    found.into_iter().collect()
}

/// "2", or "1 and 2" while a cluster is upgraded; "-" without a peer.
fn wire(versions: &[u64]) -> String {
    if versions.is_empty() {
        return "-".to_owned();
    }
    versions.iter().map(u64::to_string).collect::<Vec<_>>().join(" and ")
}

fn table(found: &[Status]) -> String {
    let mut table = Table::new([
        ("ADDRESS", Side::Left),
        ("CLUSTER", Side::Left),
        ("RING", Side::Left),
        ("ALIVE", Side::Right),
        ("RECORDS", Side::Right),
        ("BYTES", Side::Right),
        ("IN FLIGHT", Side::Right),
        ("WIRE", Side::Left),
        ("READY", Side::Left),
    ]);
    for status in found {
        let Status { address, cluster, epoch, fingerprint, .. } = status;
        table.row([
            address.clone(),
            cluster.clone(),
            format!("{epoch} ({fingerprint})"),
            format!("{} of {}", status.alive, status.members),
            thousands(status.records),
            thousands(status.records_bytes),
            thousands(status.requests_inflight),
            wire(&status.wire),
            match (&status.reason, status.is_ready) {
                (_, true) => "yes".to_owned(),
                (Some(reason), false) => format!("no: {reason}"),
                (None, false) => "no".to_owned(),
            },
        ]);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_found_by_its_whole_name() {
        let text =
            "# TYPE peer_ring_records gauge\npeer_ring_records_bytes 9\npeer_ring_records 3\n";
        assert_eq!(metric(text, "peer_ring_records"), 3);
        assert_eq!(metric(text, "peer_ring_records_bytes"), 9);
        assert_eq!(metric(text, "peer_ring"), 0);
    }

    #[test]
    fn the_versions_spoken_with_all_peers_are_found() {
        let text = "\
peer_ring_link_wire_version{peer=\"n2\",lane=\"foreground\"} 2
peer_ring_link_wire_version{peer=\"n2\",lane=\"background\"} 2
peer_ring_link_wire_version{peer=\"n3\",lane=\"foreground\"} 1
";
        assert_eq!(values(text, "peer_ring_link_wire_version"), [1, 2]);
        assert_eq!(wire(&values("", "peer_ring_link_wire_version")), "-");
    }

    #[test]
    fn a_node_that_is_not_ready_says_why() {
        let status = Status {
            address: "h:1".to_owned(),
            is_ready: false,
            stuck: None,
            reason: reason(r#"{"ready": false, "reason": "12 replicas are being filled"}"#),
            cluster: "dev".to_owned(),
            epoch: 1,
            fingerprint: "0f".to_owned(),
            alive: 2,
            members: 3,
            records: 1_234,
            records_bytes: 5,
            requests_inflight: 0,
            replicas_pending: 12,
            wire: vec![1, 2],
        };
        let expected = "\
ADDRESS  CLUSTER  RING     ALIVE  RECORDS  BYTES  IN FLIGHT  WIRE     READY
h:1      dev      1 (0f)  2 of 3    1,234      5          0  1 and 2  no: 12 replicas are being filled
";
        assert_eq!(table(&[status]), expected);
    }
}
