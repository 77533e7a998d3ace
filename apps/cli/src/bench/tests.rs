//! The generator against servers that behave, and against some that do not.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::run::{End, Load, Run};
use super::tally::Tally;
use super::workload::Values;

const VALUE_BYTES: usize = 10;

/// Runs `count` reads against a server that does this with each connection.
fn reads(count: u64, serve: impl Fn(TcpStream) + Clone + Send + 'static) -> Tally {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let serve = serve.clone();
            thread::spawn(move || serve(connection.unwrap()));
        }
    });
    let run = Run {
        title: "test",
        addresses: vec![address],
        clients: 1,
        threads: 1,
        pipeline: 4,
        keys: 1,
        values: Arc::new(Values::new(VALUE_BYTES)),
        load: Load::Random { reads: 1.0, rate: None, end: End::Operations(count) },
        warm_up: Duration::ZERO,
        reply_timeout: Duration::from_millis(300),
        seed: 1,
    };
    run.go().unwrap().0
}

/// Answers every command with these bytes.
fn always(reply: &'static [u8]) -> impl Fn(TcpStream) + Clone + Send + 'static {
    move |mut connection| {
        let mut bytes = [0; 4_096];
        while let Ok(count @ 1..) = connection.read(&mut bytes) {
            let commands = bytes[..count].iter().filter(|byte| **byte == b'*').count();
            if (0..commands).any(|_| connection.write_all(reply).is_err()) {
                return;
            }
        }
    }
}

fn right() -> Vec<u8> {
    let mut reply = format!("${VALUE_BYTES}\r\n").into_bytes();
    reply.extend_from_slice(Values::new(VALUE_BYTES).of(0));
    reply.extend_from_slice(b"\r\n");
    reply
}

#[test]
fn every_right_reply_is_a_success() {
    let tally = reads(1_000, always(right().leak()));
    assert_eq!((tally.gets.len(), tally.failed()), (1_000, 0));
}

#[test]
fn replies_in_single_bytes_are_put_together() {
    let reply = right();
    let tally = reads(3, move |mut connection| {
        let mut bytes = [0; 4_096];
        while let Ok(1..) = connection.read(&mut bytes) {
            for byte in reply.repeat(3) {
                connection.set_nodelay(true).unwrap();
                if connection.write_all(&[byte]).is_err() {
                    return;
                }
            }
        }
    });
    assert_eq!((tally.gets.len(), tally.failed()), (3, 0));
}

#[test]
fn a_wrong_value_is_an_error() {
    let tally = reads(5, always(b"$10\r\n0123456789\r\n"));
    assert_eq!(tally.errors["wrong value"].count, 5);
}

#[test]
fn a_missing_value_is_an_error() {
    let tally = reads(5, always(b"$-1\r\n"));
    assert_eq!(tally.errors["missing"].count, 5);
}

#[test]
fn errors_are_told_apart_by_their_code() {
    let tally = reads(5, always(b"-QUORUM 1 of 2\r\n"));
    assert_eq!(tally.errors["QUORUM"].count, 5);
    assert_eq!(tally.errors["QUORUM"].example, "QUORUM 1 of 2");
}

#[test]
fn a_server_that_speaks_something_else_is_an_error_and_no_success() {
    let tally = reads(4, always(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
    assert_eq!(tally.gets.len(), 0);
    assert!(tally.errors.contains_key("protocol"), "{:?}", tally.errors);
}

#[test]
fn an_announced_value_beyond_reason_costs_no_memory() {
    let tally = reads(4, always(b"$900000000\r\n"));
    assert!(tally.errors["protocol"].example.contains("900000000"));
}

#[test]
fn more_replies_than_questions_are_an_error() {
    let reply = right();
    let tally = reads(4, move |mut connection| {
        // Whatever comes after the twelfth reply has nobody to go to.
        let _ = connection.write_all(&reply.repeat(12));
        let _ = connection.read(&mut [0; 64]);
    });
    assert!(tally.errors["protocol"].example.contains("nobody waits"));
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let tally = reads(4, |mut connection| while let Ok(1..) = connection.read(&mut [0; 64]) {});
    assert_eq!(tally.errors["timed out"].count, 1);
    assert_eq!(tally.errors["no reply"].count, 4);
}

#[test]
fn a_connection_lost_is_made_again() {
    let reply = right();
    let tally = reads(50, move |mut connection| {
        let mut bytes = [0; 4_096];
        for _ in 0..3 {
            let Ok(count @ 1..) = connection.read(&mut bytes) else { return };
            let commands = bytes[..count].iter().filter(|byte| **byte == b'*').count();
            let _ = connection.write_all(&reply.repeat(commands));
        }
    });
    assert!(tally.gets.len() >= 4, "{:?}", tally.errors);
    assert!(tally.errors["connection lost"].count >= 2);
}

#[test]
fn an_open_loop_sees_a_stall_in_every_operation_that_fell_into_it() {
    let reply = right();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut bytes = [0; 65_536];
        thread::sleep(Duration::from_millis(200));
        while let Ok(count @ 1..) = connection.read(&mut bytes) {
            let commands = bytes[..count].iter().filter(|byte| **byte == b'*').count();
            let _ = connection.write_all(&reply.repeat(commands));
        }
    });
    let run = Run {
        title: "test",
        addresses: vec![address],
        clients: 1,
        threads: 1,
        // Only one at a time: a closed loop would have one slow operation.
        pipeline: 1,
        keys: 1,
        values: Arc::new(Values::new(VALUE_BYTES)),
        load: Load::Random {
            reads: 1.0,
            rate: Some(1_000),
            end: End::Time(Duration::from_millis(400)),
        },
        warm_up: Duration::ZERO,
        reply_timeout: Duration::from_secs(5),
        seed: 1,
    };
    let (tally, _) = run.go().unwrap();
    assert_eq!((tally.gets.len(), tally.failed()), (400, 0));
    let slow = tally.gets.count_between(50_000_000, u64::MAX);
    assert!(slow >= 140, "150 operations were due 50 ms before the stall ended: {slow}");
}
