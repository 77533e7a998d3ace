//! The wire as it was released, in `golden/`: one file per kind, one sample per line.
//!
//! A change that breaks one of these breaks the talk with nodes that run already. For a new kind
//! or sample run with `UPDATE_GOLDEN=1`, and look at what changed.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::{env, fs};

use bytes::Bytes;
use peer_ring_proto::{Frame, Limits, RawFrame, decode, encode, encoded_len};

use crate::samples;

/// Samples of one kind: a word for each, and its bytes.
type Samples = Vec<(String, Bytes)>;

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden")
}

fn encoded() -> BTreeMap<&'static str, Samples> {
    let mut files = BTreeMap::<_, Samples>::new();
    for (word, message) in samples::messages() {
        let bytes = encode(&message);
        assert_eq!(bytes.len(), encoded_len(&message));
        files.entry(samples::kind(&message)).or_default().push((word.into(), bytes));
    }
    for (kind, word, frame) in samples::frames() {
        files.entry(kind).or_default().push((word.into(), RawFrame::from(frame).0));
    }
    files
}

fn to_text(samples: &Samples) -> String {
    let mut text = String::new();
    for (word, bytes) in samples {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(text, "{word} {hex}").unwrap();
    }
    text
}

fn from_text(text: &str) -> Samples {
    let byte = |at: &[u8]| u8::from_str_radix(std::str::from_utf8(at).unwrap(), 16).unwrap();
    let line = |line: &str| {
        let (word, hex) = line.split_once(' ').unwrap();
        (word.to_owned(), hex.as_bytes().chunks(2).map(byte).collect())
    };
    text.lines().map(line).collect()
}

/// The files, after bringing them up to date if that is asked for.
static GOLDEN: LazyLock<BTreeMap<String, Samples>> = LazyLock::new(|| {
    if env::var_os("UPDATE_GOLDEN").is_some() {
        for (kind, samples) in encoded() {
            fs::write(directory().join(kind).with_extension("hex"), to_text(&samples)).unwrap();
        }
    }
    let files = fs::read_dir(directory()).unwrap().map(|file| file.unwrap().path());
    let kind = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    files.map(|path| (kind(&path), from_text(&fs::read_to_string(&path).unwrap()))).collect()
});

#[test]
fn every_kind_is_encoded_as_it_was_released() {
    let encoded = encoded();
    assert!(GOLDEN.keys().eq(encoded.keys()), "one file per kind, and no others");
    for (kind, samples) in encoded {
        assert_eq!(to_text(&samples), to_text(&GOLDEN[kind]), "{kind}");
    }
}

#[test]
fn what_was_released_is_decoded_as_it_was_meant() {
    let limits = Limits::default();
    let bytes = |kind: &str, word: &str| {
        let sample = GOLDEN[kind].iter().find(|(w, _)| w == word);
        sample.unwrap_or_else(|| panic!("no {word} in {kind}")).1.clone()
    };
    for (word, message) in samples::messages() {
        let kind = samples::kind(&message);
        assert_eq!(decode(bytes(kind, word), &limits), Ok(message), "{kind} {word}");
    }
    for (kind, word, frame) in samples::frames() {
        assert_eq!(Frame::decode(RawFrame(bytes(kind, word)), &limits), Ok(frame), "{kind} {word}");
    }
}
