use super::*;

fn n1() -> Identity {
    Identity {
        cluster: "shop".into(),
        name: NodeName::new("n1").unwrap(),
        node: NodeId(0x11),
        incarnation: 1000,
        protocols: Protocols { min: 2, max: 4 },
        capabilities: ["a".into(), "b".into()].into(),
        ring_epoch: Epoch(5),
        ring_fingerprint: 0xaa,
        cluster_id: ClusterId(0xc1),
    }
}

fn n2() -> Identity {
    let name = NodeName::new("n2").unwrap();
    Identity { name, node: NodeId(0x22), incarnation: 2000, ..n1() }
}

fn meet(theirs: Identity) -> Result<Accepted, HelloRefusal> {
    negotiate(&n1(), &Hello { identity: theirs, purpose: Purpose::Link(Lane::Foreground) })
}

fn with_protocols(min: u32, max: u32) -> Identity {
    Identity { protocols: Protocols { min, max }, ..n2() }
}

fn with_ring(epoch: u64, ring_fingerprint: u64) -> Identity {
    Identity { ring_epoch: Epoch(epoch), ring_fingerprint, ..n2() }
}

#[test]
fn the_highest_common_protocol_is_chosen() {
    for (min, max, wanted) in [(2, 4, 4), (1, 2, 2), (4, 9, 4), (3, 3, 3), (1, 9, 4)] {
        assert_eq!(meet(with_protocols(min, max)).unwrap().protocol, wanted, "{min} to {max}");
    }
}

#[test]
fn who_is_told_to_speak_at_most_an_old_protocol_does() {
    let [old, new] = [1, 9].map(|newest| Protocols::OURS.at_most(newest));
    assert_eq!((old, new), (Protocols { min: 1, max: 1 }, Protocols::OURS));
    assert_eq!(new.common(old), Some(1));
    assert_eq!(Protocols { min: 2, max: 3 }.at_most(1), Protocols { min: 2, max: 2 });
}

#[test]
fn every_protocol_of_ours_is_a_version_of_the_wire() {
    let versions = (1..9).filter(|number| WireVersion::of(*number).is_some());
    assert!(versions.eq(Protocols::OURS.min..=Protocols::OURS.max));
}

#[test]
fn only_common_capabilities_count() {
    let theirs = Identity { capabilities: ["b".into(), "c".into()].into(), ..n2() };
    assert_eq!(meet(theirs).unwrap().capabilities, ["b".into()].into());
}

#[test]
fn rings_may_differ_while_one_is_missing_or_behind() {
    for (epoch, fingerprint) in [(5, 0xaa), (5, 0), (0, 0), (4, 0xbb), (6, 0xbb)] {
        assert!(meet(with_ring(epoch, fingerprint)).is_ok(), "{epoch} {fingerprint:x}");
    }
}

#[test]
fn who_has_no_ring_yet_is_of_no_other_cluster() {
    let young = Identity { cluster_id: ClusterId(0), ..with_ring(0, 0) };
    assert!(meet(young.clone()).is_ok());
    let hello = |identity| Hello { identity, purpose: Purpose::Link(Lane::Foreground) };
    assert!(negotiate(&young, &hello(n1())).is_ok());
    let both = Identity { cluster_id: ClusterId(0), ..n1() };
    assert!(negotiate(&young, &hello(both)).is_ok());
}

#[test]
fn clusters_that_were_founded_apart_refuse_each_other_at_any_epoch() {
    for epoch in [1, 5, 6] {
        let apart = Identity { cluster_id: ClusterId(0xc2), ..with_ring(epoch, 0xbb) };
        assert_eq!(meet(apart).unwrap_err().code(), RefusalCode::FoundedApart);
    }
}

#[test]
fn whoever_does_not_belong_here_is_told_why() {
    use RefusalCode as Code;
    let renamed = |name: &str, node, incarnation| {
        let name = NodeName::new(name).unwrap();
        Identity { name, node: NodeId(node), incarnation, ..n1() }
    };
    let foreign = Identity { cluster: "test".into(), ..n2() };
    let table = [
        (foreign.clone(), Code::ForeignCluster, "node n1 is of cluster \"shop\" and node n2 of"),
        (
            with_protocols(1, 1),
            Code::IncompatibleProtocol,
            "n1 speaks protocols 2 to 4 and node n2",
        ),
        (with_protocols(5, 6), Code::IncompatibleProtocol, "upgrade the older one"),
        (n1(), Code::Itself, "node n1 has reached itself"),
        (renamed("n1", 0x33, 1000), Code::NameInUse, "in use by the node with id 0000000000000011"),
        (renamed("n1", 0x11, 999), Code::NameInUse, "give each node a name of its own"),
        (renamed("n3", 0x11, 1000), Code::NodeIdInUse, "data directory is a copy"),
        (with_ring(5, 0xbb), Code::DifferentRing, "at ring epoch 5, with different rings"),
        (
            Identity { cluster_id: ClusterId(0xc2), ..n2() },
            Code::FoundedApart,
            "node n1 is of cluster 00000000000000c1, which was founded apart from cluster \
             00000000000000c2 of node n2",
        ),
        (Identity { protocols: Protocols::OURS, ..foreign }, Code::ForeignCluster, "same cluster"),
    ];
    for (theirs, code, text) in table {
        let refusal = meet(theirs).unwrap_err();
        assert_eq!(refusal.code(), code);
        assert!(refusal.to_string().contains(text), "{refusal}");
        assert_eq!(Goodbye::from(&refusal), Goodbye { code, text: refusal.to_string() });
    }
}

#[test]
fn the_caller_also_checks_who_answers() {
    let welcome = |identity, protocol| Welcome { identity, protocol };
    assert_eq!(confirm(&n1(), &welcome(n2(), 3)).unwrap().protocol, 3);
    let refusal = confirm(&n1(), &welcome(n2(), 5)).unwrap_err();
    assert_eq!(refusal.code(), RefusalCode::IncompatibleProtocol);
    let refusal = confirm(&n1(), &welcome(n1(), 4)).unwrap_err();
    assert_eq!(refusal.code(), RefusalCode::Itself);
}

#[test]
fn a_node_introduces_itself_to_all_of_its_cluster_and_to_those_alone() {
    let apart = Identity { cluster_id: ClusterId(0xc2), ..n2() };
    let namesake = Identity { node: NodeId(0x33), ..n1() };
    for theirs in [n1(), n2(), apart, namesake, with_ring(5, 0xbb)] {
        assert_eq!(introduce(&n1(), &theirs), Ok(4), "{theirs:?}");
    }
    assert_eq!(introduce(&n1(), &with_protocols(1, 2)), Ok(2));
    let refused = |theirs| introduce(&n1(), &theirs).unwrap_err().code();
    let foreign = Identity { cluster: "test".into(), ..n2() };
    assert_eq!(refused(foreign), RefusalCode::ForeignCluster);
    assert_eq!(refused(with_protocols(5, 9)), RefusalCode::IncompatibleProtocol);
}
