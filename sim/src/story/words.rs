//! Words for what an app's bytes say: a story is told in the app's own language.
//!
//! Between nodes there are only bytes. Whoever knows the app can say what a command asks for; who
//! does not, has [`Plain`], which shows what is text.

use std::marker::PhantomData;

use peer_ring_core::app::{App, decode};
use peer_ring_kv::{Action, Command, Reply};
use serde::Serialize;

/// Says in a few words what bytes of an app mean.
pub trait Words {
    /// A command.
    fn command(&self, bytes: &[u8]) -> String {
        plain(bytes)
    }

    /// A reply.
    fn reply(&self, bytes: &[u8]) -> String {
        plain(bytes)
    }

    /// The app's own key of a record.
    fn key(&self, bytes: &[u8]) -> String {
        plain(bytes)
    }

    /// The value of a record.
    fn value(&self, bytes: &[u8]) -> String {
        plain(bytes)
    }
}

/// Shows text as text, and of everything else how long it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plain;

impl Words for Plain {}

/// Shows commands and replies of an app as JSON, as schedules do.
#[derive(Clone, Copy, Debug)]
pub struct AppWords<A>(PhantomData<fn() -> A>);

impl<A> Default for AppWords<A> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<A: App> Words for AppWords<A> {
    fn command(&self, bytes: &[u8]) -> String {
        json(decode::<A::Command>(bytes), bytes)
    }

    fn reply(&self, bytes: &[u8]) -> String {
        json(decode::<A::Reply>(bytes), bytes)
    }
}

fn json<T: Serialize, E>(decoded: Result<T, E>, bytes: &[u8]) -> String {
    let json = decoded.ok().and_then(|decoded| serde_json::to_string(&decoded).ok());
    json.unwrap_or_else(|| plain(bytes))
}

/// The words of the key-value store.
#[derive(Clone, Copy, Debug, Default)]
pub struct KvWords;

impl Words for KvWords {
    fn command(&self, bytes: &[u8]) -> String {
        let Ok(command) = decode::<Command>(bytes) else {
            return plain(bytes);
        };
        match command.action {
            Action::Get { key } => format!("get {}", plain(&key)),
            Action::Put { key, value, expires } => {
                let until = if expires.is_some() { ", expiring" } else { "" };
                format!("put {} = {}{until}", plain(&key), self.value(&value))
            }
            Action::Delete { key } => format!("delete {}", plain(&key)),
            Action::Touch { key, .. } => format!("touch {}", plain(&key)),
            Action::Keys { .. } => "list keys".to_owned(),
            Action::Count { .. } => "count keys".to_owned(),
            Action::Clear { .. } => "clear".to_owned(),
        }
    }

    fn reply(&self, bytes: &[u8]) -> String {
        match decode::<Reply>(bytes) {
            Ok(Reply::Value(Some(found))) => format!("found {}", self.value(&found.value)),
            Ok(Reply::Value(None)) => "found nothing".to_owned(),
            Ok(Reply::Done { .. }) => "done".to_owned(),
            Ok(Reply::Keys(_)) => "some keys".to_owned(),
            Ok(Reply::Count(count)) => format!("{count} keys"),
            Err(_) => plain(bytes),
        }
    }

    /// Behind the length and the name of its namespace.
    fn key(&self, bytes: &[u8]) -> String {
        let namespace = bytes.first().map_or(0, |length| usize::from(*length));
        plain(bytes.get(1 + namespace..).unwrap_or(bytes))
    }

    /// The workload writes a number, filled up with dots to the length that was drawn.
    fn value(&self, bytes: &[u8]) -> String {
        match bytes.split_first_chunk() {
            Some((number, rest)) if rest.iter().all(|byte| *byte == b'.') && number[0] == 0 => {
                u64::from_be_bytes(*number).to_string()
            }
            Some(_) | None => plain(bytes),
        }
    }
}

/// Text as it is, and of everything else how long it is.
fn plain(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.is_empty() && !text.contains(char::is_control) => text.to_owned(),
        Ok(_) | Err(_) => format!("{} bytes", bytes.len()),
    }
}

#[cfg(test)]
mod tests {
    use peer_ring_core::app::encode;

    use super::*;

    #[test]
    fn the_stores_commands_are_told_in_its_own_words() {
        let action = Action::Put { key: "a".into(), value: "1".into(), expires: None };
        let command = Command { namespace: Default::default(), quorum: Default::default(), action };
        assert_eq!(KvWords.command(&encode(&command)), "put a = 1");
        assert_eq!(KvWords.reply(&encode(&Reply::Value(None))), "found nothing");
        assert_eq!(KvWords.key(b"\0key-1"), "key-1");
        assert_eq!(KvWords.value(b"\0\0\0\0\0\0\0\x07.."), "7");
    }

    #[test]
    fn what_is_no_text_is_counted() {
        assert_eq!(Plain.value(b"\xff\xfe"), "2 bytes");
        assert_eq!(Plain.key(b"line\n"), "5 bytes");
    }
}
