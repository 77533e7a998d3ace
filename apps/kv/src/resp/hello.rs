//! `HELLO`: a client chooses its language and learns whom it talks to.

use super::clients::checked_name;
use super::refusal::{Refusal, text};
use super::reply::{Protocol, Writer};
use super::request::Request;

/// The Redis whose commands are spoken here, as far as there are such commands: clients decide by
/// it what to use.
pub(super) const REDIS_VERSION: &str = "7.2.0";

/// How much of an odd option is repeated in the error.
const REPEATED_BYTES_MAX: usize = 128;

/// What a client says with `HELLO`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hello {
    /// The language it wants from now on, if it wants another.
    pub protocol: Option<Protocol>,
    /// The name it gives itself.
    pub name: Option<String>,
}

impl Hello {
    /// Reads what a client says.
    ///
    /// # Errors
    /// [`Refusal`] when it cannot be so; nothing is changed then.
    pub(super) fn read(request: &Request) -> Result<Self, Refusal> {
        let protocol = request.get(1).map(protocol).transpose()?;
        let mut name = None;
        let mut at = 2;
        while let Some(option) = request.get(at) {
            let odd = || Refusal::HelloOption { given: text(option, REPEATED_BYTES_MAX) };
            if option.eq_ignore_ascii_case(b"SETNAME") {
                name = Some(checked_name(request.get(at + 1).ok_or_else(odd)?)?);
                at += 2;
            } else if option.eq_ignore_ascii_case(b"AUTH") && request.count() > at + 2 {
                return Err(Refusal::NoPassword);
            } else {
                return Err(odd());
            }
        }
        Ok(Self { protocol, name })
    }
}

fn protocol(version: &[u8]) -> Result<Protocol, Refusal> {
    let version = super::times::integer(version).map_err(|_| Refusal::ProtocolNotAnInteger)?;
    match version {
        2 => Ok(Protocol::Resp2),
        3 => Ok(Protocol::Resp3),
        _ => Err(Refusal::NoSuchProtocol),
    }
}

/// Answers `HELLO`, in the language that was chosen.
pub(super) fn say_hello(client_id: u64, writer: &mut Writer<'_>) {
    let version = writer.protocol().number();
    writer.map(7);
    for (name, value) in [("server", "redis"), ("version", REDIS_VERSION)] {
        writer.bulk(name.as_bytes());
        writer.bulk(value.as_bytes());
    }
    writer.bulk(b"proto");
    writer.integer(version.into());
    writer.bulk(b"id");
    writer.integer(i64::try_from(client_id).unwrap_or(i64::MAX));
    for (name, value) in [("mode", "standalone"), ("role", "master")] {
        writer.bulk(name.as_bytes());
        writer.bulk(value.as_bytes());
    }
    writer.bulk(b"modules");
    writer.array(0);
}
