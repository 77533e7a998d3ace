//! The binary `peer-ring`: a server, a whole cluster for a laptop, a load generator and the
//! simulator.
//!
//! Each command is a file: `dev`, `node`, `status`, `ring`, `transfers`, `wait`, `leave`, `bench`,
//! `sim`, `flight`. What they share is the configuration (`config`), a node with its fronts
//! (`server`), asking a running node (`whom`, `http`), and how the process ends (`exit`).

mod bench;
mod cli;
mod config;
mod dev;
mod exit;
mod flight;
mod http;
mod leave;
mod logging;
mod node;
mod ring;
mod server;
mod signals;
mod sim;
mod status;
mod table;
mod transfers;
mod utc;
mod wait;
mod whom;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use cli::Cli;
use exit::Exit;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => exit::conclude(cli.run()),
        Err(error) => {
            // There is nobody to tell when this fails.
            let _ = error.print();
            match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Ok.into(),
                _ => Exit::Usage.into(),
            }
        }
    }
}
