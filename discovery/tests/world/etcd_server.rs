//! A real etcd, until it is dropped.

use std::fs::File;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::program::{folder, free_port, signal};

/// How long a server may take to start.
const START_MAX: Duration = Duration::from_secs(30);

/// One member of an etcd cluster.
pub struct EtcdServer {
    _folder: tempfile::TempDir,
    path: PathBuf,
    scheme: &'static str,
    arguments: Vec<String>,
    pub port: u16,
    process: Child,
}

impl EtcdServer {
    /// One that is a cluster by itself.
    pub fn start() -> Self {
        Self::alone("http", Vec::new())
    }

    /// One with these further arguments, by this scheme.
    pub fn alone(scheme: &'static str, extra: Vec<String>) -> Self {
        let peer = free_port();
        let mut server =
            Self::spawned(scheme, "t0", peer, &format!("t0=http://127.0.0.1:{peer}"), extra);
        server.wait();
        server
    }

    /// Three that are one cluster.
    pub fn three() -> [Self; 3] {
        let peers: [u16; 3] = std::array::from_fn(|_| free_port());
        let all: Vec<String> =
            (0..3).map(|i| format!("t{i}=http://127.0.0.1:{}", peers[i])).collect();
        let all = all.join(",");
        let mut servers: [Self; 3] = std::array::from_fn(|i| {
            Self::spawned("http", &format!("t{i}"), peers[i], &all, Vec::new())
        });
        for server in &mut servers {
            server.wait();
        }
        servers
    }

    fn spawned(scheme: &'static str, name: &str, peer: u16, all: &str, extra: Vec<String>) -> Self {
        let (folder, path) = folder();
        let port = free_port();
        let mut arguments: Vec<String> = [
            format!("--name={name}"),
            format!("--data-dir={}", path.join("data").display()),
            format!("--listen-client-urls={scheme}://127.0.0.1:{port}"),
            format!("--advertise-client-urls={scheme}://127.0.0.1:{port}"),
            format!("--listen-peer-urls=http://127.0.0.1:{peer}"),
            format!("--initial-advertise-peer-urls=http://127.0.0.1:{peer}"),
            format!("--initial-cluster={all}"),
        ]
        .into();
        arguments.extend(extra);
        let process = run(&path, &arguments);
        Self { _folder: folder, path, scheme, arguments, port, process }
    }

    pub fn endpoint(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.port)
    }

    /// Kills it, with what it did not write lost.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again on what it wrote.
    pub fn restart(&mut self) {
        self.process = run(&self.path, &self.arguments);
        self.wait();
    }

    /// Keeps a copy of what it has.
    pub fn back_up(&self) {
        let endpoints = format!("--endpoints={}", self.endpoint());
        let backup = self.path.join("backup");
        etcdctl(&[&endpoints, "snapshot", "save", backup.to_str().unwrap()]);
    }

    /// Starts it again on what it had when it was backed up. It has to be killed before.
    pub fn restore(&mut self) {
        std::fs::remove_dir_all(self.path.join("data")).unwrap();
        let takes = |argument: &&String| {
            ["--name", "--data-dir", "--initial-"].iter().any(|it| argument.starts_with(it))
        };
        let backup = self.path.join("backup");
        let mut arguments = vec!["snapshot", "restore", backup.to_str().unwrap()];
        arguments.extend(self.arguments.iter().filter(takes).map(String::as_str));
        etcdctl(&arguments);
        self.restart();
    }

    /// Stops it where it is: connections stay, nothing is answered.
    pub fn freeze(&self) {
        signal(&self.process, "-STOP");
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        signal(&self.process, "-CONT");
    }

    fn wait(&mut self) {
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(self.process.try_wait().unwrap().is_none(), "etcd ended: {}", self.log());
            assert!(start.elapsed() < START_MAX, "etcd does not start: {}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.path.join("log")).unwrap_or_default()
    }
}

impl Drop for EtcdServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn etcdctl(arguments: &[&str]) {
    let mut command = Command::new("etcdctl");
    let done = command.args(arguments).env("ETCDCTL_API", "3").output().unwrap();
    assert!(done.status.success(), "etcdctl {arguments:?}: {done:?}");
}

fn run(path: &std::path::Path, arguments: &[String]) -> Child {
    let log = File::options().create(true).append(true).open(path.join("log")).unwrap();
    Command::new("etcd")
        .args(arguments)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}
