//! What a path is about: a namespace, or a key in one. Keys are any bytes, percent-encoded.

use axum::http::Uri;
use bytes::Bytes;
use peer_ring::admin::percent_decoded;

use super::problem::Problem;

/// What all paths of the key-value store begin with.
const PREFIX: &str = "/v1/kv/";

/// What a path is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The namespace.
    pub namespace: String,
    /// The key; empty when the path ends with the namespace.
    pub key: Bytes,
}

impl Target {
    /// Reads the path of a URL that was routed here.
    pub(super) fn read(uri: &Uri) -> Result<Self, Problem> {
        let rest = uri.path().strip_prefix(PREFIX).ok_or(Problem::NoSuchRoute)?;
        let (namespace, key) = rest.split_once('/').unwrap_or((rest, ""));
        let namespace = percent_decoded(namespace).ok_or(Problem::BadPath)?;
        let namespace = String::from_utf8(namespace).map_err(|_| Problem::BadPath)?;
        let key = percent_decoded(key).ok_or(Problem::BadPath)?;
        Ok(Self { namespace, key: Bytes::from(key) })
    }
}

/// A key as it stands in a path.
pub(super) fn percent_encoded(key: &[u8]) -> String {
    let mut text = String::with_capacity(key.len());
    for byte in key {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' | b'@' => {
                text.push(char::from(*byte));
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(path: &str) -> Result<Target, Problem> {
        Target::read(&path.parse().unwrap())
    }

    #[test]
    fn a_slash_may_stand_in_a_key() {
        let target = read("/v1/kv/default/user/1%2F2").unwrap();
        assert_eq!(target.namespace, "default");
        assert_eq!(target.key, "user/1/2");
        assert_eq!(read("/v1/kv/default").unwrap().key, "");
    }

    #[test]
    fn half_an_escape_is_refused() {
        for path in ["/v1/kv/default/%", "/v1/kv/default/%4", "/v1/kv/default/%zz", "/v1/kv/%ff/k"]
        {
            assert_eq!(read(path), Err(Problem::BadPath));
        }
    }

    proptest! {
        #[test]
        fn a_key_of_any_bytes_comes_back(key in prop::collection::vec(any::<u8>(), 0..40)) {
            let target = read(&format!("/v1/kv/ns/{}", percent_encoded(&key))).unwrap();
            prop_assert_eq!(target.key, key);
        }
    }
}
