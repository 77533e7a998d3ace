//! A Redis client that shows everything it is told.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A connection.
pub struct Redis {
    reader: BufReader<TcpStream>,
}

impl Redis {
    /// Connects.
    pub fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { reader: BufReader::new(stream) }
    }

    /// Sends words as one request, and reads what is told.
    pub fn ask(&mut self, words: &str) -> String {
        let arguments: Vec<_> = words.split(' ').map(str::as_bytes).collect();
        self.ask_bytes(&arguments)
    }

    /// Sends arguments as one request, and reads what is told.
    pub fn ask_bytes(&mut self, arguments: &[&[u8]]) -> String {
        self.send(&request(arguments));
        self.told()
    }

    /// Sends bytes.
    pub fn send(&mut self, bytes: &[u8]) {
        self.try_send(bytes).unwrap();
    }

    /// Sends bytes, if they are still taken.
    pub fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.reader.get_mut().write_all(bytes)
    }

    /// Says that nothing more will be sent.
    pub fn hang_up(&mut self) {
        self.reader.get_mut().shutdown(std::net::Shutdown::Write).unwrap();
    }

    /// What is told next, for people: `+OK`, `-ERR..`, `:1`, `value`, `nil`, `[a b]`, `{a b}`.
    pub fn told(&mut self) -> String {
        self.try_told().unwrap()
    }

    /// What is told next, if anything is.
    pub fn try_told(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.reader.read_line(&mut line)?;
        let line = line.strip_suffix("\r\n").ok_or(io::ErrorKind::UnexpectedEof)?.to_owned();
        let (kind, rest) = line.split_at(1);
        match (kind, rest) {
            ("$", "-1") | ("_", "") => Ok("nil".to_owned()),
            ("+" | "-" | ":", _) => Ok(line),
            ("$" | "=", length) => {
                let mut bytes = vec![0; length.parse::<usize>().unwrap() + 2];
                self.reader.read_exact(&mut bytes)?;
                bytes.truncate(bytes.len() - 2);
                Ok(bytes.escape_ascii().to_string())
            }
            ("*" | "~", count) => Ok(format!("[{}]", self.several(count.parse().unwrap())?)),
            ("%", count) => {
                let count: usize = count.parse().unwrap();
                Ok(format!("{{{}}}", self.several(count * 2)?))
            }
            other => panic!("{other:?}"),
        }
    }

    fn several(&mut self, count: usize) -> io::Result<String> {
        let each: io::Result<Vec<_>> = (0..count).map(|_| self.try_told()).collect();
        Ok(each?.join(" "))
    }

    /// Whether the other side has closed.
    pub fn is_closed(&mut self) -> bool {
        !matches!(self.reader.read(&mut [0]), Ok(1..))
    }
}

/// A request as clients write it.
pub fn request(arguments: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", arguments.len()).into_bytes();
    for argument in arguments {
        bytes.extend_from_slice(format!("${}\r\n", argument.len()).as_bytes());
        bytes.extend_from_slice(argument);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

impl Redis {
    /// The same connection once more, to send from another thread.
    pub fn another_end(&self) -> Self {
        Self { reader: BufReader::new(self.reader.get_ref().try_clone().unwrap()) }
    }

    /// All keys, page by page, with these options.
    pub fn scan(&mut self, options: &str) -> Vec<String> {
        let mut keys = Vec::new();
        let mut cursor = "0".to_owned();
        loop {
            let page = self.ask(&format!("SCAN {cursor} {options}"));
            let page = page.strip_prefix('[').and_then(|page| page.strip_suffix("]]")).unwrap();
            let (next, found) = page.split_once(" [").unwrap();
            keys.extend(found.split(' ').filter(|key| !key.is_empty()).map(str::to_owned));
            cursor = next.to_owned();
            if cursor == "0" {
                return keys;
            }
        }
    }
}
