//! Redis's own programs, where they are installed.
//!
//! A test that needs one is skipped without it, and says so; with PEER_RING_REQUIRE_SERVERS=1 it
//! fails instead.

use std::net::SocketAddr;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::free_address;
use super::redis::Redis;

/// Whether a program is there.
pub fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).status();
    if found.is_ok_and(|status| status.success()) {
        return true;
    }
    let is_required = std::env::var("PEER_RING_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
    assert!(!is_required, "{program} is not installed");
    eprintln!("skipped: {program} is not installed");
    false
}

/// Runs `redis-cli` or `redis-benchmark` against a node.
pub fn run(program: &str, address: SocketAddr, arguments: &[&str]) -> Output {
    let port = address.port().to_string();
    let output = Command::new(program).args(["-p", &port]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
    output
}

/// What `redis-cli` prints.
pub fn cli(address: SocketAddr, arguments: &[&str]) -> String {
    let output = run("redis-cli", address, arguments);
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// A real Redis, until it is dropped.
pub struct RealRedis {
    /// Where it listens.
    pub address: SocketAddr,
    process: Child,
}

impl RealRedis {
    /// Starts one that keeps nothing.
    pub fn start() -> Self {
        let address = free_address();
        let port = address.port().to_string();
        let process = Command::new("redis-server")
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let redis = Self { address, process };
        let start = Instant::now();
        while std::net::TcpStream::connect(address).is_err() {
            assert!(start.elapsed() < Duration::from_secs(20), "redis-server does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(Redis::to(address).ask("PING"), "+PONG");
        redis
    }
}

impl Drop for RealRedis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
