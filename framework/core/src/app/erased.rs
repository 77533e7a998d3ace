//! Apps with their types taken off, so that one node can run several.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::app::{Answers, App, Records};
use crate::id::AppId;

/// An app whose commands and replies are bytes in [`encode`]'s format.
pub trait ErasedApp: Send {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Runs one command and encodes its reply.
    ///
    /// # Errors
    /// [`Undecodable`] when the command is not one of this app's.
    fn execute(&mut self, records: &mut Records<'_>, command: &[u8]) -> Result<Bytes, Undecodable>;

    /// Makes one reply of several; see [`App::reconcile`].
    ///
    /// # Errors
    /// [`Undecodable`] when the command or a reply is not one of this app's.
    fn reconcile(&self, command: &[u8], answers: Answers<Bytes>) -> Reconciled;

    /// Another instance of it.
    fn fork(&self) -> Box<dyn ErasedApp>;
}

/// One reply made of several.
pub type Reconciled = Result<Bytes, Undecodable>;

/// Bytes that are not what they were taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not decodable")]
pub struct Undecodable;

impl<A: App> ErasedApp for A {
    fn name(&self) -> &'static str {
        A::NAME
    }

    fn execute(&mut self, records: &mut Records<'_>, command: &[u8]) -> Result<Bytes, Undecodable> {
        let reply = self.handle(records, decode(command)?);
        Ok(encode(&reply))
    }

    fn reconcile(&self, command: &[u8], answers: Answers<Bytes>) -> Reconciled {
        let command = decode(command)?;
        let freshest = decode(&answers.freshest)?;
        let others: Result<_, _> = answers.others.iter().map(|reply| decode(reply)).collect();
        let reply = App::reconcile(self, &command, Answers { freshest, others: others? });
        Ok(encode(&reply))
    }

    fn fork(&self) -> Box<dyn ErasedApp> {
        Box::new(self.clone())
    }
}

/// The apps of one node, in the order of their ids.
#[derive(Default)]
pub struct Apps(Vec<(AppId, Box<dyn ErasedApp>)>);

impl Apps {
    /// No apps.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an app.
    ///
    /// # Errors
    /// [`DuplicateApp`] when there is one with its name, or with a name of the same hash.
    pub fn add(&mut self, app: impl App) -> Result<(), DuplicateApp> {
        let id = AppId::of(app.name());
        match self.0.binary_search_by_key(&id, |(id, _)| *id) {
            Ok(at) => Err(DuplicateApp { name: app.name(), held: self.0[at].1.name() }),
            Err(at) => {
                self.0.insert(at, (id, Box::new(app)));
                Ok(())
            }
        }
    }

    /// The names of all apps, in the order of their ids.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|(_, app)| app.name())
    }

    /// The app with this id.
    pub fn get_mut(&mut self, id: AppId) -> Option<&mut (dyn ErasedApp + 'static)> {
        let at = self.0.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        Some(self.0[at].1.as_mut())
    }

    /// The app with this id.
    #[must_use]
    pub fn get(&self, id: AppId) -> Option<&dyn ErasedApp> {
        let at = self.0.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        Some(self.0[at].1.as_ref())
    }
}

impl Clone for Apps {
    fn clone(&self) -> Self {
        Self(self.0.iter().map(|(id, app)| (*id, app.fork())).collect())
    }
}

/// Two apps with one name, or with two names of one hash.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the app name {name:?} is taken by, or has the same hash as, {held:?}")]
pub struct DuplicateApp {
    /// The name refused.
    pub name: &'static str,
    /// The one that is there.
    pub held: &'static str,
}

/// Room for most commands and replies, so that it need not grow as they are written.
const USUAL_BYTES: usize = 128;

/// The bytes of a command, reply or value: postcard, a compact positional format.
///
/// # Panics
/// When the type's own `Serialize` fails, which derived ones do not.
#[must_use]
pub fn encode<T: Serialize>(value: &T) -> Bytes {
    let room = Vec::with_capacity(USUAL_BYTES);
    let bytes = postcard::to_extend(value, room).expect("a derived Serialize does not fail");
    Bytes::from(bytes)
}

/// What [`encode`] was given.
///
/// # Errors
/// [`Undecodable`] when the bytes are not a `T`, or more than one.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Undecodable> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok(_) | Err(_) => Err(Undecodable),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::app::{Plan, Records};
    use crate::key::Key;
    use crate::sample::{self, Notes};

    #[derive(Clone)]
    struct Longest;

    impl App for Longest {
        const NAME: &'static str = "longest";
        type Command = u8;
        type Reply = String;

        fn key(_: &u8) -> Key {
            Key::at(0)
        }

        fn plan(&self, _: &u8) -> Plan {
            Plan::read(3, 2).reconciled_by_app()
        }

        fn handle(&mut self, _: &mut Records<'_>, _: u8) -> String {
            String::new()
        }

        fn reconcile(&self, _: &u8, answers: Answers<String>) -> String {
            let all = answers.others.into_iter().chain([answers.freshest]);
            all.max_by_key(String::len).unwrap_or_default()
        }
    }

    fn answers(others: Vec<Bytes>) -> Answers<Bytes> {
        Answers { freshest: encode(&"new"), others }
    }

    #[test]
    fn an_app_reconciles_through_its_bytes() {
        let reply =
            ErasedApp::reconcile(&Longest, &encode(&0_u8), answers(vec![encode(&"longer")]));
        assert_eq!(reply, Ok(encode(&"longer")));
    }

    #[test]
    fn replies_that_are_none_are_not_reconciled() {
        let odd = vec![Bytes::from_static(b"\xff")];
        assert_eq!(ErasedApp::reconcile(&Longest, &encode(&0_u8), answers(odd)), Err(Undecodable));
    }

    #[test]
    fn an_app_is_found_by_the_hash_of_its_name() {
        let mut apps = sample::apps();
        apps.add(Longest).unwrap();
        assert_eq!(apps.get(AppId::of("longest")).unwrap().name(), "longest");
        assert_eq!(apps.get_mut(AppId::of(sample::APP)).unwrap().name(), sample::APP);
        assert!(apps.get(AppId(1)).is_none());
    }

    #[test]
    fn a_name_can_be_taken_once() {
        let taken = sample::apps().add(Notes).unwrap_err();
        assert_eq!(taken, DuplicateApp { name: sample::APP, held: sample::APP });
    }

    #[test]
    fn every_copy_has_all_apps() {
        assert!(sample::apps().clone().get(AppId::of(sample::APP)).is_some());
    }

    #[test]
    fn bytes_beyond_the_value_are_refused() {
        assert_eq!(decode::<u8>(&[1]), Ok(1));
        assert_eq!(decode::<u8>(&[1, 2]), Err(Undecodable));
        assert_eq!(decode::<u8>(&[]), Err(Undecodable));
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(value in any::<(u64, String, Option<Vec<u8>>)>()) {
            prop_assert_eq!(decode(&encode(&value)), Ok(value));
        }

        #[test]
        fn noise_is_refused_or_read(noise in any::<Vec<u8>>()) {
            let _ = decode::<(String, Vec<String>)>(&noise);
        }
    }
}
