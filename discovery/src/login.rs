//! Who a node is to a registry: a user, and a file with the user's password.

use std::path::Path;

use peer_ring_discovery_core::retry::Trouble;

use crate::BadSetting;
use crate::files::readable;

/// Checks that there are both or neither, and that the file can be read.
pub(crate) fn check(user: Option<&str>, password_file: Option<&Path>) -> Result<(), BadSetting> {
    match (user, password_file) {
        (Some(_), None) => Err(BadSetting::new("password_file", "is missing; user needs one")),
        (None, Some(_)) => Err(BadSetting::new("user", "is missing; password_file is somebody's")),
        (Some(_), Some(_)) | (None, None) => readable("password_file", password_file),
    }
}

/// The user and the password, if there is a user. The file is read for each session, so that the
/// password may be changed while the node runs; a newline at its end does not count.
pub(crate) fn read<'a>(
    user: Option<&'a str>,
    password_file: Option<&Path>,
) -> Result<Option<(&'a str, String)>, Trouble> {
    let (Some(user), Some(path)) = (user, password_file) else { return Ok(None) };
    let mut password = std::fs::read_to_string(path).map_err(|error| {
        let path = path.display();
        Trouble::Misconfigured(format!("password_file: cannot read {path}: {error}"))
    })?;
    password.truncate(password.trim_end_matches(['\r', '\n']).len());
    Ok(Some((user, password)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_and_its_password_go_together() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let wrong = |user, file| check(user, file).unwrap_err().to_string();
        assert!(wrong(Some("u"), None).starts_with("password_file: is missing"));
        assert!(wrong(None, Some(file.path())).starts_with("user: is missing"));
        let nowhere = Path::new("/no/such/file");
        assert!(wrong(Some("u"), Some(nowhere)).starts_with("password_file: cannot read /no/such"));
        assert_eq!(check(Some("u"), Some(file.path())), Ok(()));
        assert_eq!(check(None, None), Ok(()));
    }

    #[test]
    fn the_password_is_what_the_file_has_now_without_the_newline_at_its_end() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (text, password) in [("secret\n", "secret"), (" an other \r\n", " an other ")] {
            std::fs::write(file.path(), text).unwrap();
            let login = read(Some("u"), Some(file.path())).unwrap();
            assert_eq!(login, Some(("u", password.to_owned())));
        }
        std::fs::remove_file(file.path()).unwrap();
        let gone = read(Some("u"), Some(file.path())).unwrap_err();
        assert!(matches!(&gone, Trouble::Misconfigured(why) if why.contains("password_file: ")));
        assert_eq!(read(None, None).unwrap(), None);
    }
}
