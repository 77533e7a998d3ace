//! A real ZooKeeper, until it is dropped.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::program::{folder, free_port, is_there, may_go_on, signal};

/// Where Debian puts it.
const JAR: &str = "/usr/share/java/zookeeper.jar";

/// How long a server may take to start.
const START_MAX: Duration = Duration::from_secs(40);

/// A server that is an ensemble by itself.
pub struct ZooKeeperServer {
    _folder: tempfile::TempDir,
    path: PathBuf,
    pub port: u16,
    process: Child,
}

impl ZooKeeperServer {
    /// Whether there is one to be started.
    pub fn is_there() -> bool {
        is_there("java") && may_go_on(Path::new(JAR).is_file(), "zookeeper")
    }

    pub fn start() -> Self {
        let (folder, path) = folder();
        let port = free_port();
        let config = format!(
            "tickTime=500\ndataDir={}\nclientPort={port}\nclientPortAddress=127.0.0.1\n\
             admin.enableServer=false\n4lw.commands.whitelist=*\nmaxClientCnxns=0\n",
            path.join("data").display()
        );
        std::fs::write(path.join("zoo.cfg"), config).unwrap();
        let process = run(&path);
        let mut server = Self { _folder: folder, path, port, process };
        server.wait();
        server
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Kills it, with what it did not write lost.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again on what it wrote.
    pub fn restart(&mut self) {
        self.process = run(&self.path);
        self.wait();
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
        while !self.serves() {
            assert!(self.process.try_wait().unwrap().is_none(), "it ended: {}", self.log());
            assert!(start.elapsed() < START_MAX, "it does not start: {}", self.log());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn serves(&self) -> bool {
        answer(self.port, "srvr").is_some_and(|answer| answer.contains("Mode:"))
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.path.join("log")).unwrap_or_default()
    }
}

/// What the server at this port answers to a word of four letters: `dump` lists ephemeral znodes.
pub fn answer(port: u16, word: &str) -> Option<String> {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).ok()?;
    // A server that is about to start takes connections and may never answer them.
    socket.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let mut answer = String::new();
    let asked = socket.write_all(word.as_bytes());
    asked.and_then(|()| socket.read_to_string(&mut answer)).ok()?;
    Some(answer)
}

impl Drop for ZooKeeperServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn run(path: &Path) -> Child {
    let log = File::options().create(true).append(true).open(path.join("log")).unwrap();
    Command::new("java")
        .args(["-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"])
        .args(["-Dzookeeper.root.logger=WARN,CONSOLE", "-cp"])
        .arg(format!("/etc/zookeeper/conf:{JAR}"))
        .arg("org.apache.zookeeper.server.quorum.QuorumPeerMain")
        .arg(path.join("zoo.cfg"))
        .current_dir(path)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}
