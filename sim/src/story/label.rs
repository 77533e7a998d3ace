//! A message in a few words, and what it is about.

use peer_ring_core::chain::Word;
use peer_ring_core::key::Partitions;
use peer_ring_core::peer::{Body, Entry, Refusal, Request, Response};
use peer_ring_core::ring::Ring;
use peer_ring_core::standing::{Standing, Wants};

use crate::story::Words;

/// The bytes of an app's id, before the app's own key.
const APP_BYTES: usize = 4;

/// What a message says, in a few words.
pub fn of(body: &Body, words: &dyn Words) -> String {
    match body {
        Body::Request { request, .. } => of_request(request, words),
        Body::Response { response, .. } => of_response(response, words),
        Body::Leaving => "leaving".to_owned(),
        Body::Standing(standing) => of_standing(standing),
        Body::Ring(ring) => format!("here is {}", of_ring(ring)),
        Body::Chain(word) => of_word(word),
    }
}

/// Whether a message only asks or says that a node is there, or where it stands.
pub fn is_chatter(body: &Body) -> bool {
    match body {
        Body::Request { request, .. } => matches!(request, Request::Probe),
        Body::Response { response, .. } => matches!(response, Response::Alive),
        Body::Standing(_) => true,
        Body::Leaving | Body::Ring(_) | Body::Chain(_) => false,
    }
}

/// Which partition a message is about, if it says so.
pub fn partition(body: &Body, partitions: Partitions) -> Option<u16> {
    match body {
        Body::Request { request, .. } => {
            request.partition(|key| partitions.of(key)).map(|partition| partition.0)
        }
        Body::Response { .. }
        | Body::Leaving
        | Body::Standing(_)
        | Body::Ring(_)
        | Body::Chain(_) => None,
    }
}

fn of_request(request: &Request, words: &dyn Words) -> String {
    match request {
        Request::Execute(execute) => words.command(&execute.command),
        Request::Apply { records, .. } => format!("apply {}", of_records(records, words)),
        Request::Fetch { keys, .. } => {
            let keys: Vec<_> = keys.iter().map(|key| key_of(key, words)).collect();
            format!("fetch {}", keys.join(", "))
        }
        Request::Copy { partition, .. } => format!("copy partition {partition}"),
        Request::Compare { partition, .. } => format!("compare partition {partition}"),
        Request::Offer { partition, held } => {
            format!("offer {} records of partition {partition}", held.len())
        }
        Request::Forward { command, .. } => format!("forward {}", words.command(command)),
        Request::Cancel { .. } => "cancel".to_owned(),
        Request::Probe => "probe".to_owned(),
    }
}

fn of_response(response: &Response, words: &dyn Words) -> String {
    match response {
        Response::Executed { reply, .. } => words.reply(reply),
        Response::Superseded { .. } => "superseded".to_owned(),
        Response::Applied => "applied".to_owned(),
        Response::Fetched { records } => format!("fetched {}", of_records(records, words)),
        Response::Copied { records, is_blank, .. } => {
            let blank = if *is_blank { ", blank" } else { "" };
            format!("copied {} records{blank}", records.len())
        }
        Response::Compared { is_same: true } => "the same".to_owned(),
        Response::Compared { is_same: false } => "not the same".to_owned(),
        Response::Lacking { keys } => format!("lacking {} records", keys.len()),
        Response::Forwarded(Ok(reply)) => format!("forwarded: {}", words.reply(reply)),
        Response::Forwarded(Err(failure)) => failure.code().replace('_', " "),
        Response::Alive => "alive".to_owned(),
        Response::Refused(refusal) => format!("refused: {}", of_refusal(*refusal)),
    }
}

fn of_standing(standing: &Standing) -> String {
    let Standing { epoch, pending, strays, wants, .. } = standing;
    let wants = match wants {
        Wants::Stay => "",
        Wants::Leave => ", leaving",
    };
    let pending = if *pending > 0 { format!(", {pending} pending") } else { String::new() };
    let strays = if *strays > 0 { format!(", {strays} strays") } else { String::new() };
    format!("at ring {epoch}{wants}{pending}{strays}")
}

fn of_ring(ring: &Ring) -> String {
    format!("ring {}, {}", ring.epoch(), ring.reason().as_str())
}

fn of_word(word: &Word) -> String {
    match word {
        Word::Prepare { epoch, ballot } => format!("prepare ring {epoch}, {}", ballot.round),
        Word::Promise { epoch, ballot, .. } => format!("promise ring {epoch}, {}", ballot.round),
        Word::Accept { ballot, ring } => format!("accept {}, {}", of_ring(ring), ballot.round),
        Word::Accepted { epoch, ballot } => format!("accepted ring {epoch}, {}", ballot.round),
        Word::Reject { epoch, promised } => format!("reject ring {epoch}, {}", promised.round),
    }
}

fn of_refusal(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::NotOwner => "not owner",
        Refusal::WrongEpoch => "wrong epoch",
        Refusal::Behind => "behind",
        Refusal::NotPrimary => "not primary",
        Refusal::Blank => "blank",
        Refusal::Overloaded => "overloaded",
        Refusal::UnknownApp => "unknown app",
        Refusal::BadCommand => "bad command",
        Refusal::NotReady => "not ready",
    }
}

fn of_records(records: &[Entry], words: &dyn Words) -> String {
    let Some(first) = records.first() else {
        return "nothing".to_owned();
    };
    let key = key_of(&first.key, words);
    let value = match &first.record.value {
        Some(value) => format!("{key} = {}", words.value(value)),
        None => format!("{key} deleted"),
    };
    match records.len() - 1 {
        0 => value,
        more => format!("{value} and {more} more"),
    }
}

fn key_of(key: &[u8], words: &dyn Words) -> String {
    words.key(key.get(APP_BYTES..).unwrap_or(key))
}
