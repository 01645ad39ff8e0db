//! What travels along without anybody deciding on it.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};

use bytes::Bytes;
use prost::Message;

/// A part of a message that nobody in Perpetua decides on. It is kept as it came and written as it was.
///
/// Only [`wire`](crate::wire) looks inside.
//
// Its type is behind a table of functions, which is made where the part is read: whoever drops, copies or compares an event
// would else compile that for every message of the protocol, in each crate. What is the default is `()`, without memory.
pub struct Opaque<T>(Box<dyn Part>, PhantomData<T>);

/// What a part does without its type, all by writing and reading: maps are in order, the default is not written at all, and
/// hardly anybody copies or compares events.
trait Part: Any + Send + Sync + UnwindSafe + RefUnwindSafe {
    fn copy(&self) -> Box<dyn Part>;
    fn is_default(&self) -> bool;
    fn written(&self) -> Vec<u8>;
}

impl<T: Message + Default + UnwindSafe + RefUnwindSafe + 'static> Part for T {
    fn copy(&self) -> Box<dyn Part> {
        // What was read once can be read again.
        Box::new(Self::decode(Bytes::from(self.written())).unwrap_or_default())
    }

    fn is_default(&self) -> bool {
        self.encoded_len() == 0
    }

    fn written(&self) -> Vec<u8> {
        self.encode_to_vec()
    }
}

impl<T> Opaque<T> {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_default()
    }
}

#[allow(private_bounds, reason = "only this crate looks inside")]
impl<T: Part + Default> Opaque<T> {
    pub(crate) fn new(part: Box<T>) -> Self {
        Self(part, PhantomData)
    }

    /// What is in it; none for the default.
    pub(crate) fn get(&self) -> Option<&T> {
        (&*self.0 as &dyn Any).downcast_ref()
    }

    /// What is in it, to be changed; none for the default.
    pub(crate) fn get_mut(&mut self) -> Option<&mut T> {
        (&mut *self.0 as &mut dyn Any).downcast_mut()
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

impl<T> Clone for Opaque<T> {
    fn clone(&self) -> Self {
        if self.is_empty() { Self::default() } else { Self((*self.0).copy(), PhantomData) }
    }
}

impl<T> PartialEq for Opaque<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0.written() == other.0.written()
    }
}

impl<T> fmt::Debug for Opaque<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Opaque").field(&Bytes::from(self.0.written())).finish()
    }
}
