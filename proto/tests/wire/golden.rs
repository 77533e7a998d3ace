//! The wire as it was released, in `golden/`: one file per kind, one sample per line.
//!
//! What version 1 says lies in `golden/` itself, and what a later one says otherwise in a directory
//! of its name. A change that breaks one of these breaks the talk with nodes that run already. For
//! a new kind or sample run with `UPDATE_GOLDEN=1`, and look at what changed.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::{env, fs};

use bytes::Bytes;
use peer_ring_proto::{Frame, Limits, RawFrame, WireVersion, decode, encode, encoded_len};

use crate::samples::{self, Sample};

/// Samples of one kind: a word for each, and its bytes.
type Samples = Vec<(String, Bytes)>;

/// Where the samples of a version lie.
fn directory(version: WireVersion) -> PathBuf {
    let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden");
    match version {
        WireVersion::V1 => golden,
        WireVersion::V2 => golden.join("v2"),
    }
}

fn messages(version: WireVersion) -> Vec<Sample> {
    match version {
        WireVersion::V1 => samples::messages(),
        WireVersion::V2 => samples::since_version_2(),
    }
}

fn encoded(version: WireVersion) -> BTreeMap<&'static str, Samples> {
    let mut files = BTreeMap::<_, Samples>::new();
    for (word, message) in messages(version) {
        let bytes = encode(&message, version);
        assert_eq!(bytes.len(), encoded_len(&message, version));
        files.entry(samples::kind(&message)).or_default().push((word.into(), bytes));
    }
    for (kind, word, frame) in samples::frames() {
        let RawFrame(bytes) = frame.encode(version);
        files.entry(kind).or_default().push((word.into(), bytes));
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

/// A file of its own directory, for what is no message and no frame; brought up to date with
/// `samples` if that is asked for.
pub fn file(name: &str, samples: &[(&str, Bytes)]) -> Samples {
    let file = directory(WireVersion::V1).join(name).join("v1.hex");
    if env::var_os("UPDATE_GOLDEN").is_some() {
        let samples = samples.iter().map(|(word, bytes)| ((*word).to_owned(), bytes.clone()));
        fs::write(&file, to_text(&samples.collect())).unwrap();
    }
    from_text(&fs::read_to_string(file).unwrap())
}

/// The files of a version, after bringing them up to date if that is asked for.
fn golden(version: WireVersion) -> BTreeMap<String, Samples> {
    if env::var_os("UPDATE_GOLDEN").is_some() {
        for (kind, samples) in encoded(version) {
            let file = directory(version).join(kind).with_extension("hex");
            fs::write(file, to_text(&samples)).unwrap();
        }
    }
    let files = fs::read_dir(directory(version)).unwrap().map(|file| file.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "hex"));
    let kind = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    files.map(|path| (kind(&path), from_text(&fs::read_to_string(&path).unwrap()))).collect()
}

/// What was released, by version.
static GOLDEN: LazyLock<BTreeMap<WireVersion, BTreeMap<String, Samples>>> =
    LazyLock::new(|| WireVersion::ALL.map(|version| (version, golden(version))).into());

#[test]
fn every_kind_is_encoded_as_it_was_released() {
    for (version, golden) in &*GOLDEN {
        let encoded = encoded(*version);
        assert!(golden.keys().eq(encoded.keys()), "one file per kind, and no others");
        for (kind, samples) in encoded {
            assert_eq!(to_text(&samples), to_text(&golden[kind]), "{kind} in version {version}");
        }
    }
}

#[test]
fn what_was_released_is_decoded_as_it_was_meant() {
    let limits = Limits::default();
    for (version, golden) in &*GOLDEN {
        let bytes = |kind: &str, word: &str| {
            let sample = golden[kind].iter().find(|(w, _)| w == word);
            sample.unwrap_or_else(|| panic!("no {word} in {kind}")).1.clone()
        };
        for (word, message) in messages(*version) {
            let kind = samples::kind(&message);
            assert_eq!(decode(bytes(kind, word), &limits), Ok(message), "{kind} {word}");
        }
        for (kind, word, frame) in samples::frames() {
            let read = Frame::decode(RawFrame(bytes(kind, word)), *version, &limits);
            assert_eq!(read, Ok(frame), "{kind} {word} in version {version}");
        }
    }
}

#[test]
fn messages_that_version_1_says_in_full_are_the_same_in_version_2() {
    for (word, message) in samples::messages() {
        let [old, new] = WireVersion::ALL.map(|version| encode(&message, version));
        assert_eq!(old, new, "{word}");
    }
}
