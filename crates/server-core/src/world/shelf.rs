//! Things of one kind that are stored, by key.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;

use super::{Kind, Record};

/// Things of one kind, by key. What was changed since it was last stored is known.
#[derive(Clone, Debug)]
pub(crate) struct Shelf<T> {
    items: BTreeMap<String, T>,
    changed: BTreeSet<String>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { items: BTreeMap::new(), changed: BTreeSet::new() }
    }
}

impl<T> Shelf<T> {
    pub(crate) fn get(&self, key: &str) -> Option<&T> {
        self.items.get(key)
    }

    /// To be changed.
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut T> {
        let item = self.items.get_mut(key)?;
        self.changed.insert(key.to_owned());
        Some(item)
    }

    pub(crate) fn insert(&mut self, key: impl Into<String>, item: T) -> Option<T> {
        let key = key.into();
        self.changed.insert(key.clone());
        self.items.insert(key, item)
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<T> {
        let item = self.items.remove(key)?;
        self.changed.insert(key.to_owned());
        Some(item)
    }

    pub(crate) fn contains(&self, key: &str) -> bool {
        self.items.contains_key(key)
    }

    /// All of them, in the order of their keys.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &T)> {
        self.items.iter().map(|(key, item)| (key.as_str(), item))
    }

    pub(crate) fn values(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.items.values()
    }
}

impl<T: Message + Default> Shelf<T> {
    /// What has changed since it was last asked for.
    pub(super) fn take_changes(&mut self, kind: Kind, records: &mut Vec<Record>) {
        for key in std::mem::take(&mut self.changed) {
            let value = self.items.get(&key).map(Message::encode_to_vec);
            records.push(Record { kind, key, value });
        }
    }

    pub(super) fn discard_changes(&mut self) {
        self.changed.clear();
    }

    /// Puts back what was stored.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn restore(&mut self, key: String, value: &[u8]) -> Result<(), prost::DecodeError> {
        self.items.insert(key, T::decode(value)?);
        Ok(())
    }
}
