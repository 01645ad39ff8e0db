//! What travels along without anybody deciding on it.

/// A part of a message that nobody in Perpetua decides on. It is kept as it came and written as it was.
///
/// Only [`wire`](crate::wire) looks inside.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Opaque<T>(pub(crate) Box<T>);

impl<T: Default + PartialEq> Opaque<T> {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        *self.0 == T::default()
    }
}
