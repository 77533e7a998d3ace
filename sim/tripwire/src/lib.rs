//! Notices when code that must be a function of its seed asks the operating system for anything.
//!
//! A simulated run is worth its seed only while nothing in it comes from outside: no clock, no
//! random numbers, no thread, no socket, no file, no environment. Types and lints keep peer-ring's
//! own actors from such things. This catches what they miss, in an app author's actors and in
//! whatever those depend on: [`during`] calls a closure and lists all that it asked for.
//!
//! ```
//! use peer_ring_tripwire::{Resource, during};
//!
//! let (sum, touched) = during(|| (1..=10).sum::<u64>());
//! assert_eq!((sum, touched.len()), (55, 0));
//!
//! let (_, touched) = during(std::time::Instant::now);
//! assert_eq!(touched[0].resource, Resource::Clock);
//! ```
//!
//! It works by being in the way. A program that contains this crate has functions of its own with
//! the names of the C library's, which the linker prefers; each takes note, if a closure is being
//! watched on its thread, and hands on to the real one. So the standard library is caught as well
//! as any other code that goes through the C library; whoever makes system calls by hand is not.
//! Only for Linux with the GNU C library; elsewhere this crate is empty.

#![cfg(all(target_os = "linux", target_env = "gnu"))]
#![deny(missing_docs)]

mod calls;

use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::fmt;

/// What was asked of the operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// The time, or to be woken later.
    Clock,
    /// Random numbers. A `HashMap` asks for some for its hashes.
    Entropy,
    /// A thread or a process.
    Thread,
    /// A socket, or the address of a name.
    Socket,
    /// A file.
    File,
    /// A variable of the environment.
    Environment,
}

impl Resource {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clock => "the clock",
            Self::Entropy => "entropy",
            Self::Thread => "threads",
            Self::Socket => "sockets",
            Self::File => "files",
            Self::Environment => "the environment",
        }
    }
}

/// A call that was noticed.
#[derive(Clone, Debug)]
pub struct Touch {
    /// What it asked for.
    pub resource: Resource,
    /// The C library's function.
    pub call: &'static str,
    /// How often it was called.
    pub count: u64,
    /// Who called it first; not known for files, which whoever looks for that opens itself.
    pub backtrace: Option<String>,
}

impl fmt::Display for Touch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { resource, call, count, backtrace } = self;
        write!(f, "{}: {call} was called {count} times", resource.as_str())?;
        match backtrace {
            Some(backtrace) => write!(f, ", at first here:\n{backtrace}"),
            None => Ok(()),
        }
    }
}

thread_local! {
    static IS_WATCHED: Cell<bool> = const { Cell::new(false) };
    static TOUCHED: RefCell<Vec<Touch>> = const { RefCell::new(Vec::new()) };
}

/// What `run` returns, and the calls that it made, each function once, in the order of the first.
///
/// It runs in a thread of its own, since the standard library draws the keys of a thread's hash
/// maps once for all of them. Threads that it starts are noticed and not watched.
///
/// # Panics
/// When `run` does.
pub fn during<T: Send>(run: impl FnOnce() -> T + Send) -> (T, Vec<Touch>) {
    let watched = || {
        IS_WATCHED.set(true);
        let returned = run();
        IS_WATCHED.set(false);
        (returned, TOUCHED.take())
    };
    let outcome = std::thread::scope(|scope| scope.spawn(watched).join());
    outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// What `run` returns, if it touched nothing.
///
/// # Panics
/// When it touched something: with all that, and where; and when `run` panics.
pub fn untouched<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    let (returned, touched) = during(run);
    let lines: Vec<_> = touched.iter().map(Touch::to_string).collect();
    assert!(
        lines.is_empty(),
        "what must be a function of its seed asked for more:\n{}",
        lines.join("\n")
    );
    returned
}

/// Takes note of a call, if this thread is watched.
fn note(resource: Resource, call: &'static str) {
    // What follows makes calls itself.
    if !IS_WATCHED.replace(false) {
        return;
    }
    TOUCHED.with_borrow_mut(|touched| match touched.iter_mut().find(|touch| touch.call == call) {
        Some(touch) => touch.count += 1,
        None => {
            let backtrace = whence(resource, call);
            touched.push(Touch { resource, call, count: 1, backtrace });
        }
    });
    IS_WATCHED.set(true);
}

/// The backtrace from whoever made this call.
fn whence(resource: Resource, call: &str) -> Option<String> {
    // A backtrace opens files while it holds a lock; asked for from in there it would wait for it.
    if resource == Resource::File || std::thread::panicking() {
        return None;
    }
    let whole = Backtrace::force_capture().to_string();
    // All up to the call itself is of this file, but for the line that says where the call lies.
    let after =
        whole.split_once(&format!(": {call}\n")).and_then(|(_, rest)| rest.split_once('\n'));
    Some(after.map_or(whole.as_str(), |(_, rest)| rest).to_owned())
}
