#![allow(clippy::unwrap_used)]

use std::collections::HashMap;

use proptest::prelude::*;
use redis_protocol::resp2::{self, types::BytesFrame as Frame2, types::Resp2Frame};
use redis_protocol::resp3::{self, types::BytesFrame as Frame3, types::Resp3Frame};

use super::*;

fn written(protocol: Protocol, write: impl FnOnce(&mut Writer<'_>)) -> BytesMut {
    let mut buffer = BytesMut::new();
    write(&mut Writer::new(&mut buffer, protocol));
    buffer
}

fn text(protocol: Protocol, write: impl FnOnce(&mut Writer<'_>)) -> String {
    written(protocol, write).escape_ascii().to_string()
}

/// What another implementation reads from RESP2 that must be one value and no more.
fn read2(write: impl FnOnce(&mut Writer<'_>)) -> Frame2 {
    let bytes = written(Protocol::Resp2, write).freeze();
    let (frame, read) = resp2::decode::decode_bytes(&bytes).unwrap().unwrap();
    assert_eq!(read, bytes.len());
    frame
}

/// What another implementation reads from RESP3 that must be one value and no more.
fn read3(write: impl FnOnce(&mut Writer<'_>)) -> Frame3 {
    let bytes = written(Protocol::Resp3, write).freeze();
    let (frame, read) = resp3::decode::complete::decode_bytes(&bytes).unwrap().unwrap();
    assert_eq!(read, bytes.len());
    frame
}

fn blob(data: &[u8]) -> Frame3 {
    Frame3::BlobString { data: data.to_vec().into(), attributes: None }
}

#[test]
fn each_language_has_its_own_null() {
    assert_eq!(text(Protocol::Resp2, |reply| reply.null()), "$-1\\r\\n");
    assert_eq!(text(Protocol::Resp3, |reply| reply.null()), "_\\r\\n");
    assert_eq!(read2(|reply| reply.null()), Frame2::Null);
    assert_eq!(read3(|reply| reply.null()), Frame3::Null);
}

#[test]
fn resp2_says_with_old_types_what_it_has_no_type_for() {
    let resp2 = |write: fn(&mut Writer<'_>)| text(Protocol::Resp2, write);
    assert_eq!(resp2(|reply| reply.map(3)), "*6\\r\\n");
    assert_eq!(resp2(|reply| reply.set(3)), "*3\\r\\n");
    assert_eq!(resp2(|reply| reply.push(3)), "*3\\r\\n");
    assert_eq!(resp2(|reply| reply.boolean(true)), ":1\\r\\n");
    assert_eq!(resp2(|reply| reply.boolean(false)), ":0\\r\\n");
    assert_eq!(resp2(|reply| reply.double(1.5)), "$3\\r\\n1.5\\r\\n");
    assert_eq!(resp2(|reply| reply.verbatim("a\r\n")), "$3\\r\\na\\r\\n\\r\\n");
}

#[test]
fn resp3_has_a_type_for_everything() {
    let resp3 = |write: fn(&mut Writer<'_>)| text(Protocol::Resp3, write);
    assert_eq!(resp3(|reply| reply.map(3)), "%3\\r\\n");
    assert_eq!(resp3(|reply| reply.set(3)), "~3\\r\\n");
    assert_eq!(resp3(|reply| reply.push(3)), ">3\\r\\n");
    assert_eq!(resp3(|reply| reply.boolean(true)), "#t\\r\\n");
    assert_eq!(resp3(|reply| reply.boolean(false)), "#f\\r\\n");
    assert_eq!(resp3(|reply| reply.double(1.5)), ",1.5\\r\\n");
    assert_eq!(resp3(|reply| reply.verbatim("a\r\n")), "=7\\r\\ntxt:a\\r\\n\\r\\n");
}

#[test]
fn integers_are_right_at_both_ends() {
    for number in [i64::MIN, -10, -1, 0, 9, 10, i64::MAX] {
        assert_eq!(
            text(Protocol::Resp2, |reply| reply.integer(number)),
            format!(":{number}\\r\\n")
        );
    }
}

#[test]
fn doubles_are_written_as_redis_names_them_and_never_long() {
    let resp3 = |number: f64| text(Protocol::Resp3, |reply| reply.double(number));
    assert_eq!(resp3(10.0), ",10\\r\\n");
    assert_eq!(resp3(-0.1), ",-0.1\\r\\n");
    assert_eq!(resp3(0.0), ",0\\r\\n");
    assert_eq!(resp3(f64::INFINITY), ",inf\\r\\n");
    assert_eq!(resp3(f64::NEG_INFINITY), ",-inf\\r\\n");
    assert_eq!(resp3(f64::NAN), ",nan\\r\\n");
    assert_eq!(resp3(-f64::NAN), ",nan\\r\\n");
    assert_eq!(resp3(f64::MIN), ",-1.7976931348623157e308\\r\\n");
    assert_eq!(resp3(5e-324), ",5e-324\\r\\n");
}

#[test]
fn a_line_ending_in_a_status_or_an_error_cannot_forge_a_reply() {
    assert_eq!(text(Protocol::Resp2, |reply| reply.simple("a\r\n+b")), "+a  +b\\r\\n");
    let forged = text(Protocol::Resp2, |reply| reply.error("ERR\n", "no key 'k\r\n:1\r\n'"));
    assert_eq!(forged, "-ERR  no key 'k  :1  '\\r\\n".replace('\'', "\\'"));
}

#[test]
fn a_failing_message_is_cut_and_its_reply_still_ends() {
    struct Failing;
    impl fmt::Display for Failing {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("half")?;
            Err(fmt::Error)
        }
    }
    assert_eq!(text(Protocol::Resp2, |reply| reply.error("ERR", Failing)), "-ERR half\\r\\n");
}

#[test]
fn replies_are_appended_to_what_waits() {
    let mut buffer = BytesMut::from("a\r\n");
    Writer::new(&mut buffer, Protocol::Resp2).simple("OK");
    assert_eq!(buffer, "a\r\n+OK\r\n");
}

proptest! {
    #[test]
    fn strings_and_numbers_read_back(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        words in "[ -~]{0,60}",
        number: i64,
    ) {
        prop_assert_eq!(read2(|reply| reply.bulk(&bytes)), Frame2::BulkString(bytes.clone().into()));
        prop_assert_eq!(read3(|reply| reply.bulk(&bytes)), blob(&bytes));
        prop_assert_eq!(read2(|reply| reply.integer(number)), Frame2::Integer(number));
        prop_assert_eq!(
            read3(|reply| reply.integer(number)),
            Frame3::Number { data: number, attributes: None }
        );
        let status = read2(|reply| reply.simple(&words));
        prop_assert_eq!(status, Frame2::SimpleString(words.clone().into()));
        let error = read2(|reply| reply.error("ERR", &words));
        prop_assert_eq!(error, Frame2::Error(format!("ERR {words}").into()));
        let verbatim = read3(|reply| reply.verbatim(&words));
        prop_assert_eq!(verbatim.as_bytes(), Some(words.as_bytes()));
    }

    #[test]
    fn doubles_read_back_as_the_same_number(bits: u64, mantissa in -1e9..1e9, exponent in -30..30) {
        for number in [f64::from_bits(bits), mantissa * 10_f64.powi(exponent)] {
            prop_assume!(!number.is_nan());
            prop_assert_eq!(
                read3(|reply| reply.double(number)),
                Frame3::Double { data: number, attributes: None }
            );
            let bulk = read2(|reply| reply.double(number));
            prop_assert_eq!(bulk.as_str().unwrap().parse(), Ok(number));
        }
    }

    #[test]
    fn containers_read_back(
        pairs in prop::collection::hash_map(any::<[u8; 2]>(), any::<i64>(), 0..20),
    ) {
        let map = |reply: &mut Writer<'_>| {
            reply.map(pairs.len());
            for (key, value) in &pairs {
                reply.bulk(key);
                reply.integer(*value);
            }
        };
        let integer = |number: &i64| Frame3::Number { data: *number, attributes: None };
        let data: HashMap<_, _> =
            pairs.iter().map(|(key, value)| (blob(key), integer(value))).collect();
        prop_assert_eq!(read3(map), Frame3::Map { data, attributes: None });
        let flat = pairs
            .iter()
            .flat_map(|(key, value)| [Frame2::BulkString(key.to_vec().into()), Frame2::Integer(*value)])
            .collect();
        prop_assert_eq!(read2(map), Frame2::Array(flat));

        let elements = |reply: &mut Writer<'_>| pairs.keys().for_each(|key| reply.bulk(key));
        let data: Vec<_> = pairs.keys().map(|key| blob(key)).collect();
        let array = read3(|reply| { reply.array(pairs.len()); elements(reply) });
        prop_assert_eq!(array, Frame3::Array { data: data.clone(), attributes: None });
        let set = read3(|reply| { reply.set(pairs.len()); elements(reply) });
        let unordered = data.iter().cloned().collect();
        prop_assert_eq!(set, Frame3::Set { data: unordered, attributes: None });
    }

    #[test]
    fn pushes_read_back(message in prop::collection::vec(any::<u8>(), 0..40)) {
        let frame = read3(|reply| {
            reply.push(2);
            reply.bulk(b"message");
            reply.bulk(&message);
        });
        let data = vec![blob(b"message"), blob(&message)];
        prop_assert_eq!(frame, Frame3::Push { data, attributes: None });
    }

    #[test]
    fn truth_values_read_back(is_true: bool) {
        let frame = Frame3::Boolean { data: is_true, attributes: None };
        prop_assert_eq!(read3(|reply| reply.boolean(is_true)), frame);
    }
}
