//! The tokens of a query, with their places as refusals name them.

use super::grammar::Malformed;

/// One token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A word that has a meaning in the language, in lower case.
    Keyword(&'static str),
    Name(String),
    Text(String),
    /// A number as it was written.
    Number(String),
    /// Anything else: an operator, a parenthesis, a comma.
    Sign(&'static str),
    /// What belongs to no language.
    Wrong,
    End,
}

/// A token and where it ends.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) token: Token,
    place: usize,
    /// What is named in a refusal.
    near: Option<String>,
}

const KEYWORDS: [&str; 38] = [
    "and",
    "as",
    "between",
    "by",
    "case",
    "default",
    "div",
    "else",
    "end",
    "escape",
    "exists",
    "false",
    "for",
    "from",
    "group",
    "having",
    "in",
    "interval",
    "into",
    "is",
    "join",
    "like",
    "limit",
    "not",
    "null",
    "or",
    "order",
    "regexp",
    "rlike",
    "select",
    "starts_with",
    "true",
    "union",
    "using",
    "values",
    "when",
    "where",
    "xor",
];

/// The longer ones first.
const SIGNS: [&str; 28] = [
    "<=>", "<<", "<=", "<>", ">>", ">=", "!=", "&&", "||", "->", "=", "<", ">", "!", "(", ")", ",", ".", ";", "+", "-",
    "*", "/", "%", "&", "|", "^", "~",
];

impl Placed {
    /// Says that the query cannot go on like this.
    pub(super) fn unexpected(&self) -> Malformed {
        let near = self.near.as_ref().map(|near| format!(" near '{near}'")).unwrap_or_default();
        Malformed(format!("malformed SQL query: syntax error at position {}{near}", self.place))
    }
}

/// The tokens of a query; the last one is the end. Places are counted from the beginning of what stands before it.
pub(super) fn tokens(text: &str, before: usize) -> Vec<Placed> {
    let mut lexer = Lexer { text, at: 0, before };
    let mut tokens = Vec::new();
    loop {
        let token = lexer.next();
        let last = matches!(token.token, Token::End | Token::Wrong);
        tokens.push(token);
        if last {
            return tokens;
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    before: usize,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn next(&mut self) -> Placed {
        if let Err(comment) = self.skip() {
            return self.wrong(&comment);
        }
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return self.placed(Token::End, None) };
        match first {
            '\'' | '"' => self.quoted(first, Token::Text),
            '`' => self.quoted(first, Token::Name),
            '0'..='9' => self.number(),
            '.' if rest[1..].starts_with(|next: char| next.is_ascii_digit()) => self.number(),
            _ if is_letter(first) => self.word(),
            _ => self.sign(first),
        }
    }

    /// Skips blanks and comments.
    fn skip(&mut self) -> Result<(), String> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\n', '\r', '\t']);
            self.at += rest.len() - trimmed.len();
            if ["--", "//", "#"].iter().any(|mark| trimmed.starts_with(mark)) {
                self.at += trimmed.find('\n').map_or(trimmed.len(), |end| end + 1);
            } else if let Some(comment) = trimmed.strip_prefix("/*") {
                let Some(end) = comment.find("*/") else {
                    self.at = self.text.len();
                    return Err(trimmed.to_owned());
                };
                self.at += end + 4;
            } else {
                return Ok(());
            }
        }
    }

    fn placed(&self, token: Token, near: Option<String>) -> Placed {
        Placed { token, place: self.before + self.at + 1, near }
    }

    fn wrong(&self, near: &str) -> Placed {
        self.placed(Token::Wrong, Some(near.to_owned()))
    }

    fn word(&mut self) -> Placed {
        let rest = self.rest();
        let end = rest.find(|next: char| !is_letter(next) && !next.is_ascii_digit()).unwrap_or(rest.len());
        let word = &rest[..end];
        self.at += end;
        let lower = word.to_ascii_lowercase();
        match KEYWORDS.iter().find(|keyword| **keyword == lower) {
            Some(keyword) => self.placed(Token::Keyword(keyword), Some(lower)),
            None => self.placed(Token::Name(word.to_owned()), Some(word.to_owned())),
        }
    }

    fn number(&mut self) -> Placed {
        let rest = self.rest().as_bytes();
        let digits = |from: usize, is: fn(&u8) -> bool| {
            rest.iter().skip(from).position(|next| !is(next)).map_or(rest.len(), |length| from + length)
        };
        let mut end = if rest.starts_with(b"0x") || rest.starts_with(b"0X") {
            digits(2, u8::is_ascii_hexdigit)
        } else {
            digits(0, u8::is_ascii_digit)
        };
        let hexadecimal = rest.get(1).is_some_and(|mark| mark.eq_ignore_ascii_case(&b'x'));
        if !hexadecimal && rest.get(end) == Some(&b'.') {
            end = digits(end + 1, u8::is_ascii_digit);
        }
        if !hexadecimal && rest.get(end).is_some_and(|mark| mark.eq_ignore_ascii_case(&b'e')) {
            let sign = rest.get(end + 1).is_some_and(|sign| matches!(sign, b'+' | b'-'));
            end = digits(end + 1 + usize::from(sign), u8::is_ascii_digit);
        }
        let number = self.rest()[..end].to_owned();
        self.at += end;
        if self.rest().starts_with(is_letter) {
            return self.wrong(&number);
        }
        self.placed(Token::Number(number.clone()), Some(number))
    }

    /// What is between quotes, where a quote that is doubled or has a backslash before it stands for itself.
    fn quoted(&mut self, quote: char, token: fn(String) -> Token) -> Placed {
        let mut content = String::new();
        let mut chars = self.rest().char_indices().skip(1).peekable();
        while let Some((at, next)) = chars.next() {
            if next == quote {
                if chars.next_if(|(_, next)| *next == quote).is_none() {
                    self.at += at + 1;
                    return self.placed(token(content.clone()), Some(content));
                }
                content.push(quote);
            } else if next == '\\' && quote != '`' {
                let Some((_, escaped)) = chars.next() else { break };
                content.push_str(&unescaped(escaped));
            } else {
                content.push(next);
            }
        }
        self.at = self.text.len();
        self.wrong(&content)
    }

    fn sign(&mut self, first: char) -> Placed {
        if let Some(sign) = SIGNS.iter().find(|sign| self.rest().starts_with(**sign)) {
            self.at += sign.len();
            return self.placed(Token::Sign(sign), None);
        }
        // Places are counted in bytes, also within a character.
        let place = self.before + self.at + 2;
        let near = if first.is_ascii() { first } else { '\u{fffd}' };
        Placed { token: Token::Wrong, place, near: Some(near.to_string()) }
    }
}

/// What a character stands for behind a backslash.
fn unescaped(escaped: char) -> String {
    match escaped {
        '0' => '\0',
        'b' => '\u{8}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'Z' => '\u{1a}',
        // Patterns know these two.
        '%' | '_' => return format!("\\{escaped}"),
        other => other,
    }
    .to_string()
}

fn is_letter(next: char) -> bool {
    next.is_ascii_alphabetic() || matches!(next, '_' | '@')
}
