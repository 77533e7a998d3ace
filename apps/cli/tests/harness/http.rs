//! A client of the HTTP front: one connection, as long as it lasts.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long anything may take that is asked of a node: longer than nodes try, and than a busy
/// machine stalls.
const PATIENCE: Duration = Duration::from_secs(40);

/// A client of one node.
pub struct Client {
    address: SocketAddr,
    connection: Option<BufReader<TcpStream>>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Client {
    /// A client of the node at this address.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, connection: None }
    }

    /// Asks for a path; `None` when nobody answers.
    pub fn get(&mut self, path: &str) -> Option<Answer> {
        self.ask("GET", path, "")
    }

    /// Puts a body at a path; `None` when nobody answers.
    pub fn put(&mut self, path: &str, body: &str) -> Option<Answer> {
        self.ask("PUT", path, body)
    }

    /// Posts a body to a path; `None` when nobody answers.
    pub fn post(&mut self, path: &str, body: &str) -> Option<Answer> {
        self.ask("POST", path, body)
    }

    /// A connection, to be misused.
    pub fn raw(&self) -> TcpStream {
        TcpStream::connect(self.address).unwrap()
    }

    fn ask(&mut self, method: &str, path: &str, body: &str) -> Option<Answer> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let length = body.len();
        let head =
            format!("{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n");
        connection.get_mut().write_all((head + body).as_bytes()).ok()?;
        let answer = read(&mut connection)?;
        self.connection = Some(connection);
        Some(answer)
    }

    fn connect(&self) -> Option<BufReader<TcpStream>> {
        let stream = TcpStream::connect_timeout(&self.address, PATIENCE).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        stream.set_nodelay(true).ok()?;
        Some(BufReader::new(stream))
    }
}

fn read(connection: &mut BufReader<TcpStream>) -> Option<Answer> {
    let mut line = String::new();
    connection.read_line(&mut line).ok()?;
    let status = line.split(' ').nth(1)?.parse().ok()?;
    let mut length = 0;
    loop {
        line.clear();
        connection.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).ok()?;
    Some(Answer { status, body: String::from_utf8_lossy(&body).into_owned() })
}
