//! What a request to the store asks for: its arguments checked, its times turned into instants.

use bytes::Bytes;
use peer_ring_core::actor::Wall;
use peer_ring_core::failure::Failure;
use peer_ring_core::key::Partitions;

use super::chain::{Chain, Then};
use super::command::{Keys, Name};
use super::gather::{Gather, Wants};
use super::job::{Many, Plan};
use super::node::Node;
use super::refusal::{Refusal, text};
use super::request::Request;
use super::says::{About, Says};
use super::sweep::{Scan, Sweep, What};
use super::times::{Unit, integer};
use crate::app::{Action, Expiry};
use crate::cursor::Cursor;
use crate::fronts::config::Limits;
use crate::namespace::Settings;
use crate::ttl::Ttl;

/// Keys that `SCAN` looks for at least, whatever its `COUNT`: a partition is walked through for
/// each page, so small pages cost as much as large ones.
const SCAN_KEYS_MIN: u32 = 512;
const SCAN_KEYS_MAX: u32 = 10_000;
/// The default of `COUNT`.
const SCAN_KEYS: u32 = 10;
/// How much of an odd option is repeated in the error.
const OPTION_BYTES_MAX: usize = 128;

/// What a request is understood by.
pub(super) struct Terms<'a> {
    pub limits: &'a Limits,
    pub settings: &'a Settings,
    pub allows_flush: bool,
    pub wall: Wall,
    pub node: &'a dyn Node,
}

/// Why a request cannot be begun.
pub(super) enum Obstacle {
    /// The client is to blame.
    Refused(Refusal),
    /// A key or value is too large, or the node is not ready.
    Failed(Failure),
}

impl From<Refusal> for Obstacle {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Failure> for Obstacle {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// What `request` asks of the store; `None` when that is none of the store's business.
pub(super) fn understand(
    name: Name,
    request: &Request,
    terms: &Terms<'_>,
) -> Result<Option<Plan>, Obstacle> {
    check_keys(name, request, terms.limits)?;
    let plan = match name {
        Name::Get => read(About::Value, request),
        Name::Set => set(request, terms)?,
        Name::Setex => set_for(Unit::Seconds, request, terms)?,
        Name::Psetex => set_for(Unit::Millis, request, terms)?,
        Name::Mget => many(Many::Gather(Gather::new(Wants::Values, request.clone()))),
        Name::Mset => mset(request, terms)?,
        Name::Del | Name::Unlink if request.count() == 2 => {
            Plan::Single(Says::Existed, Action::Delete { key: key(request) })
        }
        Name::Del | Name::Unlink => many(Many::Gather(Gather::new(Wants::Delete, request.clone()))),
        Name::Exists if request.count() == 2 => read(About::Exists, request),
        Name::Exists => many(Many::Gather(Gather::new(Wants::Exist, request.clone()))),
        Name::Strlen => read(About::Length, request),
        Name::Type => read(About::Type, request),
        Name::Ttl => read(About::Expiry(Unit::Seconds), request),
        Name::Pttl => read(About::Expiry(Unit::Millis), request),
        Name::Expiretime => read(About::Expiry(Unit::AtSeconds), request),
        Name::Pexpiretime => read(About::Expiry(Unit::AtMillis), request),
        Name::Expire => expire(Unit::Seconds, name, request, terms)?,
        Name::Pexpire => expire(Unit::Millis, name, request, terms)?,
        Name::Expireat => expire(Unit::AtSeconds, name, request, terms)?,
        Name::Pexpireat => expire(Unit::AtMillis, name, request, terms)?,
        Name::Persist => many(Many::Chain(Chain::new(key(request), Then::Persist))),
        Name::Getdel => many(Many::Chain(Chain::new(key(request), Then::Take))),
        Name::Scan => scan(request, terms)?,
        Name::Dbsize => many(Many::Sweep(Sweep::new(partitions(terms)?, What::Count))),
        Name::Flushall | Name::Flushdb => flush(name, request, terms)?,
        Name::Auth
        | Name::Client
        | Name::Command
        | Name::Config
        | Name::Echo
        | Name::Hello
        | Name::Info
        | Name::Ping
        | Name::Quit
        | Name::Reset
        | Name::Select
        | Name::Time => return Ok(None),
    };
    Ok(Some(plan))
}

fn check_keys(name: Name, request: &Request, limits: &Limits) -> Result<(), Failure> {
    match name.row().keys {
        Keys::None => Ok(()),
        Keys::First => limits.check_key(argument(request, 1)),
        Keys::All => request.iter().skip(1).try_for_each(|key| limits.check_key(key)),
        Keys::Pairs => {
            let mut arguments = request.iter().skip(1);
            while let Some(key) = arguments.next() {
                limits.check_key(key)?;
                limits.check_value(arguments.next().unwrap_or_default())?;
            }
            Ok(())
        }
    }
}

fn argument(request: &Request, at: usize) -> &[u8] {
    request.get(at).expect("the number of arguments was checked")
}

fn taken(request: &Request, at: usize) -> Bytes {
    request.bytes(at).expect("the number of arguments was checked")
}

fn key(request: &Request) -> Bytes {
    taken(request, 1)
}

fn read(about: About, request: &Request) -> Plan {
    Plan::Single(Says::Found(about), Action::Get { key: key(request) })
}

fn many(many: Many) -> Plan {
    Plan::Many(Box::new(many))
}

fn put(request: &Request, value: Bytes, expires: Option<Expiry>) -> Plan {
    Plan::Single(Says::Ok, Action::Put { key: key(request), value, expires })
}

fn partitions(terms: &Terms<'_>) -> Result<Partitions, Failure> {
    terms.node.partitions().ok_or(Failure::NotReady)
}

fn set(request: &Request, terms: &Terms<'_>) -> Result<Plan, Obstacle> {
    terms.limits.check_value(argument(request, 2))?;
    let options = SetOptions::read(request, terms.wall)?;
    if let Some(option) = options.condition {
        return Err(Refusal::NeedsRegister { command: "SET", option }.into());
    }
    let value = taken(request, 2);
    if options.keeps_ttl {
        return Ok(many(Many::Chain(Chain::new(key(request), Then::Replace(value)))));
    }
    let expires = options.ttl.expiry(terms.settings, terms.wall);
    Ok(put(request, value, expires))
}

/// What follows the value in a `SET`.
#[derive(Debug, Default)]
struct SetOptions {
    ttl: Ttl,
    keeps_ttl: bool,
    condition: Option<&'static str>,
}

impl SetOptions {
    fn read(request: &Request, wall: Wall) -> Result<Self, Refusal> {
        let mut options = Self::default();
        if request.count() == 3 {
            return Ok(options);
        }
        let (mut has_ttl, mut is_nx, mut is_xx, mut gets) = (false, false, false, false);
        let mut time: Option<(Unit, &[u8])> = None;
        let mut arguments = request.iter().skip(3);
        while let Some(option) = arguments.next() {
            let is = |name: &str| option.eq_ignore_ascii_case(name.as_bytes());
            let unit = TIME_OPTIONS.iter().find(|(name, _)| is(name)).map(|(_, unit)| *unit);
            if is("NX") && !is_xx {
                is_nx = true;
            } else if is("XX") && !is_nx {
                is_xx = true;
            } else if is("GET") {
                gets = true;
            } else if is("KEEPTTL") && !has_ttl {
                options.keeps_ttl = true;
            } else if let Some(unit) = unit
                && !has_ttl
                && !options.keeps_ttl
                && let Some(given) = arguments.next()
            {
                has_ttl = true;
                time = Some((unit, given));
            } else {
                return Err(Refusal::Syntax);
            }
        }
        if let Some((unit, given)) = time {
            options.ttl = ttl(unit, given, wall, Name::Set)?;
        }
        options.condition = [("NX", is_nx), ("XX", is_xx), ("GET", gets)]
            .into_iter()
            .find_map(|(option, is_given)| is_given.then_some(option));
        Ok(options)
    }
}

const TIME_OPTIONS: [(&str, Unit); 4] = [
    ("EX", Unit::Seconds),
    ("PX", Unit::Millis),
    ("EXAT", Unit::AtSeconds),
    ("PXAT", Unit::AtMillis),
];

/// A time to live that is given with a value: it must not be zero or negative.
fn ttl(unit: Unit, given: &[u8], wall: Wall, name: Name) -> Result<Ttl, Refusal> {
    let command = name.row().name;
    let time = integer(given)?;
    if time <= 0 {
        return Err(Refusal::InvalidExpireTime { command });
    }
    let expires = unit.instant(time, wall, command)?;
    Ok(Ttl::Until(expires.unwrap_or(crate::ttl::PAST)))
}

fn set_for(unit: Unit, request: &Request, terms: &Terms<'_>) -> Result<Plan, Obstacle> {
    let name = if unit == Unit::Seconds { Name::Setex } else { Name::Psetex };
    terms.limits.check_value(argument(request, 3))?;
    let ttl = ttl(unit, argument(request, 2), terms.wall, name)?;
    let expires = ttl.expiry(terms.settings, terms.wall);
    Ok(put(request, taken(request, 3), expires))
}

fn mset(request: &Request, terms: &Terms<'_>) -> Result<Plan, Obstacle> {
    if request.count().is_multiple_of(2) {
        return Err(Refusal::WrongArity { command: "mset" }.into());
    }
    let expires = Ttl::Namespace.expiry(terms.settings, terms.wall);
    Ok(many(Many::Gather(Gather::new(Wants::Put(expires), request.clone()))))
}

fn expire(unit: Unit, name: Name, request: &Request, terms: &Terms<'_>) -> Result<Plan, Obstacle> {
    check_expire_options(request)?;
    let time = integer(argument(request, 2))?;
    let at = unit.instant(time, terms.wall, name.row().name)?;
    Ok(many(Many::Chain(Chain::new(key(request), Then::Expire(at)))))
}

fn check_expire_options(request: &Request) -> Result<(), Refusal> {
    let mut given = Vec::new();
    for option in request.iter().skip(3) {
        let known = ["NX", "XX", "GT", "LT"];
        let known = known.into_iter().find(|name| option.eq_ignore_ascii_case(name.as_bytes()));
        let unknown = || Refusal::UnsupportedOption { given: text(option, OPTION_BYTES_MAX) };
        given.push(known.ok_or_else(unknown)?);
    }
    let Some(&option) = given.first() else {
        return Ok(());
    };
    if given.contains(&"NX") && given.iter().any(|option| *option != "NX") {
        return Err(Refusal::IncompatibleOptions);
    }
    Err(Refusal::NeedsRegister { command: "EXPIRE", option })
}

fn scan(request: &Request, terms: &Terms<'_>) -> Result<Plan, Obstacle> {
    let cursor = std::str::from_utf8(argument(request, 1)).ok();
    let cursor = cursor.filter(|text| !text.starts_with('+')).and_then(|text| text.parse().ok());
    let cursor = Cursor::from_number(cursor.ok_or(Refusal::InvalidCursor)?);
    let (mut pattern, mut keys, mut is_other_type) = (None, SCAN_KEYS, false);
    let mut at = 2;
    while let Some(option) = request.get(at) {
        let is = |name: &str| option.eq_ignore_ascii_case(name.as_bytes());
        let given = request.get(at + 1).ok_or(Refusal::Syntax)?;
        if is("COUNT") {
            let count = integer(given)?;
            if count < 1 {
                return Err(Refusal::Syntax.into());
            }
            keys = u32::try_from(count).unwrap_or(u32::MAX);
        } else if is("MATCH") {
            pattern = request.bytes(at + 1).filter(|pattern| pattern != "*");
        } else if is("TYPE") {
            is_other_type = !given.eq_ignore_ascii_case(b"string");
        } else {
            return Err(Refusal::Syntax.into());
        }
        at += 2;
    }
    // There are only strings here.
    let cursor = if is_other_type { Cursor::NOWHERE } else { cursor };
    let keys = keys.clamp(SCAN_KEYS_MIN, SCAN_KEYS_MAX);
    Ok(many(Many::Scan(Scan::new(partitions(terms)?, cursor, keys, pattern))))
}

fn flush(name: Name, request: &Request, terms: &Terms<'_>) -> Result<Plan, Obstacle> {
    let is_known = |option: &[u8]| {
        option.eq_ignore_ascii_case(b"ASYNC") || option.eq_ignore_ascii_case(b"SYNC")
    };
    if request.count() > 2 || !request.get(1).is_none_or(is_known) {
        return Err(Refusal::Syntax.into());
    }
    if !terms.allows_flush {
        let command = if name == Name::Flushall { "FLUSHALL" } else { "FLUSHDB" };
        return Err(Refusal::FlushNotAllowed { command }.into());
    }
    Ok(many(Many::Sweep(Sweep::new(partitions(terms)?, What::Clear))))
}
