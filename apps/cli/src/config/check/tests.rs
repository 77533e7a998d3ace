//! One wrong field at a time, each named with what is wrong about it.

use super::*;
use crate::config::discovery::Static;
use crate::config::settings::settled;

fn member(name: &str, address: &str) -> Member {
    Member { name: name.to_owned(), address: address.to_owned(), zone: None, weight: None }
}

/// What is said of a configuration that is right but for one change.
fn said(change: impl Fn(&mut NodeConfig)) -> String {
    let mut config = NodeConfig::default();
    config.node.name = Some("n1".to_owned());
    let members = vec![member("n1", "a:1"), member("n2", "b:1")];
    config.discovery = Some(Discovery::Static(Static { members }));
    let mut config = settled(config);
    change(&mut config);
    match check(&config) {
        Ok(()) => "right".to_owned(),
        Err(problems) => problems.to_string(),
    }
}

fn members(config: &mut NodeConfig) -> &mut Vec<Member> {
    match config.discovery.as_mut().unwrap() {
        Discovery::Static(Static { members }) => members,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_defaults_with_a_name_and_members_are_right() {
    assert_eq!(said(|_| {}), "right");
}

#[test]
fn names_have_letters_digits_and_little_else() {
    let cluster = said(|config| config.cluster = "a b".to_owned());
    assert!(cluster.starts_with("cluster: a name has letters"), "{cluster}");
    let name = said(|config| config.node.name = None);
    assert!(name.starts_with("node.name: is missing"), "{name}");
    let zone = said(|config| members(config)[1].zone = Some("é".to_owned()));
    assert!(zone.starts_with("discovery.static.members[1].zone: "), "{zone}");
    let namespace = said(|config| {
        config
            .namespaces
            .insert("a/b".to_owned(), Namespace { n: Some(1), ..Namespace::default() });
    });
    assert!(namespace.starts_with("namespaces.a/b: "), "{namespace}");
}

#[test]
fn the_ring_has_a_power_of_two_of_partitions_and_a_few_replicas() {
    let partitions = said(|config| config.ring.partitions = 100);
    assert_eq!(partitions, "ring.partitions: 100 is not a power of two from 1 to 32768");
    assert_eq!(said(|config| config.ring.replicas = 17), "ring.replicas: 17 is not 1 to 16");
    let none = said(|config| config.ring.replicas = 0);
    assert!(none.starts_with("ring.replicas: 0 is not 1 to 16"), "{none}");
}

#[test]
fn shards_may_be_any_number() {
    let shards = |count| {
        said(|config| {
            config.ring.strategy = Strategy::Modulo;
            config.ring.partitions = count;
        })
    };
    assert_eq!(shards(100), "right");
    assert_eq!(shards(0), "ring.partitions: 0 is not 1 to 32768");
}

#[test]
fn a_full_ring_has_its_members_for_replicas_and_no_more_than_sixteen() {
    let full = |count: usize, n| {
        said(|config| {
            config.ring.strategy = Strategy::Full;
            let more = 2..count;
            let more = more.map(|i| member(&format!("m{i}"), &format!("c:{}", i + 1)));
            members(config).extend(more);
            config.namespaces.insert("x".to_owned(), Namespace { n, ..Namespace::default() });
        })
    };
    assert_eq!(full(16, Some(16)), "right");
    assert!(full(4, Some(5)).starts_with("namespaces.x.n: 5 is not 1 to "));
    let many = full(17, None);
    assert_eq!(many, "ring.strategy: full makes all 17 members owners: it takes 16 at most");
}

#[test]
fn a_quorum_is_no_larger_than_the_replicas() {
    let with = |namespace: &Namespace| {
        said(|config| {
            config.namespaces.insert("x".to_owned(), namespace.clone());
        })
    };
    let base = Namespace { n: Some(2), ..Namespace::default() };
    let w = with(&Namespace { w: Some(3), ..base.clone() });
    assert_eq!(w, "namespaces.x.w: 3 is not 1 to n, 2");
    let r = with(&Namespace { r: Some(0), ..base.clone() });
    assert_eq!(r, "namespaces.x.r: 0 is not 1 to n, 2");
    let n = with(&Namespace { n: Some(4), ..base.clone() });
    assert_eq!(n, "namespaces.x.n: 4 is not 1 to ring.replicas, 3");
    let ttl = with(&Namespace { ttl_ms: Some(0), ..base });
    assert_eq!(ttl, "namespaces.x.ttl_ms: 0 is not above 0; null is for ever");
}

#[test]
fn one_address_is_listened_on_once() {
    let twice = said(|config| config.listen.http = config.listen.resp);
    assert_eq!(twice, "listen.http: 127.0.0.1:7401 is listen.resp already");
    let any_port = said(|config| {
        config.listen.http = Some("127.0.0.1:0".parse().unwrap());
        config.listen.resp = config.listen.http;
    });
    assert_eq!(any_port, "right");
}

#[test]
fn this_node_is_among_the_members() {
    let stranger = said(|config| config.node.name = Some("n3".to_owned()));
    assert_eq!(stranger, "discovery.static.members: this node, n3, is not among them");
    let missing = said(|config| config.discovery = None);
    assert!(missing.starts_with("discovery: is missing"), "{missing}");
}

#[test]
fn no_two_members_share_a_name_or_an_address() {
    let name = said(|config| members(config).push(member("n2", "c:1")));
    let field = "discovery.static.members";
    assert_eq!(name, format!("{field}[2].name: \"n2\" is the name of {field}[1] already"));
    let address = said(|config| members(config).push(member("n3", "b:1")));
    assert_eq!(address, format!("{field}[2].address: b:1 is the address of {field}[1] already"));
}

#[test]
fn somebody_owns_something() {
    let nobody =
        said(|config| members(config).iter_mut().for_each(|member| member.weight = Some(0)));
    assert!(nobody.contains("nobody would own anything"), "{nobody}");
}

#[test]
fn what_is_said_of_this_node_twice_is_the_same() {
    let zone = said(|config| {
        config.node.zone = Some("z".to_owned());
        members(config)[0].zone = Some("y".to_owned());
    });
    let entry = "discovery.static.members[0]";
    assert_eq!(zone, format!("node.zone: is z, and {entry}.zone is y for this node"));
    let weight = said(|config| {
        config.node.weight = Some(2);
        members(config)[0].weight = Some(1);
    });
    assert_eq!(weight, format!("node.weight: is 2, and {entry}.weight is 1 for this node"));
    let address = said(|config| config.advertise = Some("c:1".to_owned()));
    assert_eq!(address, format!("advertise: is c:1, and {entry}.address is a:1 for this node"));
}

#[test]
fn a_node_may_say_of_itself_what_the_list_does_not() {
    let own = said(|config| {
        config.node.zone = Some("z".to_owned());
        config.node.weight = Some(2);
        config.advertise = Some("a:1".to_owned());
    });
    assert_eq!(own, "right");
}

#[test]
fn a_ring_changes_in_time_and_within_bounds() {
    let none = said(|config| config.ring.bootstrap_expect = Some(0));
    assert_eq!(none, "ring.bootstrap_expect: 0 is not above 0");
    let patience = said(|config| config.ring.patience_ms = 0);
    assert_eq!(patience, "ring.patience_ms: 0 is not 1 to 86400000");
    let evict = said(|config| config.ring.evict_after_ms = u64::MAX);
    assert!(evict.starts_with("ring.evict_after_ms: "), "{evict}");
    assert_eq!(said(|config| config.ring.evict_after_ms = 0), "right");
    let pages = said(|config| config.transfers.pages_max = 0);
    assert_eq!(pages, "transfers.pages_max: 0 is not above 0");
    let bytes = said(|config| config.transfers.bytes_per_second = 0);
    assert_eq!(bytes, "transfers.bytes_per_second: 0 is not above 0");
    let timeout = said(|config| config.transfers.timeout_ms = 0);
    assert_eq!(timeout, "transfers.timeout_ms: 0 is not 1 to 86400000");
}

#[test]
fn an_address_to_reach_somebody_at_has_a_host_and_a_port() {
    for right in ["h:1", "10.0.0.1:65535", "[::1]:7", "a.b-c.svc:7601"] {
        assert!(is_reachable(right), "{right}");
    }
    for wrong in ["", "h", ":1", "h:0", "h:x", "h:70000", "::1:7", "[x]:1", "http://h:1", "a b:1"] {
        assert!(!is_reachable(wrong), "{wrong}");
    }
}

#[test]
fn times_are_above_zero_and_in_order() {
    let timeout = said(|config| config.requests.timeout_ms = 0);
    assert_eq!(timeout, "requests.timeout_ms: 0 is not 1 to 86400000");
    let hedge = said(|config| config.requests.hedge_after_min_ms = 300);
    assert_eq!(
        hedge,
        "requests.hedge_after_max_ms: 250 is not at least requests.hedge_after_min_ms, 300"
    );
    let down = said(|config| config.membership.down_after_ms = 1_500);
    assert_eq!(
        down,
        "membership.down_after_ms: 1500 is not more than membership.suspect_after_ms, 1500"
    );
    let bounds = said(|config| config.requests.inflight_max = 0);
    assert_eq!(bounds, "requests.inflight_max: 0 is not above 0");
}

#[test]
fn fronts_serve_a_namespace_that_exists_within_their_own_bounds() {
    let namespace = said(|config| config.fronts.resp.namespace = "x".to_owned());
    assert_eq!(namespace, "fronts.resp.namespace: there is no namespace x");
    let key = said(|config| config.fronts.limits.key_bytes_max = 1 << 20);
    assert!(key.starts_with("fronts.limits.key_bytes_max: 1048576 is more than "), "{key}");
    let request = said(|config| config.fronts.limits.request_bytes_max = 1_000);
    assert!(request.starts_with("fronts.limits.request_bytes_max: 1000 is too low"), "{request}");
}

#[test]
fn a_key_and_its_namespace_fit_into_what_peers_take() {
    let room = peer_ring_proto::Limits::default().key_bytes_max - KEY_EXTRA_BYTES;
    let with_name_of = |bytes| {
        said(|config| {
            let namespace = Namespace { n: Some(1), ..Namespace::default() };
            config.namespaces.insert("x".repeat(bytes), namespace);
            config.fronts.limits.key_bytes_max = u32::try_from(room - 10).unwrap();
        })
    };
    assert_eq!(with_name_of(10), "right");
    let long = with_name_of(11);
    assert!(long.starts_with("fronts.limits.key_bytes_max: "), "{long}");
    assert!(long.contains("which peers take besides \"xxxxxxxxxxx\""), "{long}");
}

#[test]
fn the_log_level_is_a_filter() {
    assert_eq!(said(|config| config.log.level = "warn,peer_ring=debug".to_owned()), "right");
    let level = said(|config| config.log.level = "peer_ring=loud".to_owned());
    assert!(level.starts_with("log.level: \"peer_ring=loud\" is no filter"), "{level}");
}

#[test]
fn a_recording_has_room_for_its_beginning() {
    let bytes = said(|config| config.flight.bytes_max = 1_000);
    assert_eq!(bytes, "flight.bytes_max: 1000 is less than 65536");
    let recordings = said(|config| config.flight.recordings_max = 0);
    assert_eq!(recordings, "flight.recordings_max: 0 is not above 0");
}

#[test]
fn all_problems_are_said_at_once() {
    let both = said(|config| {
        config.cluster.clear();
        config.ring.partitions = 3;
    });
    assert!(both.contains("cluster: ") && both.contains("; ring.partitions: "), "{both}");
}
