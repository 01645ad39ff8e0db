//! Search attributes: values by which workflows are found.
//!
//! A [`SearchAttributeKey`] says the name and the kind of one, once, for callers, workflows and whoever reads a
//! description. Values never pass a codec: the server indexes them.

mod key;
mod kind;
mod time;

use std::fmt;

use perpetua_vocab::{Fields, Payload};

pub use key::{SearchAttributeKey, SearchAttributeUpdate};
pub use kind::{Bool, Datetime, Double, Int, Keyword, KeywordList, SearchAttributeKind, SearchAttributeValue, Text};

use crate::ConversionError;

/// The search attributes of a workflow, as they were when they were asked for.
///
/// ```
/// use perpetua_convert::{Int, Keyword, SearchAttributeKey, SearchAttributes};
///
/// const CUSTOMER: SearchAttributeKey<Keyword> = SearchAttributeKey::keyword("CustomerId");
/// const AMOUNT: SearchAttributeKey<Int> = SearchAttributeKey::int("Amount");
///
/// let mut attributes = SearchAttributes::default();
/// attributes.apply([CUSTOMER.set("ann"), AMOUNT.unset()])?;
/// assert_eq!(attributes.get(CUSTOMER)?.as_deref(), Some("ann"));
/// assert_eq!(attributes.get(AMOUNT)?, None);
/// # Ok::<(), perpetua_convert::ConversionError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SearchAttributes(Fields);

impl SearchAttributes {
    /// The value of an attribute; none if it is not set.
    ///
    /// # Errors
    /// When the value is of another kind than the key says.
    pub fn get<K: SearchAttributeKind>(&self, key: SearchAttributeKey<K>) -> Result<Option<K::Value>, ConversionError> {
        self.0.get(key.name()).map_or(Ok(None), |payload| kind::read::<K>(key.name(), payload))
    }

    /// The names of those that are set, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The values as payloads, in JSON, by name.
    pub fn fields(&self) -> &Fields {
        &self.0
    }

    /// Changes attributes.
    ///
    /// # Errors
    /// When a value cannot be sent; then nothing has changed.
    pub fn apply(&mut self, updates: impl IntoIterator<Item = SearchAttributeUpdate>) -> Result<(), ConversionError> {
        let changes = updates.into_iter().map(SearchAttributeUpdate::into_field).collect::<Result<Vec<_>, _>>()?;
        for (name, payload) in changes {
            self.put(name, payload);
        }
        Ok(())
    }

    /// Takes changes over as they are sent: a null takes an attribute away.
    pub fn merge(&mut self, changes: &Fields) {
        for (name, payload) in changes {
            self.put(name.clone(), payload.clone());
        }
    }

    fn put(&mut self, name: String, payload: Payload) {
        if payload.is_null() {
            self.0.remove(&name);
        } else {
            self.0.insert(name, payload);
        }
    }
}

impl From<Fields> for SearchAttributes {
    fn from(fields: Fields) -> Self {
        let mut attributes = Self::default();
        attributes.merge(&fields);
        attributes
    }
}

impl From<SearchAttributes> for Fields {
    fn from(attributes: SearchAttributes) -> Self {
        attributes.0
    }
}

impl fmt::Debug for SearchAttributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |payload: &Payload| String::from_utf8_lossy(&payload.data).into_owned();
        f.debug_map().entries(self.0.iter().map(|(name, payload)| (name, text(payload)))).finish()
    }
}
