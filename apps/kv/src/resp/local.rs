//! What a front answers by itself: `PING`, `ECHO`, `TIME`, `SELECT`, `CONFIG` and `COMMAND`.

use peer_ring_core::actor::Wall;

use super::command::{ALL, Keys, Name, Row};
use super::glob;
use super::refusal::{Refusal, text};
use super::reply::Writer;
use super::request::Request;
use super::times::integer;
use crate::fronts::metrics::Class;

/// How much of a client's words is repeated in an error.
const REPEATED_BYTES_MAX: usize = 128;

/// Answers `PING`.
pub(super) fn say_ping(request: &Request, writer: &mut Writer<'_>) -> Result<(), Refusal> {
    match (request.count(), request.get(1)) {
        (1, _) => writer.simple("PONG"),
        (2, Some(text)) => writer.bulk(text),
        _ => return Err(Refusal::WrongArity { command: "ping" }),
    }
    Ok(())
}

/// Answers `TIME`: seconds, and microseconds as far as the clock shows them.
pub(super) fn say_time(wall: Wall, writer: &mut Writer<'_>) {
    writer.array(2);
    for number in [wall.0 / 1_000, wall.0 % 1_000 * 1_000] {
        writer.bulk(number.to_string().as_bytes());
    }
}

/// Answers `SELECT`: there is one database.
pub(super) fn say_select(request: &Request, writer: &mut Writer<'_>) -> Result<(), Refusal> {
    if integer(request.get(1).unwrap_or_default())? != 0 {
        return Err(Refusal::NoSuchDatabase);
    }
    writer.simple("OK");
    Ok(())
}

/// What tools ask a Redis server for before they start, and what is true of this one.
const CONFIG: [(&str, &str); 4] =
    [("appendonly", "no"), ("databases", "1"), ("maxmemory", "0"), ("save", "")];

/// Answers `CONFIG`.
pub(super) fn say_config(request: &Request, writer: &mut Writer<'_>) -> Result<(), Refusal> {
    let given = request.get(1).unwrap_or_default();
    if let Some(given) = is_one_of(given, &["SET", "REWRITE", "RESETSTAT"]) {
        return Err(Refusal::ConfigIsFixed { given });
    }
    if !given.eq_ignore_ascii_case(b"GET") {
        let given = text(given, REPEATED_BYTES_MAX);
        return Err(Refusal::UnknownSubcommand { command: "CONFIG", given });
    }
    if request.count() < 3 {
        return Err(Refusal::WrongArity { command: "config|get" });
    }
    let is_asked = |name: &str| {
        let mut patterns = request.iter().skip(2);
        patterns.any(|pattern| glob::matches(&pattern.to_ascii_lowercase(), name.as_bytes()))
    };
    let asked: Vec<_> = CONFIG.into_iter().filter(|(name, _)| is_asked(name)).collect();
    writer.map(asked.len());
    for (name, value) in asked {
        writer.bulk(name.as_bytes());
        writer.bulk(value.as_bytes());
    }
    Ok(())
}

fn is_one_of(given: &[u8], names: &[&'static str]) -> Option<&'static str> {
    names.iter().copied().find(|name| given.eq_ignore_ascii_case(name.as_bytes()))
}

/// Answers `COMMAND`.
pub(super) fn say_command(request: &Request, writer: &mut Writer<'_>) -> Result<(), Refusal> {
    let Some(given) = request.get(1) else {
        writer.array(ALL.len());
        for name in ALL {
            say_row(name.row(), writer);
        }
        return Ok(());
    };
    let count = request.count();
    match is_one_of(given, &["COUNT", "LIST", "INFO", "DOCS"]) {
        Some("COUNT") if count > 2 => Err(Refusal::WrongArity { command: "command|count" }),
        Some("COUNT") => {
            writer.integer(i64::try_from(ALL.len()).unwrap_or(i64::MAX));
            Ok(())
        }
        Some("LIST") if count > 2 => Err(Refusal::Syntax),
        Some("LIST") => {
            writer.array(ALL.len());
            for name in ALL {
                writer.bulk(name.row().name.as_bytes());
            }
            Ok(())
        }
        Some("INFO") => {
            let asked = asked_for(request);
            writer.array(asked.len());
            for name in asked {
                match name {
                    Some(name) => say_row(name.row(), writer),
                    None => writer.null(),
                }
            }
            Ok(())
        }
        Some(_) => {
            say_docs(asked_for(request).into_iter().flatten(), writer);
            Ok(())
        }
        None => {
            let given = text(given, REPEATED_BYTES_MAX);
            Err(Refusal::UnknownSubcommand { command: "COMMAND", given })
        }
    }
}

/// The commands whose names follow the subcommand; all of them when none do.
fn asked_for(request: &Request) -> Vec<Option<Name>> {
    if request.count() == 2 {
        return ALL.iter().copied().map(Some).collect();
    }
    request.iter().skip(2).map(Name::find).collect()
}

fn say_row(row: &Row, writer: &mut Writer<'_>) {
    let (first, last, step) = match row.keys {
        Keys::None => (0, 0, 0),
        Keys::First => (1, 1, 1),
        Keys::All => (1, -1, 1),
        Keys::Pairs => (1, -1, 2),
    };
    let flag = match row.class {
        Class::Read | Class::Sweep => "readonly",
        Class::Write => "write",
        Class::Local => "fast",
    };
    // Redis 7 tells four things more, which are lists that may be empty.
    writer.array(10);
    writer.bulk(row.name.as_bytes());
    writer.integer(row.arity.into());
    writer.set(1);
    writer.simple(flag);
    for number in [first, last, step] {
        writer.integer(number);
    }
    writer.set(0);
    for _ in 0..3 {
        writer.array(0);
    }
}

fn say_docs(names: impl Iterator<Item = Name>, writer: &mut Writer<'_>) {
    let rows: Vec<_> = names.map(Name::row).collect();
    writer.map(rows.len());
    for row in rows {
        writer.bulk(row.name.as_bytes());
        writer.map(2);
        for (name, value) in [("summary", row.summary), ("group", "generic")] {
            writer.bulk(name.as_bytes());
            writer.bulk(value.as_bytes());
        }
    }
}
