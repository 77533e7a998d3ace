//! Programs of Debian that tests start, and free ports for them.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command};

/// Whether a program is installed. A test that needs one is skipped without it and says so; with
/// PEER_RING_NO_SKIP or PEER_RING_REQUIRE_SERVERS=1 it fails instead.
pub fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    may_go_on(found, program)
}

/// Whether what is needed was found; see [`is_there`].
pub fn may_go_on(found: bool, what: &str) -> bool {
    let is_required = std::env::var_os("PEER_RING_NO_SKIP").is_some()
        || std::env::var("PEER_RING_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
    assert!(found || !is_required, "{what} is not installed");
    if !found {
        eprintln!("skipped: {what} is not installed");
    }
    found
}

/// A port of this machine that nobody uses.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A fresh folder, gone with what is returned.
pub fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    (folder, path)
}

/// Sends a signal, such as `-STOP`, to a process that a test started.
pub fn signal(process: &Child, signal: &str) {
    let sent = Command::new("kill").args([signal, &process.id().to_string()]).status().unwrap();
    assert!(sent.success(), "kill {signal}");
}
