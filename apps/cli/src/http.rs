//! Asks a running node over HTTP: one request, one bounded answer.
//!
//! HTTP/1.0, so that the answer ends where the connection does and is never cut into chunks. For
//! what operators ask that is all a client needs to be.

use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::exit::{Exit, Failure};

/// The largest answer that is read.
const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How long the whole exchange may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A node's answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body, as text.
    pub body: String,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum AskError {
    /// Nobody listens at the address, or it cannot be reached.
    Nobody(anyhow::Error),
    /// Somebody does, but does not answer as a node would.
    Odd(anyhow::Error),
}

impl AskError {
    /// The failure of a command that had to ask.
    #[must_use]
    pub fn into_failure(self) -> Failure {
        match self {
            Self::Nobody(cause) => Failure { exit: Exit::Unavailable, cause },
            Self::Odd(cause) => Failure { exit: Exit::Failed, cause },
        }
    }
}

/// Asks the node at `address`, `host:port`, for `path`.
///
/// # Errors
/// [`AskError`] says whether there is anybody.
pub async fn get(address: &str, path: &str) -> Result<Answer, AskError> {
    ask(address, "GET", path, "").await
}

/// Orders something of the node at `address`, with a body of JSON, which may be empty.
///
/// # Errors
/// As [`get`].
pub async fn post(address: &str, path: &str, body: &str) -> Result<Answer, AskError> {
    ask(address, "POST", path, body).await
}

async fn ask(address: &str, method: &str, path: &str, body: &str) -> Result<Answer, AskError> {
    let connection = match timeout(TIMEOUT, TcpStream::connect(address)).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => return Err(AskError::Nobody(unreachable(address, &error))),
        Err(_) => return Err(AskError::Nobody(anyhow!("{address}: no connection in {TIMEOUT:?}"))),
    };
    match timeout(TIMEOUT, exchange(connection, request(method, address, path, body))).await {
        Ok(answer) => answer.with_context(|| format!("{address}{path}")).map_err(AskError::Odd),
        Err(_) => Err(AskError::Odd(anyhow!("{address}{path}: no answer in {TIMEOUT:?}"))),
    }
}

/// Why a connection could not be made, and what may be the reason.
#[must_use]
pub fn unreachable(address: &str, error: &std::io::Error) -> anyhow::Error {
    let hint = match error.kind() {
        std::io::ErrorKind::ConnectionRefused => "; is a node running there?",
        _ => "",
    };
    anyhow!("cannot connect to {address}: {error}{hint}")
}

fn request(method: &str, host: &str, path: &str, body: &str) -> String {
    let mut request =
        format!("{method} {path} HTTP/1.0\r\nHost: {host}\r\nAccept: application/json\r\n");
    if !body.is_empty() {
        let length = body.len();
        request += &format!("Content-Type: application/json\r\nContent-Length: {length}\r\n");
    }
    request + "\r\n" + body
}

async fn exchange(mut connection: TcpStream, request: String) -> anyhow::Result<Answer> {
    connection.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    let mut bounded = connection.take(ANSWER_BYTES_MAX + 1);
    bounded.read_to_end(&mut answer).await?;
    if answer.len() as u64 > ANSWER_BYTES_MAX {
        bail!("the answer is larger than {ANSWER_BYTES_MAX} bytes");
    }
    parse(&answer)
}

fn parse(answer: &[u8]) -> anyhow::Result<Answer> {
    let text = std::str::from_utf8(answer).context("the answer is not text")?;
    let (head, body) = text.split_once("\r\n\r\n").context("the answer is not HTTP")?;
    let mut words = head.split([' ', '\r']);
    let is_http = words.next().is_some_and(|word| word.starts_with("HTTP/1."));
    let status = words.next().and_then(|word| word.parse().ok()).filter(|_| is_http);
    let status = status.context("the answer is not HTTP")?;
    Ok(Answer { status, body: body.to_owned() })
}

/// A path segment as it may stand in a request: whatever is not harmless becomes `%xx`.
#[must_use]
pub fn segment(text: &str) -> String {
    let mut safe = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            safe.push(char::from(byte));
        } else {
            safe += &format!("%{byte:02X}");
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn an_answer_has_a_status_and_a_body() {
        let answer = parse(b"HTTP/1.0 503 Service Unavailable\r\ncontent-length: 2\r\n\r\nno");
        assert_eq!(answer.unwrap(), Answer { status: 503, body: "no".to_owned() });
    }

    #[test]
    fn a_body_is_announced() {
        let said = request("POST", "h:1", "/v1/leave", "{}");
        assert!(said.starts_with("POST /v1/leave HTTP/1.0\r\nHost: h:1\r\n"), "{said}");
        assert!(said.ends_with("Content-Length: 2\r\n\r\n{}"), "{said}");
    }

    #[test]
    fn what_is_not_http_is_refused() {
        for odd in [&b"-ERR unknown command\r\n\r\n"[..], b"", b"HTTP/1.1 ok\r\n\r\n", b"\xff\r\n"]
        {
            assert!(parse(odd).is_err());
        }
    }

    #[test]
    fn a_key_cannot_leave_its_segment() {
        assert_eq!(segment("a/b?c=ü"), "a%2Fb%3Fc%3D%C3%BC");
    }

    #[tokio::test]
    async fn a_refused_connection_asks_whether_a_node_runs() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        drop(listener);
        let Err(AskError::Nobody(error)) = get(&address, "/healthz").await else {
            panic!("nobody listens there");
        };
        assert!(error.to_string().ends_with("is a node running there?"), "{error}");
    }
}
