//! `peer-ring leave`: a node hands over what it owns, and goes.

use std::time::Duration;

use clap::Args;
use serde::Deserialize;
use tokio::time::sleep;

use crate::exit::{Exit, Failure, complain, say};
use crate::transfers::{Moving, Shown};
use crate::whom::{Whom, read, runtime};

/// How often is asked again whether the node has left.
const PAUSE: Duration = Duration::from_millis(250);

/// Lets a node hand over what it owns; it stops when others have it all.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Nobody suspects a node that leaves, and it serves until it has left. One that is to be back soon
need not leave: it is only stopped.

Examples:
  peer-ring leave
  peer-ring leave --wait --address 127.0.0.1:7502")]
pub struct Options {
    /// Wait until it has left, and show how far it is.
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    whom: Whom,
}

#[derive(Deserialize)]
struct HasLeft {
    left: bool,
}

/// Lets a node leave.
///
/// # Errors
/// When nobody answers, or the node has to stay.
pub fn leave(options: &Options) -> Result<Exit, Failure> {
    runtime()?.block_on(async {
        let whom = &options.whom;
        whom.post("/v1/leave", "").await?;
        if !options.wait {
            say("the node leaves; `peer-ring leave --wait` waits until it has left");
            return Ok(Exit::Ok);
        }
        let mut shown = Shown::new();
        loop {
            let HasLeft { left } = read(&whom.get("/v1/leave").await?)?;
            if left {
                shown.finish();
                say("the node has left");
                return Ok(Exit::Ok);
            }
            match Moving::ask(whom).await {
                Ok((_, moving)) => shown.show(&moving),
                Err(failure) => complain(format_args!("{:#}", failure.cause)),
            }
            sleep(PAUSE).await;
        }
    })
}
