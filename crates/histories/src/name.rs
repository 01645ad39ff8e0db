//! Names of files that any id can be turned into, on any system.

/// How many bytes of an id are in a name; systems allow 255 for all of it.
const LONGEST: usize = 120;

/// Names that Windows keeps for itself, whatever their ending.
const RESERVED: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "COM", "LPT"];

/// A name of a file or a folder for a text: letters, digits, `-`, `_` and inner dots stay, everything else is written as `%`
/// and the bytes in hexadecimal. What is too long is cut, and gets a number made of all of it.
pub(crate) fn safe(text: &str) -> String {
    let mut name = String::new();
    for (index, byte) in text.bytes().enumerate() {
        let is_inner_dot = byte == b'.' && index > 0 && index + 1 < text.len();
        match byte {
            byte if byte.is_ascii_alphanumeric() || b"-_".contains(&byte) || is_inner_dot => name.push(byte.into()),
            byte => name.push_str(&format!("%{byte:02X}")),
        }
    }
    if name.len() > LONGEST {
        name.truncate(LONGEST);
        name.push_str(&format!("~{:016x}", fnv1a(text.as_bytes())));
    }
    let stem: String = name.split('.').next().unwrap_or_default().to_uppercase();
    let stem = stem.trim_end_matches(|last: char| last.is_ascii_digit());
    match name.is_empty() || RESERVED.contains(&stem) {
        true => format!("%{name}"),
        false => name,
    }
}

/// The same on every system and with every version.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_else() {
        let cases = [
            ("order-7_a.b", "order-7_a.b"),
            ("../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd"),
            ("..", "%2E%2E"),
            (".hidden", "%2Ehidden"),
            ("ends.", "ends%2E"),
            ("C:\\x", "C%3A%5Cx"),
            ("100%", "100%25"),
            ("größe", "gr%C3%B6%C3%9Fe"),
            ("", "%"),
            ("nul", "%nul"),
            ("COM1.txt", "%COM1.txt"),
            ("COMMON", "COMMON"),
        ];
        for (text, name) in cases {
            assert_eq!(safe(text), name, "{text}");
        }
    }

    #[test]
    fn what_is_too_long_is_cut_and_stays_apart() {
        let (one, other) = (safe(&("x".repeat(500) + "1")), safe(&("x".repeat(500) + "2")));
        assert_eq!(one.len(), LONGEST + 17);
        assert_ne!(one, other);
    }
}
