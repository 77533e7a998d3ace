//! A process of the binary: killed when it is dropped, with all that it said kept.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::until;

/// A process of the binary.
pub struct Process {
    child: Child,
    input: Option<ChildStdin>,
    said: Arc<Mutex<String>>,
}

impl Process {
    /// Starts it with these arguments, and none of our variables but these.
    pub fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::spawn(arguments, variables, Stdio::null())
    }

    /// Starts it with these arguments, to be told more on its standard input.
    pub fn start_told(arguments: &[&str]) -> Self {
        Self::spawn(arguments, &[], Stdio::piped())
    }

    fn spawn(arguments: &[&str], variables: &[(&str, &str)], input: Stdio) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_peer-ring"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PEER_RING_")) {
            command.env_remove(name);
        }
        command.args(arguments).envs(variables.iter().copied());
        command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let said = Arc::default();
        keep(child.stdout.take().unwrap(), &said);
        keep(child.stderr.take().unwrap(), &said);
        let input = child.stdin.take();
        Self { child, input, said }
    }

    /// Tells it a line.
    pub fn tell(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    /// All that it said so far, on both of its outputs.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits until it has ended; its exit code, and all that it said.
    pub fn ended(mut self, patience: Duration) -> (Option<i32>, String) {
        let mut status: Option<ExitStatus> = None;
        until("a process ends by itself", patience, || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        // What it said last may still be on its way through the pipe.
        let said = Arc::clone(&self.said);
        let code = status.and_then(|status| status.code());
        drop(self);
        until("its outputs are closed", Duration::from_secs(5), || Arc::strong_count(&said) == 1);
        let said = said.lock().unwrap().clone();
        (code, said)
    }

    /// Sends it a signal, by its name.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status().unwrap();
        assert!(sent.success());
    }
}

/// Runs it to its end: its exit code, and all that it said.
pub fn run(arguments: &[&str]) -> (Option<i32>, String) {
    Process::start(arguments, &[]).ended(Duration::from_secs(30))
}

impl Drop for Process {
    fn drop(&mut self) {
        if thread::panicking() {
            println!("process {} said:\n{}", self.child.id(), self.said());
        }
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn keep(output: impl Read + Send + 'static, said: &Arc<Mutex<String>>) {
    let said = Arc::clone(said);
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let mut said = said.lock().unwrap();
            said.push_str(&line);
            said.push('\n');
        }
    });
}
