//! A message in a few words, and what it is about.

use peer_ring_core::key::Partitions;
use peer_ring_core::peer::{Body, Entry, Refusal, Request, Response};

use crate::story::Words;

/// The bytes of an app's id, before the app's own key.
const APP_BYTES: usize = 4;

/// What a message says, in a few words.
pub fn of(body: &Body, words: &dyn Words) -> String {
    match body {
        Body::Request { request, .. } => of_request(request, words),
        Body::Response { response, .. } => of_response(response, words),
        Body::Leaving => "leaving".to_owned(),
    }
}

/// Whether a message only asks or says that a node is there.
pub fn is_chatter(body: &Body) -> bool {
    match body {
        Body::Request { request, .. } => matches!(request, Request::Probe),
        Body::Response { response, .. } => matches!(response, Response::Alive),
        Body::Leaving => false,
    }
}

/// Which partition a message is about, if it says so.
pub fn partition(body: &Body, partitions: Partitions) -> Option<u16> {
    match body {
        Body::Request { request, .. } => {
            request.partition(|key| partitions.of(key)).map(|partition| partition.0)
        }
        Body::Response { .. } | Body::Leaving => None,
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
        Response::Forwarded(Ok(reply)) => format!("forwarded: {}", words.reply(reply)),
        Response::Forwarded(Err(failure)) => failure.code().replace('_', " "),
        Response::Alive => "alive".to_owned(),
        Response::Refused(refusal) => format!("refused: {}", of_refusal(*refusal)),
    }
}

fn of_refusal(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::NotOwner => "not owner",
        Refusal::WrongEpoch => "wrong epoch",
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
