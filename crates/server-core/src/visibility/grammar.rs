//! The grammar of queries: a condition, and clauses behind it.
//!
//! ```text
//! query      = [ or ] { GROUP BY values | ORDER BY values | LIMIT values } [ ";" ]
//! or         = and { OR and }          and = not { AND not }          not = NOT not | comparison
//! comparison = value [ operator value | [NOT] IN tuple | [NOT] BETWEEN value AND value ] { IS [NOT] word }
//! value      = literal | name | "(" or { "," or } ")" | sign value | name "(" ... ")" | value arithmetic value
//! ```
//! More is understood here than any query may contain, so that it can be said what is not supported.

use std::fmt;

use super::lexer::{Placed, Token, tokens};

/// What is wrong with a query.
#[derive(Debug, PartialEq)]
pub(super) struct Malformed(pub(super) String);

/// What a query says, before anything is known of what it speaks of.
#[derive(Debug, PartialEq)]
pub(super) enum Expression {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Parenthesis(Box<Self>),
    Comparison {
        left: Box<Self>,
        operator: &'static str,
        right: Box<Self>,
    },
    Range {
        left: Box<Self>,
        outside: bool,
        low: Box<Self>,
        high: Box<Self>,
    },
    /// With what follows IS, such as `not null`.
    Is(Box<Self>, String),
    Name(String),
    Text(String),
    Number(String),
    Bool(bool),
    Null,
    Tuple(Vec<Self>),
    Signed(&'static str, Box<Self>),
    Arithmetic,
    Function,
}

/// A whole query.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Parsed {
    pub(super) condition: Option<Expression>,
    pub(super) group_by: Vec<Expression>,
    /// Whether there is an ORDER BY.
    pub(super) ordered: bool,
    /// Whether there is a LIMIT.
    pub(super) limited: bool,
}

/// What the real server puts before a query. Refusals count places from its beginning.
pub(super) const SELECT: &str = "select * from table1 ";
/// The same where it only looks at the form.
pub(super) const SELECT_FORM: &str = "select * from dummy ";

/// Reads a query that stands behind this.
pub(super) fn parse(text: &str, select: &str) -> Result<Parsed, Malformed> {
    let clause = begins_with_clause(text);
    let before = select.len() + if clause { 0 } else { "where ".len() };
    let mut parser = Parser { tokens: tokens(text, before), at: 0, depth: 0 };
    let mut parsed = Parsed::default();
    if !clause && !text.is_empty() {
        parsed.condition = Some(parser.or()?);
    }
    if parser.take("group") {
        parser.expect("by")?;
        parsed.group_by = parser.list()?;
    }
    if parser.take("order") {
        parser.expect("by")?;
        parser.list()?;
        parsed.ordered = true;
    }
    if parser.take("limit") {
        parser.list()?;
        parsed.limited = true;
    }
    parser.take(";");
    match parser.peek() {
        Token::End => Ok(parsed),
        _ => Err(parser.unexpected()),
    }
}

fn too_deep() -> Malformed {
    Malformed("malformed SQL query: it is nested too deeply".to_owned())
}

/// One part stands for itself.
fn joined(mut parts: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => join(parts.into_iter().chain(last).collect()),
    }
}

/// Whether there is no condition, only what may stand behind one.
fn begins_with_clause(text: &str) -> bool {
    text.get(..8).is_some_and(|start| ["order by", "group by"].iter().any(|clause| start.eq_ignore_ascii_case(clause)))
}

struct Parser {
    tokens: Vec<Placed>,
    at: usize,
    depth: usize,
}

/// How deeply expressions may be nested.
const DEPTH: usize = 100;

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens.get(self.at).map_or(&Token::End, |placed| &placed.token)
    }

    fn unexpected(&self) -> Malformed {
        match self.tokens.get(self.at).or_else(|| self.tokens.last()) {
            Some(placed) => placed.unexpected(),
            None => Malformed("malformed SQL query: there is nothing".to_owned()),
        }
    }

    /// Goes on if this keyword or sign is next.
    fn take(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Token::Keyword(next) | Token::Sign(next) if *next == word);
        self.at += usize::from(found);
        found
    }

    fn take_any(&mut self, words: &[&'static str]) -> Option<&'static str> {
        words.iter().copied().find(|word| self.take(word))
    }

    fn expect(&mut self, word: &str) -> Result<(), Malformed> {
        if self.take(word) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn list(&mut self) -> Result<Vec<Expression>, Malformed> {
        let mut items = vec![self.or()?];
        while self.take(",") {
            items.push(self.or()?);
        }
        Ok(items)
    }

    fn or(&mut self) -> Result<Expression, Malformed> {
        let mut parts = vec![self.and()?];
        while self.take_any(&["or", "||"]).is_some() {
            parts.push(self.and()?);
        }
        Ok(joined(parts, Expression::Or))
    }

    fn and(&mut self) -> Result<Expression, Malformed> {
        let mut parts = vec![self.not()?];
        while self.take_any(&["and", "&&"]).is_some() {
            parts.push(self.not()?);
        }
        Ok(joined(parts, Expression::And))
    }

    fn not(&mut self) -> Result<Expression, Malformed> {
        if self.take("not") {
            return self.deeper(|parser| Ok(Expression::Not(Box::new(parser.not()?))));
        }
        self.comparison()
    }

    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, Malformed>) -> Result<T, Malformed> {
        if self.depth >= DEPTH {
            return Err(too_deep());
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn comparison(&mut self) -> Result<Expression, Malformed> {
        let left = self.value()?;
        let mut compared = self.compared(left)?;
        let mut left = DEPTH;
        while self.take("is") {
            left = left.checked_sub(1).ok_or_else(too_deep)?;
            let mut what = if self.take("not") { "not ".to_owned() } else { String::new() };
            what.push_str(self.take_any(&["null", "true", "false"]).ok_or_else(|| self.unexpected())?);
            compared = Expression::Is(Box::new(compared), what);
        }
        Ok(compared)
    }

    fn compared(&mut self, left: Expression) -> Result<Expression, Malformed> {
        let plain = ["=", "!=", "<>", "<=>", "<=", ">=", "<", ">"];
        if let Some(operator) = self.take_any(&plain) {
            let operator = if operator == "<>" { "!=" } else { operator };
            let right = Box::new(self.value()?);
            return Ok(Expression::Comparison { left: Box::new(left), operator, right });
        }
        let not = self.take("not");
        let verbs = ["in", "between", "like", "regexp", "rlike", "starts_with"];
        let Some(verb) = self.take_any(&verbs) else {
            return if not { Err(self.unexpected()) } else { Ok(left) };
        };
        let left = Box::new(left);
        let operator = match (verb, not) {
            ("between", _) => {
                let low = Box::new(self.value()?);
                self.expect("and")?;
                let high = Box::new(self.value()?);
                return Ok(Expression::Range { left, outside: not, low, high });
            }
            ("in", _) => {
                self.expect("(")?;
                let items = self.deeper(Self::list)?;
                self.expect(")")?;
                let operator = if not { "not in" } else { "in" };
                return Ok(Expression::Comparison { left, operator, right: Box::new(Expression::Tuple(items)) });
            }
            ("like", false) => "like",
            ("like", true) => "not like",
            ("starts_with", false) => "starts_with",
            ("starts_with", true) => "not starts_with",
            (_, false) => "regexp",
            (_, true) => "not regexp",
        };
        let right = Box::new(self.value()?);
        if verb == "like" && self.take("escape") {
            self.value()?;
        }
        Ok(Expression::Comparison { left, operator, right })
    }

    fn value(&mut self) -> Result<Expression, Malformed> {
        let mut value = self.deeper(Self::plain_value)?;
        while self.take_any(&["+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>", "div"]).is_some() {
            self.take("interval");
            self.deeper(Self::plain_value)?;
            // The unit of an interval.
            self.at += usize::from(matches!(self.peek(), Token::Name(_)));
            value = Expression::Arithmetic;
        }
        Ok(value)
    }

    fn plain_value(&mut self) -> Result<Expression, Malformed> {
        if let Some(sign) = self.take_any(&["-", "+", "!", "~"]) {
            let value = self.deeper(Self::plain_value)?;
            return Ok(match (sign, value) {
                ("-", Expression::Number(number)) if number.bytes().all(|digit| digit.is_ascii_digit()) => {
                    Expression::Number(format!("-{number}"))
                }
                ("+", Expression::Number(number)) => Expression::Number(number),
                (sign, value) => Expression::Signed(sign, Box::new(value)),
            });
        }
        if self.take("(") {
            let mut items = self.list()?;
            self.expect(")")?;
            return Ok(match items.pop() {
                Some(only) if items.is_empty() => Expression::Parenthesis(Box::new(only)),
                last => Expression::Tuple(items.into_iter().chain(last).collect()),
            });
        }
        let value = match self.peek().clone() {
            Token::Name(name) => {
                self.at += 1;
                return self.name(name);
            }
            Token::Text(text) => Expression::Text(text),
            Token::Number(number) => Expression::Number(number),
            Token::Keyword("true") => Expression::Bool(true),
            Token::Keyword("false") => Expression::Bool(false),
            Token::Keyword("null") => Expression::Null,
            _ => return Err(self.unexpected()),
        };
        self.at += 1;
        Ok(value)
    }

    /// A name of up to three parts, or a function.
    fn name(&mut self, mut name: String) -> Result<Expression, Malformed> {
        if self.take("(") {
            if !self.take(")") {
                self.list()?;
                self.expect(")")?;
            }
            return Ok(Expression::Function);
        }
        for _ in 0..2 {
            if !self.take(".") {
                break;
            }
            let Token::Name(part) = self.peek().clone() else { return Err(self.unexpected()) };
            self.at += 1;
            name = format!("{name}.{part}");
        }
        Ok(Expression::Name(name))
    }
}

impl Expression {
    /// What the real server calls this kind of expression.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::And(..) => "*sqlparser.AndExpr",
            Self::Or(..) => "*sqlparser.OrExpr",
            Self::Not(_) => "*sqlparser.NotExpr",
            Self::Parenthesis(_) => "*sqlparser.ParenExpr",
            Self::Comparison { .. } => "*sqlparser.ComparisonExpr",
            Self::Range { .. } => "*sqlparser.RangeCond",
            Self::Is(..) => "*sqlparser.IsExpr",
            Self::Name(_) => "*sqlparser.ColName",
            Self::Text(_) | Self::Number(_) => "*sqlparser.SQLVal",
            Self::Bool(_) => "sqlparser.BoolVal",
            Self::Null => "*sqlparser.NullVal",
            Self::Tuple(_) => "sqlparser.ValTuple",
            Self::Signed(..) => "*sqlparser.UnaryExpr",
            Self::Arithmetic => "*sqlparser.BinaryExpr",
            Self::Function => "*sqlparser.FuncExpr",
        }
    }
}

/// Values as refusals show them.
impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) | Self::Number(name) => f.write_str(name),
            Self::Text(text) => write!(f, "'{text}'"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Null => f.write_str("null"),
            Self::Parenthesis(inner) => write!(f, "({inner})"),
            Self::Signed(sign, inner) => write!(f, "{sign}{inner}"),
            Self::Tuple(items) => {
                let items: Vec<_> = items.iter().map(ToString::to_string).collect();
                write!(f, "({})", items.join(", "))
            }
            other => f.write_str(other.kind()),
        }
    }
}
