//! An HTTP client that shows everything it is told.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// What came back.
#[derive(Debug)]
pub struct Told {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Told {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let line = self.head.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|value| value.strip_prefix(": "))
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    /// The code of the error in the body.
    pub fn code(&self) -> String {
        self.json()["error"]["code"].as_str().expect("the body is an error").to_owned()
    }
}

/// Asks for `path` with a method and a body.
pub fn ask(address: SocketAddr, method: &str, path: &str, body: &[u8]) -> Told {
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n");
    send(address, &[head.as_bytes(), b"connection: close\r\n\r\n", body].concat())
}

/// Asks for `path`.
pub fn get(address: SocketAddr, path: &str) -> Told {
    ask(address, "GET", path, b"")
}

/// Sends bytes, and reads until the other side closes.
pub fn send(address: SocketAddr, bytes: &[u8]) -> Told {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // An answer may come before everything has been sent.
    let _ = stream.write_all(bytes);
    let mut told = Vec::new();
    let _ = stream.read_to_end(&mut told);
    read(&told)
}

/// Reads an answer.
pub fn read(told: &[u8]) -> Told {
    let end = told.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer has a head");
    let head = String::from_utf8(told[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Told { status, head, body: told[end + 4..].to_vec() }
}
