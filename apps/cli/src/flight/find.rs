//! Which recording is meant.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

/// The recording at `path`; in a directory, the one that began last.
///
/// # Errors
/// When there is none.
pub fn recording(path: &Path) -> anyhow::Result<PathBuf> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let name = path.display();
    let mut last: Option<(u64, PathBuf)> = None;
    for entry in path.read_dir().with_context(|| format!("cannot read {name}"))? {
        let path = entry.with_context(|| format!("cannot read {name}"))?.path();
        let Some(began) = began(&path) else { continue };
        if last.as_ref().is_none_or(|(at, _)| *at < began) {
            last = Some((began, path));
        }
    }
    last.map(|(_, path)| path).ok_or_else(|| anyhow!("{name}: there is no recording in it"))
}

/// When a recording began, as its name says; `None` for other files.
fn began(path: &Path) -> Option<u64> {
    if path.extension()? != "flight" {
        return None;
    }
    path.file_stem()?.to_str()?.rsplit_once('-')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_directory_the_recording_that_began_last_is_meant() {
        let directory = tempfile::tempdir().unwrap();
        assert!(recording(directory.path()).unwrap_err().to_string().contains("no recording"));
        for name in ["n9-0000000000001.flight", "n1-0000000000003.flight", "n1-9.txt"] {
            std::fs::write(directory.path().join(name), "").unwrap();
        }
        let last = directory.path().join("n1-0000000000003.flight");
        assert_eq!(recording(directory.path()).unwrap(), last);
        assert_eq!(recording(&last).unwrap(), last);
    }
}
