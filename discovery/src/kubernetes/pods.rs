//! Reads the node out of a pod.

use k8s_openapi::api::core::v1::{Pod, PodSpec, PodStatus};
use peer_ring_core::id::NodeName;
use peer_ring_core::membership::Sighting;
use peer_ring_discovery_core::kubernetes::{Candidate, Object, Rank};

use super::settings::{Address, Port};
use super::slices::{at, mark};

/// The label by which a pod says in which zone it is.
const ZONE_LABEL: &str = "topology.kubernetes.io/zone";

/// What a pod tells.
pub(super) fn read(pod: &Pod, port: &Port, address: Address) -> Object {
    Object {
        key: pod.metadata.name.clone().unwrap_or_default(),
        version: pod.metadata.resource_version.clone().unwrap_or_default(),
        nodes: node(pod, port, address).into_iter().collect(),
    }
}

fn node(pod: &Pod, port: &Port, address: Address) -> Option<Candidate> {
    let (spec, status) = (pod.spec.as_ref()?, pod.status.as_ref()?);
    if matches!(status.phase.as_deref(), Some("Succeeded" | "Failed")) {
        return None;
    }
    let is_ready = is_ready(status);
    let is_terminating = pod.metadata.deletion_timestamp.is_some();
    if is_terminating && !is_ready {
        return None;
    }
    let ip = status.pod_ip.as_deref().filter(|ip| !ip.is_empty())?;
    let is_ipv6 = ip.contains(':');
    let port = port_of(spec, port)?;
    let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
    let reached = match (address, &spec.hostname, &spec.subdomain) {
        (Address::Hostname, Some(host), Some(service)) => {
            format!("{host}.{service}.{namespace}.svc:{port}")
        }
        (Address::Hostname | Address::Ip, _, _) => at(ip, port, is_ipv6),
    };
    let name = NodeName::new(pod.metadata.name.as_deref()?).ok()?;
    let mut sighting = Sighting::new(name, reached);
    let zone = pod.metadata.labels.as_ref().and_then(|labels| labels.get(ZONE_LABEL));
    sighting.zone = zone.map(|zone| zone.as_str().into());
    mark(&mut sighting, is_ready, is_terminating);
    Some(Candidate { sighting, rank: Rank { is_terminating, is_ipv6 } })
}

fn is_ready(status: &PodStatus) -> bool {
    let conditions = status.conditions.as_deref().unwrap_or_default();
    conditions.iter().any(|it| it.type_ == "Ready" && it.status == "True")
}

fn port_of(spec: &PodSpec, wanted: &Port) -> Option<u16> {
    match wanted {
        Port::Number(number) => Some(*number),
        Port::Name(name) => {
            let mut ports =
                spec.containers.iter().flat_map(|it| it.ports.as_deref().unwrap_or_default());
            let found = ports.find(|port| port.name.as_ref() == Some(name))?;
            u16::try_from(found.container_port).ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(meta: &str, status: &str) -> Pod {
        let text = format!(
            r#"{{"metadata":{{"name":"n0","namespace":"prod","resourceVersion":"7",
                "labels":{{"topology.kubernetes.io/zone":"east"}}{meta}}},
                "spec":{{"hostname":"n0","subdomain":"ring","containers":[{{"name":"c",
                "ports":[{{"name":"peers","containerPort":7701}}]}}]}},
                "status":{{{status}}}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    const READY: &str = r#""podIP":"10.0.0.1","conditions":[{"type":"Ready","status":"True"}]"#;
    const NOT_READY: &str = r#""podIP":"10.0.0.1","phase":"Running""#;
    const GOING: &str = r#","deletionTimestamp":"2026-01-01T00:00:00Z""#;

    fn seen(meta: &str, status: &str) -> Option<Sighting> {
        let object = read(&pod(meta, status), &Port::Number(7601), Address::Ip);
        object.nodes.into_iter().next().map(|it| it.sighting)
    }

    #[test]
    fn a_pod_is_seen_from_its_address_on_until_it_goes_and_serves_no_more() {
        assert_eq!(seen("", READY).unwrap().metadata["ready"], "true");
        assert_eq!(seen("", NOT_READY).unwrap().metadata["ready"], "false");
        assert_eq!(seen(GOING, READY).unwrap().metadata["terminating"], "true");
        assert_eq!(seen(GOING, NOT_READY), None);
        assert_eq!(seen("", r#""phase":"Pending""#), None);
        assert_eq!(seen("", r#""podIP":"10.0.0.1","phase":"Failed""#), None);
    }

    #[test]
    fn a_node_has_its_pods_name_zone_and_address() {
        let node = seen("", READY).unwrap();
        assert_eq!((node.name.as_str(), node.address.as_str()), ("n0", "10.0.0.1:7601"));
        assert_eq!(node.zone.as_deref(), Some("east"));
        let object = read(&pod("", READY), &Port::Name("peers".into()), Address::Hostname);
        assert_eq!(object.nodes[0].sighting.address, "n0.ring.prod.svc:7701");
    }
}
