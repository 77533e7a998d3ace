//! A run in words: what was asked, what went wrong, and what came of it, in the order of time.

use std::fmt::Write;
use std::time::Duration;

use crate::journal::{Entry, Outcome};
use crate::plan::Plan;
use crate::run::Watched;
use crate::schedule::span::Span;
use crate::subject::{EntryOf, Subject};
use crate::time::{Moment, Time};

/// Most steps that are told; those before the violation matter most, so the first are left out.
const STEPS_MAX: usize = 200;

/// Tells a run.
#[must_use]
pub fn explain<S: Subject>(subject: &S, plan: &Plan<S>, watched: &Watched<S>) -> String {
    let cluster = &plan.cluster;
    let mut text = format!(
        "{} {}on {} nodes{}, seed {}\n\n",
        subject.name(),
        Some(plan.settings.to_string())
            .filter(|s| !s.is_empty())
            .map_or_else(String::new, |s| s + " "),
        cluster.nodes,
        match cluster.spares.len() {
            0 => String::new(),
            later => format!(", of which {later} may come later"),
        },
        plan.seed
    );
    let mut steps: Vec<(Moment, String)> = Vec::new();
    for entry in watched.journal.entries() {
        tell_call(subject, entry, &mut steps);
    }
    let end = watched.end;
    let before = |at: Time| Moment { event: 0, at };
    for fault in plan.faults.iter().filter(|fault| fault.at <= end.at) {
        steps.push((before(fault.at), format!("fault #{} begins: {}", fault.id, fault.fault)));
        let over = fault.at + fault.lasts;
        if over <= end.at && over < plan.heal && !fault.lasts.is_zero() {
            steps.push((before(over), format!("fault #{} is over: {}", fault.id, fault.fault)));
        }
    }
    if plan.heal <= end.at {
        steps.push((before(plan.heal), "all faults are over".to_owned()));
    }
    steps.sort_by_key(|(moment, _)| (moment.at, moment.event));
    let left_out = steps.len().saturating_sub(STEPS_MAX);
    if left_out > 0 {
        let _ = writeln!(text, "  ({left_out} steps before these are left out)");
    }
    for (moment, step) in &steps[left_out..] {
        let _ = writeln!(text, "{:>12}  {step}", at(moment.at));
    }
    match &watched.outcomes.violation {
        None => text.push_str("\nAll promises were kept.\n"),
        Some(violation) => {
            let (class, checker) = (violation.class.as_str(), violation.checker);
            let _ = writeln!(text, "\nBroken, as seen at {}: {class}: {checker}", at(end.at));
            for line in violation.text.lines() {
                let _ = writeln!(text, "  {line}");
            }
        }
    }
    text
}

fn tell_call<S: Subject>(subject: &S, entry: &EntryOf<S>, steps: &mut Vec<(Moment, String)>) {
    let Entry { id, client, node, call, invoked, outcome, .. } = entry;
    let who = match *client {
        crate::clients::AUDITOR => "the auditor".to_owned(),
        client => format!("client {client}"),
    };
    let call = subject.write_call(call);
    let asked = match outcome {
        Outcome::Unknown => ", and never learns what came of it",
        Outcome::Failed { failure: None, .. } => ", which is down",
        Outcome::Done { .. } | Outcome::Failed { failure: Some(_), .. } => "",
    };
    steps.push((*invoked, format!("{who} asks {node}: {call}  (call #{id}){asked}")));
    let answer = match outcome {
        Outcome::Done { returned, reply, .. } => Some((*returned, subject.write_reply(reply))),
        Outcome::Failed { returned, failure: Some(failure) } => {
            Some((*returned, format!("refused, {failure}")))
        }
        Outcome::Unknown | Outcome::Failed { failure: None, .. } => None,
    };
    if let Some((returned, answer)) = answer {
        let took = Span(rounded(returned.at.since(invoked.at)));
        steps.push((
            returned,
            format!("{node} answers {who}: {answer}  (call #{id}, after {took})"),
        ));
    }
}

fn at(time: Time) -> String {
    let micros = time.0 / 1_000;
    format!("{}.{:06}s", micros / 1_000_000, micros % 1_000_000)
}

fn rounded(span: Duration) -> Duration {
    Duration::from_micros(u64::try_from(span.as_micros()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run;
    use crate::schedule;
    use crate::store::Store;
    use crate::trace::Trace;

    #[test]
    fn a_run_is_told_from_the_first_call_to_the_violation() {
        let text = "\
peer-ring schedule 1
app kv n=3 r=1 w=1 linearizable
seed 1
cluster 3 nodes 3 replicas 1 shards
latency 1ms to 1ms and 0% 1ms to 1ms
heal at 3s
fault #0 at 1s for 1s partition n1 | n2 n3
call #0 client 0 at 1.1s at n1 put key-0
call #1 client 1 at 1.2s at n2 get key-0
";
        let store = Store::default();
        let plan = schedule::read(&store, text).unwrap().plan;
        let watched = run::watch(&store, &plan, Trace::default());
        let told = explain(&store, &plan, &watched);
        let expected = [
            "fault #0 begins: partition n1 | n2 n3",
            "client 0 asks n1: put key-0  (call #0)",
            "n1 answers client 0: ok",
            "client 1 asks n2: get key-0  (call #1)",
            "n2 answers client 1: found nothing",
            "fault #0 is over",
            "Broken, as seen at",
        ];
        let mut rest = told.as_str();
        for line in expected {
            let at = rest.find(line).unwrap_or_else(|| panic!("no '{line}' in\n{told}"));
            rest = &rest[at..];
        }
    }
}
