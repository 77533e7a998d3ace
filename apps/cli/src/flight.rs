//! `peer-ring flight`: what a node went through, once more.

mod find;
mod show;

use std::path::PathBuf;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use peer_ring_core::app::Apps;
use peer_ring_core::id::Desk;
use peer_ring_kv::Kv;
use peer_ring_proto::flight::Recording;
use peer_ring_sim::flight::{Halt, Replay};

use crate::exit::{Exit, Failure, say};
use show::Show;

/// Replays what a node's flight recorder kept.
#[derive(Clone, Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    Replay(ReplayOptions),
}

/// Puts a node's actors through everything that a recording says it was given, and prints what
/// they did.
///
/// A node records when its configuration has a `flight.directory`. The actors are those of this
/// build; as long as they do what the node's did they are where the node was.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  peer-ring flight replay /var/lib/peer-ring/flight
  peer-ring flight replay n1-1764201600000.flight --key user:7 --state
  peer-ring flight replay n1-1764201600000.flight --from 1200 --to 1250 --desk shard-0 --json

Ends with 0 when the actors did all that the node's did, 4 when they did otherwise, 1 when the
recording cannot be read.")]
struct ReplayOptions {
    /// A recording, or a directory of which the last one that began is taken.
    path: PathBuf,
    /// Print no entry before this one; all are replayed.
    #[arg(long, value_name = "N", default_value_t = 0)]
    from: usize,
    /// Stop after this entry.
    #[arg(long, value_name = "N")]
    to: Option<usize>,
    /// Print only what this client's key had to do with.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Print only the turns of this actor: `control`, or `shard-` and its number.
    #[arg(long, value_name = "DESK", value_parser = desk)]
    desk: Option<Desk>,
    /// Print no entries, only how the replay went.
    #[arg(long)]
    quiet: bool,
    /// Print at the end what the node believed: ring, peers, what was under way, records of --key.
    #[arg(long)]
    state: bool,
    /// Print JSON, an object a line.
    #[arg(long)]
    json: bool,
}

/// Does what it says.
///
/// # Errors
/// When a recording cannot be read.
pub fn flight(options: &Options) -> Result<Exit, Failure> {
    match &options.command {
        Command::Replay(options) => replay(options),
    }
}

fn replay(options: &ReplayOptions) -> Result<Exit, Failure> {
    let path = find::recording(&options.path)?;
    let name = path.display();
    let file = std::fs::read(&path).map_err(|error| anyhow!("cannot read {name}: {error}"))?;
    let recording = Recording::read(file.into()).map_err(|error| anyhow!("{name}: {error}"))?;
    let mut apps = Apps::new();
    // How a namespace's records are kept decides how a command runs before any actor sees it.
    apps.add(Kv::default()).expect("it is the first");
    let mut show = Show::new(options, &recording);
    say(show.head(&path, &recording));
    let mut replay = Replay::new(recording, &apps)?;
    let outcome = run(&mut replay, &mut show);
    if options.state {
        say(show.state(&replay));
    }
    say(show.end(&replay, outcome.as_ref().err()));
    Ok(match outcome {
        Ok(()) => Exit::Ok,
        Err(Halt::Diverged(_)) => Exit::Diverged,
        Err(Halt::NoView { .. } | Halt::Unreadable { .. }) => Exit::Failed,
    })
}

fn run(replay: &mut Replay, show: &mut Show<'_>) -> Result<(), Halt> {
    while show.has_more(replay.replayed()) {
        match replay.turn() {
            Ok(Some(turn)) => show.turn(&turn, true),
            Ok(None) => break,
            Err(halt) => {
                if let Halt::Diverged(divergence) = &halt {
                    show.turn(&divergence.turn, false);
                }
                return Err(halt);
            }
        }
    }
    Ok(())
}

fn desk(text: &str) -> Result<Desk, String> {
    if text == "control" {
        return Ok(Desk::Control);
    }
    let index = text.strip_prefix("shard-").and_then(|index| index.parse().ok());
    index.map(Desk::Shard).ok_or_else(|| "it must be control, or like shard-0".to_owned())
}
