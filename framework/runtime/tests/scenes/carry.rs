//! Carrying: frames taken from one end of a stream, and given to the other when they arrive.

use std::collections::VecDeque;

use futures::StreamExt;
use peer_ring::staged::Inbound;
use peer_ring_proto::RawFrame;
use peer_ring_sim::world::Hop;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::{Duration, Instant, sleep, sleep_until};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::Status;

use crate::network::{Network, Stream};

/// How often the news of a stream's end is told again while it cannot arrive.
const NEWS_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// What arrives of `frames`, which are sent over `way`.
pub fn carry(network: &Network, stream: &Stream, way: Hop, frames: Inbound) -> Inbound {
    let (sender, receiver) = unbounded_channel();
    let courier = Courier {
        network: network.clone(),
        stream: stream.clone(),
        way,
        to: sender,
        flying: VecDeque::new(),
    };
    tokio::spawn(courier.run(frames));
    UnboundedReceiverStream::new(receiver).boxed()
}

struct Courier {
    network: Network,
    stream: Stream,
    way: Hop,
    to: UnboundedSender<Result<RawFrame, Status>>,
    /// What has left and not arrived, in the order in which it will.
    flying: VecDeque<(Instant, RawFrame)>,
}

impl Courier {
    async fn run(mut self, frames: Inbound) {
        let mut frames = frames.fuse();
        let mut is_handshake = true;
        while !(frames.is_done() && self.flying.is_empty()) {
            let next_arrival = self.flying.front().map(|(at, _)| *at);
            tokio::select! {
                biased;
                () = self.stream.is_over() => break,
                () = self.to.closed() => {
                    self.stream.end();
                    break;
                }
                () = until(next_arrival) => self.deliver(),
                frame = frames.next(), if !frames.is_done() => {
                    if let Some(Ok(frame)) = frame {
                        self.send(frame, is_handshake);
                        is_handshake = false;
                    }
                }
            }
        }
        let Self { network, way, to, .. } = self;
        let tell = async {
            sleep(network.travel(way)).await;
            while network.is_cut(way) {
                sleep(NEWS_AGAIN_AFTER).await;
            }
            drop(to);
        };
        // A sender that does not know yet that the stream is over goes on, and all of it is lost.
        let discard = async { while frames.next().await.is_some() {} };
        tokio::join!(tell, discard);
    }

    fn send(&mut self, frame: RawFrame, is_handshake: bool) {
        let Some(arrival) = self.network.arrival(self.way, is_handshake) else {
            return;
        };
        let before = self.flying.back().map(|(at, _)| *at);
        self.flying.push_back((before.map_or(arrival, |before| arrival.max(before)), frame));
    }

    fn deliver(&mut self) {
        let (_, frame) = self.flying.pop_front().unwrap();
        // Nobody may be there to take it: then the stream is about to end.
        let _ = self.to.send(Ok(frame));
    }
}

async fn until(arrival: Option<Instant>) {
    match arrival {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
