#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use redis_protocol::resp2;
use redis_protocol::resp2::types::{BytesFrame, Resp2Frame};

use super::*;

const LIMITS: Limits = Limits {
    arguments_max: 1 << 20,
    bulk_bytes_max: 1 << 20,
    inline_bytes_max: 1 << 16,
    request_bytes_max: 1 << 24,
};

/// Small enough for random bytes to run into every one of them.
const TIGHT: Limits =
    Limits { arguments_max: 4, bulk_bytes_max: 12, inline_bytes_max: 20, request_bytes_max: 40 };

type Arguments = Vec<Vec<u8>>;

/// What `stream` asks when it arrives in pieces of the given sizes, repeated for as long as needed.
fn read(
    limits: Limits,
    stream: &[u8],
    piece_bytes: &[usize],
) -> (Vec<Arguments>, Option<ProtocolError>) {
    let mut parser = RequestParser::new(limits);
    let mut buffer = BytesMut::new();
    let mut requests = Vec::new();
    let mut piece_bytes = piece_bytes.iter().cycle();
    let mut unsent = stream;
    while !unsent.is_empty() {
        let (piece, rest) = unsent.split_at(unsent.len().min(*piece_bytes.next().unwrap()));
        unsent = rest;
        buffer.extend_from_slice(piece);
        loop {
            match parser.next(&mut buffer) {
                Ok(Some(request)) => requests.push(request.iter().map(<[u8]>::to_vec).collect()),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(parser.next(&mut buffer).unwrap_err(), error);
                    return (requests, Some(error));
                }
            }
        }
        assert!(buffer.len() < limits.request_bytes_max as usize);
        assert!(parser.arguments.len() <= limits.arguments_max as usize);
        assert!(parser.arguments.len() * 6 <= buffer.len());
    }
    (requests, None)
}

fn asks(stream: &[u8]) -> Vec<String> {
    let (requests, error) = read(LIMITS, stream, &[stream.len()]);
    assert_eq!(error, None);
    let text = |request: &Arguments| request.join(&b"|"[..]).escape_ascii().to_string();
    requests.iter().map(text).collect()
}

/// Claims that `stream` is refused with this text, in whatever pieces it comes.
fn refuses_within(limits: Limits, stream: &[u8], text: &str) {
    for piece_bytes in [stream.len(), 1] {
        let error = read(limits, stream, &[piece_bytes]).1;
        let said = error.map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(said, format!("Protocol error: {text}"));
    }
}

fn refuses(stream: &[u8], text: &str) {
    refuses_within(LIMITS, stream, text);
}

#[test]
fn reads_an_array_of_bulk_strings() {
    assert_eq!(asks(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n"), ["SET|k|"]);
}

#[test]
fn reads_a_pipeline_of_arrays_and_lines() {
    assert_eq!(
        asks(b"*1\r\n$4\r\nPING\r\nGET k\r\n*1\r\n$4\r\nQUIT\r\n"),
        ["PING", "GET|k", "QUIT"]
    );
}

#[test]
fn hands_out_arguments_that_outlive_the_request_uncopied() {
    let mut buffer = BytesMut::from("*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n*1\r\n");
    let request = RequestParser::new(LIMITS).next(&mut buffer).unwrap().unwrap();
    let (name, key) = (request.name().to_vec(), request.bytes(1).unwrap());
    assert_eq!(key.as_ptr(), request.get(1).unwrap().as_ptr());
    assert_eq!((request.count(), request.get(2), request.bytes(2)), (2, None, None));
    drop(request);
    assert_eq!((&name[..], &key[..], &buffer[..]), (&b"GET"[..], &b"key"[..], &b"*1\r\n"[..]));
}

#[test]
fn empty_and_negative_arrays_and_blank_lines_ask_for_nothing() {
    assert_eq!(asks(b"*0\r\n*-1\r\n*-10\r\n\r\n\n \t\r\nPING\r\n"), ["PING"]);
}

#[test]
fn an_array_is_never_an_element() {
    refuses(&b"*1\r\n".repeat(1000), "expected '$', got '*'");
}

#[test]
fn an_element_that_is_no_bulk_string_is_refused() {
    refuses(b"*2\r\n$3\r\nGET\r\nfoo", "expected '$', got 'f'");
    refuses(b"*1\r\n\r\n", "expected '$', got '\\r'");
}

#[test]
fn an_array_of_too_many_arguments_is_refused_by_its_header() {
    refuses(b"*1048577\r\n", "invalid multibulk length");
    assert_eq!(read(LIMITS, b"*1048576\r\n", &[1]), (vec![], None));
}

#[test]
fn an_array_length_that_is_no_number_is_refused() {
    for length in ["", "-", "-0", "-01", "+1", " 1", "01", "1 ", "1x", "x", "1\rx", "\n"] {
        let stream = format!("*{length}\r\n");
        refuses(stream.as_bytes(), "invalid multibulk length");
    }
}

#[test]
fn a_bulk_length_that_is_no_length_is_refused() {
    for length in ["", "-1", "-0", "+1", " 1", "01", "1x", "x", "1\rx", "1048577"] {
        let stream = format!("*1\r\n${length}\r\n");
        refuses(stream.as_bytes(), "invalid bulk length");
    }
}

#[test]
fn endless_digits_are_refused_before_their_line_ends() {
    let digits = "1".repeat(19);
    refuses(format!("*{digits}").as_bytes(), "too big mbulk count string");
    refuses(format!("*-{digits}").as_bytes(), "too big mbulk count string");
    refuses(format!("*1\r\n${digits}").as_bytes(), "too big bulk count string");
}

#[test]
fn a_bulk_that_does_not_end_where_it_said_is_refused() {
    refuses(b"*1\r\n$3\r\nPINGS\r\n", "invalid bulk length");
    refuses(b"*1\r\n$4\r\nPING\rx", "invalid bulk length");
}

#[test]
fn a_request_that_would_grow_too_big_is_refused_before_it_does() {
    let within = |request_bytes_max| Limits { request_bytes_max, ..TIGHT };
    refuses_within(TIGHT, b"*3\r\n$12\r\n0123456789ab\r\n$12\r\n", "too big request");
    let stream = b"*2\r\n$8\r\n01234567\r\n$12\r\n0123456789ab\r\n";
    assert_eq!(read(within(37), stream, &[1]).0.len(), 1);
    refuses_within(within(36), stream, "too big request");
    refuses_within(within(20), b"*2\r\n$8\r\n01234567\r\n$99\r\n", "too big request");
    refuses_within(within(4), b"PING\r\n", "too big request");
}

#[test]
fn a_line_is_cut_as_redis_cuts_it() {
    let cases: [(&[u8], &str); 12] = [
        (b"SET k v\r\n", "SET|k|v"),
        (b"  SET\tk \x0b v\x0b \n", "SET|k|v\\x0b"),
        (b"SET k \"\"\r\n", "SET|k|"),
        (b"SET k ''\r\n", "SET|k|"),
        (b"SET k \"a b\"\r\n", "SET|k|a b"),
        (b"SET k 'a b'\r\n", "SET|k|a b"),
        (b"SET k \"\\x41\\n\\r\\t\\b\\a\\\"\\q\\xZZ\"\r\n", "SET|k|A\\n\\r\\t\\x08\\x07\\\"qxZZ"),
        (b"SET k '\\x41\\n\\''\r\n", "SET|k|\\\\x41\\\\n\\'"),
        (b"SET k a\"b c\"\r\n", "SET|k|ab c"),
        (b"SET k a\\n\r\n", "SET|k|a\\\\n"),
        (b"SET k \"'\" '\"'\r\n", "SET|k|\\'|\\\""),
        (b"SET k \xff\x00\r\n", "SET|k|\\xff\\x00"),
    ];
    for (line, arguments) in cases {
        assert_eq!(asks(line), [arguments]);
    }
}

#[test]
fn a_line_with_unbalanced_quotes_is_refused() {
    for line in ["\"a", "'a", "\"a\\", "\"a\\\"", "'a\\'", "\"a\"b", "'a'b", "\"a\"'b'", "a\""] {
        let stream = format!("SET {line}\r\n");
        refuses(stream.as_bytes(), "unbalanced quotes in request");
    }
}

#[test]
fn a_line_too_long_is_refused_before_it_ends() {
    let line = [b'a'; 20];
    let limits = Limits { bulk_bytes_max: 20, ..TIGHT };
    assert_eq!(read(limits, &[&line[..], b"\n"].concat(), &[1]).0, [[line.to_vec()]]);
    refuses_within(limits, &[&line[..], b"a"].concat(), "too big inline request");
    refuses_within(limits, &[&line[..], b"a\n"].concat(), "too big inline request");
}

#[test]
fn a_line_keeps_the_limits_of_an_array() {
    assert_eq!(read(TIGHT, b"a b c d\r\n0123456789ab\r\n", &[1]).0.len(), 2);
    refuses_within(TIGHT, b"a b c d e\r\n", "invalid multibulk length");
    refuses_within(TIGHT, b"0123456789abc\r\n", "invalid bulk length");
}

#[test]
fn what_has_been_read_of_a_request_is_not_read_again() {
    let argument = b"$10\r\nkey:456789\r\n";
    let array = [b"*100001\r\n".to_vec(), argument.repeat(100_001)].concat();
    let line = [b"GET ".to_vec(), b"k".repeat(60_000), b"\n".to_vec()].concat();
    for (stream, unread_bytes_max, count) in [(array, argument.len(), 100_001), (line, 0, 2)] {
        let mut parser = RequestParser::new(LIMITS);
        let mut buffer = BytesMut::new();
        let mut request = None;
        for piece in stream.chunks(1000) {
            buffer.extend_from_slice(piece);
            request = parser.next(&mut buffer).unwrap();
            assert!(buffer.len() - parser.position <= unread_bytes_max);
        }
        assert_eq!(request.unwrap().count(), count);
    }
}

/// Streams of requests, as another implementation writes them.
fn valid_streams() -> impl Strategy<Value = (Vec<Arguments>, Vec<u8>)> {
    let argument = prop::collection::vec(any::<u8>(), 0..40);
    let request = prop::collection::vec(argument, 1..9);
    prop::collection::vec(request, 0..6).prop_map(|requests| {
        let mut stream = BytesMut::new();
        for request in &requests {
            let bulk = |argument: &Vec<u8>| BytesFrame::BulkString(argument.clone().into());
            let frame = BytesFrame::Array(request.iter().map(bulk).collect());
            resp2::encode::extend_encode(&mut stream, &frame, false).unwrap();
        }
        (requests, stream.to_vec())
    })
}

/// Streams of what looks like a protocol and mostly is none.
fn wild_streams() -> impl Strategy<Value = Vec<u8>> {
    const TOKENS: [&[u8]; 22] = [
        b"*",
        b"$",
        b"\r\n",
        b"\r",
        b"\n",
        b"-",
        b"0",
        b"1",
        b"9",
        b"a",
        b" ",
        b"\"",
        b"'",
        b"\\",
        b"\\x41",
        b"\xff",
        b"*1\r\n",
        b"*2\r\n",
        b"$1\r\na\r\n",
        b"$3\r\nGET\r\n",
        b"$9\r\n",
        b"$0\r\n\r\n",
    ];
    prop::collection::vec(prop::sample::select(&TOKENS[..]), 0..60)
        .prop_map(|tokens| tokens.concat())
}

fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1_usize..30, 1..20)
}

proptest! {
    #[test]
    fn valid_streams_mean_the_same_however_they_are_cut(
        (requests, stream) in valid_streams(),
        cuts in cuts(),
    ) {
        prop_assert_eq!(read(LIMITS, &stream, &cuts), (requests, None));
    }

    #[test]
    fn wild_streams_meet_the_same_verdict_however_they_are_cut(
        stream in wild_streams(),
        cuts in cuts(),
    ) {
        let whole = read(TIGHT, &stream, &[stream.len()]);
        prop_assert_eq!(read(TIGHT, &stream, &cuts), whole);
    }

    #[test]
    fn random_bytes_neither_panic_nor_pile_up(
        stream in prop::collection::vec(any::<u8>(), 0..200),
        cuts in cuts(),
    ) {
        read(TIGHT, &stream, &cuts);
        read(TIGHT, &[&b"*2\r\n$"[..], &stream].concat(), &cuts);
    }

    #[test]
    fn an_array_of_bulk_strings_is_what_another_implementation_reads(
        (requests, stream) in valid_streams(),
    ) {
        let mut unread = Bytes::from(stream);
        for request in requests {
            let (frame, bytes) = resp2::decode::decode_bytes(&unread).unwrap().unwrap();
            let ours = read(LIMITS, &unread[..bytes], &[bytes]).0;
            let BytesFrame::Array(elements) = frame else { panic!("{frame:?}") };
            let theirs: Arguments =
                elements.iter().map(|element| element.as_bytes().unwrap().to_vec()).collect();
            prop_assert_eq!(&ours, &[theirs]);
            prop_assert_eq!(ours, [request]);
            unread.advance(bytes);
        }
    }
}
