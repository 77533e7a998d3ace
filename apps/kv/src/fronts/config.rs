//! Where the fronts listen, and how much of everything they take from clients.

use std::time::Duration;

use peer_ring_core::failure::{Failure, SizeOf};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::namespace;

const KIB: u32 = 1024;
const MIB: u32 = 1024 * KIB;

/// The fronts of a key-value store; those that are not given do not listen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FrontConfig {
    /// The Redis protocol.
    pub redis: Option<RedisConfig>,
    /// HTTP.
    pub http: Option<HttpConfig>,
    /// The bounds, for each front by itself.
    pub limits: Limits,
    /// How long connections may take to finish what they have begun when the node stops.
    pub grace_ms: u64,
}

impl Default for FrontConfig {
    fn default() -> Self {
        Self { redis: None, http: None, limits: Limits::default(), grace_ms: 5_000 }
    }
}

impl FrontConfig {
    /// How long connections may take to finish when the node stops.
    #[must_use]
    pub fn grace(&self) -> Duration {
        Duration::from_millis(self.grace_ms)
    }
}

/// The Redis front.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RedisConfig {
    /// `host:port`.
    pub listen: String,
    /// The one namespace that it serves.
    pub namespace: String,
    /// Whether `FLUSHALL` and `FLUSHDB` may delete every key of the namespace.
    pub allow_flush: bool,
    /// After how long a connection that asks nothing is closed; never when not given.
    pub idle_timeout_ms: Option<u64>,
}

impl Default for RedisConfig {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:6379".to_owned(),
            namespace: namespace::DEFAULT.to_owned(),
            allow_flush: false,
            idle_timeout_ms: None,
        }
    }
}

/// The HTTP front.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// `host:port`.
    pub listen: String,
    /// How long a client may take to send a request's head, or to begin the next one.
    pub head_timeout_ms: u64,
    /// How long a client may take to send a request's body.
    pub body_timeout_ms: u64,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            head_timeout_ms: 60_000,
            body_timeout_ms: 30_000,
        }
    }
}

/// The bounds of a front.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// A key.
    pub key_bytes_max: u32,
    /// A value.
    pub value_bytes_max: u32,
    /// Connections at once; one more is told so and closed.
    pub connections_max: u32,
    /// Commands under way at once for one connection; what it sends beyond waits unread.
    pub pipeline_max: u32,
    /// Requests under way, in bytes, of one connection; what it sends beyond waits unread.
    pub pipeline_bytes_max: u32,
    /// One request of the Redis protocol; a client that sends a larger one is disconnected.
    pub request_bytes_max: u32,
    /// Arguments of one such request; a client that sends more is disconnected.
    pub arguments_max: u32,
    /// Replies that a client has not read; one that lets them grow beyond is disconnected.
    pub output_bytes_max: u32,
    /// Requests and replies that all connections hold together, in bytes, small ones not counted;
    /// a client whose request finds no room is told that the node is overloaded.
    pub memory_bytes_max: u32,
    /// How long a client may leave replies unread before it is disconnected.
    pub stall_timeout_ms: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            key_bytes_max: 64 * KIB,
            value_bytes_max: 16 * MIB,
            connections_max: 10_000,
            pipeline_max: 1_024,
            pipeline_bytes_max: 32 * MIB,
            request_bytes_max: 64 * MIB,
            arguments_max: 128 * KIB,
            output_bytes_max: 64 * MIB,
            memory_bytes_max: 1024 * MIB,
            stall_timeout_ms: 30_000,
        }
    }
}

impl Limits {
    /// Whether the bounds leave room for the largest values there may be.
    ///
    /// # Errors
    /// [`BadLimit`] names the first one that does not.
    pub fn check(&self) -> Result<(), BadLimit> {
        let largest = self.value_bytes_max.saturating_add(self.key_bytes_max);
        let least = [
            ("key_bytes_max", self.key_bytes_max, 1),
            ("value_bytes_max", self.value_bytes_max, 1),
            ("connections_max", self.connections_max, 1),
            ("pipeline_max", self.pipeline_max, 1),
            ("pipeline_bytes_max", self.pipeline_bytes_max, 1),
            ("request_bytes_max", self.request_bytes_max, largest.saturating_add(KIB)),
            ("arguments_max", self.arguments_max, 8),
            ("output_bytes_max", self.output_bytes_max, largest.saturating_mul(2)),
            ("memory_bytes_max", self.memory_bytes_max, largest.saturating_mul(2)),
            ("stall_timeout_ms", self.stall_timeout_ms, 1),
        ];
        match least.into_iter().find(|(_, given, least)| given < least) {
            Some((name, given, least)) => Err(BadLimit { name, given, least }),
            None => Ok(()),
        }
    }

    /// Whether a key may be so long.
    ///
    /// # Errors
    /// [`Failure::TooLarge`] when not.
    pub fn check_key(&self, key: &[u8]) -> Result<(), Failure> {
        check(SizeOf::Key, key.len(), self.key_bytes_max)
    }

    /// Whether a value may be so long.
    ///
    /// # Errors
    /// [`Failure::TooLarge`] when not.
    pub fn check_value(&self, value: &[u8]) -> Result<(), Failure> {
        check(SizeOf::Value, value.len(), self.value_bytes_max)
    }

    /// How long a client may leave replies unread.
    #[must_use]
    pub fn stall_timeout(&self) -> Duration {
        Duration::from_millis(self.stall_timeout_ms.into())
    }
}

/// A bound too low to work with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{name}: {given} is too low, it must be at least {least}")]
pub struct BadLimit {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub given: u32,
    /// What it must be at least, with the other bounds as they are.
    pub least: u32,
}

fn check(what: SizeOf, bytes: usize, bytes_max: u32) -> Result<(), Failure> {
    if bytes > bytes_max as usize {
        return Err(Failure::TooLarge { what, bytes: bytes as u64, bytes_max: bytes_max.into() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_at_its_limit_is_taken_and_one_beyond_is_not() {
        let limits = Limits { key_bytes_max: 3, ..Limits::default() };
        assert_eq!(limits.check_key(b"abc"), Ok(()));
        let failure = limits.check_key(b"abcd").unwrap_err();
        assert_eq!(failure.to_string(), "a key of 4 bytes is larger than 3");
    }

    #[test]
    fn bounds_must_leave_room_for_the_largest_value() {
        assert_eq!(Limits::default().check(), Ok(()));
        let tight = Limits { output_bytes_max: MIB, ..Limits::default() };
        let refusal = tight.check().unwrap_err().to_string();
        assert!(refusal.starts_with("output_bytes_max: 1048576 is too low"), "{refusal}");
    }

    #[test]
    fn a_misspelt_field_is_refused_by_name() {
        let error = serde_json::from_str::<FrontConfig>(r#"{"redsi": null}"#).unwrap_err();
        assert!(error.to_string().contains("redsi"), "{error}");
        let config: FrontConfig =
            serde_json::from_str(r#"{"redis": {"listen": "[::]:1"}}"#).unwrap();
        assert_eq!(config.redis.unwrap().namespace, "default");
    }
}
