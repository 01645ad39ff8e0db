//! What travels along without anybody deciding on it.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};

/// A part of a message that nobody in Perpetua decides on. It is kept as it came and written as it was.
///
/// Only [`wire`](crate::wire) looks inside.
//
// What drops it is made where it is read: whoever drops an event would else compile that for every message of the protocol,
// in each crate and each of its units. What is the default is `()`, without memory.
pub struct Opaque<T>(Box<dyn Part>, PhantomData<T>);

/// What can be in one.
trait Part: Any + Send + Sync + UnwindSafe + RefUnwindSafe {}

impl<T: Any + Send + Sync + UnwindSafe + RefUnwindSafe> Part for T {}

impl<T: Default + PartialEq + 'static> Opaque<T> {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.get().is_none_or(|part| *part == T::default())
    }
}

impl<T: 'static> Opaque<T> {
    /// What is in it; none for the default.
    pub(crate) fn get(&self) -> Option<&T> {
        (&*self.0 as &dyn Any).downcast_ref()
    }

    /// What is in it, to be changed; none for the default.
    pub(crate) fn get_mut(&mut self) -> Option<&mut T> {
        (&mut *self.0 as &mut dyn Any).downcast_mut()
    }
}

#[allow(private_bounds, reason = "only this crate looks inside")]
impl<T: Part + Default> Opaque<T> {
    pub(crate) fn new(part: Box<T>) -> Self {
        Self(part, PhantomData)
    }

    pub(crate) fn into_inner(self) -> Box<T> {
        let part: Box<dyn Any> = self.0;
        part.downcast().unwrap_or_default()
    }

    pub(crate) fn change(&mut self, change: impl FnOnce(&mut T)) {
        let mut part = std::mem::take(self).into_inner();
        change(&mut part);
        *self = Self::new(part);
    }
}

impl<T> Default for Opaque<T> {
    fn default() -> Self {
        Self(Box::new(()), PhantomData)
    }
}

#[allow(private_bounds, reason = "only this crate makes them")]
impl<T: Part + Clone> Clone for Opaque<T> {
    fn clone(&self) -> Self {
        self.get().map_or_else(Self::default, |part| Self(Box::new(part.clone()), PhantomData))
    }
}

impl<T: Default + PartialEq + 'static> PartialEq for Opaque<T> {
    fn eq(&self, other: &Self) -> bool {
        match (self.get(), other.get()) {
            (Some(part), Some(other)) => part == other,
            _ => self.is_empty() && other.is_empty(),
        }
    }
}

impl<T: fmt::Debug + 'static> fmt::Debug for Opaque<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.get() {
            Some(part) => f.debug_tuple("Opaque").field(part).finish(),
            None => f.write_str("Opaque"),
        }
    }
}
