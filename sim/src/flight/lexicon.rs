//! How an app's commands, replies and keys read.

use bytes::Bytes;
use peer_ring_core::id::AppId;

/// Most bytes of a key or value that are shown.
const SHOWN_BYTES_MAX: usize = 48;

/// Something of an app's, told to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// In words.
    pub words: String,
    /// The client's key that it is about, if it is about one.
    pub key: Option<Bytes>,
}

/// How an app's commands, replies and keys read. Whatever it does not know is told by its length.
pub trait Lexicon {
    /// What a command says.
    fn command(&self, app: AppId, command: &[u8]) -> Option<Said>;

    /// What a reply says.
    fn reply(&self, reply: &[u8]) -> Option<String>;

    /// Whose record lies under a key of a partition's table: the app's id, then the app's own key.
    fn record(&self, key: &[u8]) -> Option<Said>;
}

/// Bytes as a quoted text, the end left out when it is long.
pub(super) fn shown(bytes: &[u8]) -> String {
    let head = &bytes[..bytes.len().min(SHOWN_BYTES_MAX)];
    let more = if head.len() < bytes.len() {
        format!("... ({} bytes)", bytes.len())
    } else {
        String::new()
    };
    format!("\"{}\"{more}", head.escape_ascii())
}
