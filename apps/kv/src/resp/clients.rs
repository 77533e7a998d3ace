//! Who is connected: what `CLIENT` tells and takes.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::atomic::{self, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::refusal::{Refusal, text};
use super::reply::{Protocol, Writer};
use super::request::Request;

/// How much of a client's words is repeated in an error.
const REPEATED_BYTES_MAX: usize = 128;

/// The clients of one front.
#[derive(Default)]
pub(super) struct Clients {
    last_id: AtomicU64,
    connected: Mutex<BTreeMap<u64, Arc<Client>>>,
}

/// One connection's client.
pub(super) struct Client {
    id: u64,
    address: SocketAddr,
    local_address: SocketAddr,
    since: Instant,
    said: Mutex<Said>,
}

/// What a client has said of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Said {
    name: String,
    library: String,
    library_version: String,
    protocol: Protocol,
}

impl Clients {
    /// Enters a client that has just connected.
    pub(super) fn enter(&self, address: SocketAddr, local_address: SocketAddr) -> Arc<Client> {
        let id = self.last_id.fetch_add(1, atomic::Ordering::Relaxed) + 1;
        let client =
            Client { id, address, local_address, since: Instant::now(), said: Mutex::default() };
        let client = Arc::new(client);
        lock(&self.connected).insert(id, Arc::clone(&client));
        client
    }

    /// Takes a client out that has gone.
    pub(super) fn leave(&self, client: &Client) {
        lock(&self.connected).remove(&client.id);
    }

    fn list(&self) -> String {
        lock(&self.connected).values().map(|client| client.line()).collect()
    }
}

impl Client {
    /// Its number, never given to another one.
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// Its name, if it has one.
    pub(super) fn set_name(&self, name: String) {
        lock(&self.said).name = name;
    }

    /// Which language it is spoken to in.
    pub(super) fn set_protocol(&self, protocol: Protocol) {
        lock(&self.said).protocol = protocol;
    }

    /// Forgets what it has said of itself.
    pub(super) fn reset(&self) {
        *lock(&self.said) = Said::default();
    }

    fn line(&self) -> String {
        let Self { id, address, local_address, since, said } = self;
        let Said { name, library, library_version, protocol } = lock(said).clone();
        let age = since.elapsed().as_secs();
        let resp = protocol.number();
        let mut line = String::new();
        // Memory is all that appending can lack.
        let _ = writeln!(
            line,
            "id={id} addr={address} laddr={local_address} name={name} age={age} flags=N db=0 \
             user=default lib-name={library} lib-ver={library_version} resp={resp}",
        );
        line
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Checks a name that a client gives itself.
///
/// # Errors
/// [`Refusal::ClientName`] when it could not be told apart in a list.
pub(super) fn checked_name(bytes: &[u8]) -> Result<String, Refusal> {
    let is_plain = bytes.iter().all(u8::is_ascii_graphic);
    let name = std::str::from_utf8(bytes).ok().filter(|_| is_plain);
    name.map(str::to_owned).ok_or(Refusal::ClientName)
}

/// Answers `CLIENT`.
///
/// # Errors
/// [`Refusal`] when nothing was written.
pub(super) fn say_client(
    request: &Request,
    client: &Client,
    clients: &Clients,
    writer: &mut Writer<'_>,
) -> Result<(), Refusal> {
    let given = request.get(1).unwrap_or_default();
    let known = SUBCOMMANDS.iter().find(|(name, ..)| given.eq_ignore_ascii_case(name.as_bytes()));
    let Some(&(subcommand, command, arity)) = known else {
        let given = text(given, REPEATED_BYTES_MAX);
        return Err(Refusal::UnknownSubcommand { command: "CLIENT", given });
    };
    match request.count().cmp(&arity) {
        Ordering::Equal => {}
        Ordering::Greater if subcommand == "LIST" => return Err(Refusal::Syntax),
        Ordering::Less | Ordering::Greater => return Err(Refusal::WrongArity { command }),
    }
    let argument = request.get(2).unwrap_or_default();
    match subcommand {
        "ID" => writer.integer(i64::try_from(client.id).unwrap_or(i64::MAX)),
        "GETNAME" => match &lock(&client.said).name {
            name if name.is_empty() => writer.null(),
            name => writer.bulk(name.as_bytes()),
        },
        "SETNAME" => {
            client.set_name(checked_name(argument)?);
            writer.simple("OK");
        }
        "SETINFO" => {
            set_info(client, argument, request.get(3).unwrap_or_default())?;
            writer.simple("OK");
        }
        "INFO" => writer.verbatim(&client.line()),
        "LIST" => writer.verbatim(&clients.list()),
        // Nothing is ever evicted here, and reading a key leaves no trace.
        _ => match argument.eq_ignore_ascii_case(b"on") || argument.eq_ignore_ascii_case(b"off") {
            true => writer.simple("OK"),
            false => return Err(Refusal::Syntax),
        },
    }
    Ok(())
}

/// Subcommands, as Redis names them in errors, and their arguments, both names included.
const SUBCOMMANDS: [(&str, &str, usize); 8] = [
    ("ID", "client|id", 2),
    ("GETNAME", "client|getname", 2),
    ("SETNAME", "client|setname", 3),
    ("SETINFO", "client|setinfo", 4),
    ("INFO", "client|info", 2),
    ("LIST", "client|list", 2),
    ("NO-EVICT", "client|no-evict", 3),
    ("NO-TOUCH", "client|no-touch", 3),
];

fn set_info(client: &Client, attribute: &[u8], value: &[u8]) -> Result<(), Refusal> {
    let is = |name: &str| attribute.eq_ignore_ascii_case(name.as_bytes());
    let name = if is("lib-name") {
        "lib-name"
    } else if is("lib-ver") {
        "lib-ver"
    } else {
        let given = text(attribute, REPEATED_BYTES_MAX);
        return Err(Refusal::ClientAttribute { given });
    };
    let value = checked_name(value).map_err(|_| Refusal::ClientAttributeValue { name })?;
    let mut said = lock(&client.said);
    match name {
        "lib-name" => said.library = value,
        _ => said.library_version = value,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_no_blanks_and_no_control_characters() {
        assert_eq!(checked_name(b"worker-1"), Ok("worker-1".to_owned()));
        assert_eq!(checked_name(b""), Ok(String::new()));
        for name in [&b"a b"[..], b"a\n", b"\xff"] {
            assert_eq!(checked_name(name), Err(Refusal::ClientName));
        }
    }

    #[test]
    fn clients_are_listed_while_they_are_connected() {
        let clients = Clients::default();
        let address = SocketAddr::from(([127, 0, 0, 1], 5));
        let (one, other) = (clients.enter(address, address), clients.enter(address, address));
        one.set_name("first".to_owned());
        assert!(clients.list().contains("id=1 addr=127.0.0.1:5 laddr=127.0.0.1:5 name=first "));
        clients.leave(&one);
        assert_eq!(clients.list().lines().count(), 1);
        assert_eq!(other.id(), 2);
    }
}
