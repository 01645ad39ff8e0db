//! Bytes as text.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Writes bytes in the standard alphabet, with padding.
pub(super) fn write(bytes: &[u8], out: &mut String) {
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            if at <= chunk.len() {
                out.push(char::from(ALPHABET[(bits >> (18 - 6 * at) & 63) as usize]));
            } else {
                out.push('=');
            }
        }
    }
}

/// Reads bytes in the standard alphabet or that of URLs, with or without padding.
pub(super) fn read(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let text = text.trim_end_matches('=').as_bytes();
    if text.len() % 4 == 1 {
        return None;
    }
    out.reserve(text.len() / 4 * 3 + 2);
    for chunk in text.chunks(4) {
        let mut bits = 0;
        for letter in chunk {
            bits = bits << 6 | u32::from(VALUES[usize::from(*letter)].checked_sub(1)?);
        }
        bits <<= 6 * (4 - chunk.len());
        out.extend(&bits.to_be_bytes()[1..chunk.len()]);
    }
    Some(())
}

/// Whether these are bytes.
pub(super) fn is_readable(text: &str) -> bool {
    let text = text.trim_end_matches('=').as_bytes();
    text.len() % 4 != 1 && text.iter().all(|letter| VALUES[usize::from(*letter)] != 0)
}

/// What each letter stands for, plus one; 0 for those that stand for nothing.
const VALUES: [u8; 256] = {
    let mut values = [0; 256];
    let mut at = 0;
    while at < 64 {
        values[ALPHABET[at as usize] as usize] = at + 1;
        at += 1;
    }
    values[b'-' as usize] = 63;
    values[b'_' as usize] = 64;
    values
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_there_and_back() {
        let cases: [(&[u8], &str); 6] = [
            (b"", ""),
            (b"f", "Zg=="),
            (b"fo", "Zm8="),
            (b"foo", "Zm9v"),
            (b"\xfb\xff", "+/8="),
            (b"json/plain", "anNvbi9wbGFpbg=="),
        ];
        for (bytes, text) in cases {
            let mut written = String::new();
            write(bytes, &mut written);
            assert_eq!(written, text);
            for text in [text, text.trim_end_matches('='), &text.replace('+', "-").replace('/', "_")] {
                let mut read_again = Vec::new();
                assert_eq!(read(text, &mut read_again), Some(()), "{text}");
                assert!(is_readable(text), "{text}");
                assert_eq!(read_again, bytes, "{text}");
            }
        }
    }

    #[test]
    fn what_is_not_base64_is_refused() {
        for text in ["Z", "Zg*=", "Z g=", "Zm9vä", "=a=="] {
            assert_eq!(read(text, &mut Vec::new()), None, "{text}");
            assert!(!is_readable(text), "{text}");
        }
    }
}
