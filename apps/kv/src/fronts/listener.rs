//! Letting clients in: a bounded number at once, each on one of the node's threads.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::metrics::{Metrics, Open};

/// How long to wait when no connection can be taken, for want of file descriptors mostly.
const PAUSE: Duration = Duration::from_millis(100);
/// A peer that says nothing for so long is asked whether it is there, thrice.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(60);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(10);
const KEEPALIVE_TIMES: u32 = 3;
/// A peer that has not taken what was sent for so long is gone.
const UNSENT_FOR: Duration = Duration::from_secs(60);

/// A client that was let in.
pub(crate) struct Arrival {
    stream: std::net::TcpStream,
    /// Where it comes from.
    pub address: SocketAddr,
    /// Turns true when the front stops.
    pub stop: watch::Receiver<bool>,
    /// Its place among those that are let in, and in the counters.
    pub place: Place,
}

/// One of the places that a front has for connections; free again when it is dropped.
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
    _open: Open,
}

impl Arrival {
    /// The connection, registered with this thread.
    ///
    /// # Errors
    /// When it is gone already.
    pub(crate) fn into_stream(self) -> io::Result<(TcpStream, Place)> {
        Ok((TcpStream::from_std(self.stream)?, self.place))
    }
}

/// A door: who may come in, and how many.
pub(crate) struct Door {
    pub listener: std::net::TcpListener,
    pub places: Arc<Semaphore>,
    pub metrics: Arc<Metrics>,
    /// What one too many is told.
    pub full: &'static [u8],
    pub stop: watch::Receiver<bool>,
}

impl Door {
    /// Lets clients in until the front stops, and hands each over to `serve`.
    pub(crate) async fn open(mut self, serve: impl Fn(Arrival)) -> io::Result<()> {
        let listener = TcpListener::from_std(self.listener.try_clone()?)?;
        loop {
            let accepted = tokio::select! {
                biased;
                _ = self.stop.wait_for(|stops| *stops) => return Ok(()),
                accepted = listener.accept() => accepted,
            };
            let (stream, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a client could not be let in");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() else {
                self.turn_away(&stream);
                continue;
            };
            let place = Place { _permit: permit, _open: self.metrics.open() };
            let stop = self.stop.clone();
            // A client may be gone again by now.
            if let Ok(stream) = prepare(stream) {
                serve(Arrival { stream, address, stop, place });
            }
        }
    }

    fn turn_away(&self, stream: &TcpStream) {
        self.metrics.refuse();
        // Its buffer is empty, so this fits; and if it is gone already, nothing is lost.
        let _ = stream.try_write(self.full);
    }
}

/// Makes half-open connections end, and takes the stream off this thread.
fn prepare(stream: TcpStream) -> io::Result<std::net::TcpStream> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(&stream);
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE_AFTER)
        .with_interval(KEEPALIVE_EVERY)
        .with_retries(KEEPALIVE_TIMES);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(UNSENT_FOR))?;
    stream.into_std()
}
