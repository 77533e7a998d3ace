//! Files and environments, right and wrong.

use std::io::Write;

use peer_ring_core::ring::Strategy;
use peer_ring_core::steward::ChangeMode;

use super::*;

const MEMBERS: &str = "discovery: {static: {members: [{name: n1, address: 127.0.0.1:7601}]}}\n";

fn surroundings(variables: &[(&str, &str)]) -> Surroundings {
    let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
    Surroundings { variables: variables.iter().map(owned).collect(), host: Some("n1".to_owned()) }
}

fn load_text(text: &str, variables: &[(&str, &str)]) -> anyhow::Result<NodeConfig> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    load(Some(file.path()), &surroundings(variables))
}

fn refused(text: &str) -> String {
    format!("{:#}", load_text(text, &[]).unwrap_err())
}

#[test]
fn the_file_that_documents_the_defaults_has_them() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/config/node.yml");
    let mut documented = load(Some(Path::new(file)), &surroundings(&[])).unwrap();
    let discovery = documented.discovery.take().unwrap();
    assert_eq!(discovery.listed().unwrap()[0].address, "127.0.0.1:7601");
    let mut defaults = NodeConfig::default();
    defaults.node.name = Some("n1".to_owned());
    assert_eq!(documented, settle(defaults, &Surroundings::default()));
}

#[test]
fn the_file_that_documents_the_defaults_names_every_field() {
    let file = include_str!("../../../config/node.yml");
    let printed = yaml::print(&settle(NodeConfig::default(), &surroundings(&[])));
    for line in printed.lines() {
        let field = line.trim().split(':').next().unwrap().trim_matches('"');
        assert!(file.contains(&format!("{field}:")), "{field} is not in config/node.yml");
    }
}

/// The block of a source that stands behind # in the file that documents the defaults.
fn documented(source: &str) -> String {
    let file = include_str!("../../../config/node.yml");
    let behind = file.lines().filter_map(|line| line.strip_prefix("  #"));
    // Behind a single blank stands text.
    let yaml = behind.filter(|line| line.starts_with("  ") || line.ends_with(':'));
    let block = yaml.skip_while(|line| *line != format!("{source}:"));
    let rest = block.clone().skip(1).take_while(|line| line.starts_with("  "));
    let lines: Vec<_> = block.take(1).chain(rest).map(|line| format!("  {line}\n")).collect();
    format!("discovery:\n{}", lines.concat())
}

#[test]
fn the_file_that_documents_the_defaults_has_those_of_every_source() {
    for source in Discovery::defaults().into_iter().filter(|it| it.listed().is_none()) {
        let text = documented(source.name());
        let config: NodeConfig = yaml::parse(&text).unwrap_or_else(|it| panic!("{text}{it}"));
        assert_eq!(config.discovery.as_ref(), Some(&source), "{text}");
        let printed = yaml::print(&config);
        let block = printed.lines().skip_while(|it| *it != "discovery:").skip(1);
        for line in block.take_while(|it| it.starts_with(' ')) {
            let field = line.trim().split(':').next().unwrap();
            assert!(text.contains(&format!("  {field}:")), "{field} is not in {text}");
        }
    }
}

#[test]
fn a_field_that_does_not_exist_is_named_with_its_line_and_shown() {
    let said = refused(&format!("{MEMBERS}ring:\n  partitons: 64\n"));
    assert!(said.contains(": line 3: ring.partitons: unknown field `partitons`"), "{said}");
    assert!(said.contains("expected one of strategy, partitions, replicas"), "{said}");
    assert!(said.contains("3 |   partitons: 64"), "{said}");
}

#[test]
fn a_wrong_value_is_named_with_its_line() {
    let said = refused("requests:\n  timeout_ms: 5s\n");
    assert!(said.contains(": line 2: requests.timeout_ms: invalid u64"), "{said}");
    let said = refused("listen:\n  peers: 127.0.0.1\n");
    assert!(said.contains(": line 2: listen.peers: invalid socket address"), "{said}");
    let said = refused("namespaces:\n  x:\n    n: 300\n");
    assert!(said.contains(": line 3: namespaces.x.n: invalid u8"), "{said}");
    let said = refused("ring:\n  strategy: magic\n");
    assert!(said.contains(": line 2: ring.strategy: unknown variant `magic`"), "{said}");
    assert!(said.contains("balanced, tokens, rendezvous, modulo, full"), "{said}");
    let said = refused("fronts: {resp: {allow_flush: yes}}");
    assert!(said.contains("fronts.resp.allow_flush: invalid boolean"), "{said}");
}

#[test]
fn what_is_no_yaml_is_refused_with_its_line() {
    let said = refused("ring: {\nlisten:\n");
    assert!(said.contains(": line "), "{said}");
    let twice = refused("cluster: a\ncluster: b\n");
    assert!(twice.contains(": line 2: ") && twice.contains("duplicate"), "{twice}");
    assert!(refused("cluster: a\n---\ncluster: b\n").contains("multiple"));
}

#[test]
fn a_source_that_this_build_has_not_is_told_which_there_are() {
    let said = refused("discovery:\n  consul:\n    endpoints: []\n");
    assert!(said.contains("line 2: discovery: unknown source `consul`"), "{said}");
    assert!(said.contains("this build has: static, dns"), "{said}");
    let two = refused("discovery: {static: {members: []}, etcd: {}}");
    assert!(two.contains("names two sources, `static` and `etcd`"), "{two}");
    assert!(refused("discovery: {}").contains("names no source"));
}

#[cfg(not(feature = "etcd"))]
#[test]
fn a_source_that_is_not_built_in_names_the_feature_to_build_with() {
    let said = refused("discovery:\n  etcd:\n    endpoints: []\n");
    assert!(said.contains("line 2: discovery: this build lacks the source `etcd`"), "{said}");
    assert!(said.contains("cargo build --release -p peer-ring-cli --features etcd"), "{said}");
}

#[test]
fn each_source_is_one_block_and_needs_to_know_how_many_found_the_cluster() {
    let blocks = [
        "dns: {srv: _peers._tcp.example.org}",
        "swim: {seeds: ['a:7946'], keys: [0123456789abcdef]}",
        #[cfg(feature = "etcd")]
        "etcd: {endpoints: ['http://a:2379']}",
        "zookeeper: {servers: ['a:2181']}",
        "kubernetes: {service: ring, api_url: 'https://a:443'}",
    ];
    for block in blocks {
        let source = block.split(':').next().unwrap();
        let text = format!("node: {{name: n1}}\ndiscovery: {{{block}}}\n");
        let said = refused(&text);
        assert!(said.contains(&format!("ring.bootstrap_expect: is missing: {source}")), "{said}");
        let text = format!("{text}ring: {{bootstrap_expect: 3}}\n");
        let config = load_text(&text, &[]).unwrap();
        assert_eq!(config.discovery.as_ref().unwrap().name(), source);
        let settings = config.settings().unwrap().node;
        assert_eq!((settings.members.len(), settings.changes.bootstrap_expect), (0, Some(3)));
    }
}

#[test]
fn what_a_source_cannot_work_with_is_named_with_what_to_do() {
    let wrong =
        |more: &str| refused(&format!("node: {{name: n1}}\nring: {{bootstrap_expect: 3}}\n{more}"));
    let said = wrong("discovery: {zookeeper: {}}\n");
    assert!(said.contains("discovery.zookeeper.servers: is empty; give one or more"), "{said}");
    let said = wrong("discovery: {dns: {host: peers}}\n");
    assert!(said.contains("discovery.dns.port: is missing: say at which port"), "{said}");
    let said = wrong("discovery: {swim: {seeds: ['a:1']}}\n");
    assert!(said.contains("discovery.swim.keys: is empty: give all nodes one"), "{said}");
    let said = wrong("discovery: {swim: {keys_file: /no/such}}\n");
    assert!(said.contains("discovery.swim.keys_file: cannot read /no/such: "), "{said}");
    let said = wrong(
        "discovery:\n  kubernetes: {service: a, api_url: 'https://a', ca_file: /no/such.pem}\n",
    );
    assert!(said.contains("discovery.kubernetes.ca_file: cannot read /no/such.pem"), "{said}");
    let said = wrong("discovery:\n  dns:\n    srv: a\n    ttl_min_ms: soon\n");
    assert!(said.contains(": line 6: discovery.dns.ttl_min_ms: invalid u64"), "{said}");
    let said = wrong("discovery:\n  swim:\n    sead: a\n");
    assert!(said.contains(": line 5: discovery.swim.sead: unknown field `sead`"), "{said}");
    let said =
        wrong("discovery: {zookeeper: {servers: ['a:1']}}\nlisten: {peers: '0.0.0.0:7601'}\n");
    assert!(said.contains("advertise: is missing: zookeeper tells peers"), "{said}");
}

#[test]
fn the_blocks_of_the_readme_are_right() {
    let readme = include_str!("../../../../../README.md");
    let lines = readme.lines().skip_while(|line| !line.starts_with("discovery: ")).skip(1);
    let blocks: Vec<_> = lines.take_while(|line| line.starts_with("  ")).collect();
    assert_eq!(blocks.len(), 6, "{blocks:?}");
    for block in blocks {
        let is_built = !block.contains("etcd:") || cfg!(feature = "etcd");
        match yaml::parse::<NodeConfig>(&format!("discovery:\n{block}\n")) {
            Ok(config) => assert!(config.discovery.is_some(), "{block}"),
            Err(error) => assert!(!is_built, "{block}: {error}"),
        }
    }
}

#[test]
fn the_configuration_of_the_manifests_is_right() {
    let manifest = include_str!("../../../../../examples/kubernetes/statefulset.yml");
    let lines = manifest.lines().skip_while(|line| line.trim() != "node.yml: |").skip(1);
    let text: Vec<_> = lines.map_while(|line| line.strip_prefix("    ")).collect();
    let variables = [
        ("PEER_RING_NODE_NAME", "peer-ring-0"),
        ("PEER_RING_NODE_ZONE", ""),
        ("PEER_RING_ADVERTISE", "10.0.0.1:7601"),
        // In a pod, Kubernetes says it.
        ("PEER_RING_DISCOVERY_KUBERNETES_API_URL", "https://10.96.0.1:443"),
    ];
    let config = load_text(&text.join("\n"), &variables).unwrap();
    let own = config.own_sighting().unwrap();
    assert_eq!((own.name.as_str(), own.zone), ("peer-ring-0", None));
    assert_eq!(config.ring.bootstrap_expect, Some(3));
}

#[test]
fn secrets_are_not_printed() {
    let keys = "keys: [a secret of some length]";
    let text = format!("discovery: {{swim: {{seeds: ['a:1'], {keys}}}}}\n");
    let text = format!("node: {{name: n1}}\nring: {{bootstrap_expect: 1}}\n{text}");
    let printed = yaml::print(&load_text(&text, &[]).unwrap());
    assert!(printed.contains("(hidden)") && !printed.contains("a secret"), "{printed}");
}

#[test]
fn secrets_are_not_shown_with_what_is_wrong_near_them() {
    let swim = "node: {name: n1}\ndiscovery:\n  swim:\n    keys: [a secret of some length]\n";
    let near = [
        format!("{swim}    sead: a\n"),
        format!("{swim}    listen: here\n"),
        format!("{swim}   listen: a\n"),
        format!("{swim}ring: {{partitons: 64}}\n"),
        swim.replace("[a secret", "['a secret"),
        swim.replace("[a secret of some length]", "a secret of some length"),
        swim.replace("[a secret of some length]", "[[a secret of some length]]"),
        swim.replace("[a secret of some length]", "{a secret of some length: 1}"),
        swim.replace("[a secret of some length]", "[*a_secret_of_some_length]"),
        swim.replace("[a secret of some length]", "[!!int a secret of some length]"),
        swim.replace("keys", "kyes"),
        swim.replace("swim", "Swim"),
    ];
    for text in near {
        let said = refused(&text);
        assert!(said.contains(": line ") && !said.contains("secret"), "{text}{said}");
    }
    let short = refused(&swim.replace("[a secret of some length]", "[a secret]"));
    assert!(short.contains("swim.keys: ") && !short.contains("a secret"), "{short}");
}

#[test]
fn an_unknown_field_of_a_member_is_refused() {
    let said = refused("discovery:\n  static:\n    members:\n    - {name: a, addr: b}\n");
    assert!(said.contains("line 4: discovery.static.members[0].addr: unknown field"), "{said}");
}

#[test]
fn what_is_printed_can_be_read_back() {
    let text =
        format!("{MEMBERS}namespaces: {{y: {{n: 1, ttl_ms: 5}}, on: {{w: 2}}}}\ncluster: n\n");
    let config = load_text(&text, &[("PEER_RING_LISTEN_HTTP", "null")]).unwrap();
    let again = load_text(&yaml::print(&config), &[]).unwrap();
    assert_eq!(again, config);
    assert_eq!(again.namespaces.keys().collect::<Vec<_>>(), ["default", "on", "y"]);
}

#[test]
fn the_environment_goes_before_the_file() {
    let text = format!("{MEMBERS}ring: {{partitions: 64, replicas: 2}}\n");
    let config = load_text(&text, &[("PEER_RING_RING_PARTITIONS", "128")]).unwrap();
    assert_eq!((config.ring.partitions, config.ring.replicas), (128, 2));
}

#[test]
fn no_file_is_needed() {
    let members = "[{name: n1, address: 127.0.0.1:1}]";
    let variables = [("PEER_RING_DISCOVERY_STATIC_MEMBERS", members)];
    let config = load(None, &surroundings(&variables)).unwrap();
    assert_eq!(config.node.name.as_deref(), Some("n1"), "the host's name");
}

#[test]
fn a_wrong_value_of_the_whole_is_said_with_where_it_came_from() {
    let said = format!("{:#}", load(None, &surroundings(&[])).unwrap_err());
    assert!(said.starts_with("the environment: discovery: is missing"), "{said}");
    let said = refused(&format!("{MEMBERS}ring: {{partitions: 100}}"));
    assert!(said.contains("ring.partitions: 100 is not a power of two"), "{said}");
}

#[test]
fn a_cluster_is_founded_by_as_many_as_are_listed_unless_it_is_said() {
    let two =
        "discovery: {static: {members: [{name: n1, address: h:1}, {name: n2, address: h:2}]}}";
    let config = load_text(two, &[]).unwrap();
    assert_eq!(config.ring.bootstrap_expect, Some(2));
    let config = load_text(two, &[("PEER_RING_RING_BOOTSTRAP_EXPECT", "1")]).unwrap();
    assert_eq!(config.ring.bootstrap_expect, Some(1));
}

#[test]
fn when_the_ring_changes_is_said_in_the_file_or_the_environment() {
    let text = format!(
        "{MEMBERS}ring: {{change: manual, evict_after_ms: 0}}\n\
         transfers: {{bytes_per_second: 1000}}\ndata: {{directory: /var/lib/peer-ring}}\n"
    );
    let config = load_text(&text, &[("PEER_RING_RING_LEAVE_ON_STOP", "true")]).unwrap();
    let node = config.settings().unwrap().node;
    assert_eq!((node.changes.mode, node.changes.evict_after), (ChangeMode::Manual, None));
    assert_eq!(node.transfers.bytes_per_second, 1_000);
    assert_eq!(node.data.as_deref(), Some(Path::new("/var/lib/peer-ring")));
    assert_eq!(node.leave_on_stop, Some(std::time::Duration::from_secs(600)));
    let said = refused("ring:\n  change: sometimes\n");
    assert!(said.contains(": line 2: ring.change: unknown variant `sometimes`"), "{said}");
}

#[test]
fn a_namespace_has_as_many_replicas_as_the_ring_unless_it_says() {
    let text = format!("{MEMBERS}ring: {{replicas: 2}}\nnamespaces: {{x: {{n: 1}}, z: {{}}}}\n");
    let config = load_text(&text, &[]).unwrap();
    let n: Vec<_> = config.namespaces.values().map(|namespace| namespace.n).collect();
    assert_eq!(n, [Some(2), Some(1), Some(2)], "default, x, z");
}

#[test]
fn a_strategy_is_named_in_the_file_or_the_environment() {
    let config = load_text(&format!("{MEMBERS}ring: {{strategy: tokens}}\n"), &[]).unwrap();
    assert_eq!(config.settings().unwrap().node.ring.strategy, Strategy::Tokens);
    let text = format!("{MEMBERS}ring: {{partitions: 100}}\n");
    let config = load_text(&text, &[("PEER_RING_RING_STRATEGY", "modulo")]).unwrap();
    let ring = config.settings().unwrap().node.ring;
    assert_eq!((ring.strategy, ring.partitions.count()), (Strategy::Modulo, 100));
}

#[test]
fn a_namespace_of_a_full_ring_is_on_all_members() {
    let config = load_text(&format!("{MEMBERS}ring: {{strategy: full}}\n"), &[]).unwrap();
    assert_eq!(config.namespaces["default"].n, Some(1));
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let missing = load(Some(Path::new("/nowhere/node.yml")), &surroundings(&[])).unwrap_err();
    assert!(format!("{missing:#}").starts_with("cannot read /nowhere/node.yml: "), "{missing:#}");
}
