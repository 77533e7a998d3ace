//! A double of Kubernetes's API server: real HTTP over real TLS, with tokens, and faults at will.
//!
//! It serves any one collection: whatever path is asked for, the answer comes from the same objects,
//! but for the checks of path, labels and token, which are as strict as the real one's.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::KeyPair;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::certificates::Certificates;

/// How often a watch looks for changes.
const TICK: Duration = Duration::from_millis(5);

/// What the server has and how it behaves; all of it may change at any time.
pub struct State {
    /// The path that is served.
    pub path: &'static str,
    /// The version and kind of the objects.
    pub of: (&'static str, &'static str),
    /// The selector that must be asked with.
    pub labels: &'static str,
    /// The one token that is let in.
    pub token: String,
    /// Answers everything with this status.
    pub refuse: Option<u16>,
    /// Answers every watch with this status.
    pub refuse_watch: Option<u16>,
    /// Ends every watch as soon as it has said what is new, or a bookmark when nothing is.
    pub ends_at_once: bool,
    /// Tells every change in pieces of so many bytes, each by itself.
    pub piece_bytes: usize,
    /// Takes requests and answers none.
    pub hangs: bool,
    /// Cuts each watch that is open when the number grows.
    pub cuts: u64,
    /// The objects, by name.
    objects: BTreeMap<String, Value>,
    /// Every change: version, type, object.
    log: Vec<(u64, &'static str, Value)>,
    version: u64,
    /// The oldest version from which can be watched.
    oldest: u64,
    /// How many listings, and watches from which version, there were.
    pub lists: u64,
    pub watches: Vec<u64>,
}

impl State {
    /// Creates or replaces an object.
    pub fn apply(&mut self, name: &str, mut object: Value) {
        self.version += 1;
        object["metadata"]["name"] = json!(name);
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        let kind = if self.objects.contains_key(name) { "MODIFIED" } else { "ADDED" };
        self.objects.insert(name.to_owned(), object.clone());
        self.log.push((self.version, kind, object));
    }

    /// Deletes an object.
    pub fn delete(&mut self, name: &str) {
        self.version += 1;
        let mut object = self.objects.remove(name).unwrap();
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.log.push((self.version, "DELETED", object));
    }

    /// Other objects change, of which a watch hears only by a bookmark.
    pub fn bookmark(&mut self) -> u64 {
        self.version += 10;
        let bookmark = json!({"metadata": {"resourceVersion": self.version.to_string()}});
        self.log.push((self.version, "BOOKMARK", bookmark));
        self.version
    }

    /// Forgets all history.
    pub fn compact(&mut self) {
        self.version += 1;
        self.oldest = self.version;
        self.log.clear();
    }
}

/// The server, until it is dropped.
pub struct ApiServer {
    pub state: Arc<Mutex<State>>,
    pub certificates: Certificates,
    pub port: u16,
    serving: JoinHandle<()>,
}

impl ApiServer {
    pub async fn start(
        path: &'static str,
        of: (&'static str, &'static str),
        labels: &'static str,
    ) -> Self {
        let state = Arc::new(Mutex::new(State {
            path,
            of,
            labels,
            token: "first".into(),
            refuse: None,
            refuse_watch: None,
            ends_at_once: false,
            piece_bytes: usize::MAX,
            hangs: false,
            cuts: 0,
            objects: BTreeMap::new(),
            log: Vec::new(),
            version: 100,
            oldest: 100,
            lists: 0,
            watches: Vec::new(),
        }));
        let certificates = Certificates::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = serve(listener, &certificates, &state);
        Self { state, certificates, port, serving }
    }

    /// Changes what it has, or how it behaves.
    pub fn set<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap())
    }

    /// Ends it and all its connections.
    pub async fn kill(&mut self) {
        self.serving.abort();
        let _ = (&mut self.serving).await;
    }

    /// Starts it again, with what it had.
    pub async fn restart(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.serving = serve(listener, &self.certificates, &self.state);
    }
}

fn serve(
    listener: TcpListener,
    certificates: &Certificates,
    state: &Arc<Mutex<State>>,
) -> JoinHandle<()> {
    let chain: Vec<_> = CertificateDer::pem_file_iter(&certificates.cert)
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let key = KeyPair::from_pem(&std::fs::read_to_string(&certificates.key).unwrap()).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let state = Arc::clone(state);
    tokio::spawn(async move {
        // Goes with this task, and takes the connections with it.
        let mut connections = JoinSet::new();
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let (acceptor, state) = (acceptor.clone(), Arc::clone(&state));
            connections.spawn(async move {
                if let Ok(stream) = acceptor.accept(socket).await {
                    let _ = answer(stream, &state).await;
                }
            });
        }
    })
}

/// One connection: one request after the other.
async fn answer(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    state: &Mutex<State>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        while state.lock().unwrap().hangs {
            tokio::time::sleep(TICK).await;
        }
        let target = lines[0].split(' ').nth(1).unwrap().to_owned();
        let token = lines.iter().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("authorization").then(|| value.to_owned())
        });
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let query: BTreeMap<&str, String> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name, plain(value)))
            .collect();
        let refused = refused(&state.lock().unwrap(), path, token.as_deref(), &query);
        if let Some((code, message)) = refused {
            status(&mut stream, code, &message).await?;
        } else if query.get("watch").is_some_and(|it| it == "1" || it == "true") {
            return watch(&mut stream, state, &query).await;
        } else {
            let body = {
                let mut state = state.lock().unwrap();
                state.lists += 1;
                let items: Vec<&Value> = state.objects.values().collect();
                let version = state.version.to_string();
                json!({"kind": "List", "apiVersion": "v1", "items": items,
                       "metadata": {"resourceVersion": version}})
            };
            whole(&mut stream, 200, &body).await?;
        }
    }
}

fn refused(
    state: &State,
    path: &str,
    token: Option<&str>,
    query: &BTreeMap<&str, String>,
) -> Option<(u16, String)> {
    let expected = format!("Bearer {}", state.token);
    let is_watch = query.contains_key("watch");
    if let Some(code) = state.refuse.or(state.refuse_watch.filter(|_| is_watch)) {
        return Some((code, "refused".into()));
    }
    if token != Some(&expected) {
        return Some((401, "Unauthorized".into()));
    }
    if path != state.path {
        return Some((404, format!("no such path: {path}")));
    }
    if query.get("labelSelector").map(String::as_str) != Some(state.labels) {
        return Some((400, format!("asked with {query:?}")));
    }
    None
}

/// Undoes what URLs do to text.
fn plain(text: &str) -> String {
    let mut plain = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let hex = [bytes.next().unwrap(), bytes.next().unwrap()];
            let hex = std::str::from_utf8(&hex).unwrap().to_owned();
            plain.push(u8::from_str_radix(&hex, 16).unwrap());
        } else {
            plain.push(byte);
        }
    }
    String::from_utf8(plain).unwrap()
}

async fn status(
    stream: &mut (impl AsyncWrite + Unpin),
    code: u16,
    message: &str,
) -> std::io::Result<()> {
    let body = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure",
                      "message": message, "reason": "Test", "code": code});
    whole(stream, code, &body).await
}

async fn whole(
    stream: &mut (impl AsyncWrite + Unpin),
    code: u16,
    body: &Value,
) -> std::io::Result<()> {
    let body = body.to_string();
    let mut head = String::new();
    let _ = write!(head, "HTTP/1.1 {code} Whatever\r\ncontent-type: application/json\r\n");
    let _ = write!(head, "content-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.flush().await
}

async fn chunks(
    stream: &mut (impl AsyncWrite + Unpin),
    body: &Value,
    piece_bytes: usize,
) -> std::io::Result<()> {
    let body = format!("{body}\n");
    for piece in body.as_bytes().chunks(piece_bytes) {
        stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await?;
        stream.write_all(piece).await?;
        stream.write_all(b"\r\n").await?;
        stream.flush().await?;
    }
    Ok(())
}

async fn watch(
    stream: &mut (impl AsyncWrite + Unpin),
    state: &Mutex<State>,
    query: &BTreeMap<&str, String>,
) -> std::io::Result<()> {
    assert_eq!(query["allowWatchBookmarks"], "true");
    let mut version: u64 = query["resourceVersion"].parse().unwrap();
    let lasts = Duration::from_secs(query["timeoutSeconds"].parse().unwrap());
    let (cuts, of) = {
        let mut state = state.lock().unwrap();
        state.watches.push(version);
        (state.cuts, state.of)
    };
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                transfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    stream.flush().await?;
    let end = tokio::time::Instant::now() + lasts;
    loop {
        let (news, is_gone, is_cut, hangs, piece_bytes, ends_at_once) = {
            let state = state.lock().unwrap();
            let news: Vec<_> = state.log.iter().filter(|it| it.0 > version).cloned().collect();
            let is_gone = version < state.oldest;
            let (piece_bytes, ends_at_once) = (state.piece_bytes, state.ends_at_once);
            (news, is_gone, state.cuts != cuts, state.hangs, piece_bytes, ends_at_once)
        };
        if hangs {
            tokio::time::sleep(TICK).await;
            continue;
        }
        if is_cut {
            // In the middle of a line, without the last chunk.
            return stream.write_all(b"40\r\n{\"type\":\"MODI").await;
        }
        if is_gone {
            let gone = json!({"kind": "Status", "status": "Failure", "reason": "Expired",
                              "message": "too old resource version", "code": 410});
            chunks(stream, &json!({"type": "ERROR", "object": gone}), piece_bytes).await?;
            stream.write_all(b"0\r\n\r\n").await?;
            return stream.flush().await;
        }
        for (at, kind, mut object) in news {
            version = at;
            (object["apiVersion"], object["kind"]) = (json!(of.0), json!(of.1));
            chunks(stream, &json!({"type": kind, "object": object}), piece_bytes).await?;
        }
        if ends_at_once {
            let bookmark = json!({"metadata": {"resourceVersion": version.to_string()},
                                  "apiVersion": of.0, "kind": of.1});
            chunks(stream, &json!({"type": "BOOKMARK", "object": bookmark}), piece_bytes).await?;
        }
        if ends_at_once || tokio::time::Instant::now() >= end {
            stream.write_all(b"0\r\n\r\n").await?;
            return stream.flush().await;
        }
        tokio::time::sleep(TICK).await;
    }
}
