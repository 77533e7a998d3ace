//! One client of the load generator: sends what is due, checks every reply.
//!
//! Everything that is due and has room in the pipeline goes out in one write, and everything that
//! one read brought is handled at once with one look at the clock: that is what keeps the
//! generator cheap.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::pace::{Due, Pace};
use super::resp::{self, Encoder, ProtocolError, Reply};
use super::tally::Tally;
use super::workload::{Values, Verb, Workload};

/// Bytes of commands beyond which no more are made before these are sent.
const OUT_BYTES_MAX: usize = 256 * 1024;
/// Room for replies to begin with.
const IN_BYTES_MIN: usize = 64 * 1024;
/// Values of other runs may be larger than this one's; up to here they are wrong, not refused.
const VALUE_BYTES_MAX_MIN: usize = 64 * 1024;
/// How often a client looks whether the server has gone silent.
const WATCH: Duration = Duration::from_millis(100);
/// The pause before a lost connection is made again; it doubles up to the second.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// What the clients of one thread share.
pub struct Shared {
    /// What came of their operations.
    pub tally: RefCell<Tally>,
    /// What every key's value is.
    pub values: Arc<Values>,
    /// Writes commands.
    pub encoder: Encoder,
    /// Most operations under way in each client.
    pub pipeline: usize,
    /// How long a reply, or a connection, may take.
    pub reply_timeout: Duration,
    /// The origin of the run.
    pub origin: Instant,
    /// Operations that ended, whether or not they count.
    pub ended: Arc<AtomicU64>,
}

/// One client, on one connection at a time.
pub struct Client {
    /// `host:port` of the server.
    pub address: String,
    /// When its operations are due.
    pub pace: Pace,
    /// What they are.
    pub workload: Workload,
    /// Wakes it when one has fallen due.
    pub alarm: Arc<Notify>,
    /// What it shares with others.
    pub shared: Rc<Shared>,
}

/// An operation under way.
#[derive(Clone, Copy)]
struct Flight {
    since: u64,
    sent_at: u64,
    key: u64,
    verb: Verb,
}

/// Why a connection is of no use any more.
struct Lost {
    kind: &'static str,
    example: String,
}

impl Client {
    /// Runs until its pace is over. A lost connection is made again.
    pub async fn drive(mut self) {
        let mut pause = BACKOFF.0;
        let mut alone_since = self.now();
        loop {
            let connecting = timeout(self.shared.reply_timeout, TcpStream::connect(&self.address));
            let lost = match connecting.await {
                Ok(Ok(stream)) => match self.converse(&stream).await {
                    Ok(()) => return,
                    Err(lost) => {
                        (pause, alone_since) = (BACKOFF.0, self.now());
                        lost
                    }
                },
                Ok(Err(error)) => Lost { kind: "cannot connect", example: error.to_string() },
                Err(_) => Lost { kind: "cannot connect", example: "no answer".to_owned() },
            };
            let now = self.now();
            if self.pace.counts(now) {
                self.shared.tally.borrow_mut().fail(lost.kind, &lost.example, 1);
            }
            let alone = Duration::from_nanos(now - alone_since);
            if self.pace.is_over(now) || (!self.pace.has_end() && alone > self.shared.reply_timeout)
            {
                return;
            }
            sleep(pause).await;
            pause = (pause * 2).min(BACKOFF.1);
        }
    }

    async fn converse(&mut self, stream: &TcpStream) -> Result<(), Lost> {
        let _ = stream.set_nodelay(true);
        let mut talk = Talk::new(self.shared.values.bytes());
        let result = self.talk(stream, &mut talk).await;
        if result.is_err() {
            let counted = talk.flights.iter().filter(|flight| self.pace.counts(flight.since));
            let count = counted.count() as u64;
            if count > 0 {
                self.shared.tally.borrow_mut().fail("no reply", "the connection was lost", count);
            }
        }
        result
    }

    async fn talk(&mut self, stream: &TcpStream, talk: &mut Talk) -> Result<(), Lost> {
        let mut watch = interval(WATCH);
        watch.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let waits_for_time = match self.fill(talk) {
                Due::Over if talk.flights.is_empty() => return Ok(()),
                Due::Over | Due::Since(_) => false,
                Due::At(_) => true,
            };
            talk.send(stream)?;
            let interest = match talk.is_all_sent() {
                true => Interest::READABLE,
                false => Interest::READABLE | Interest::WRITABLE,
            };
            tokio::select! {
                biased;
                ready = stream.ready(interest) => {
                    if ready?.is_readable() {
                        talk.receive(stream)?;
                        self.settle(talk)?;
                    }
                }
                () = self.alarm.notified(), if waits_for_time => {}
                _ = watch.tick() => self.watch(talk)?,
            }
        }
    }

    /// Makes commands while there is room; says why it stopped.
    fn fill(&mut self, talk: &mut Talk) -> Due {
        let now = self.now();
        while talk.flights.len() < self.shared.pipeline && talk.out.len() < OUT_BYTES_MAX {
            match self.pace.next(now) {
                Due::Since(since) => {
                    let (verb, key) = self.workload.next();
                    let Shared { encoder, values, .. } = &*self.shared;
                    match verb {
                        Verb::Get => encoder.get(&mut talk.out, key),
                        Verb::Put => encoder.set(&mut talk.out, key, values.of(key)),
                    }
                    talk.flights.push_back(Flight { since, sent_at: now, key, verb });
                }
                not_now => return not_now,
            }
        }
        Due::Since(now)
    }

    /// Handles all replies that are complete.
    fn settle(&mut self, talk: &mut Talk) -> Result<(), Lost> {
        let now = self.now();
        let mut tally = self.shared.tally.borrow_mut();
        let mut ended = 0;
        let value_bytes_max = self.shared.values.bytes().max(VALUE_BYTES_MAX_MIN);
        loop {
            let bytes = &talk.input[talk.start..talk.end];
            let Some((reply, length)) = resp::parse(bytes, value_bytes_max)? else { break };
            let Some(flight) = talk.flights.pop_front() else {
                let example = format!("a reply that nobody waits for: {}", text_of(reply));
                return Err(Lost { kind: "protocol", example });
            };
            ended += 1;
            if self.pace.counts(flight.since) {
                tally.last_reply_at = now;
                match self.judge(flight, reply) {
                    Ok(()) => tally.succeed(flight.verb, now.saturating_sub(flight.since)),
                    Err((kind, example)) => tally.fail(&kind, &example, 1),
                }
            }
            talk.start += length;
        }
        self.shared.ended.fetch_add(ended, Ordering::Relaxed);
        Ok(())
    }

    /// Whether a reply is what it must be.
    #[inline]
    fn judge(&self, flight: Flight, reply: Reply<'_>) -> Result<(), (String, String)> {
        match (flight.verb, reply) {
            (Verb::Put, Reply::Simple(b"OK")) => Ok(()),
            (Verb::Get, Reply::Bulk(value)) if value == self.shared.values.of(flight.key) => Ok(()),
            (_, Reply::Error(line)) => {
                let line = String::from_utf8_lossy(&line[..line.len().min(200)]).into_owned();
                let code = line.split(' ').next().unwrap_or_default();
                Err((code.chars().take(32).collect(), line))
            }
            (Verb::Get, Reply::Bulk(_)) => wrong("wrong value", flight.key),
            (Verb::Get, Reply::Null) => wrong("missing", flight.key),
            (_, odd) => Err(("odd reply".to_owned(), text_of(odd))),
        }
    }

    fn watch(&self, talk: &Talk) -> Result<(), Lost> {
        let Some(oldest) = talk.flights.front() else { return Ok(()) };
        let waited = Duration::from_nanos(self.now().saturating_sub(oldest.sent_at));
        if waited > self.shared.reply_timeout {
            let example = format!("nothing for {waited:.1?}");
            return Err(Lost { kind: "timed out", example });
        }
        Ok(())
    }

    fn now(&self) -> u64 {
        u64::try_from(self.shared.origin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// The state of one connection.
struct Talk {
    flights: VecDeque<Flight>,
    out: Vec<u8>,
    sent: usize,
    /// Bytes received; those that have not been handled lie between `start` and `end`.
    input: Vec<u8>,
    start: usize,
    end: usize,
}

impl Talk {
    fn new(value_bytes: usize) -> Self {
        Self {
            flights: VecDeque::new(),
            out: Vec::with_capacity(IN_BYTES_MIN),
            sent: 0,
            input: vec![0; IN_BYTES_MIN.max(2 * value_bytes)],
            start: 0,
            end: 0,
        }
    }

    fn is_all_sent(&self) -> bool {
        self.out.is_empty()
    }

    /// Sends what the socket takes.
    fn send(&mut self, stream: &TcpStream) -> Result<(), Lost> {
        while self.sent < self.out.len() {
            match stream.try_write(&self.out[self.sent..]) {
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        self.out.clear();
        self.sent = 0;
        Ok(())
    }

    /// Receives what the socket has, as far as there is room.
    fn receive(&mut self, stream: &TcpStream) -> Result<(), Lost> {
        if self.end == self.input.len() {
            self.make_room();
        }
        match stream.try_read(&mut self.input[self.end..]) {
            Ok(0) => Err(Lost { kind: "connection lost", example: "closed".to_owned() }),
            Ok(count) => {
                self.end += count;
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Moves the unfinished reply to the front; the buffer grows only when that reply fills it,
    /// and the parser bounds how long one can be.
    fn make_room(&mut self) {
        self.input.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.input.len() {
            self.input.resize(2 * self.end, 0);
        }
    }
}

fn wrong(kind: &str, key: u64) -> Result<(), (String, String)> {
    Err((kind.to_owned(), format!("key {key}")))
}

fn text_of(reply: Reply<'_>) -> String {
    match reply {
        Reply::Simple(text) | Reply::Error(text) | Reply::Bulk(text) => {
            String::from_utf8_lossy(&text[..text.len().min(80)]).into_owned()
        }
        Reply::Integer(number) => number.to_string(),
        Reply::Null => "null".to_owned(),
    }
}

impl From<io::Error> for Lost {
    fn from(error: io::Error) -> Self {
        Self { kind: "connection lost", example: error.to_string() }
    }
}

impl From<ProtocolError> for Lost {
    fn from(error: ProtocolError) -> Self {
        Self { kind: "protocol", example: error.to_string() }
    }
}
