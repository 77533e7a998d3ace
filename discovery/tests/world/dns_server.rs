//! A small DNS server on the loopback, with records and moods that a test can change.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hickory_resolver::proto::op::{Message, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{CNAME, SRV};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::time::{sleep, timeout};

/// How the server answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    /// With what it has.
    #[default]
    Answers,
    /// With an error of its own.
    Fails,
    /// Not at all.
    IsSilent,
    /// By UDP only that there is more than fits; by TCP with what it has.
    Truncates,
}

/// What the server has, how it answers, and what it was asked.
#[derive(Default)]
pub struct Zone {
    pub records: Vec<Record>,
    pub mood: Mood,
    pub asked_by_udp: usize,
    pub asked_by_tcp: usize,
    /// How often by either it was asked for services.
    pub asked_for_srv: usize,
}

/// A server that runs for as long as its test does.
pub struct Server {
    pub at: SocketAddr,
    zone: Arc<Mutex<Zone>>,
}

impl Server {
    pub async fn start() -> Self {
        let (udp, tcp) = sockets().await;
        let at = udp.local_addr().unwrap();
        let zone = Arc::new(Mutex::new(Zone::default()));
        tokio::spawn(serve_udp(udp, Arc::clone(&zone)));
        tokio::spawn(serve_tcp(tcp, Arc::clone(&zone)));
        Self { at, zone }
    }

    /// Waits until it was asked so many times more.
    pub async fn is_asked(&self, times: usize) {
        let asked = self.zone().asked_by_udp;
        let is_enough = async {
            while self.zone().asked_by_udp < asked + times {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(60), is_enough).await.expect("it keeps asking");
    }

    pub fn zone(&self) -> MutexGuard<'_, Zone> {
        self.zone.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Both kinds of sockets, with one port.
async fn sockets() -> (UdpSocket, TcpListener) {
    loop {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()).await {
            return (udp, tcp);
        }
    }
}

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

pub fn srv(owner: &str, target: &str, port: u16, ttl: u32) -> Record {
    Record::from_rdata(name(owner), ttl, RData::SRV(SRV::new(0, 0, port, name(target))))
}

pub fn address(owner: &str, ip: &str, ttl: u32) -> Record {
    let data = match ip.parse().unwrap() {
        std::net::IpAddr::V4(ip) => RData::A(ip.into()),
        std::net::IpAddr::V6(ip) => RData::AAAA(ip.into()),
    };
    Record::from_rdata(name(owner), ttl, data)
}

pub fn cname(owner: &str, target: &str, ttl: u32) -> Record {
    Record::from_rdata(name(owner), ttl, RData::CNAME(CNAME(name(target))))
}

async fn serve_udp(socket: UdpSocket, zone: Arc<Mutex<Zone>>) {
    let mut buffer = [0; 4_096];
    loop {
        let (len, from) = socket.recv_from(&mut buffer).await.unwrap();
        let reply = {
            let mut zone = zone.lock().unwrap();
            zone.asked_by_udp += 1;
            let is_cut = zone.mood == Mood::Truncates;
            zone.reply(&buffer[..len], is_cut)
        };
        if let Some(reply) = reply {
            socket.send_to(&reply, from).await.unwrap();
        }
    }
}

async fn serve_tcp(listener: TcpListener, zone: Arc<Mutex<Zone>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let zone = Arc::clone(&zone);
        // A client may hang up at any time.
        tokio::spawn(async move { serve_stream(stream, zone).await.ok() });
    }
}

async fn serve_stream(mut stream: TcpStream, zone: Arc<Mutex<Zone>>) -> std::io::Result<()> {
    loop {
        let len = stream.read_u16().await?;
        let mut question = vec![0; len.into()];
        stream.read_exact(&mut question).await?;
        let reply = {
            let mut zone = zone.lock().unwrap();
            zone.asked_by_tcp += 1;
            zone.reply(&question, false)
        };
        if let Some(reply) = reply {
            stream.write_u16(u16::try_from(reply.len()).unwrap()).await?;
            stream.write_all(&reply).await?;
        }
    }
}

impl Zone {
    fn reply(&mut self, question: &[u8], is_cut: bool) -> Option<Vec<u8>> {
        let question = Message::from_vec(question).unwrap();
        let is_for_srv = question.queries[0].query_type() == RecordType::SRV;
        self.asked_for_srv += usize::from(is_for_srv);
        if self.mood == Mood::IsSilent {
            return None;
        }
        let mut reply = Message::response(question.metadata.id, OpCode::Query);
        let query = question.queries[0].clone();
        let is_known = self.records.iter().any(|record| record.name == *query.name());
        let alias = self.records.iter().find_map(|record| match &record.data {
            RData::CNAME(target) if record.name == *query.name() => Some((record, &target.0)),
            _ => None,
        });
        let owner = alias.map_or(query.name(), |(_, target)| target);
        let answers = self.records.iter().filter(|record| {
            record.name == *owner && record.data.record_type() == query.query_type()
        });
        let answers: Vec<_> = alias.iter().map(|it| it.0).chain(answers).cloned().collect();
        reply.metadata.authoritative = true;
        reply.metadata.truncation = is_cut;
        reply.metadata.response_code = match self.mood {
            Mood::Fails => ResponseCode::ServFail,
            _ if is_known => ResponseCode::NoError,
            _ => ResponseCode::NXDomain,
        };
        if self.mood != Mood::Fails && !is_cut {
            reply.add_answers(answers);
        }
        reply.add_query(query);
        Some(reply.to_vec().unwrap())
    }
}
