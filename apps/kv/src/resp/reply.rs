//! What a Redis client is told, written straight into the bytes that will be sent.
//!
//! One call writes one value, or the header of a container whose elements the next calls write.
//! RESP3 has a type for everything said here; to a client that never sent `HELLO 3` the same call
//! writes what RESP2 has always used instead.

#[cfg(test)]
mod tests;

use std::fmt::{self, Write};

use bytes::BytesMut;

/// Which of Redis's two reply languages a connection speaks; every connection starts with RESP2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// The language of before Redis 6: strings, errors, integers and arrays.
    #[default]
    Resp2,
    /// The language after `HELLO 3`.
    Resp3,
}

impl Protocol {
    /// The number by which clients call it.
    pub fn number(self) -> u8 {
        match self {
            Self::Resp2 => 2,
            Self::Resp3 => 3,
        }
    }
}

/// Appends replies to a connection's outgoing bytes.
#[derive(Debug)]
pub struct Writer<'a> {
    buffer: &'a mut BytesMut,
    protocol: Protocol,
}

impl<'a> Writer<'a> {
    /// A writer at the end of `buffer`.
    pub fn new(buffer: &'a mut BytesMut, protocol: Protocol) -> Self {
        Self { buffer, protocol }
    }

    /// The language this writes.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// A status such as `OK`; a line ending in it becomes a blank.
    #[inline]
    pub fn simple(&mut self, text: &str) {
        self.line(b'+', |buffer| buffer.extend_from_slice(text.as_bytes()));
    }

    /// An error: a code that programs read (`ERR`, `WRONGTYPE`) and a message that people read; a
    /// line ending in either becomes a blank.
    pub fn error(&mut self, code: &str, message: impl fmt::Display) {
        // Memory is all that appending can lack; a message that fails by itself is cut there.
        self.line(b'-', |buffer| {
            let _ = write!(buffer, "{code} {message}");
        });
    }

    /// An integer.
    #[inline]
    pub fn integer(&mut self, number: i64) {
        self.header(b':', number < 0, number.unsigned_abs());
    }

    /// A binary string.
    #[inline]
    pub fn bulk(&mut self, bytes: &[u8]) {
        self.buffer.reserve(HEADER_BYTES_MAX + bytes.len() + CRLF.len());
        self.header(b'$', false, bytes.len() as u64);
        self.buffer.extend_from_slice(bytes);
        self.buffer.extend_from_slice(CRLF);
    }

    /// No value.
    #[inline]
    pub fn null(&mut self) {
        self.buffer.extend_from_slice(match self.protocol {
            Protocol::Resp2 => b"$-1\r\n",
            Protocol::Resp3 => b"_\r\n",
        });
    }

    /// The header of an array; its `elements` follow.
    #[inline]
    pub fn array(&mut self, elements: usize) {
        self.header(b'*', false, elements as u64);
    }

    /// The header of a map; its `pairs` follow, each a key and then a value. RESP2: an array of
    /// twice as many elements.
    pub fn map(&mut self, pairs: usize) {
        match self.protocol {
            Protocol::Resp2 => self.array(2 * pairs),
            Protocol::Resp3 => self.header(b'%', false, pairs as u64),
        }
    }

    /// The header of a set; its `elements` follow. RESP2: an array.
    pub fn set(&mut self, elements: usize) {
        match self.protocol {
            Protocol::Resp2 => self.array(elements),
            Protocol::Resp3 => self.header(b'~', false, elements as u64),
        }
    }

    /// The header of something the client did not ask for; its `elements` follow. RESP2: an array.
    pub fn push(&mut self, elements: usize) {
        match self.protocol {
            Protocol::Resp2 => self.array(elements),
            Protocol::Resp3 => self.header(b'>', false, elements as u64),
        }
    }

    /// A truth value. RESP2: 1 or 0.
    pub fn boolean(&mut self, is_true: bool) {
        match (self.protocol, is_true) {
            (Protocol::Resp2, _) => self.integer(i64::from(is_true)),
            (Protocol::Resp3, true) => self.buffer.extend_from_slice(b"#t\r\n"),
            (Protocol::Resp3, false) => self.buffer.extend_from_slice(b"#f\r\n"),
        }
    }

    /// A floating-point number, in as few digits as read back to the same one. RESP2: a bulk.
    pub fn double(&mut self, number: f64) {
        let text = DoubleText::of(number);
        match self.protocol {
            Protocol::Resp2 => self.bulk(text.bytes()),
            Protocol::Resp3 => self.line(b',', |buffer| buffer.extend_from_slice(text.bytes())),
        }
    }

    /// Text for people, such as `INFO`'s, that clients show with its line endings. RESP2: a bulk.
    pub fn verbatim(&mut self, text: &str) {
        const FORMAT: &[u8] = b"txt:";
        match self.protocol {
            Protocol::Resp2 => self.bulk(text.as_bytes()),
            Protocol::Resp3 => {
                self.header(b'=', false, (FORMAT.len() + text.len()) as u64);
                self.buffer.extend_from_slice(FORMAT);
                self.buffer.extend_from_slice(text.as_bytes());
                self.buffer.extend_from_slice(CRLF);
            }
        }
    }

    /// Writes a type byte, what `write` appends, and the only line ending of the line.
    #[inline]
    fn line(&mut self, kind: u8, write: impl FnOnce(&mut BytesMut)) {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(&[kind]);
        write(self.buffer);
        for byte in &mut self.buffer[start..] {
            if matches!(byte, b'\r' | b'\n') {
                *byte = b' ';
            }
        }
        self.buffer.extend_from_slice(CRLF);
    }

    /// Writes a type byte, a number and a line ending.
    #[inline]
    fn header(&mut self, kind: u8, is_negative: bool, mut number: u64) {
        let mut header = [0; HEADER_BYTES_MAX];
        let mut start = HEADER_BYTES_MAX - CRLF.len();
        header[start..].copy_from_slice(CRLF);
        loop {
            start -= 1;
            header[start] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        if is_negative {
            start -= 1;
            header[start] = b'-';
        }
        start -= 1;
        header[start] = kind;
        self.buffer.extend_from_slice(&header[start..]);
    }
}

const CRLF: &[u8] = b"\r\n";

/// A type byte, a sign, the twenty digits of the largest `u64` and a line ending.
const HEADER_BYTES_MAX: usize = 24;

/// A double written out, on the stack since RESP2 wants its length first.
struct DoubleText {
    bytes: [u8; Self::BYTES_MAX],
    filled: usize,
}

impl DoubleText {
    /// A sign, `0.0000`, seventeen digits and more than that for an exponent.
    const BYTES_MAX: usize = 32;

    fn of(number: f64) -> Self {
        let mut text = Self { bytes: [0; Self::BYTES_MAX], filled: 0 };
        let written = if number.is_nan() {
            text.write_str("nan")
        } else if number == 0.0 || (1e-5..1e17).contains(&number.abs()) {
            write!(text, "{number}")
        } else {
            // Without an exponent the far ones take hundreds of digits, and hiredis reads no more
            // than 325 of a double.
            write!(text, "{number:e}")
        };
        written.expect("the text of any double fits");
        text
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }
}

impl Write for DoubleText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.filled + text.len();
        self.bytes.get_mut(self.filled..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.filled = end;
        Ok(())
    }
}
