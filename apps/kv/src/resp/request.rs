//! What a Redis client asks, read from its bytes as they come.
//!
//! A server is only ever sent flat arrays of bulk strings (`*2\r\n$3\r\nGET\r\n$1\r\nk\r\n`) and,
//! by people with telnet, plain lines (`GET k\r\n`). So this reads those two shapes and nothing
//! else: no nesting, hence no recursion and no depth to limit. However small the pieces a request
//! comes in, what has been read of it is not read again; nothing is set aside on the word of a
//! declared length; and what is refused is refused in Redis's own words.

mod inline;
#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Range;

use bytes::{Buf, Bytes, BytesMut};
use smallvec::SmallVec;

/// Finds the requests in one connection's bytes.
///
/// The parser remembers how far into the unfinished request it has read, so every call must be
/// given the same buffer, to which only new bytes were appended.
#[derive(Debug)]
pub struct RequestParser {
    limits: Limits,
    /// Bytes at the front of the buffer never to be looked at again: of an array its length and the
    /// arguments in `arguments`, of a line what has no newline in it.
    position: usize,
    /// Arguments the array still lacks; 0 while its length is unread.
    missing: usize,
    /// Where in the buffer the arguments read so far lie.
    arguments: Spans,
}

impl RequestParser {
    /// A parser at the start of a connection.
    ///
    /// It holds nothing between two requests, so limits change by making a new one there.
    pub fn new(limits: Limits) -> Self {
        Self { limits, position: 0, missing: 0, arguments: Spans::new() }
    }

    /// The next request, taken off the front of `buffer`, or `None` until more bytes arrive.
    ///
    /// `buffer` is then shorter than `request_bytes_max`. An error is final: nothing is taken, and
    /// the next call says the same.
    #[inline]
    pub fn next(&mut self, buffer: &mut BytesMut) -> Result<Option<Request>, ProtocolError> {
        while let Some(first) = buffer.first() {
            let step = match first {
                b'*' => self.read_array(buffer)?,
                _ => self.read_line(buffer)?,
            };
            match step {
                Step::Whole(request) => return Ok(Some(request)),
                Step::Empty { bytes } => buffer.advance(bytes),
                Step::Partial if buffer.len() < self.limits.request_bytes_max as usize => break,
                Step::Partial => return Err(ProtocolError::RequestTooBig),
            }
        }
        Ok(None)
    }

    // Forced, as the two of them out of line cost a fifth of a request's time.
    #[inline(always)]
    fn read_array(&mut self, buffer: &mut BytesMut) -> Result<Step, ProtocolError> {
        let request_bytes_max = self.limits.request_bytes_max as usize;
        let bytes = &buffer[..buffer.len().min(request_bytes_max)];
        if self.missing == 0 {
            let Some(header) = read_header(bytes, &MULTIBULK)? else {
                return Ok(Step::Partial);
            };
            match usize::try_from(header.number) {
                Err(_) | Ok(0) => {
                    return Ok(Step::Empty { bytes: header.bytes });
                }
                Ok(count) if count > self.limits.arguments_max as usize => {
                    return Err(ProtocolError::InvalidMultibulkLength);
                }
                Ok(count) => self.missing = count,
            }
            self.position = header.bytes;
        }
        while self.missing > 0 {
            let rest = &bytes[self.position..];
            match rest.first() {
                None => return Ok(Step::Partial),
                Some(b'$') => {}
                Some(&got) => return Err(ProtocolError::ExpectedBulk { got }),
            }
            let Some(header) = read_header(rest, &BULK)? else {
                return Ok(Step::Partial);
            };
            let bulk_bytes = usize::try_from(header.number)
                .ok()
                .filter(|bulk_bytes| *bulk_bytes <= self.limits.bulk_bytes_max as usize)
                .ok_or(ProtocolError::InvalidBulkLength)?;
            let start = self.position + header.bytes;
            let end = start + bulk_bytes;
            if end + CRLF.len() > request_bytes_max {
                return Err(ProtocolError::RequestTooBig);
            }
            match bytes.get(end..end + CRLF.len()) {
                None => return Ok(Step::Partial),
                // Redis skips these two unread, and so misreads the rest of the stream when a client
                // has counted wrong.
                Some(ends) if ends != CRLF => return Err(ProtocolError::InvalidBulkLength),
                Some(_) => {}
            }
            self.arguments.push(Span::of(start..end));
            self.position = end + CRLF.len();
            self.missing -= 1;
        }
        let frame = buffer.split_to(std::mem::take(&mut self.position)).freeze();
        Ok(Step::Whole(Request { frame, arguments: std::mem::take(&mut self.arguments) }))
    }

    fn read_line(&mut self, buffer: &mut BytesMut) -> Result<Step, ProtocolError> {
        let Limits { inline_bytes_max, request_bytes_max, .. } = self.limits;
        let line_bytes_max = (inline_bytes_max as usize + 1).min(request_bytes_max as usize);
        let bytes = &buffer[..buffer.len().min(line_bytes_max)];
        let Some(unseen) = bytes[self.position..].iter().position(|byte| *byte == b'\n') else {
            if bytes.len() > inline_bytes_max as usize {
                return Err(ProtocolError::InlineTooBig);
            }
            self.position = bytes.len();
            return Ok(Step::Partial);
        };
        let newline = self.position + unseen;
        // A carriage return before the newline is but another blank.
        let line = inline::split(&bytes[..newline]).ok_or(ProtocolError::UnbalancedQuotes)?;
        if line.arguments.len() > self.limits.arguments_max as usize {
            return Err(ProtocolError::InvalidMultibulkLength);
        }
        if line.arguments.iter().any(|span| span.end - span.start > self.limits.bulk_bytes_max) {
            return Err(ProtocolError::InvalidBulkLength);
        }
        self.position = 0;
        if line.arguments.is_empty() {
            return Ok(Step::Empty { bytes: newline + 1 });
        }
        buffer.advance(newline + 1);
        Ok(Step::Whole(line))
    }
}

/// The most a client may send in one request, whatever it declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Arguments of one request, its name included; one costs up to 16 bytes beside its own.
    pub arguments_max: u32,
    /// Bytes of one argument.
    pub bulk_bytes_max: u32,
    /// Bytes of one inline line, its newline excluded.
    pub inline_bytes_max: u32,
    /// Bytes of one request on the wire, headers included.
    pub request_bytes_max: u32,
}

/// One request: a name and what follows it, in the bytes they came in.
#[derive(Clone)]
pub struct Request {
    frame: Bytes,
    arguments: Spans,
}

impl Request {
    /// The command's name, as the client spelt it.
    pub fn name(&self) -> &[u8] {
        self.get(0).expect("the parser makes no request without a name")
    }

    /// How many arguments there are; the name is the first, so never 0.
    pub fn count(&self) -> usize {
        self.arguments.len()
    }

    /// How many bytes of memory it keeps alive at least.
    #[inline]
    pub fn frame_bytes(&self) -> usize {
        self.frame.len()
    }

    /// One argument to look at; the name is number 0.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        self.arguments.get(index).map(|span| &self.frame[span.range()])
    }

    /// One argument to keep, uncopied; the name is number 0.
    ///
    /// It keeps the whole chunk of memory it was received in alive: what outlives the request by
    /// long is better copied.
    #[inline]
    pub fn bytes(&self, index: usize) -> Option<Bytes> {
        self.arguments.get(index).map(|span| self.frame.slice(span.range()))
    }

    /// All arguments to look at, the name first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.arguments.iter().map(|span| &self.frame[span.range()])
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(Bytes::copy_from_slice)).finish()
    }
}

/// Why a client's bytes are no request; its text is what Redis would have answered after `-ERR `.
///
/// The stream cannot be followed any further: answer, then close the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// The array's length is no number, or beyond `arguments_max`.
    #[error("Protocol error: invalid multibulk length")]
    InvalidMultibulkLength,
    /// The array's length has more digits than any number.
    #[error("Protocol error: too big mbulk count string")]
    MultibulkLengthTooLong,
    /// An argument's length is no number, negative, beyond `bulk_bytes_max`, or not where it ends.
    #[error("Protocol error: invalid bulk length")]
    InvalidBulkLength,
    /// An argument's length has more digits than any number.
    #[error("Protocol error: too big bulk count string")]
    BulkLengthTooLong,
    /// An element of the array is no bulk string.
    #[error("Protocol error: expected '$', got '{}'", Printable(*got))]
    ExpectedBulk {
        /// The byte that stood where `$` should.
        got: u8,
    },
    /// The line is longer than `inline_bytes_max`.
    #[error("Protocol error: too big inline request")]
    InlineTooBig,
    /// The line ends inside quotes, or goes on right after a closing one.
    #[error("Protocol error: unbalanced quotes in request")]
    UnbalancedQuotes,
    /// The request is longer than `request_bytes_max`; Redis closes without a word here.
    #[error("Protocol error: too big request")]
    RequestTooBig,
}

/// A byte for people to read.
struct Printable(u8);

impl fmt::Display for Printable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            b' '..=b'~' => write!(f, "{}", char::from(self.0)),
            byte => write!(f, "{}", byte.escape_ascii()),
        }
    }
}

/// What the front of the buffer holds.
enum Step {
    /// A request's beginning.
    Partial,
    /// Bytes that ask for nothing.
    Empty { bytes: usize },
    /// A request.
    Whole(Request),
}

/// Six arguments without an allocation: as many as `SET key value NX PX 100`.
type Spans = SmallVec<[Span; 6]>;

/// Where in its frame an argument lies.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// A place in a frame, which `request_bytes_max` keeps within `u32`.
    fn of(range: Range<usize>) -> Self {
        Self { start: range.start as u32, end: range.end as u32 }
    }

    fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

const CRLF: &[u8] = b"\r\n";

/// Digits that any length fits in, and that always fit in an `i64`.
const HEADER_DIGITS_MAX: usize = 18;

/// The line that says how many or how long, read.
struct Header {
    number: i64,
    /// Its type byte and its line ending included.
    bytes: usize,
}

/// What to say of a header that cannot be read.
struct HeaderErrors {
    invalid: ProtocolError,
    too_long: ProtocolError,
}

const MULTIBULK: HeaderErrors = HeaderErrors {
    invalid: ProtocolError::InvalidMultibulkLength,
    too_long: ProtocolError::MultibulkLengthTooLong,
};

const BULK: HeaderErrors = HeaderErrors {
    invalid: ProtocolError::InvalidBulkLength,
    too_long: ProtocolError::BulkLengthTooLong,
};

/// Reads a type byte, a number and a line ending from the front of `bytes`, or `None` while they
/// are not all there.
///
/// It judges byte by byte, so the verdict does not hang on how the bytes were cut into pieces. As
/// in Redis a number has no plus, no blanks and no zeros before it.
#[inline(always)]
fn read_header(bytes: &[u8], errors: &HeaderErrors) -> Result<Option<Header>, ProtocolError> {
    let is_negative = bytes.get(1) == Some(&b'-');
    let start = if is_negative { 2 } else { 1 };
    let mut number = 0;
    let mut end = start;
    loop {
        match bytes.get(end) {
            Some(digit @ b'0'..=b'9') if end - start < HEADER_DIGITS_MAX => {
                number = number * 10 + i64::from(digit - b'0');
                end += 1;
            }
            Some(b'0'..=b'9') => return Err(errors.too_long),
            Some(b'\r') => break,
            Some(_) => return Err(errors.invalid),
            None => return Ok(None),
        }
    }
    match bytes.get(end + 1) {
        Some(b'\n') => {}
        Some(_) => return Err(errors.invalid),
        None => return Ok(None),
    }
    match &bytes[start..end] {
        [] => Err(errors.invalid),
        [b'0'] if is_negative => Err(errors.invalid),
        [b'0', _, ..] => Err(errors.invalid),
        _ if is_negative => Ok(Some(Header { number: -number, bytes: end + 2 })),
        _ => Ok(Some(Header { number, bytes: end + 2 })),
    }
}
