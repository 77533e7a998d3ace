//! Why a forwarded command was not acknowledged.
//!
//! On the wire all failures share one flat message; the code says which of its fields count.

use peer_ring_core::failure::{Failure, SizeOf};

use crate::error::{WireError, in_range};
use crate::wire::{self, FailureCode};

impl From<Failure> for wire::Failure {
    fn from(failure: Failure) -> Self {
        let may_have_happened = failure.may_have_happened();
        let with =
            |code: FailureCode| Self { code: code.into(), may_have_happened, ..Self::default() };
        match failure {
            Failure::QuorumNotMet { acked, wanted, .. } => Self {
                acked: acked.into(),
                wanted: wanted.into(),
                ..with(FailureCode::QuorumNotMet)
            },
            Failure::TimedOut { acked, wanted, .. } => {
                Self { acked: acked.into(), wanted: wanted.into(), ..with(FailureCode::TimedOut) }
            }
            Failure::Overloaded => with(FailureCode::Overloaded),
            Failure::PrimaryDown { partition } => {
                Self { partition: partition.into(), ..with(FailureCode::PrimaryDown) }
            }
            Failure::OwnersDown { partition } => {
                Self { partition: partition.into(), ..with(FailureCode::OwnersDown) }
            }
            Failure::NotReady => with(FailureCode::NotReady),
            Failure::PrimaryBlank { partition } => {
                Self { partition: partition.into(), ..with(FailureCode::PrimaryBlank) }
            }
            Failure::UnknownApp { app } => Self { app, ..with(FailureCode::UnknownApp) },
            Failure::BadCommand => with(FailureCode::BadCommand),
            Failure::TooLarge { what, bytes, bytes_max } => Self {
                size_of: wire::SizeOf::from(what).into(),
                bytes,
                bytes_max,
                ..with(FailureCode::TooLarge)
            },
            Failure::WrongEpoch { .. } => with(FailureCode::WrongEpoch),
            Failure::Stopping { .. } => with(FailureCode::Stopping),
        }
    }
}

impl TryFrom<wire::Failure> for Failure {
    type Error = WireError;

    fn try_from(failure: wire::Failure) -> Result<Self, WireError> {
        let may_have_happened = failure.may_have_happened;
        let acked = || replicas("replicas that acknowledged", failure.acked);
        let wanted = || replicas("replicas wanted", failure.wanted);
        let partition = || in_range("a partition", failure.partition, 0, u16::MAX.into());
        Ok(match FailureCode::try_from(failure.code) {
            Ok(FailureCode::QuorumNotMet) => {
                Self::QuorumNotMet { acked: acked()?, wanted: wanted()?, may_have_happened }
            }
            Ok(FailureCode::TimedOut) => {
                Self::TimedOut { acked: acked()?, wanted: wanted()?, may_have_happened }
            }
            Ok(FailureCode::Overloaded) => Self::Overloaded,
            Ok(FailureCode::PrimaryDown) => Self::PrimaryDown { partition: partition()? },
            Ok(FailureCode::OwnersDown) => Self::OwnersDown { partition: partition()? },
            Ok(FailureCode::NotReady) => Self::NotReady,
            Ok(FailureCode::PrimaryBlank) => Self::PrimaryBlank { partition: partition()? },
            Ok(FailureCode::UnknownApp) => Self::UnknownApp { app: failure.app },
            Ok(FailureCode::BadCommand) => Self::BadCommand,
            Ok(FailureCode::TooLarge) => Self::TooLarge {
                what: size_of(failure.size_of)?,
                bytes: failure.bytes,
                bytes_max: failure.bytes_max,
            },
            Ok(FailureCode::WrongEpoch) => Self::WrongEpoch { may_have_happened },
            Ok(FailureCode::Stopping) => Self::Stopping { may_have_happened },
            Ok(FailureCode::Unspecified) | Err(_) => {
                return Err(WireError::NoSuchValue { what: "a failure", value: failure.code });
            }
        })
    }
}

fn replicas(what: &'static str, count: u32) -> Result<u8, WireError> {
    in_range(what, count, 0, u8::MAX.into())
}

impl From<SizeOf> for wire::SizeOf {
    fn from(what: SizeOf) -> Self {
        match what {
            SizeOf::Key => Self::Key,
            SizeOf::Value => Self::Value,
            SizeOf::Command => Self::Command,
        }
    }
}

fn size_of(value: i32) -> Result<SizeOf, WireError> {
    match wire::SizeOf::try_from(value) {
        Ok(wire::SizeOf::Key) => Ok(SizeOf::Key),
        Ok(wire::SizeOf::Value) => Ok(SizeOf::Value),
        Ok(wire::SizeOf::Command) => Ok(SizeOf::Command),
        Ok(wire::SizeOf::Unspecified) | Err(_) => {
            Err(WireError::NoSuchValue { what: "what was too large", value })
        }
    }
}
