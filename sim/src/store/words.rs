//! Reading calls and settings of the store from the words of a schedule.

use crate::schedule::words::{Words, Wrong};
use crate::store::{Call, Promise, Settings};

pub(super) fn call(line: &str) -> Result<Call, Wrong> {
    let mut words = Words::new(line);
    let call = match words.word("a request")? {
        "get" => Call::Get { key: key(&mut words)? },
        "audit" => Call::Audit { key: key(&mut words)? },
        "delete" => Call::Delete { key: key(&mut words)? },
        "put" => put(&mut words)?,
        other => return Err(Wrong(format!("'{other}' is not get, put, delete or audit"))),
    };
    words.end()?;
    Ok(call)
}

fn put(words: &mut Words<'_>) -> Result<Call, Wrong> {
    let key = key(words)?;
    let mut bytes = 8;
    if words.peek().is_some_and(|word| word != "for") {
        bytes = words.number("a number of bytes")?;
        words.the("bytes")?;
    }
    let lives = if words.is_next("for") { Some(words.span()?) } else { None };
    Ok(Call::Put { key, bytes, lives })
}

fn key(words: &mut Words<'_>) -> Result<u32, Wrong> {
    let word = words.word("a key such as key-1")?;
    let number = word.strip_prefix("key-").and_then(|number| number.parse().ok());
    number.ok_or_else(|| Wrong(format!("'{word}' is not a key such as key-1")))
}

pub(super) fn settings(line: &str) -> Result<Settings, Wrong> {
    let mut words = Words::new(line);
    let mut count = |name: &str| {
        let word = words.word(format_args!("{name}="))?;
        let value = word.strip_prefix(name).and_then(|rest| rest.strip_prefix('='));
        let count = value.and_then(|value| value.parse().ok()).filter(|count| *count > 0);
        count.ok_or_else(|| Wrong(format!("'{word}' stands where {name}=1 or more should")))
    };
    let (n, r, w): (u8, u8, u8) = (count("n")?, count("r")?, count("w")?);
    if n > 16 || r > n || w > n {
        return Err(Wrong(format!("n={n} r={r} w={w}: r and w are at most n, and n at most 16")));
    }
    let word = words.word("what is promised")?;
    let promise = Promise::ALL.into_iter().find(|promise| promise.as_str() == word);
    let promise = promise.ok_or_else(|| {
        Wrong(format!("'{word}' is not a promise: last-write-wins or linearizable"))
    })?;
    words.end()?;
    Ok(Settings { n, r, w, promise })
}
