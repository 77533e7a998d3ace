//! How the key-value store's commands, replies and keys read.

use bytes::Bytes;
use peer_ring_core::app::{App, decode};
use peer_ring_core::id::AppId;
use peer_ring_core::record::Version;
use peer_ring_kv::{Action, Command, Expiry, Kv, Reply, split_record_key};

use crate::flight::lexicon::{Lexicon, Said, shown};

/// How the key-value store's commands, replies and keys read.
#[derive(Clone, Copy, Debug, Default)]
pub struct KvLexicon;

impl Lexicon for KvLexicon {
    fn command(&self, app: AppId, command: &[u8]) -> Option<Said> {
        if app != AppId::of(Kv::NAME) {
            return None;
        }
        let Command { namespace, action, .. } = decode(command).ok()?;
        let name = namespace.name();
        let of = |key: &[u8]| format!("{name}/{}", key.escape_ascii());
        let partition = |at: u64| format!("{name} from position {at:016x}");
        let (words, key): (String, Option<Bytes>) = match action {
            Action::Get { key } => (format!("get {}", of(&key)), Some(key)),
            Action::Put { key, value, expires } => {
                let words = format!("put {} = {}{}", of(&key), shown(&value), until(expires));
                (words, Some(key))
            }
            Action::Delete { key } => (format!("delete {}", of(&key)), Some(key)),
            Action::Touch { key, version, expires, .. } => {
                let words = format!("touch {}{}{}", of(&key), at(version), until(expires));
                (words, Some(key))
            }
            Action::Keys { at, from, limit } => {
                (format!("list {limit} keys of {} past {from}", partition(at)), None)
            }
            Action::Count { at } => (format!("count keys of {}", partition(at)), None),
            Action::Clear { at } => (format!("clear keys of {}", partition(at)), None),
        };
        Some(Said { words, key })
    }

    fn reply(&self, reply: &[u8]) -> Option<String> {
        Some(match decode(reply).ok()? {
            Reply::Value(None) => "nothing".to_owned(),
            Reply::Value(Some(found)) => {
                format!("{}{}{}", shown(&found.value), at(found.version), until(found.expires))
            }
            Reply::Done { version, existed } => {
                let existed = if existed { ", there was one" } else { "" };
                format!("done{}{existed}", at(version))
            }
            Reply::Keys(page) => format!("{page:?}"),
            Reply::Count(count) => format!("{count}"),
        })
    }

    fn record(&self, key: &[u8]) -> Option<Said> {
        let key = key.strip_prefix(&AppId::of(Kv::NAME).0.to_be_bytes())?;
        let (namespace, key) = split_record_key(key)?;
        let words = format!("{namespace}/{}", key.escape_ascii());
        Some(Said { words, key: Some(Bytes::copy_from_slice(key)) })
    }
}

fn at(version: Version) -> String {
    format!(" at {:016x}", version.stamp.0)
}

fn until(expires: Option<Expiry>) -> String {
    expires.map(|Expiry(at)| format!(" until {at} ms")).unwrap_or_default()
}
