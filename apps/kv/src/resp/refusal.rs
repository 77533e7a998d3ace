//! Every error a Redis client is told, in one table: a code for programs, words for people.
//!
//! What Redis has words for is said in Redis's; the tests compare them with a real one's.

use peer_ring_core::failure::Failure;
use thiserror::Error;

use super::request::Request;

/// Bytes of an unknown command's name, and of its arguments, that are repeated in the error.
const REPEATED_BYTES_MAX: usize = 128;

/// What a client asked for cannot be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Refusal {
    #[error("unknown command '{name}', with args beginning with: {arguments}")]
    UnknownCommand { name: String, arguments: String },
    #[error("unknown subcommand '{given}'. Try {command} HELP.")]
    UnknownSubcommand { command: &'static str, given: String },
    #[error("wrong number of arguments for '{command}' command")]
    WrongArity { command: &'static str },
    #[error("syntax error")]
    Syntax,
    #[error("value is not an integer or out of range")]
    NotAnInteger,
    #[error("invalid expire time in '{command}' command")]
    InvalidExpireTime { command: &'static str },
    #[error("Unsupported option {given}")]
    UnsupportedOption { given: String },
    #[error("NX and XX, GT or LT options at the same time are not compatible")]
    IncompatibleOptions,
    #[error("invalid cursor")]
    InvalidCursor,
    #[error("DB index is out of range")]
    NoSuchDatabase,
    #[error("Protocol version is not an integer or out of range")]
    ProtocolNotAnInteger,
    #[error("unsupported protocol version")]
    NoSuchProtocol,
    #[error("Syntax error in HELLO option '{given}'")]
    HelloOption { given: String },
    #[error("Client names cannot contain spaces, newlines or special characters.")]
    ClientName,
    #[error("Unrecognized option '{given}'")]
    ClientAttribute { given: String },
    #[error("{name} cannot contain spaces, newlines or special characters.")]
    ClientAttributeValue { name: &'static str },
    #[error(
        "AUTH <password> called without any password configured for the default user. Are you \
         sure your configuration is correct?"
    )]
    NoPassword,
    #[error(
        "{command} with {option} decides by what the key holds, which takes a register: this \
         store has none yet"
    )]
    NeedsRegister { command: &'static str, option: &'static str },
    #[error("{command} is not allowed here: set allow_flush in the configuration of this front")]
    FlushNotAllowed { command: &'static str },
    #[error("CONFIG {given} is not supported: a node is configured by its file, at its start")]
    ConfigIsFixed { given: &'static str },
    #[error("the values of this command have more than {bytes_max} bytes: ask for fewer at once")]
    ReplyTooLarge { bytes_max: u32 },
}

impl Refusal {
    /// The first word of the error, which programs read.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::NoSuchProtocol => "NOPROTO",
            Self::ReplyTooLarge { .. } => "TOOLARGE",
            Self::UnknownCommand { .. }
            | Self::UnknownSubcommand { .. }
            | Self::WrongArity { .. }
            | Self::Syntax
            | Self::NotAnInteger
            | Self::InvalidExpireTime { .. }
            | Self::UnsupportedOption { .. }
            | Self::IncompatibleOptions
            | Self::InvalidCursor
            | Self::NoSuchDatabase
            | Self::ProtocolNotAnInteger
            | Self::HelloOption { .. }
            | Self::ClientName
            | Self::ClientAttribute { .. }
            | Self::ClientAttributeValue { .. }
            | Self::NoPassword
            | Self::NeedsRegister { .. }
            | Self::FlushNotAllowed { .. }
            | Self::ConfigIsFixed { .. } => "ERR",
        }
    }

    /// That there is no such command.
    pub(super) fn unknown_command(request: &Request) -> Self {
        let mut arguments = String::new();
        for argument in request.iter().skip(1) {
            let room = REPEATED_BYTES_MAX.saturating_sub(arguments.len());
            if room == 0 {
                break;
            }
            arguments.push_str(&format!("'{}' ", text(argument, room)));
        }
        Self::UnknownCommand { name: text(request.name(), REPEATED_BYTES_MAX), arguments }
    }
}

/// A client's bytes for people to read, cut after so many.
pub(super) fn text(bytes: &[u8], bytes_max: usize) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(bytes_max)]).into_owned()
}

/// The first word of the error that a failure becomes; the words after it are the failure's own.
pub(super) fn code(failure: &Failure) -> &'static str {
    match failure {
        Failure::QuorumNotMet { .. } => "NOQUORUM",
        Failure::TimedOut { .. } => "TIMEOUT",
        Failure::Overloaded => "OVERLOADED",
        Failure::PrimaryDown { .. } | Failure::OwnersDown { .. } => "UNREACHABLE",
        Failure::NotReady | Failure::PrimaryBlank { .. } => "NOTREADY",
        Failure::TooLarge { .. } => "TOOLARGE",
        Failure::WrongEpoch { .. } => "RINGCHANGED",
        Failure::Stopping { .. } => "STOPPING",
        Failure::UnknownApp { .. } | Failure::BadCommand => "ERR",
    }
}

/// Whether a failure is the client's own doing.
pub(super) fn is_refusal(failure: &Failure) -> bool {
    match failure {
        Failure::TooLarge { .. } => true,
        Failure::QuorumNotMet { .. }
        | Failure::TimedOut { .. }
        | Failure::Overloaded
        | Failure::PrimaryDown { .. }
        | Failure::OwnersDown { .. }
        | Failure::NotReady
        | Failure::PrimaryBlank { .. }
        | Failure::UnknownApp { .. }
        | Failure::BadCommand
        | Failure::WrongEpoch { .. }
        | Failure::Stopping { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::super::reply::{Protocol, Writer};
    use super::*;

    #[test]
    fn a_failure_keeps_its_words_behind_a_code() {
        let failure = Failure::QuorumNotMet { acked: 1, wanted: 2, may_have_happened: true };
        let mut buffer = BytesMut::new();
        Writer::new(&mut buffer, Protocol::Resp2).error(code(&failure), &failure);
        let wanted =
            "-NOQUORUM quorum not met: 1 of 2 acknowledged; the write may have happened\r\n";
        assert_eq!(buffer, wanted);
    }
}
