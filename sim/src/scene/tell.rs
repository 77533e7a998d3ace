//! Telling: what a node has answered, in words that a reviewer can read.

use peer_ring_core::app::decode;
use peer_ring_core::failure::Failure;
use peer_ring_kv::Reply;

use crate::scene::names::Names;
use crate::scene::stage::Answer;
use crate::scene::step::Request;

/// The outcome of a request that was answered.
pub fn answer(request: &Request, answer: Answer, names: &mut Names) -> String {
    let reply = match answer {
        Ok(reply) => reply,
        Err(failure) => return refusal(&failure),
    };
    let said = match request {
        Request::Add { .. } => decode::<u64>(&reply).map(|sum| format!("ok, {sum}")),
        Request::Delete { .. } => decode(&reply).map(|reply| done(reply, true, names)),
        Request::Put { .. } | Request::Get { .. } => {
            decode(&reply).map(|reply| done(reply, false, names))
        }
    };
    said.unwrap_or_else(|_| "a reply that cannot be read".to_owned())
}

fn done(reply: Reply, is_delete: bool, names: &mut Names) -> String {
    match reply {
        Reply::Value(None) => "ok, nothing".to_owned(),
        Reply::Value(Some(found)) => {
            let value = text(&found.value);
            format!("ok, {value}, {}", names.version(found.version))
        }
        Reply::Done { version, existed } if is_delete => {
            let was = if existed { "there was a value" } else { "there was none" };
            format!("ok, {}, {was}", names.version(version))
        }
        Reply::Done { version, .. } => format!("ok, {}", names.version(version)),
        Reply::Keys(_) | Reply::Count(_) => "a reply to another request".to_owned(),
    }
}

fn refusal(failure: &Failure) -> String {
    let numbers = match failure {
        Failure::QuorumNotMet { acked, wanted, .. } | Failure::TimedOut { acked, wanted, .. } => {
            format!(" acked={acked} wanted={wanted}")
        }
        Failure::Overloaded
        | Failure::PrimaryDown { .. }
        | Failure::OwnersDown { .. }
        | Failure::NotReady
        | Failure::PrimaryBlank { .. }
        | Failure::UnknownApp { .. }
        | Failure::BadCommand
        | Failure::TooLarge { .. }
        | Failure::WrongEpoch { .. }
        | Failure::Stopping { .. } => String::new(),
    };
    let may_have_happened = yes_or_no(failure.may_have_happened());
    format!("refused: {}{numbers}, may have happened: {may_have_happened}", failure.code())
}

/// What a client knows whose node has crashed before it answered.
pub fn lost(request: &Request) -> String {
    format!("no answer: the node has crashed, may have happened: {}", yes_or_no(request.writes()))
}

/// A value as text.
pub fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}

fn yes_or_no(is_so: bool) -> &'static str {
    if is_so { "yes" } else { "no" }
}
