//! `peer-ring wait`: until all is replicated, or a node may be stopped.

use std::time::Duration;

use anyhow::anyhow;
use clap::Args;
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use crate::exit::{Exit, Failure, OrExit, complain, say};
use crate::http::{self, Answer, AskError};
use crate::whom::{Whom, read, runtime};

/// How often is asked again.
const PAUSE: Duration = Duration::from_millis(250);
/// How often what is waited for is said again while it does not change.
const SAY_EVERY: Duration = Duration::from_secs(5);

/// Waits until all is replicated, or until a node may be stopped.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
A node that cannot be reached yet is waited for as well. What is waited for is said on the standard
error.

Examples:
  peer-ring wait --replicated
  peer-ring wait --safe-to-stop --timeout 120 && systemctl restart peer-ring

Ends with 0 when it is so, 1 when it is not in time, 69 when nobody answered to the end.")]
pub struct Options {
    #[command(flatten)]
    what: What,
    /// For how many seconds; for ever when not given.
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
    #[command(flatten)]
    whom: Whom,
}

#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
struct What {
    /// Until every member has all that it is to have, and nothing is on its way.
    #[arg(long)]
    replicated: bool,
    /// Until every partition keeps a majority of its owners without this node.
    #[arg(long)]
    safe_to_stop: bool,
}

/// Why it is not so.
#[derive(Deserialize)]
struct No {
    reason: String,
}

/// Waits.
///
/// # Errors
/// When it is not so in time.
pub fn wait(options: &Options) -> Result<Exit, Failure> {
    runtime()?.block_on(async {
        let deadline = options.timeout.map(|seconds| Instant::now() + Duration::from_secs(seconds));
        let (path, done) = options.what.asked();
        let mut told = Told::default();
        loop {
            let why = match ask(&options.whom.address, path).await {
                Ok(None) => {
                    say(done);
                    return Ok(Exit::Ok);
                }
                Ok(Some(reason)) => Failure { exit: Exit::Failed, cause: anyhow!("{reason}") },
                Err(failure) if failure.exit == Exit::Unavailable => failure,
                Err(failure) => return Err(failure),
            };
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Err(why.cause.context("not in time")).or_exit(why.exit);
            }
            told.say(format!("{:#}", why.cause));
            sleep(PAUSE).await;
        }
    })
}

impl What {
    fn asked(&self) -> (&'static str, &'static str) {
        match self.safe_to_stop {
            true => ("/safe-to-stop", "the node may be stopped now"),
            false => ("/v1/replicated", "all is replicated"),
        }
    }
}

/// Why it is not so at this node; `None` when it is.
async fn ask(address: &str, path: &str) -> Result<Option<String>, Failure> {
    let Answer { status, body } = http::get(address, path).await.map_err(AskError::into_failure)?;
    match status {
        200 => Ok(None),
        503 => Ok(Some(read::<No>(&body)?.reason)),
        _ => Err(anyhow!("{address}{path}: {status}: {body}").into()),
    }
}

/// What was said last of what is waited for, and when.
#[derive(Default)]
struct Told(Option<(String, Instant)>);

impl Told {
    fn say(&mut self, what: String) {
        let is_known =
            self.0.as_ref().is_some_and(|(said, at)| *said == what && at.elapsed() < SAY_EVERY);
        if !is_known {
            complain(format_args!("waiting: {what}"));
            self.0 = Some((what, Instant::now()));
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    #[test]
    fn one_thing_is_waited_for() {
        let line = |line: &str| Line::try_parse_from(line.split(' '));
        assert!(line("wait").is_err());
        assert!(line("wait --replicated --safe-to-stop").is_err());
        let safe = line("wait --safe-to-stop").unwrap().options;
        assert_eq!(safe.what.asked().0, "/safe-to-stop");
        let replicated = line("wait --replicated --timeout 3").unwrap().options;
        assert_eq!(replicated.what.asked().0, "/v1/replicated");
        assert_eq!(replicated.timeout, Some(3));
    }
}
