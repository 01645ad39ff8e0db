//! The words of texts.

/// The words of a text: what is between characters that are neither letters nor digits, in lower case.
pub(super) fn words(text: &str) -> Vec<String> {
    let parts = text.split(|next: char| !next.is_alphanumeric());
    parts.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// What is looked for in texts: each part between blanks is words in a row.
pub(super) fn phrases(text: &str) -> Vec<Vec<String>> {
    let parts = text.split(|next: char| next.is_whitespace() || matches!(next, ',' | '\'' | '"'));
    parts.filter(|part| !part.is_empty()).map(words).collect()
}

/// Whether a text has one of the phrases.
pub(super) fn has_one(text: &str, phrases: &[Vec<String>]) -> bool {
    let words = words(text);
    let within = |phrase: &Vec<String>| !phrase.is_empty() && words.windows(phrase.len()).any(|part| part == phrase);
    phrases.iter().any(within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_a_phrase_whose_words_it_has_in_a_row() {
        let has = |looked_for| has_one("Hello big World", &phrases(looked_for));
        for found in ["hello", "WORLD", "nothing hello", "hello-big", "big,   nothing"] {
            assert!(has(found), "{found}");
        }
        for missing in ["wor", "nothing", "big-hello", "---"] {
            assert!(!has(missing), "{missing}");
        }
    }
}
