//! Records: payloads with a length and a checksum, so that a torn tail is known for what it is.

use std::ops::Range;

use xxhash_rust::xxh3::xxh3_64;

/// What stands before a payload: its length and its checksum.
pub const HEAD_BYTES: usize = 8;

/// Appends a record with this payload.
pub fn put(into: &mut Vec<u8>, payload: &[u8]) {
    let began = into.len();
    into.extend_from_slice(&[0; HEAD_BYTES]);
    into.extend_from_slice(payload);
    seal(&mut into[began..]);
}

/// Fills in the head of `record`, which is room for one and then the payload.
pub(super) fn seal(record: &mut [u8]) {
    let (head, payload) = record.split_at_mut(HEAD_BYTES);
    let length = u32::try_from(payload.len()).expect("what a node takes in is bounded at the door");
    head[..4].copy_from_slice(&length.to_le_bytes());
    head[4..].copy_from_slice(&checksum(payload).to_le_bytes());
}

/// Where the payload of the first record of `bytes` lies; `None` when there is no whole one.
#[must_use]
pub fn first(bytes: &[u8]) -> Option<Range<usize>> {
    let (head, rest) = bytes.split_at_checked(HEAD_BYTES)?;
    let number = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().expect("four bytes"));
    let payload = rest.get(..number(0) as usize)?;
    (checksum(payload) == number(4)).then(|| HEAD_BYTES..HEAD_BYTES + payload.len())
}

/// How many of the first `bytes_max` of `bytes`, which are whole records, are whole records too.
#[must_use]
pub fn whole(bytes: &[u8], bytes_max: usize) -> usize {
    let mut at = 0;
    while let Some(head) = bytes.get(at..at + HEAD_BYTES) {
        let length = u32::from_le_bytes(head[..4].try_into().expect("four bytes")) as usize;
        let end = at + HEAD_BYTES + length;
        if end > bytes_max.min(bytes.len()) {
            break;
        }
        at = end;
    }
    at
}

#[expect(clippy::cast_possible_truncation, reason = "half of a good hash is one too")]
fn checksum(payload: &[u8]) -> u32 {
    xxh3_64(payload) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_was_cut_or_changed_is_none() {
        let mut bytes = Vec::new();
        put(&mut bytes, b"payload");
        assert_eq!(first(&bytes), Some(8..15));
        for length in 0..bytes.len() {
            assert_eq!(first(&bytes[..length]), None);
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(first(&changed), None, "{at}");
        }
    }

    #[test]
    fn a_length_beyond_all_bytes_is_no_record() {
        assert_eq!(first(&[0xff; 64]), None);
    }

    #[test]
    fn only_whole_records_are_taken_into_the_room_there_is() {
        let mut bytes = Vec::new();
        put(&mut bytes, b"one");
        put(&mut bytes, b"two");
        let taken: Vec<_> = [0, 10, 11, 21, 22, 99].map(|max| whole(&bytes, max)).into();
        assert_eq!(taken, [0, 0, 11, 11, 22, 22]);
    }
}
