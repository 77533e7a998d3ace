//! Walks over an encoded message, field by field, without decoding it.
//!
//! Two bytes on the wire can become a hundred in memory: an empty record is `12 00`. So whatever
//! repeats is counted here, against its limit, before anything is allocated for it.

use std::ops::Range;

use crate::error::WireError;

/// One field of an encoded message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    /// Its number.
    pub(crate) number: u32,
    /// Where its payload lies: the content of bytes, strings and messages, the bare bytes of
    /// numbers.
    pub(crate) at: Range<usize>,
    /// Whether it is of a kind that can hold bytes, a string or a message.
    pub(crate) is_delimited: bool,
}

impl Field {
    /// Where its payload lies, which must be bytes, a string or a message of `what`.
    pub(crate) fn payload(self, what: &'static str) -> Result<Range<usize>, WireError> {
        if self.is_delimited {
            return Ok(self.at);
        }
        let detail = format!("a number in field {} at byte {}", self.number, self.at.start);
        Err(WireError::Malformed { what, detail })
    }
}

/// The fields of `bytes`, the encoding of `what`; ends after the first error.
pub(crate) fn fields<'a>(what: &'static str, bytes: &'a [u8]) -> Walk<'a> {
    Walk { what, bytes, at: 0 }
}

/// See [`fields`].
pub(crate) struct Walk<'a> {
    what: &'static str,
    bytes: &'a [u8],
    at: usize,
}

impl Iterator for Walk<'_> {
    type Item = Result<Field, WireError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let began = self.at;
        let field = self.field();
        if let Err(detail) = field {
            self.at = self.bytes.len();
            let detail = format!("{detail} at byte {began} of {}", self.bytes.len());
            return Some(Err(WireError::Malformed { what: self.what, detail }));
        }
        field.ok().map(Ok)
    }
}

impl Walk<'_> {
    fn field(&mut self) -> Result<Field, &'static str> {
        let key = self.varint()?;
        let key = u32::try_from(key).map_err(|_| "a key over 32 bits")?;
        let number = key >> 3;
        if number == 0 {
            return Err("field number zero");
        }
        let began = self.at;
        match key & 7 {
            0 => {
                self.varint()?;
                Ok(Field { number, at: began..self.at, is_delimited: false })
            }
            1 => Ok(Field { number, at: self.skip(8)?, is_delimited: false }),
            2 => {
                let bytes = self.varint()?;
                Ok(Field { number, at: self.skip(bytes)?, is_delimited: true })
            }
            5 => Ok(Field { number, at: self.skip(4)?, is_delimited: false }),
            _ => Err("a group or an unknown wire type"),
        }
    }

    fn skip(&mut self, bytes: u64) -> Result<Range<usize>, &'static str> {
        let began = self.at;
        let left = self.bytes.len() - began;
        let bytes = usize::try_from(bytes).ok().filter(|bytes| *bytes <= left);
        self.at = began + bytes.ok_or("a field that is longer than what is left")?;
        Ok(began..self.at)
    }

    fn varint(&mut self) -> Result<u64, &'static str> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = *self.bytes.get(self.at).ok_or("a number that is cut off")?;
            self.at += 1;
            if shift == 63 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 127) << shift;
            if byte < 128 {
                return Ok(value);
            }
        }
        Err("a number over 64 bits")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(bytes: &[u8]) -> Vec<Result<Field, WireError>> {
        fields("test", bytes).collect()
    }

    #[test]
    fn every_wire_type_is_stepped_over() {
        let bytes = [8, 150, 1, 18, 2, 7, 7, 29, 0, 0, 0, 0, 33, 0, 0, 0, 0, 0, 0, 0, 0];
        let walked: Vec<_> = walk(&bytes).into_iter().map(|f| f.unwrap()).collect();
        let places: Vec<_> = walked.iter().map(|f| (f.number, f.at.clone())).collect();
        assert_eq!(places, [(1, 1..3), (2, 5..7), (3, 8..12), (4, 13..21)]);
        assert!(walked.iter().all(|f| f.is_delimited == (f.number == 2)));
    }

    #[test]
    fn what_is_no_field_is_one_error_and_the_end() {
        for bytes in [&[0][..], &[8], &[18, 5, 1], &[11, 12], &[8, 255, 255], &[15]] {
            assert!(matches!(walk(bytes)[..], [Err(WireError::Malformed { .. })]), "{bytes:?}");
        }
        let over_64_bits = [8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2];
        assert!(walk(&over_64_bits)[0].is_err());
    }
}
