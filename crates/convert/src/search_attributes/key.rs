//! The name and the kind of a search attribute.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use perpetua_vocab::Payload;

use super::kind::{self, SearchAttributeKind, SearchAttributeValue};
use super::{Bool, Datetime, Double, Int, Keyword, KeywordList, Text};
use crate::ConversionError;

/// The name and the kind of a search attribute. Made once, as a constant, and used wherever the attribute is set or read:
/// values of another kind do not compile.
///
/// The server must know the attribute, with the same kind.
///
/// ```
/// use perpetua_convert::{Keyword, KeywordList, SearchAttributeKey};
///
/// const CUSTOMER: SearchAttributeKey<Keyword> = SearchAttributeKey::keyword("CustomerId");
/// const TAGS: SearchAttributeKey<KeywordList> = SearchAttributeKey::keyword_list("Tags");
///
/// let changes = [CUSTOMER.set("ann"), TAGS.set(["gift", "fragile"]), TAGS.unset()];
/// # let _ = changes;
/// ```
pub struct SearchAttributeKey<K> {
    name: Cow<'static, str>,
    kind: PhantomData<fn() -> K>,
}

/// A change of one search attribute. Made by [`SearchAttributeKey::set`] and [`SearchAttributeKey::unset`].
#[derive(Debug)]
#[must_use = "it changes nothing until it is given to whoever upserts it"]
pub struct SearchAttributeUpdate {
    name: Cow<'static, str>,
    payload: Result<Payload, ConversionError>,
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $function:ident $kind:ident)+) => {$(
        impl SearchAttributeKey<$kind> {
            $(#[$doc])*
            pub const fn $function(name: &'static str) -> Self {
                Self { name: Cow::Borrowed(name), kind: PhantomData }
            }
        }
    )+};
}

constructors! {
    /// An attribute that is true or false.
    bool Bool
    /// An attribute that is a point in time.
    datetime Datetime
    /// An attribute that is a number with a fraction.
    double Double
    /// An attribute that is a whole number.
    int Int
    /// An attribute that is a text, found as a whole.
    keyword Keyword
    /// An attribute that is several texts, each found as a whole.
    keyword_list KeywordList
    /// An attribute that is a text, found by its words.
    text Text
}

impl<K: SearchAttributeKind> SearchAttributeKey<K> {
    /// An attribute whose name is known only at run time.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: Cow::Owned(name.into()), kind: PhantomData }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The change that gives it a value.
    pub fn set(self, value: impl SearchAttributeValue<K>) -> SearchAttributeUpdate {
        let payload = kind::write::<K>(&self.name, value.into_value());
        SearchAttributeUpdate { name: self.name, payload }
    }

    /// The change that takes its value away.
    pub fn unset(self) -> SearchAttributeUpdate {
        SearchAttributeUpdate { name: self.name, payload: Ok(Payload::null()) }
    }
}

impl SearchAttributeUpdate {
    /// The name of the attribute.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name and the value to send; null where it is taken away.
    ///
    /// # Errors
    /// When the value cannot be sent: a number that is not finite, a point in time outside of the years 0 to 9999.
    pub fn into_field(self) -> Result<(String, Payload), ConversionError> {
        Ok((self.name.into_owned(), self.payload?))
    }
}

impl<K> Clone for SearchAttributeKey<K> {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), kind: PhantomData }
    }
}

impl<K: SearchAttributeKind> fmt::Debug for SearchAttributeKey<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, K::NAME)
    }
}
