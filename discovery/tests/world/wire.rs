//! A wire between a source and its server, which a test can hold, cut, and count the uses of.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What a wire does with bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct State {
    /// Bytes stay where they are and new connections are taken: to either end the other one hangs.
    is_held: bool,
    /// Connections of before the last cut are gone.
    cuts: u64,
}

/// A wire to one server, until it is dropped.
pub struct Wire {
    pub at: SocketAddr,
    state: watch::Sender<State>,
    uses: Arc<AtomicUsize>,
    serving: JoinHandle<()>,
}

impl Wire {
    /// A wire to the server at this port of this machine.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (state, uses) = (watch::Sender::default(), Arc::new(AtomicUsize::new(0)));
        let (states, count) = (watch::Sender::subscribe(&state), Arc::clone(&uses));
        let serving = tokio::spawn(async move {
            loop {
                let (near, _) = listener.accept().await.unwrap();
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(join(near, port, states.clone()));
            }
        });
        Self { at, state, uses, serving }
    }

    /// How many connections were made over it.
    pub fn uses(&self) -> usize {
        self.uses.load(Ordering::Relaxed)
    }

    /// Nothing comes through any more, and nobody is told.
    pub fn hold(&self) {
        self.state.send_modify(|it| it.is_held = true);
    }

    /// All comes through again, what was held too.
    pub fn release(&self) {
        self.state.send_modify(|it| it.is_held = false);
    }

    /// Ends all connections.
    pub fn cut(&self) {
        self.state.send_modify(|it| it.cuts += 1);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Joins one connection to the server, until either end, or a cut, ends it.
async fn join(near: TcpStream, port: u16, states: watch::Receiver<State>) {
    let cuts = states.borrow().cuts;
    let mut is_cut = states.clone();
    let joined = async {
        passes(&mut states.clone()).await;
        let Ok(far) = TcpStream::connect(("127.0.0.1", port)).await else { return };
        let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
        tokio::select! {
            () = carry(near_in, far_out, states.clone()) => {}
            () = carry(far_in, near_out, states.clone()) => {}
        }
    };
    tokio::select! {
        () = joined => {}
        _ = is_cut.wait_for(|it| it.cuts != cuts) => {}
    }
}

async fn carry(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut states: watch::Receiver<State>,
) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let Ok(len @ 1..) = from.read(&mut buffer).await else { return };
        passes(&mut states).await;
        if to.write_all(&buffer[..len]).await.is_err() {
            return;
        }
    }
}

/// Waits while it is held.
async fn passes(states: &mut watch::Receiver<State>) {
    let _ = states.wait_for(|it| !it.is_held).await;
}
