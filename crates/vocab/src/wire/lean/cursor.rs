//! The fields of a message, one by one, as they stand in its bytes.

/// What a field holds, as far as the bytes alone say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Varint(u64),
    Fixed64,
    Fixed32,
    Delimited(&'a [u8]),
}

/// The fields that are not read yet.
#[derive(Debug)]
pub(super) struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many bytes are not read yet.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The next field and its number; inside, none at the end. None outside where these are no fields, or groups, which
    /// nobody has written for long.
    #[inline(always)]
    #[allow(clippy::option_option, reason = "the outer one gives up")]
    pub(super) fn next(&mut self) -> Option<Option<(u32, Value<'a>)>> {
        if self.0.is_empty() {
            return Some(None);
        }
        let key = u32::try_from(self.varint()?).ok()?;
        let number = key >> 3;
        if number == 0 {
            return None;
        }
        let value = match key & 7 {
            0 => Value::Varint(self.varint()?),
            1 => {
                self.take(8)?;
                Value::Fixed64
            }
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Value::Delimited(self.take(length)?)
            }
            5 => {
                self.take(4)?;
                Value::Fixed32
            }
            _ => return None,
        };
        Some(Some((number, value)))
    }

    /// A number of up to ten bytes, seven bits each, the lowest first.
    #[inline]
    pub(super) fn varint(&mut self) -> Option<u64> {
        let (&first, rest) = self.0.split_first()?;
        if first < 0x80 {
            self.0 = rest;
            return Some(first.into());
        }
        self.long_varint()
    }

    fn long_varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for (at, &byte) in self.0.iter().enumerate().take(10) {
            // Of the tenth only one bit has room.
            if at == 9 && byte > 1 {
                return None;
            }
            value |= u64::from(byte & 0x7f) << (7 * at);
            if byte < 0x80 {
                self.0 = &self.0[at + 1..];
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_prost_reads_them() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX >> 1, u64::MAX] {
            let mut bytes = Vec::new();
            prost::encoding::encode_varint(value, &mut bytes);
            assert_eq!(Cursor::new(&bytes).varint(), Some(value));
            bytes.pop();
            assert_eq!(Cursor::new(&bytes).varint(), None);
        }
        assert_eq!(Cursor::new(&[0xff; 11]).varint(), None);
        let too_large = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2];
        assert_eq!(Cursor::new(&too_large).varint(), None);
    }

    #[test]
    fn what_is_cut_off_or_no_field_is_given_up() {
        for bytes in [&[0x0a, 5, 1][..], &[0x09, 1], &[0x0d, 1], &[0x0b], &[0x0c], &[0x0e], &[0x02, 0], &[0x08]] {
            assert_eq!(Cursor::new(bytes).next(), None, "{bytes:?}");
        }
        let mut cursor = Cursor::new(&[0x0a, 2, 7, 8, 0x10, 1]);
        assert_eq!(cursor.next(), Some(Some((1, Value::Delimited(&[7, 8])))));
        assert_eq!(cursor.next(), Some(Some((2, Value::Varint(1)))));
        assert_eq!(cursor.next(), Some(None));
    }
}
