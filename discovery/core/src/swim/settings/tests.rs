use peer_ring_core::id::NodeName;

use super::*;

fn own() -> Sighting {
    Sighting::new(NodeName::new("n1").unwrap(), "host-1:7601")
}

fn settings() -> Settings {
    Settings { keys: vec![Key::new("0123456789abcdef")], ..Settings::default() }
}

/// What the check says of these settings but for one.
fn complaint(change: impl FnOnce(&mut Settings)) -> String {
    let mut settings = settings();
    change(&mut settings);
    settings.check(&own()).unwrap_err().to_string()
}

#[test]
fn a_block_of_yaml_is_read_and_unknown_fields_are_refused() {
    let text = "seeds: [\"a:7946\", \"b:7946\"]\nkeys: [0123456789abcdef]\nforget_after_ms: 5000\n";
    let read: Settings = serde_saphyr::from_str(text).unwrap();
    assert_eq!(read.check(&own()), Ok(()));
    assert_eq!((read.seeds.len(), read.forget_after_ms), (2, 5_000));
    assert_eq!(read.probe_interval_ms, Settings::default().probe_interval_ms);
    let odd = serde_saphyr::from_str::<Settings>("sedes: []").unwrap_err().to_string();
    assert!(odd.contains("sedes"), "{odd}");
}

#[test]
fn a_cluster_without_a_key_is_refused() {
    let said = complaint(|it| it.keys.clear());
    assert!(said.starts_with("keys: is empty: give all nodes one secret"), "{said}");
    let said = complaint(|it| it.keys.push(Key::new("short")));
    assert_eq!(said, "keys: number 2 has 5 bytes, a key has at least 16");
    let said = complaint(|it| it.keys = vec![Key::new("0123456789abcdef"); 9]);
    assert_eq!(said, "keys: has 9, at most 8 may be in use");
}

#[test]
fn keys_stand_in_the_settings_or_in_a_file_and_not_in_both() {
    let said = complaint(|it| it.keys_file = Some("/run/keys".into()));
    assert_eq!(said, "keys_file: says what `keys` says too: give one of them");
    let of_file = Settings { keys: Vec::new(), keys_file: Some("/run/keys".into()), ..settings() };
    assert_eq!(of_file.check(&own()), Ok(()));
}

#[test]
fn addresses_that_lead_nowhere_are_refused() {
    let said = complaint(|it| it.seeds = vec!["a:1".to_owned(), "b".to_owned()]);
    assert_eq!(said, "seeds: \"b\" is no `host:port`");
    for nowhere in ["0.0.0.0:7946", "[::]:7946", "a:0"] {
        let said = complaint(|it| it.advertise = Some(nowhere.to_owned()));
        let wanted = format!("peers cannot send to {nowhere:?}: say where they reach it");
        assert_eq!(said, format!("advertise: {wanted}"));
    }
    assert_eq!(
        complaint(|it| it.advertise = Some("a".to_owned())),
        "advertise: \"a\" is no `host:port`"
    );
}

#[test]
fn peers_send_where_they_link_unless_it_says_otherwise() {
    assert_eq!(settings().advertised(&own()), "host-1:7946");
    let elsewhere = Settings { advertise: Some("b:1".to_owned()), ..settings() };
    assert_eq!(elsewhere.advertised(&own()), "b:1");
}

#[test]
fn times_that_cannot_work_are_refused() {
    assert_eq!(
        complaint(|it| it.heal_interval_ms = 0),
        "heal_interval_ms: is 0, at least 100 works"
    );
    let said = complaint(|it| it.probe_timeout_ms = 1_000);
    assert!(said.starts_with("probe_timeout_ms: is 1000: it must be less than"), "{said}");
}

#[test]
fn metadata_that_has_no_room_in_a_datagram_is_left_out_of_gossip() {
    let mut own = own();
    own.metadata.insert("rack".to_owned(), "r7".to_owned());
    assert_eq!(settings().said_of(own.clone()), own);
    for rack in 0..20 {
        own.metadata.insert(format!("rack-{rack}"), "a name that takes room".to_owned());
    }
    assert_eq!(settings().check(&own), Ok(()));
    let said = settings().said_of(own.clone());
    assert_eq!(said, Sighting { metadata: BTreeMap::new(), ..own.clone() });
    let wide = Settings { datagram_bytes_max: 8_900, ..settings() };
    assert_eq!(wide.said_of(own.clone()), own);
}

#[test]
fn what_does_not_fit_a_datagram_is_refused() {
    let own = Sighting { address: format!("{}:7601", "h".repeat(400)), ..own() };
    let own = Sighting { zone: Some("z".repeat(100).into()), ..own };
    let said = settings().check(&own).unwrap_err().to_string();
    assert!(said.starts_with("datagram_bytes_max: 1400 leaves 329 bytes"), "{said}");
    let wide = Settings { datagram_bytes_max: 8_900, ..settings() };
    assert_eq!(wide.check(&own), Ok(()));
    let said = complaint(|it| it.datagram_bytes_max = 100);
    assert_eq!(said, "datagram_bytes_max: is 100, from 508 to 65507 works");
}

#[test]
fn a_suspicion_lasts_longer_in_a_larger_cluster() {
    let of = |nodes| settings().config(nodes);
    assert!(of(100).suspect_to_down_after > of(3).suspect_to_down_after);
    assert!(of(100).max_transmissions > of(3).max_transmissions);
    let quick = Settings { probe_interval_ms: 100, probe_timeout_ms: 40, ..settings() };
    assert_eq!(quick.config(100).suspect_to_down_after * 10, of(100).suspect_to_down_after);
}
