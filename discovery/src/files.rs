//! Files that settings name: whether they can be read, and are what they are taken for.

use peer_ring_discovery_core::BadSetting;

/// Checks that a file can be read, so that a mistake shows before the node starts.
#[cfg(feature = "_backend")]
pub(crate) fn readable(
    field: &'static str,
    path: Option<&std::path::Path>,
) -> Result<(), BadSetting> {
    let Some(path) = path else { return Ok(()) };
    match std::fs::File::open(path) {
        Ok(_) => Ok(()),
        Err(error) => {
            let problem = format!(
                "cannot read {}: {error}; give the path of a file that this process may read",
                path.display()
            );
            Err(BadSetting::new(field, problem))
        }
    }
}

/// Checks that a PEM file can be read and has a part of this kind.
#[cfg(any(feature = "etcd", feature = "kubernetes"))]
pub(crate) fn pem(
    field: &'static str,
    path: Option<&std::path::Path>,
    kind: &str,
) -> Result<(), BadSetting> {
    readable(field, path)?;
    let Some(path) = path else { return Ok(()) };
    let text = std::fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let is_there = text.lines().any(|line| line.starts_with("-----BEGIN ") && line.contains(kind));
    if is_there {
        return Ok(());
    }
    let problem = format!("{} has no {kind} in PEM format; it needs one", path.display());
    Err(BadSetting::new(field, problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_there_is_refused_by_its_path() {
        let path = std::path::Path::new("/no/such/ca.pem");
        let error = readable("ca_file", Some(path)).unwrap_err();
        assert!(error.to_string().starts_with("ca_file: cannot read /no/such/ca.pem: "), "{error}");
    }
}
