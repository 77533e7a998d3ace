//! The Redis protocol from a client's side: two commands out, their replies in.
//!
//! A reply is a line or one bulk string. Nested replies do not occur, so they are refused like
//! everything else that a server has no business to send; nothing is set aside on the word of a
//! declared length.

use thiserror::Error;

/// The longest line that a server may send: a status or an error.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// A server's reply, in the bytes it came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply<'a> {
    /// `+OK`: the text after the plus.
    Simple(&'a [u8]),
    /// `-ERR no`: the text after the minus.
    Error(&'a [u8]),
    /// `:1`.
    Integer(i64),
    /// A value.
    Bulk(&'a [u8]),
    /// No value.
    Null,
}

/// What no well-behaved server sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProtocolError {
    /// A reply begins with a byte that begins none of those we ask for.
    #[error("a reply begins with byte {0:#04x}")]
    Kind(u8),
    /// A line does not end.
    #[error("a line is longer than {LINE_BYTES_MAX} bytes")]
    LineTooLong,
    /// A number is none.
    #[error("a number has other characters than digits")]
    Number,
    /// A value is larger than any that was written.
    #[error("a value of {bytes} bytes is larger than {bytes_max}")]
    ValueTooLarge {
        /// What the server announces.
        bytes: u64,
        /// What was expected at most.
        bytes_max: usize,
    },
    /// A value does not end where it was announced to.
    #[error("a value does not end where it was announced to")]
    NoEnd,
}

/// Reads the reply at the front of `bytes`, and how many of them it takes; `None` while it is not
/// complete. A value may have `value_bytes_max` bytes.
///
/// # Errors
/// [`ProtocolError`] when no more bytes can make a reply of it.
#[inline]
pub fn parse(
    bytes: &[u8],
    value_bytes_max: usize,
) -> Result<Option<(Reply<'_>, usize)>, ProtocolError> {
    if bytes.starts_with(b"+OK\r\n") {
        return Ok(Some((Reply::Simple(b"OK"), 5)));
    }
    let Some(&kind) = bytes.first() else { return Ok(None) };
    if !b"+-:$_".contains(&kind) {
        return Err(ProtocolError::Kind(kind));
    }
    let Some(line) = line(&bytes[1..])? else { return Ok(None) };
    let end = 1 + line.len() + 2;
    let reply = match kind {
        b'+' => Reply::Simple(line),
        b'-' => Reply::Error(line),
        b':' => Reply::Integer(number(line)?),
        b'_' => Reply::Null,
        _ if line == b"-1" => Reply::Null,
        _ => return value(bytes, end, number(line)?, value_bytes_max),
    };
    Ok(Some((reply, end)))
}

fn value(
    bytes: &[u8],
    start: usize,
    length: i64,
    bytes_max: usize,
) -> Result<Option<(Reply<'_>, usize)>, ProtocolError> {
    let announced = u64::try_from(length).map_err(|_| ProtocolError::Number)?;
    let length = usize::try_from(announced).unwrap_or(usize::MAX);
    if length > bytes_max {
        return Err(ProtocolError::ValueTooLarge { bytes: announced, bytes_max });
    }
    let end = start + length;
    match bytes.get(end..end + 2) {
        None => Ok(None),
        Some(b"\r\n") => Ok(Some((Reply::Bulk(&bytes[start..end]), end + 2))),
        Some(_) => Err(ProtocolError::NoEnd),
    }
}

/// The bytes up to the first CRLF.
fn line(bytes: &[u8]) -> Result<Option<&[u8]>, ProtocolError> {
    let window = &bytes[..bytes.len().min(LINE_BYTES_MAX + 2)];
    match window.windows(2).position(|pair| pair == b"\r\n") {
        Some(end) => Ok(Some(&bytes[..end])),
        None if bytes.len() > LINE_BYTES_MAX => Err(ProtocolError::LineTooLong),
        None => Ok(None),
    }
}

fn number(digits: &[u8]) -> Result<i64, ProtocolError> {
    let text = std::str::from_utf8(digits).map_err(|_| ProtocolError::Number)?;
    text.parse().map_err(|_| ProtocolError::Number)
}

/// Writes commands whose keys are numbers.
#[derive(Clone, Debug)]
pub struct Encoder {
    get: Vec<u8>,
    set: Vec<u8>,
    value_header: Vec<u8>,
}

/// How many digits the number of a key has.
const KEY_DIGITS: usize = 12;

impl Encoder {
    /// An encoder for values of this size.
    #[must_use]
    pub fn new(value_bytes: usize) -> Self {
        let key = format!("${}\r\nkey:", 4 + KEY_DIGITS);
        Self {
            get: format!("*2\r\n$3\r\nGET\r\n{key}").into_bytes(),
            set: format!("*3\r\n$3\r\nSET\r\n{key}").into_bytes(),
            value_header: format!("\r\n${value_bytes}\r\n").into_bytes(),
        }
    }

    /// Appends `GET key:…`.
    #[inline]
    pub fn get(&self, out: &mut Vec<u8>, key: u64) {
        out.extend_from_slice(&self.get);
        out.extend_from_slice(&digits(key));
        out.extend_from_slice(b"\r\n");
    }

    /// Appends `SET key:… value`. The value has the size that the encoder was made for.
    #[inline]
    pub fn set(&self, out: &mut Vec<u8>, key: u64, value: &[u8]) {
        out.extend_from_slice(&self.set);
        out.extend_from_slice(&digits(key));
        out.extend_from_slice(&self.value_header);
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    }
}

fn digits(mut key: u64) -> [u8; KEY_DIGITS] {
    let mut digits = [b'0'; KEY_DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit += (key % 10) as u8;
        key /= 10;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: usize = 1_000;

    #[test]
    fn commands_are_flat_arrays() {
        let encoder = Encoder::new(2);
        let mut out = Vec::new();
        encoder.get(&mut out, 7);
        encoder.set(&mut out, 123_456_789_012, b"ab");
        let expected = "*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000007\r\n\
                        *3\r\n$3\r\nSET\r\n$16\r\nkey:123456789012\r\n$2\r\nab\r\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn every_kind_of_reply_is_read() {
        let read = |text: &'static str| parse(text.as_bytes(), MAX).unwrap().unwrap();
        assert_eq!(read("+OK\r\n+"), (Reply::Simple(b"OK"), 5));
        assert_eq!(read("+QUEUED\r\n"), (Reply::Simple(b"QUEUED"), 9));
        assert_eq!(read("-ERR no\r\n"), (Reply::Error(b"ERR no"), 9));
        assert_eq!(read(":-12\r\n"), (Reply::Integer(-12), 6));
        assert_eq!(read("$4\r\na\r\nb\r\n"), (Reply::Bulk(b"a\r\nb"), 10));
        assert_eq!(read("$0\r\n\r\n"), (Reply::Bulk(b""), 6));
        assert_eq!(read("$-1\r\n"), (Reply::Null, 5));
        assert_eq!(read("_\r\n"), (Reply::Null, 3));
    }

    #[test]
    fn a_reply_cut_anywhere_is_waited_for() {
        for whole in ["+OK\r\n", "-ERR no\r\n", "$4\r\na\r\nb\r\n", "$-1\r\n", ":3\r\n"] {
            for cut in 0..whole.len() {
                assert_eq!(parse(&whole.as_bytes()[..cut], MAX), Ok(None), "{whole:?} at {cut}");
            }
        }
    }

    #[test]
    fn a_hostile_server_is_refused_before_its_bytes_are_kept() {
        let refused = |text: &str| parse(text.as_bytes(), MAX).unwrap_err();
        let bytes = 900_000_000_000;
        let too_large = ProtocolError::ValueTooLarge { bytes, bytes_max: MAX };
        assert_eq!(refused("$900000000000\r\n"), too_large);
        assert_eq!(refused("$99999999999999999999\r\n"), ProtocolError::Number);
        assert_eq!(refused("$-2\r\n"), ProtocolError::Number);
        assert_eq!(refused("$x\r\n"), ProtocolError::Number);
        assert_eq!(refused("$2\r\nabcd"), ProtocolError::NoEnd);
        assert_eq!(refused("*1\r\n*1\r\n"), ProtocolError::Kind(b'*'));
        assert_eq!(refused("HTTP/1.1 400 Bad Request\r\n"), ProtocolError::Kind(b'H'));
        assert_eq!(refused(&"*1\r\n".repeat(10_000)), ProtocolError::Kind(b'*'));
        let endless = format!("-{}", "x".repeat(LINE_BYTES_MAX + 1));
        assert_eq!(refused(&endless), ProtocolError::LineTooLong);
    }
}
