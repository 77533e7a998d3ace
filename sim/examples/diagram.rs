//! Draws the run of one seed: `diagram SEED FILE.svg [--weak]`; the text form goes to the terminal.

use std::process::ExitCode;

use peer_ring_sim::diagram::{self, Options};
use peer_ring_sim::plan::{Plan, Swarm};
use peer_ring_sim::run;
use peer_ring_sim::store::{Profile, Store};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (Some(Ok(seed)), Some(file)) = (words.first().map(|word| word.parse()), words.get(1))
    else {
        eprintln!("diagram SEED FILE.svg [--weak]");
        return ExitCode::from(2);
    };
    let is_weak = words.iter().any(|word| word == "--weak");
    let profile = if is_weak { Profile::Weak } else { Profile::Default };
    let store = Store { profile, ..Store::default() };
    let (_, story) = run::record(&store, &Plan::draw(&store, seed, &Swarm::default()));
    print!("{}", diagram::text(&story, &Options::default()));
    match std::fs::write(file, diagram::svg(&story, &Options::default())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{file}: {error}");
            ExitCode::FAILURE
        }
    }
}
