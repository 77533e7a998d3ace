//! Shared secrets: the first signs what this node sends, each of them vouches for what it hears.
//!
//! Signatures are HMAC-SHA-256 (RFC 2104). They are not by `ring`, the library of the project's TLS,
//! since that brings a random source of the system, which nothing pure may have at hand. Packets are
//! signed, not hidden: they say names and addresses.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use thiserror::Error;

/// The shortest key that is taken.
const KEY_BYTES_MIN: usize = 16;

/// Most keys in use at once. A foreign datagram costs a look with each.
const KEYS_MAX: usize = 8;

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
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// Secrets that can be in use together: there is one that signs, none is too short, and they are
/// few.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys(Vec<Key>);

impl Keys {
    /// Takes these, the first of which signs.
    ///
    /// # Errors
    /// [`BadKeys`] when they cannot be in use.
    pub fn new(keys: Vec<Key>) -> Result<Self, BadKeys> {
        if keys.is_empty() {
            return Err(BadKeys::None);
        }
        if keys.len() > KEYS_MAX {
            return Err(BadKeys::TooMany { given: keys.len() });
        }
        match keys.iter().position(|key| key.0.len() < KEY_BYTES_MIN) {
            Some(at) => Err(BadKeys::TooShort { number: at + 1, bytes: keys[at].0.len() }),
            None => Ok(Self(keys)),
        }
    }

    /// Takes those of a text with one on each line; blanks around them do not count, nor do lines
    /// with nothing else.
    ///
    /// # Errors
    /// As [`Keys::new`].
    pub fn of_lines(text: &str) -> Result<Self, BadKeys> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        Self::new(lines.map(Key::new).collect())
    }

    /// The keys, the first of which signs.
    #[must_use]
    pub fn into_list(self) -> Vec<Key> {
        self.0
    }
}

/// Why keys cannot be in use. It does not show them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BadKeys {
    /// There is none.
    #[error("is empty: give all nodes one secret, such as `openssl rand -hex 32` says")]
    None,
    /// There are more than are looked at.
    #[error("has {given}, at most {KEYS_MAX} may be in use")]
    TooMany {
        /// How many there are.
        given: usize,
    },
    /// One could be guessed.
    #[error("number {number} has {bytes} bytes, a key has at least {KEY_BYTES_MIN}")]
    TooShort {
        /// Which one, from 1.
        number: usize,
        /// How long it is.
        bytes: usize,
    },
}

/// The keys in use, made ready.
pub(super) struct Keyring(Vec<Hmac<Sha256>>);

impl Keyring {
    pub(super) fn new(keys: &Keys) -> Self {
        let keyed =
            |key: &Key| Hmac::new_from_slice(key.0.as_bytes()).expect("a key may have any length");
        Self(keys.0.iter().map(keyed).collect())
    }

    /// The first key's signature.
    pub(super) fn sign(&self, bytes: &[u8]) -> [u8; TAG_BYTES] {
        let key = self.0.first().expect("there is one that signs");
        key.clone().chain_update(bytes).finalize().into_bytes().into()
    }

    /// Whether one of the keys made this signature.
    pub(super) fn vouches(&self, bytes: &[u8], tag: &[u8]) -> bool {
        let is_by = |key: &Hmac<_>| key.clone().chain_update(bytes).verify_slice(tag).is_ok();
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
        let keyring = |keys: &[&Key]| {
            Keyring::new(&Keys::new(keys.iter().map(|key| (*key).clone()).collect()).unwrap())
        };
        let (before, after) = (keyring(&[&old, &new]), keyring(&[&new, &old]));
        for (signs, reads) in [(&before, &after), (&after, &before)] {
            assert!(reads.vouches(b"hello", signs.sign(b"hello").as_ref()));
        }
        let done = keyring(&[&new]);
        assert!(done.vouches(b"hello", after.sign(b"hello").as_ref()));
        assert!(!done.vouches(b"hello", before.sign(b"hello").as_ref()));
    }
    #[test]
    fn a_text_has_a_key_on_each_line_that_has_anything() {
        let keys = Keys::of_lines("\n the first of the keys \r\n\nthe second of the keys").unwrap();
        let expected = ["the first of the keys", "the second of the keys"].map(Key::new);
        assert_eq!(keys.into_list(), expected);
        assert_eq!(Keys::of_lines(" \n"), Err(BadKeys::None));
    }

    #[test]
    fn keys_that_cannot_be_in_use_are_refused_by_their_number_and_not_shown() {
        let refused = Keys::of_lines("the first of the keys\nsecond").unwrap_err();
        assert_eq!(refused, BadKeys::TooShort { number: 2, bytes: 6 });
        assert!(!format!("{refused} {refused:?}").contains("second"));
        let many = Keys::new(vec![Key::new("the first of the keys"); 9]);
        assert_eq!(many, Err(BadKeys::TooMany { given: 9 }));
    }

    #[test]
    fn a_signature_is_that_of_rfc_4231() {
        // Its first test case, whose key of 20 bytes is text.
        let key = Key::new("\u{b}".repeat(20));
        let tag = Keyring::new(&Keys::new(vec![key]).unwrap()).sign(b"Hi There");
        let hex: String = tag.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    }
}
