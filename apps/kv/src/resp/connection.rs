//! One client's connection: performs what its [`Session`] decides.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Buf, BytesMut};
use peer_ring::Handle;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Front;
use super::info::{Facts, info};
use super::port::Port;
use super::request::{self, Request, RequestParser};
use super::says::Answer;
use super::session::{Next, Session};
use super::tag::{PARTS_MAX, Tag};
use crate::app::Kv;
use crate::fronts::budget::Share;
use crate::fronts::listener::Arrival;

/// Room for incoming bytes at first, and at most: it doubles each time that it is filled.
const READ_BYTES_MIN: usize = 4 * 1024;
const READ_BYTES_MAX: usize = 256 * 1024;
/// An empty outgoing buffer with more room than this is given back.
const OUTPUT_BYTES_KEPT: usize = 64 * 1024;
/// After the last word to a client it may be read in peace for so long.
const LINGER: Duration = Duration::from_secs(1);
/// An inline command, as people type it, may have so many bytes: Redis's own bound.
const INLINE_BYTES_MAX: u32 = 64 * 1024;

/// Serves a client until one of the two goes away.
pub(super) async fn run(front: Arc<Front>, handle: Handle<Kv>, arrival: Arrival) {
    let (address, mut stop) = (arrival.address, arrival.stop.clone());
    // A client may be gone before it is served.
    let Ok((stream, _place)) = arrival.into_stream() else {
        return;
    };
    let client = front.clients.enter(address, stream.local_addr().unwrap_or(front.address));
    let session = Session::new(Arc::clone(&front), Arc::clone(&client), Port::new(handle));
    let stopping = async move {
        // An error means that the front is gone, which is a way to stop.
        let _ = stop.wait_for(|stops| *stops).await;
    };
    match Connection::new(Arc::clone(&front), stream, session).serve(stopping).await {
        Ok(()) | Err(End::Gone) => {}
        Err(End::Dropped(reason)) => {
            front.metrics.dropped();
            tracing::debug!(%address, reason, "a client was disconnected");
        }
    }
    front.clients.leave(&client);
}

/// How a connection ends without a last word.
enum End {
    /// The client has closed it, or it broke.
    Gone,
    /// The client left no other choice.
    Dropped(&'static str),
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

/// How far a connection is.
///
/// It is *open* until the client has sent its last byte, which is *heard* then: what it has asked
/// is still answered. A connection that is *closing* begins nothing more, and only says what was
/// begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    Heard,
    Closing,
}

struct Connection {
    front: Arc<Front>,
    stream: TcpStream,
    session: Session<Port>,
    parser: RequestParser,
    phase: Phase,
    input: BytesMut,
    /// How much room the next read is given.
    read_bytes: usize,
    /// A request that is begun when some of those before it have been answered.
    waiting: Option<Request>,
    heard_at: Instant,
    /// Since when the client has taken nothing of what there is to send.
    stalled_since: Option<Instant>,
    /// When the connection ends, whatever there is left to say.
    ends_at: Option<Instant>,
    share: Share,
    bytes_in: usize,
    bytes_out: usize,
}

/// What a connection waits for.
enum Event {
    Answer(u64, Answer),
    Read(usize),
    Writable,
    Watch,
    Stop,
}

/// Whether what was read has been begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    /// All of it, or as much as can be before something is answered.
    Used,
    /// There was no room for all of it.
    Left,
}

impl Connection {
    fn new(front: Arc<Front>, stream: TcpStream, session: Session<Port>) -> Self {
        Self {
            parser: RequestParser::new(protocol_limits(&front)),
            share: front.budget.share(),
            front,
            stream,
            session,
            phase: Phase::Open,
            input: BytesMut::new(),
            read_bytes: READ_BYTES_MIN,
            waiting: None,
            heard_at: Instant::now(),
            stalled_since: None,
            ends_at: None,
            bytes_in: 0,
            bytes_out: 0,
        }
    }

    /// Takes turns until there is nothing left to say.
    async fn serve(mut self, stopping: impl Future<Output = ()>) -> Result<(), End> {
        let mut stopping = std::pin::pin!(stopping);
        let mut watch = std::pin::pin!(tokio::time::sleep(self.watch_pause()));
        let mut is_stopping = false;
        while !self.is_over() {
            let has_output = !self.session.output().is_empty();
            let wants_input = self.wants_input();
            let is_watched = self.is_watched();
            let (mut reader, writer) = self.stream.split();
            let event = tokio::select! {
                biased;
                (tag, answer) = self.session.node().client.next() => Event::Answer(tag, answer),
                read = reader.read_buf(&mut self.input), if wants_input => Event::Read(read?),
                writable = writer.writable(), if has_output => {
                    writable?;
                    Event::Writable
                }
                () = &mut watch, if is_watched => Event::Watch,
                () = &mut stopping, if !is_stopping => Event::Stop,
            };
            self.session.begin_turn();
            match event {
                Event::Answer(tag, answer) => self.session.answer(Tag(tag), answer),
                Event::Read(bytes) => self.read(bytes),
                Event::Writable => {}
                Event::Watch => {
                    self.check_patience()?;
                    watch.as_mut().reset((Instant::now() + self.watch_pause()).into());
                }
                Event::Stop => {
                    is_stopping = true;
                    self.phase = Phase::Closing;
                    self.ends_at = Some(self.session.now() + self.front.grace);
                    watch.as_mut().reset((self.session.now() + self.front.grace).into());
                }
            }
            self.turn().await?;
        }
        self.close().await;
        Ok(())
    }

    /// Takes what has been answered, begins what has been read, and sends what is to be said.
    async fn turn(&mut self) -> Result<(), End> {
        while let Some((tag, answer)) = self.session.node().client.try_next() {
            self.session.answer(Tag(tag), answer);
        }
        loop {
            let input = self.start_requests().await;
            self.session.node().client.flush();
            if self.session.is_overfull() {
                return Err(End::Dropped("too many replies wait for it"));
            }
            self.send()?;
            self.check_memory();
            // What was sent has perhaps made room for what was read long ago.
            if input == Input::Used || !self.session.has_room() {
                break;
            }
        }
        self.session.end_turn();
        self.front.metrics.bytes(self.bytes_in, self.bytes_out);
        (self.bytes_in, self.bytes_out) = (0, 0);
        Ok(())
    }

    /// Begins the requests that were read, as long as there is room.
    async fn start_requests(&mut self) -> Input {
        while self.phase != Phase::Closing && self.session.has_room() {
            let request = match self.waiting.take() {
                Some(request) => request,
                None => match self.parser.next(&mut self.input) {
                    Ok(Some(request)) => request,
                    Ok(None) => return Input::Used,
                    Err(error) => {
                        self.session.say_protocol_error(error);
                        self.phase = Phase::Closing;
                        return Input::Used;
                    }
                },
            };
            match self.session.start(request) {
                Next::Go => {}
                Next::Wait(request) => {
                    self.waiting = Some(request);
                    return Input::Used;
                }
                Next::Info(request) => self.say_info(&request).await,
                Next::Close => self.phase = Phase::Closing,
            }
        }
        if self.phase == Phase::Closing { Input::Used } else { Input::Left }
    }

    /// Ends the conversation when all clients together want more than there is room for.
    fn check_memory(&mut self) {
        let held = self.input.len() + self.session.reply_bytes();
        if self.share.resize(held).is_err() && self.phase != Phase::Closing {
            self.input = BytesMut::new();
            self.session.say_overloaded();
            self.phase = Phase::Closing;
        }
    }

    /// Takes note of so many bytes that were read; none is the client's end.
    fn read(&mut self, bytes: usize) {
        if bytes == 0 {
            self.phase = Phase::Heard;
            return;
        }
        self.heard_at = self.session.now();
        self.bytes_in += bytes;
        if bytes >= self.read_bytes {
            self.read_bytes = (self.read_bytes * 2).min(READ_BYTES_MAX);
        } else if bytes < self.read_bytes / 4 {
            self.read_bytes = (self.read_bytes / 2).max(READ_BYTES_MIN);
        }
    }

    /// Sends as much as the socket takes.
    fn send(&mut self) -> Result<(), End> {
        let output = self.session.output();
        let before = output.len();
        while !output.is_empty() {
            match self.stream.try_write(output) {
                Ok(0) => return Err(End::Gone),
                Ok(bytes) => output.advance(bytes),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => return Err(End::Gone),
            }
        }
        let sent = before - output.len();
        self.bytes_out += sent;
        if !output.is_empty() {
            let has_moved = sent > 0 || self.stalled_since.is_none();
            if has_moved {
                self.stalled_since = Some(self.session.now());
            }
            return Ok(());
        }
        self.stalled_since = None;
        output.clear();
        if output.capacity() > OUTPUT_BYTES_KEPT {
            *output = BytesMut::new();
        }
        Ok(())
    }

    /// Whether everything that will be said has been sent.
    fn is_over(&mut self) -> bool {
        self.phase != Phase::Open && self.session.is_idle() && self.session.output().is_empty()
    }

    /// Whether there is room for more of the client's bytes; if so, makes it.
    fn wants_input(&mut self) -> bool {
        let wants_input =
            self.phase == Phase::Open && self.waiting.is_none() && self.session.has_room();
        if !wants_input {
            return false;
        }
        // What a large request has left behind is not kept.
        if self.input.is_empty() && self.input.capacity() > READ_BYTES_MAX {
            self.input = BytesMut::new();
        }
        self.input.reserve(self.read_bytes);
        true
    }

    fn is_watched(&self) -> bool {
        self.stalled_since.is_some() || self.ends_at.is_some() || self.front.idle_timeout.is_some()
    }

    fn watch_pause(&self) -> Duration {
        let stall = self.front.limits.stall_timeout();
        let shortest = self.front.idle_timeout.map_or(stall, |idle| idle.min(stall));
        (shortest / 4).clamp(Duration::from_millis(10), Duration::from_secs(10))
    }

    /// Whether the client has stalled, or asked nothing, for longer than it may.
    fn check_patience(&mut self) -> Result<(), End> {
        let now = self.session.now();
        let is_past = |since: Instant, timeout| now.saturating_duration_since(since) >= timeout;
        if self.ends_at.is_some_and(|end| now >= end) {
            return Err(End::Dropped("the node stops, and it was too slow to hear all"));
        }
        let stall_timeout = self.front.limits.stall_timeout();
        if self.stalled_since.is_some_and(|since| is_past(since, stall_timeout)) {
            return Err(End::Dropped("it does not read its replies"));
        }
        let idle_timeout = self.front.idle_timeout.filter(|_| self.session.is_idle());
        if idle_timeout.is_some_and(|timeout| is_past(self.heard_at, timeout)) {
            return Err(End::Dropped("it has asked nothing for long"));
        }
        Ok(())
    }

    async fn say_info(&mut self, request: &Request) {
        let handle = self.session.node().handle.clone();
        let (view, stats) = (handle.view(), handle.stats().await);
        let facts = Facts {
            node: handle.name().as_str(),
            id: handle.id().to_string(),
            cluster: handle.cluster(),
            namespace: self.front.namespace.name(),
            port: self.front.address.port(),
            uptime_s: handle.started().elapsed().as_secs(),
            connections_max: self.front.limits.connections_max,
            metrics: &self.front.metrics,
            view: &view,
            stats: &stats,
        };
        let text = info(request, &facts);
        self.session.say_info(&text);
    }

    /// Lets the client read the last word: a socket that is closed with bytes unread makes its
    /// peer's system throw away what it has received.
    async fn close(mut self) {
        if self.phase == Phase::Heard || self.stream.shutdown().await.is_err() {
            return;
        }
        let discard = async {
            let mut bytes = [0; 1024];
            while self.stream.read(&mut bytes).await.is_ok_and(|count| count > 0) {}
        };
        // Most clients close their end at once.
        let _ = tokio::time::timeout(LINGER, discard).await;
    }
}

fn protocol_limits(front: &Front) -> request::Limits {
    request::Limits {
        arguments_max: front.limits.arguments_max.min(PARTS_MAX),
        bulk_bytes_max: front.limits.request_bytes_max,
        inline_bytes_max: INLINE_BYTES_MAX.min(front.limits.request_bytes_max),
        request_bytes_max: front.limits.request_bytes_max,
    }
}
