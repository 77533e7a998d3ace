//! What the environment may and may not say.

use super::*;

fn with(variables: &[(&str, &str)]) -> Result<NodeConfig, EnvironmentError> {
    let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
    overlay(NodeConfig::default(), &variables.iter().map(owned).collect::<Vec<_>>())
}

#[test]
fn a_variable_overrides_its_field_and_no_other() {
    let config = with(&[("PEER_RING_LISTEN_PEERS", "0.0.0.0:9"), ("HOME", "/")]).unwrap();
    let mut expected = NodeConfig::default();
    expected.listen.peers = "0.0.0.0:9".parse().unwrap();
    assert_eq!(config, expected);
}

#[test]
fn text_that_looks_like_something_else_stays_text() {
    let config = with(&[("PEER_RING_NODE_NAME", "123"), ("PEER_RING_CLUSTER", "y")]).unwrap();
    assert_eq!(config.node.name.as_deref(), Some("123"));
    assert_eq!(config.cluster, "y");
}

#[test]
fn a_list_is_yaml_text() {
    let members = "[{name: n1, address: 'h:1'}, {name: n2, address: 'h:2', zone: z}]";
    let config = with(&[("PEER_RING_DISCOVERY_STATIC_MEMBERS", members)]).unwrap();
    let discovery = config.discovery.unwrap();
    let members = discovery.listed().unwrap();
    assert_eq!(members.len(), 2);
    assert_eq!(members[1].zone.as_deref(), Some("z"));
}

#[test]
fn a_block_replaces_the_block_and_its_fields_are_laid_over_it() {
    let config = with(&[
        ("PEER_RING_RING_REPLICAS", "5"),
        ("PEER_RING_RING", "partitions: 64\nreplicas: 1"),
        ("PEER_RING_NAMESPACES", "{sessions: {n: 2}}"),
    ])
    .unwrap();
    assert_eq!(config.ring.partitions, 64);
    assert_eq!(config.ring.replicas, 5);
    assert_eq!(config.namespaces.keys().collect::<Vec<_>>(), ["sessions"]);
}

#[test]
fn null_and_nothing_switch_an_optional_field_off() {
    let config = with(&[("PEER_RING_LISTEN_RESP", "null"), ("PEER_RING_LISTEN_HTTP", "")]).unwrap();
    assert_eq!((config.listen.resp, config.listen.http), (None, None));
}

#[test]
fn a_value_that_does_not_fit_names_the_variable() {
    let error = with(&[("PEER_RING_RING_PARTITIONS", "many")]).unwrap_err();
    assert_eq!(error.to_string(), "PEER_RING_RING_PARTITIONS: invalid u32, in \"many\"");
    let error = with(&[("PEER_RING_RING", "{partitons: 4}")]).unwrap_err();
    assert!(error.to_string().contains("unknown field `partitons`"), "{error}");
}

#[test]
fn a_value_cannot_reach_other_fields() {
    let config = with(&[("PEER_RING_RING_PARTITIONS", "8\nreplicas: 9")]);
    assert!(config.is_err());
    let error = with(&[("PEER_RING_CLUSTER", "a\ncluster: b")]).unwrap_err();
    assert_eq!(error.variable, "PEER_RING_CLUSTER");
}

#[test]
fn a_node_has_one_source() {
    let members = ("PEER_RING_DISCOVERY_STATIC_MEMBERS", "[]");
    let error = with(&[members, ("PEER_RING_DISCOVERY_DNS_SRV", "a")]).unwrap_err();
    assert!(error.problem.contains("is the source already"), "{error}");
    let whole = ("PEER_RING_DISCOVERY", "{dns: {host: a}}");
    let config = with(&[("PEER_RING_DISCOVERY_DNS_PORT", "7"), whole]).unwrap();
    let Some(Discovery::Dns(dns)) = config.discovery else { panic!("the source is dns") };
    assert_eq!((dns.host.as_deref(), dns.port), (Some("a"), Some(7)));
}

#[test]
fn a_secret_comes_through_and_is_not_shown_when_it_does_not_fit() {
    let keys = |value| with(&[("PEER_RING_DISCOVERY_SWIM_KEYS", value)]);
    let Some(Discovery::Swim(swim)) = keys("[a secret]").unwrap().discovery else {
        panic!("the source is swim")
    };
    assert_eq!(swim.keys, [peer_ring_discovery::swim::Key::new("a secret")]);
    for (variable, text) in [
        ("PEER_RING_DISCOVERY_SWIM_KEYS", "[[a secret]]"),
        ("PEER_RING_DISCOVERY_SWIM", "{kyes: [a secret]}"),
        ("PEER_RING_DISCOVERY", "{swim: {keys: [a secret], sead: 1}}"),
    ] {
        let error = with(&[(variable, text)]).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{variable}: ")), "{error}");
        assert!(!error.contains("a secret"), "{error}");
    }
}

#[test]
fn a_misspelt_variable_is_named() {
    let error = with(&[("PEER_RING_LISTEN_PEER", "1.2.3.4:5")]).unwrap_err();
    assert_eq!(error.variable, "PEER_RING_LISTEN_PEER");
}

#[test]
fn what_kubernetes_says_of_a_service_of_our_name_is_not_meant_for_us() {
    let links = [
        ("PEER_RING_SERVICE_HOST", "10.0.0.1"),
        ("PEER_RING_SERVICE_PORT", "7401"),
        ("PEER_RING_SERVICE_PORT_RESP", "7401"),
        ("PEER_RING_PORT", "tcp://10.0.0.1:7401"),
        ("PEER_RING_PORT_7401_TCP", "tcp://10.0.0.1:7401"),
        ("PEER_RING_PORT_7401_TCP_ADDR", "10.0.0.1"),
        ("PEER_RING_HTTP_PORT_7501_TCP_PROTO", "tcp"),
        ("PEER_RING_LOG", "debug"),
        ("PEER_RING_CONFIG", "node.yml"),
    ];
    assert_eq!(with(&links).unwrap(), NodeConfig::default());
}

#[test]
fn no_two_fields_share_a_variable_and_none_looks_like_kubernetes() {
    let mut names: Vec<_> = fields().iter().map(|path| variable(path)).collect();
    assert!(names.contains(&"PEER_RING_DISCOVERY_STATIC_MEMBERS".to_owned()));
    assert!(names.contains(&"PEER_RING_LOG_LEVEL".to_owned()));
    // Of a source, a port of its own is worth more than a service that is called after a source.
    let mut others = names.iter().filter(|name| !name.starts_with("PEER_RING_DISCOVERY_"));
    assert!(!others.any(|name| is_service_link(name)));
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}
