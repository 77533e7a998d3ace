//! `swim`: nothing stands behind it, so what breaks is the network. All gossip goes through relays,
//! which may drop it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::{Backend, Fault, Place};

/// The largest datagram of gossip, and more.
const BYTES_MAX: usize = 2_048;

/// The relays before the nodes, and whether they drop all.
#[derive(Default)]
pub struct Swim {
    relays: Vec<(String, SocketAddr)>,
    is_cut: Arc<AtomicBool>,
}

impl Backend for Swim {
    fn block(&self, node: &Place) -> String {
        let own = self.relays.iter().rfind(|(name, _)| *name == node.name).expect("it has come");
        // The first two are enough, even when one of them is gone.
        let seeds: Vec<_> = self.relays.iter().take(2).map(|(_, at)| format!("'{at}'")).collect();
        format!(
            "{{swim: {{listen: '{}', advertise: '{}', seeds: [{}], keys: [a key for tests only], \
             probe_interval_ms: 200, probe_timeout_ms: 80, gossip_interval_ms: 50, \
             heal_interval_ms: 500, settle_after_ms: 1000}}}}",
            node.peers(),
            own.1,
            seeds.join(", ")
        )
    }

    fn comes(&mut self, node: &Place) {
        let relay = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        self.relays.push((node.name.clone(), relay.local_addr().unwrap()));
        let (to, is_cut) = (node.peers(), Arc::clone(&self.is_cut));
        thread::spawn(move || pass_on(&relay, to, &is_cut));
    }

    fn breaks(&mut self, _: Fault) {
        self.is_cut.store(true, Ordering::Relaxed);
    }

    fn mends(&mut self) {
        self.is_cut.store(false, Ordering::Relaxed);
    }
}

/// Passes on what comes for a node, and back what that answers to whoever sent it, for ever.
fn pass_on(front: &UdpSocket, to: SocketAddr, is_cut: &Arc<AtomicBool>) {
    let mut backs: BTreeMap<SocketAddr, UdpSocket> = BTreeMap::new();
    let mut buffer = [0; BYTES_MAX];
    while let Ok((len, from)) = front.recv_from(&mut buffer) {
        let back = backs.entry(from).or_insert_with(|| {
            let back = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let (answers, front) = (back.try_clone().unwrap(), front.try_clone().unwrap());
            let is_cut = Arc::clone(is_cut);
            thread::spawn(move || {
                let mut buffer = [0; BYTES_MAX];
                while let Ok((len, _)) = answers.recv_from(&mut buffer) {
                    if !is_cut.load(Ordering::Relaxed) {
                        let _ = front.send_to(&buffer[..len], from);
                    }
                }
            });
            back
        });
        if !is_cut.load(Ordering::Relaxed) {
            // Nobody may listen there.
            let _ = back.send_to(&buffer[..len], to);
        }
    }
}
