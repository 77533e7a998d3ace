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

/// A server, of an ensemble or by itself.
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

    /// One that is an ensemble by itself.
    pub fn start() -> Self {
        let mut server = Self::spawned(1, "");
        server.wait();
        server
    }

    /// Three that are one ensemble.
    pub fn three() -> [Self; 3] {
        let mut ensemble = "initLimit=20\nsyncLimit=6\n".to_owned();
        for id in 1..=3 {
            let (peers, election) = (free_port(), free_port());
            ensemble.push_str(&format!("server.{id}=127.0.0.1:{peers}:{election}\n"));
        }
        let mut servers = [1, 2, 3].map(|id| Self::spawned(id, &ensemble));
        for server in &mut servers {
            server.wait();
        }
        servers
    }

    fn spawned(id: u8, ensemble: &str) -> Self {
        let (folder, path) = folder();
        let port = free_port();
        let data = path.join("data");
        let config = format!(
            "tickTime=500\ndataDir={}\nclientPort={port}\nclientPortAddress=127.0.0.1\n\
             admin.enableServer=false\n4lw.commands.whitelist=*\nmaxClientCnxns=0\n{ensemble}",
            data.display()
        );
        std::fs::write(path.join("zoo.cfg"), config).unwrap();
        std::fs::create_dir(&data).unwrap();
        std::fs::write(data.join("myid"), id.to_string()).unwrap();
        let process = run(&path);
        Self { _folder: folder, path, port, process }
    }

    /// Whether it leads its ensemble.
    pub fn leads(&self) -> bool {
        self.says().is_some_and(|answer| answer.contains("Mode: leader"))
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

    /// Takes away all that it wrote. It has to be killed before.
    pub fn forget_all(&mut self) {
        let data = self.path.join("data");
        std::fs::remove_dir_all(&data).unwrap();
        std::fs::create_dir(&data).unwrap();
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
        self.says().is_some_and(|answer| answer.contains("Mode:"))
    }

    /// What it says of itself.
    fn says(&self) -> Option<String> {
        answer(self.port, "srvr")
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
