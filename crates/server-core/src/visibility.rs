//! Lists: which of many things a query asks for, and in which order they are shown.
//!
//! ```text
//! text --lexer--> tokens --grammar--> Expression --query (what is known: Schema)--> Query --matches--> yes or no
//! ```
//! What is listed implements [`Attributes`]: it says what it has under a name. The language and the words of refusals are
//! those of the real server, whose queries go through the grammar of an SQL dialect.

mod chains;
mod datetime;
mod filter;
mod grammar;
mod index;
mod lexer;
mod page;
mod query;
mod value;
mod words;

pub(crate) use index::{Candidates, Index, place};
pub(crate) use page::{Page, Place};
pub(crate) use query::{Query, Schema, check_form};
pub(crate) use value::{Attributes, Value};
