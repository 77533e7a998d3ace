//! SIGINT and SIGTERM: the first asks to stop, the second stops at once. SIGHUP asks to read the
//! configuration again.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// A stop that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Ctrl-C.
    Interrupt,
    /// What service managers send.
    Terminate,
}

impl Asked {
    /// The exit code of a process that a signal ended.
    #[must_use]
    pub fn exit_code(self) -> i32 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

/// Waits for the signals. From its creation on, neither ends the process by itself.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Takes the signals over.
    ///
    /// # Errors
    /// When the system does not let it.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Asked {
        tokio::select! {
            biased;
            _ = self.interrupt.recv() => Asked::Interrupt,
            _ = self.terminate.recv() => Asked::Terminate,
        }
    }
}

/// Waits for SIGHUP. From its creation on, that does not end the process.
pub struct Hangups(Signal);

impl Hangups {
    /// Takes the signal over.
    ///
    /// # Errors
    /// When the system does not let it.
    pub fn new() -> io::Result<Self> {
        Ok(Self(signal(SignalKind::hangup())?))
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        // There is always a next one: the signal is not given back.
        let _ = self.0.recv().await;
    }
}
