//! The id of a run, as a number.

/// The id of a run, in a third of the room that its text takes. Their order is that of the texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RunId(u128);

impl RunId {
    /// No id comes after it.
    pub(crate) const LAST: Self = Self(u128::MAX);

    /// The id of this number.
    pub(crate) const fn of(number: u128) -> Self {
        Self(number)
    }

    /// The form in which ids are told.
    pub(crate) fn to_text(self) -> String {
        let mut text = String::with_capacity(36);
        for digit in (0..32).rev() {
            if matches!(digit, 23 | 19 | 15 | 11) {
                text.push('-');
            }
            // Four bits are a digit.
            text.push(char::from(b"0123456789abcdef"[(self.0 >> (4 * digit) & 0xf) as usize]));
        }
        text
    }

    /// Reads the form in which ids are made; nothing else is one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() != 36 {
            return None;
        }
        let mut id = 0;
        for (at, byte) in text.bytes().enumerate() {
            let digit = match (at, byte) {
                (8 | 13 | 18 | 23, b'-') => continue,
                (8 | 13 | 18 | 23, _) => return None,
                (_, b'0'..=b'9') => byte - b'0',
                (_, b'a'..=b'f') => byte - b'a' + 10,
                _ => return None,
            };
            id = id << 4 | u128::from(digit);
        }
        Some(Self(id))
    }
}

#[cfg(test)]
mod tests {
    use super::RunId;

    #[test]
    fn a_number_is_told_and_read() {
        let text = "01234567-89ab-7cde-8f01-23456789abcd";
        assert_eq!(RunId::parse(text).map(RunId::to_text).as_deref(), Some(text));
    }

    #[test]
    fn numbers_are_in_the_order_of_the_texts_and_nothing_else_is_an_id() {
        let texts = ["00000000-0000-4000-8000-00000000000a", "0a000000-0000-4000-8000-000000000000"];
        let ids = texts.map(|text| RunId::parse(text).expect("it is an id"));
        assert!(ids[0] < ids[1]);
        for wrong in ["", "0A000000-0000-4000-8000-000000000000", "0a0000000000040008000000000000000000", "g"] {
            assert_eq!(RunId::parse(wrong), None);
        }
    }
}
