//! Reads the nodes out of an `EndpointSlice`.

use k8s_openapi::api::discovery::v1::{Endpoint, EndpointPort, EndpointSlice};
use peer_ring_core::id::NodeName;
use peer_ring_core::membership::Sighting;
use peer_ring_discovery_core::kubernetes::{Candidate, Object, Rank};

use super::settings::{Address, Port};

/// The label by which a slice says which service it belongs to.
pub(super) const SERVICE_LABEL: &str = "kubernetes.io/service-name";

/// What a slice of this service tells.
pub(super) fn read(slice: &EndpointSlice, service: &str, port: &Port, address: Address) -> Object {
    let meta = &slice.metadata;
    let port = port_of(slice.ports.as_deref().unwrap_or_default(), port);
    let namespace = meta.namespace.as_deref().unwrap_or_default();
    let is_ipv6 = slice.address_type == "IPv6";
    let node = |endpoint| node(endpoint, service, namespace, port?, address, is_ipv6);
    let nodes = match slice.address_type.as_str() {
        "IPv4" | "IPv6" => slice.endpoints.iter().filter_map(node).collect(),
        // Names of the world outside: no pods.
        _ => Vec::new(),
    };
    Object {
        key: meta.name.clone().unwrap_or_default(),
        version: meta.resource_version.clone().unwrap_or_default(),
        nodes,
    }
}

fn port_of(ports: &[EndpointPort], wanted: &Port) -> Option<u16> {
    match wanted {
        Port::Number(number) => Some(*number),
        Port::Name(name) => {
            let found = ports.iter().find(|port| port.name.as_ref() == Some(name))?;
            u16::try_from(found.port?).ok()
        }
    }
}

fn node(
    endpoint: &Endpoint,
    service: &str,
    namespace: &str,
    port: u16,
    address: Address,
    is_ipv6: bool,
) -> Option<Candidate> {
    let conditions = endpoint.conditions.clone().unwrap_or_default();
    // What is not said counts as the API defines it: ready, serving as it is ready, not going.
    let is_ready = conditions.ready.unwrap_or(true);
    let is_serving = conditions.serving.unwrap_or(is_ready);
    let is_terminating = conditions.terminating.unwrap_or(false);
    if is_terminating && !is_serving {
        return None;
    }
    let target = endpoint.target_ref.as_ref().filter(|it| it.kind.as_deref() == Some("Pod"));
    let pod = target.and_then(|it| it.name.as_deref()).or(endpoint.hostname.as_deref())?;
    let ip = endpoint.addresses.first()?;
    let reached = match (address, &endpoint.hostname) {
        (Address::Hostname, Some(host)) => format!("{host}.{service}.{namespace}.svc:{port}"),
        (Address::Hostname, None) | (Address::Ip, _) => at(ip, port, is_ipv6),
    };
    let mut sighting = Sighting::new(NodeName::new(pod).ok()?, reached);
    sighting.zone = endpoint.zone.as_deref().map(Into::into);
    mark(&mut sighting, is_ready, is_terminating);
    Some(Candidate { sighting, rank: Rank { is_terminating, is_ipv6 } })
}

/// `host:port`.
pub(super) fn at(ip: &str, port: u16, is_ipv6: bool) -> String {
    if is_ipv6 { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }
}

/// Says in a sighting's metadata how its pod is.
pub(super) fn mark(sighting: &mut Sighting, is_ready: bool, is_terminating: bool) {
    sighting.metadata.insert("ready".into(), is_ready.to_string());
    sighting.metadata.insert("terminating".into(), is_terminating.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(endpoints: &str) -> EndpointSlice {
        let text = format!(
            r#"{{"metadata":{{"name":"ring-x","namespace":"prod","resourceVersion":"7"}},
                "addressType":"IPv4","ports":[{{"name":"peers","port":7701}}],
                "endpoints":[{endpoints}]}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    fn nodes(endpoints: &str, port: &Port, address: Address) -> Vec<Sighting> {
        let object = read(&slice(endpoints), "ring", port, address);
        object.nodes.into_iter().map(|it| it.sighting).collect()
    }

    const POD: &str = r#""addresses":["10.0.0.1"],"hostname":"n0","zone":"east",
        "targetRef":{"kind":"Pod","name":"n0"}"#;

    fn seen(conditions: &str) -> Option<(String, String)> {
        let endpoint = format!(r#"{{{POD},"conditions":{{{conditions}}}}}"#);
        let nodes = nodes(&endpoint, &Port::Number(7601), Address::Ip);
        let node = nodes.first()?;
        Some((node.metadata["ready"].clone(), node.metadata["terminating"].clone()))
    }

    fn is(ready: &str, terminating: &str) -> Option<(String, String)> {
        Some((ready.into(), terminating.into()))
    }

    #[test]
    fn ready_serving_and_terminating_are_told_apart() {
        assert_eq!(seen(""), is("true", "false"));
        assert_eq!(seen(r#""ready":false,"serving":false"#), is("false", "false"));
        let serves = r#""ready":false,"serving":true,"terminating":true"#;
        assert_eq!(seen(serves), is("false", "true"));
        assert_eq!(seen(r#""ready":false,"serving":false,"terminating":true"#), None);
        assert_eq!(seen(r#""ready":false,"terminating":true"#), None);
    }

    #[test]
    fn a_node_has_its_pods_name_zone_and_address() {
        let endpoint = format!("{{{POD}}}");
        let by_number = nodes(&endpoint, &Port::Number(7601), Address::Ip);
        assert_eq!(by_number[0].name.as_str(), "n0");
        assert_eq!(by_number[0].zone.as_deref(), Some("east"));
        assert_eq!(by_number[0].address, "10.0.0.1:7601");
        let by_name = nodes(&endpoint, &Port::Name("peers".into()), Address::Hostname);
        assert_eq!(by_name[0].address, "n0.ring.prod.svc:7701");
        assert_eq!(nodes(&endpoint, &Port::Name("other".into()), Address::Ip), []);
    }

    #[test]
    fn addresses_of_ipv6_stand_in_brackets_and_names_of_elsewhere_are_no_pods() {
        let mut slice = slice(&format!("{{{POD}}}"));
        slice.address_type = "IPv6".into();
        slice.endpoints[0].addresses = vec!["fd00::1".into()];
        let object = read(&slice, "ring", &Port::Number(1), Address::Ip);
        assert_eq!(object.nodes[0].sighting.address, "[fd00::1]:1");
        assert!(object.nodes[0].rank.is_ipv6);
        slice.address_type = "FQDN".into();
        assert_eq!(read(&slice, "ring", &Port::Number(1), Address::Ip).nodes, []);
    }
}
