//! A node's flight recorder, from outside: what it keeps, and that it never harms the node.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::path::Path;

use peer_ring::{App, Config, FlightSettings, Key, Node, Plan, Records};
use peer_ring_proto::flight::{End, Ending, Recording};
use serde::{Deserialize, Serialize};

#[derive(Clone)]
struct Notes;

#[derive(Serialize, Deserialize)]
enum Note {
    Put(String),
    Explode,
}

impl App for Notes {
    const NAME: &'static str = "notes";
    type Command = Note;
    type Reply = ();

    fn key(_: &Note) -> Key {
        Key::from("note")
    }

    fn plan(&self, _: &Note) -> Plan {
        Plan::quorum(1, 1)
    }

    fn handle(&mut self, records: &mut Records<'_>, command: Note) {
        match command {
            Note::Put(value) => records.put("note", value),
            Note::Explode => panic!("on purpose"),
        }
    }
}

async fn start(flight: FlightSettings) -> Node<Notes> {
    let mut config = Config::new("n1").unwrap();
    config.listen = "127.0.0.1:0".parse().unwrap();
    config.flight = Some(flight);
    let node = Node::builder().config(config).app(Notes).start().await.unwrap();
    node.ready().await;
    node
}

fn only_recording(directory: &Path) -> Recording {
    let mut files = std::fs::read_dir(directory).unwrap();
    let path = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none(), "one recording");
    Recording::read(std::fs::read(path).unwrap().into()).unwrap()
}

#[actix_rt::test]
async fn a_node_that_stops_has_recorded_every_turn() {
    let directory = tempfile::tempdir().unwrap();
    let node = start(FlightSettings::new(directory.path())).await;
    for _ in 0..100 {
        node.ask(Note::Put("x".to_owned())).await.unwrap();
    }
    let id = node.handle().id();
    node.stop().await;
    let recording = only_recording(directory.path());
    assert_eq!(recording.ending(), &Ending::Said(End::Stopped));
    assert_eq!(
        (recording.header().control.me.id, &recording.header().apps[..]),
        (id, &["notes".into()][..])
    );
    assert!(recording.len() > 100, "{}", recording.len());
}

#[actix_rt::test]
async fn the_turn_in_which_an_actor_panics_is_recorded() {
    let directory = tempfile::tempdir().unwrap();
    let node = start(FlightSettings::new(directory.path())).await;
    node.ask(Note::Explode).await.unwrap_err();
    node.stopped().await.unwrap_err();
    let recording = only_recording(directory.path());
    let is_panicked = |number| recording.entry(number).unwrap().outcome.is_panicked;
    assert_eq!((0..recording.len()).filter(|number| is_panicked(*number)).count(), 1);
}

#[actix_rt::test]
async fn a_recording_that_is_full_ends_and_the_node_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let bytes_max = 64 * 1024;
    let node = start(FlightSettings { bytes_max, ..FlightSettings::new(directory.path()) }).await;
    for _ in 0..100 {
        node.ask(Note::Put("x".repeat(2_000))).await.unwrap();
    }
    node.stop().await;
    let recording = only_recording(directory.path());
    assert_eq!(recording.ending(), &Ending::Said(End::Full));
    assert!((10..40).contains(&recording.len()), "{}", recording.len());
}

#[actix_rt::test]
async fn a_directory_that_cannot_be_used_does_not_stop_the_node() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    let node = start(FlightSettings::new(file.join("inside"))).await;
    node.ask(Note::Put("x".to_owned())).await.unwrap();
}
