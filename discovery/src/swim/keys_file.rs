//! The file with the keys: read at the start, and looked at for as long as the node runs.
//!
//! It is looked at, and no signal waited for, since who renews a mounted secret seldom knows whom to
//! tell. The text is compared, and not when it was written, which a copy may keep. And what is new
//! counts when two looks in a row have seen it: the first may have met half of what is being written.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

use peer_ring_discovery_core::swim::Keys;

use crate::BadSetting;

/// How often the file is looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);

/// The largest file that is read.
const BYTES_MAX: u64 = 64 * 1024;

/// A file whose keys are in use.
pub(super) struct KeysFile {
    path: PathBuf,
    looks: Looks,
}

impl KeysFile {
    /// Reads the keys at the start.
    pub(super) fn read(path: PathBuf) -> Result<(Keys, Self), BadSetting> {
        let look = look(&path);
        let keys = keys_of(&path, &look).map_err(|problem| {
            BadSetting::new("keys_file", format!("{problem}; it needs one key on each line"))
        })?;
        Ok((keys, Self { path, looks: Looks::since(look) }))
    }

    /// Tells whenever there are other keys in it, until nobody listens.
    pub(super) fn follow(self) -> mpsc::Receiver<Keys> {
        let (tell, told) = mpsc::channel(1);
        tokio::spawn(self.tell_for_ever(tell));
        told
    }

    async fn tell_for_ever(self, tell: mpsc::Sender<Keys>) {
        let Self { path, mut looks } = self;
        let mut ticks = interval(LOOK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = tell.closed() => return,
                _ = ticks.tick() => {}
            }
            let looked = path.clone();
            let Ok(look) = spawn_blocking(move || look(&looked)).await else { return };
            let Some(news) = looks.news(look) else { continue };
            match keys_of(&path, news) {
                Ok(keys) => {
                    tracing::info!(file = %path.display(), "swim uses other keys from now on");
                    // Nobody listens any more when that fails, which ends the loop.
                    let _ = tell.send(keys).await;
                }
                Err(problem) => tracing::warn!(
                    "swim keeps the keys that it has, since keys_file cannot be used: {problem}"
                ),
            }
        }
    }
}

/// What a look at the file saw: its text, or why it cannot be read.
type Look = Result<String, String>;

fn look(path: &Path) -> Look {
    let read = || -> io::Result<String> {
        let mut text = String::new();
        File::open(path)?.take(BYTES_MAX + 1).read_to_string(&mut text)?;
        Ok(text)
    };
    read().map_err(|error| error.to_string())
}

fn keys_of(path: &Path, look: &Look) -> Result<Keys, String> {
    let path = path.display();
    match look {
        Err(error) => Err(format!("cannot read {path}: {error}")),
        Ok(text) if text.len() as u64 > BYTES_MAX => {
            Err(format!("{path} is larger than {BYTES_MAX} bytes"))
        }
        Ok(text) => Keys::of_lines(text).map_err(|bad| format!("{path} {bad}")),
    }
}

/// What looks have seen so far.
struct Looks {
    /// What was told of.
    told: Look,
    last: Look,
}

impl Looks {
    fn since(first: Look) -> Self {
        Self { told: first.clone(), last: first }
    }

    /// What there is to be told of, after one more look.
    fn news(&mut self, look: Look) -> Option<&Look> {
        let is_steady = look == self.last;
        self.last = look;
        if !is_steady || self.last == self.told {
            return None;
        }
        self.told.clone_from(&self.last);
        Some(&self.told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "the old key, which is long\n";
    const BOTH: &str = "the new key, which is long\nthe old key, which is long\n";

    fn text(text: &str) -> Look {
        Ok(text.to_owned())
    }

    #[test]
    fn what_only_one_look_saw_is_no_news() {
        let mut looks = Looks::since(text(OLD));
        assert!(looks.news(text(OLD)).is_none());
        // Half of what is being written.
        assert!(looks.news(text("the new key, whi")).is_none());
        assert!(looks.news(text(BOTH)).is_none());
        assert_eq!(looks.news(text(BOTH)), Some(&text(BOTH)));
        assert!(looks.news(text(BOTH)).is_none());
    }

    #[test]
    fn a_file_that_is_gone_for_a_moment_is_no_news_and_one_that_stays_away_is_told_once() {
        let gone = || Err("gone".to_owned());
        let mut looks = Looks::since(text(OLD));
        assert!(looks.news(gone()).is_none());
        assert!(looks.news(text(OLD)).is_none());
        assert!(looks.news(text(OLD)).is_none());
        assert!(looks.news(gone()).is_none());
        assert_eq!(looks.news(gone()), Some(&gone()));
        assert!(looks.news(gone()).is_none());
    }

    #[test]
    fn a_file_that_has_no_usable_key_is_refused_by_the_name_of_its_field() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let refused = || KeysFile::read(path.clone()).map(drop).unwrap_err();
        assert!(refused().problem.starts_with("cannot read "), "{}", refused());
        for (text, says) in
            [("\n", "is empty"), ("short", "5 bytes"), (&"x".repeat(70_000), "larger")]
        {
            std::fs::write(&path, text).unwrap();
            let bad = refused();
            assert!(bad.field == "keys_file" && bad.problem.contains(says), "{bad}");
        }
        std::fs::write(&path, OLD).unwrap();
        assert!(KeysFile::read(path).is_ok());
    }
}
