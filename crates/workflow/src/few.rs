//! A map that is small while there is little in it.
//!
//! A remembered run has a task or two and a wait or two, and there may be thousands of runs; a node of a B-tree has room for
//! eleven of each. So a few entries are a list in the order of their keys, and only many are a tree.

use std::collections::BTreeMap;

/// From this many entries on it is a tree.
const MANY: usize = 16;

/// A map in the order of its keys, for little memory while it has few entries.
pub(crate) struct Few<K, V>(Form<K, V>);

enum Form<K, V> {
    List(Vec<(K, V)>),
    Tree(BTreeMap<K, V>),
}

impl<K, V> Default for Few<K, V> {
    fn default() -> Self {
        Self(Form::List(Vec::new()))
    }
}

impl<K: Ord, V> Few<K, V> {
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let list = match &mut self.0 {
            Form::Tree(tree) => return tree.insert(key, value),
            Form::List(list) => list,
        };
        match place(list, &key) {
            Ok(at) => Some(std::mem::replace(&mut list[at].1, value)),
            Err(_) if list.len() == MANY => {
                // One by one: to collect is to sort, which would be compiled for every kind of map.
                let mut tree = BTreeMap::new();
                tree.extend(std::mem::take(list));
                tree.insert(key, value);
                self.0 = Form::Tree(tree);
                None
            }
            Err(at) => {
                if list.is_empty() {
                    // A list grows by four at first, and most never have a second entry.
                    list.reserve_exact(1);
                }
                list.insert(at, (key, value));
                None
            }
        }
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        match &mut self.0 {
            Form::Tree(tree) => tree.remove(key),
            Form::List(list) => place(list, key).ok().map(|at| list.remove(at).1),
        }
    }

    pub(crate) fn pop_first(&mut self) -> Option<(K, V)> {
        match &mut self.0 {
            Form::Tree(tree) => tree.pop_first(),
            Form::List(list) if list.is_empty() => None,
            Form::List(list) => Some(list.remove(0)),
        }
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        match &self.0 {
            Form::Tree(tree) => tree.get(key),
            Form::List(list) => place(list, key).ok().map(|at| &list[at].1),
        }
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        match &mut self.0 {
            Form::Tree(tree) => tree.get_mut(key),
            Form::List(list) => place(list, key).ok().map(|at| &mut list[at].1),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let (list, tree) = match &self.0 {
            Form::List(list) => (list.as_slice(), None),
            Form::Tree(tree) => (&[][..], Some(tree)),
        };
        list.iter().map(|(key, value)| (key, value)).chain(tree.into_iter().flatten())
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    /// All values, in the order of their keys. The map is empty afterwards.
    pub(crate) fn take_values(&mut self) -> impl Iterator<Item = V> + use<K, V> {
        let (list, tree) = match std::mem::take(self).0 {
            Form::List(list) => (list, BTreeMap::new()),
            Form::Tree(tree) => (Vec::new(), tree),
        };
        list.into_iter().map(|(_, value)| value).chain(tree.into_values())
    }

    pub(crate) fn len(&self) -> usize {
        match &self.0 {
            Form::Tree(tree) => tree.len(),
            Form::List(list) => list.len(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Gives back the memory that it does not need for what is in it.
    pub(crate) fn shrink(&mut self) {
        match &mut self.0 {
            Form::Tree(tree) if tree.len() < MANY => {
                let mut list = Vec::with_capacity(tree.len());
                list.extend(std::mem::take(tree));
                self.0 = Form::List(list);
            }
            Form::Tree(_) => {}
            Form::List(list) => list.shrink_to_fit(),
        }
    }
}

fn place<K: Ord, V>(list: &[(K, V)], key: &K) -> Result<usize, usize> {
    list.binary_search_by(|(known, _)| known.cmp(key))
}

#[cfg(test)]
mod tests {
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
            let (mut few, mut tree) = (Few::default(), BTreeMap::new());
            for step in 0..400_u64 {
                let key = draw(40);
                match draw(10) {
                    0..5 => assert_eq!(few.insert(key, step), tree.insert(key, step)),
                    5..8 => assert_eq!(few.remove(&key), tree.remove(&key)),
                    8 => assert_eq!(few.pop_first(), tree.pop_first()),
                    _ => few.shrink(),
                }
                assert_eq!(few.get(&key), tree.get(&key));
                assert_eq!(few.get_mut(&key), tree.get_mut(&key));
                assert_eq!((few.len(), few.is_empty()), (tree.len(), tree.is_empty()));
                assert!(few.iter().eq(tree.iter()) && few.values().eq(tree.values()));
            }
            assert!(few.take_values().eq(tree.into_values()));
            assert!(few.is_empty());
        }
    }
}
