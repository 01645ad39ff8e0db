//! Values by name, for little memory while there are few.

use std::borrow::Cow;
use std::fmt;

/// A name: one of a few that nearly everything has, or text.
type Name = Cow<'static, str>;

/// The names that are not copied.
const KNOWN: [&str; 5] = ["encoding", "data", "result", "messageType", "type"];

/// Values by name, in the order of the names: the metadata of a payload, the details of a marker.
///
/// A list, since nearly all have one entry or two: a node of a tree has room for eleven, which is more than half a kilobyte
/// for each value of a history. Adding many one by one takes a time that grows with the square of their number; collect them.
#[derive(Clone, PartialEq, Eq)]
pub struct Named<V>(Vec<(Name, V)>);

impl<V> Named<V> {
    /// One that is empty.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The value of this name.
    pub fn get(&self, name: &str) -> Option<&V> {
        self.place(name).ok().map(|at| &self.0[at].1)
    }

    /// The value of this name, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut V> {
        self.place(name).ok().map(|at| &mut self.0[at].1)
    }

    /// Whether there is a value of this name.
    pub fn contains_key(&self, name: &str) -> bool {
        self.place(name).is_ok()
    }

    /// Gives a name a value. The one that it had, if any.
    pub fn insert(&mut self, name: impl Into<Cow<'static, str>>, value: V) -> Option<V> {
        let name = shared(name.into());
        match self.place(&name) {
            Ok(at) => Some(std::mem::replace(&mut self.0[at].1, value)),
            Err(at) => {
                if self.0.is_empty() {
                    // A list grows by four at first, and most never have a second entry.
                    self.0.reserve_exact(1);
                }
                self.0.insert(at, (name, value));
                None
            }
        }
    }

    /// Takes a value away. The one that it was, if any.
    pub fn remove(&mut self, name: &str) -> Option<V> {
        self.place(name).ok().map(|at| self.0.remove(at).1)
    }

    /// Names and values, in the order of the names.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &V)> + ExactSizeIterator {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// The values, in the order of their names.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + ExactSizeIterator {
        self.0.iter().map(|(_, value)| value)
    }

    /// Names and values, in the order of the names; the values may be changed.
    pub fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = (&str, &mut V)> + ExactSizeIterator {
        self.0.iter_mut().map(|(name, value)| (&**name, value))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The memory of one entry, in bytes.
    pub(crate) const ENTRY: usize = size_of::<(Name, V)>();

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| (**known).cmp(name))
    }
}

/// The name, without memory of its own if it is a known one.
fn shared(name: Name) -> Name {
    match known(&name) {
        Some(known) => Cow::Borrowed(known),
        None => name,
    }
}

/// A known name that is equal to this one.
fn known(name: &str) -> Option<&'static str> {
    KNOWN.into_iter().find(|known| *known == name)
}

/// A name of somebody else's, copied unless it is a known one.
pub(crate) fn copied(name: &str) -> Cow<'static, str> {
    known(name).map_or_else(|| Cow::Owned(name.to_owned()), Cow::Borrowed)
}

impl<V> Default for Named<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V: fmt::Debug> fmt::Debug for Named<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Of those that have one name, the last one stays.
impl<N: Into<Cow<'static, str>>, V> FromIterator<(N, V)> for Named<V> {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(entries: I) -> Self {
        let entries = entries.into_iter();
        let mut list = Vec::with_capacity(entries.size_hint().0);
        list.extend(entries.map(|(name, value)| (shared(name.into()), value)));
        list.sort_by(|(one, _), (other, _)| one.cmp(other));
        list.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                std::mem::swap(later, kept);
            }
            same
        });
        Self(list)
    }
}

impl<N: Into<Cow<'static, str>>, V, const COUNT: usize> From<[(N, V); COUNT]> for Named<V> {
    fn from(entries: [(N, V); COUNT]) -> Self {
        entries.into_iter().collect()
    }
}

impl<N: Into<Cow<'static, str>>, V> Extend<(N, V)> for Named<V> {
    fn extend<I: IntoIterator<Item = (N, V)>>(&mut self, entries: I) {
        for (name, value) in entries {
            self.insert(name, value);
        }
    }
}

impl<V> IntoIterator for Named<V> {
    type Item = (Cow<'static, str>, V);
    type IntoIter = std::vec::IntoIter<(Cow<'static, str>, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Draws numbers that look random.
    fn draws(mut state: u64) -> impl FnMut(u64) -> u64 {
        move |below| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        }
    }

    #[test]
    fn it_does_what_a_tree_does() {
        for seed in 0..50 {
            let mut draw = draws(seed);
            let (mut named, mut tree) = (Named::new(), BTreeMap::new());
            for step in 0..200_u64 {
                let name = format!("name {}", draw(20));
                match draw(3) {
                    0 => assert_eq!(named.remove(&name), tree.remove(&name)),
                    _ => assert_eq!(named.insert(name.clone(), step), tree.insert(name.clone(), step)),
                }
                assert_eq!(named.get(&name), tree.get(&name));
                assert_eq!(named.get_mut(&name), tree.get_mut(&name));
                assert_eq!(named.contains_key(&name), tree.contains_key(&name));
                assert_eq!((named.len(), named.is_empty()), (tree.len(), tree.is_empty()));
                assert!(named.iter().eq(tree.iter().map(|(name, value)| (name.as_str(), value))));
                assert!(named.values().eq(tree.values()));
            }
            assert_eq!(format!("{named:?}"), format!("{tree:?}"));
            assert!(named.into_iter().eq(tree.into_iter().map(|(name, value)| (Cow::from(name), value))));
        }
    }

    #[test]
    fn of_those_that_have_one_name_the_last_one_stays() {
        for seed in 0..50 {
            let mut draw = draws(seed);
            let entries: Vec<_> = (0..30).map(|step| (format!("{}", draw(12)), step)).collect();
            let tree: BTreeMap<_, _> = entries.iter().cloned().collect();
            let named: Named<_> = entries.iter().cloned().collect();
            let mut extended = Named::new();
            extended.extend(entries);
            assert_eq!(named, extended);
            assert!(named.iter().eq(tree.iter().map(|(name, value)| (name.as_str(), value))));
        }
    }
}
