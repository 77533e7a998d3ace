use std::time::Duration;

use peer_ring_core::id::NodeName;
use peer_ring_core::membership::Sighting;

use super::*;
use crate::swim::Keys;

const NOW: Wall = Wall(1_000_000);

fn envelope(run: u64) -> Envelope {
    let keys = Keyring::new(&Keys::of_lines("0123456789abcdef").unwrap());
    Envelope::new(keys, Heard::new(Duration::from_secs(10)), run, 1_400)
}

#[test]
fn what_is_wrapped_comes_out_as_it_was() {
    let sighting = Sighting::new(NodeName::new("n1").unwrap(), "a:1");
    let identity = Identity::new(sighting, "10.0.0.1:7946".parse().unwrap(), 7);
    let bodies = [
        Body::Packet(b"anything"),
        Body::Packet(b""),
        Body::Who(Seat(u64::MAX)),
        Body::Here { start: 9, identity },
    ];
    let (mut says, mut hears) = (envelope(1), envelope(2));
    for body in bodies {
        let datagram = says.wrap(NOW, &body);
        assert_eq!(hears.unwrap(NOW, &datagram), Ok(body));
    }
}

#[test]
fn the_overhead_is_what_it_is_said_to_be() {
    assert_eq!(envelope(1).wrap(NOW, &Body::Packet(b"12345")).len(), OVERHEAD_BYTES + 5);
}

#[test]
fn another_version_is_not_looked_into() {
    let mut datagram = envelope(1).wrap(NOW, &Body::Packet(b"x"));
    datagram[0] = 2;
    assert_eq!(envelope(2).unwrap(NOW, &datagram), Err(Why::Malformed));
}

#[test]
fn an_odd_body_is_malformed_even_when_it_is_signed() {
    let mut says = envelope(1);
    let mut datagram = says.wrap(NOW, &Body::Packet(b"odd"));
    let end = datagram.len() - TAG_BYTES;
    datagram.truncate(end);
    datagram[1] = 2;
    let tag = says.keys.sign(&datagram);
    datagram.extend(tag.as_ref());
    assert_eq!(envelope(2).unwrap(NOW, &datagram), Err(Why::Malformed));
}
