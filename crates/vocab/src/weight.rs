//! How much memory values take, as far as one can tell from outside.
//!
//! An estimate: what an allocator adds and what is shared with others is not known. Text of ids and names is counted where it
//! may be long, not everywhere.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::{Failure, FailureInfo, Named, Outcome, Payload, Payloads};

/// How many bytes of memory belong to a value, beyond its own size.
pub trait Weigh {
    /// The bytes.
    fn weight(&self) -> usize;
}

impl Weigh for Payload {
    fn weight(&self) -> usize {
        // The names that nearly all have are not copied.
        let metadata: usize = self.metadata.values().map(|value| Named::<Bytes>::ENTRY + value.len()).sum();
        self.data.len() + metadata
    }
}

impl Weigh for Payloads {
    fn weight(&self) -> usize {
        self.iter().map(|payload| size_of::<Payload>() + payload.weight()).sum()
    }
}

impl<T: Weigh> Weigh for BTreeMap<String, T> {
    fn weight(&self) -> usize {
        let entry = size_of::<String>() + size_of::<T>();
        self.iter().map(|(name, value)| 2 * entry + name.len() + value.weight()).sum()
    }
}

impl<T: Weigh> Weigh for Option<T> {
    fn weight(&self) -> usize {
        self.as_ref().map_or(0, Weigh::weight)
    }
}

impl<T: Weigh> Weigh for Box<T> {
    fn weight(&self) -> usize {
        size_of::<T>() + (**self).weight()
    }
}

impl Weigh for Failure {
    fn weight(&self) -> usize {
        let text = self.message.len() + self.source.len() + self.stack_trace.len();
        let values = match &self.info {
            FailureInfo::Application(application) => application.details.weight(),
            FailureInfo::Timeout { last_heartbeat: details, .. }
            | FailureInfo::Canceled { details, .. }
            | FailureInfo::ResetWorkflow { last_heartbeat: details } => details.weight(),
            _ => 0,
        };
        text + values + self.encoded_attributes.weight() + self.cause.weight()
    }
}

impl Weigh for Outcome {
    fn weight(&self) -> usize {
        match self {
            Self::Success(values) => values.weight(),
            Self::Failure(failure) => failure.weight(),
        }
    }
}

impl Payload {
    /// Makes it the only owner of its bytes. One that came over the network keeps all that came with it in memory, which
    /// matters where it is kept for long.
    pub fn detach(&mut self) {
        let copy = |bytes: &Bytes| Bytes::copy_from_slice(bytes);
        self.data = copy(&self.data);
        for (_, value) in self.metadata.iter_mut() {
            *value = copy(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_larger_weighs_more() {
        let small = Payload::encoded("json/plain", "1");
        let large = Payload::encoded("json/plain", "x".repeat(10_000));
        assert!(large.weight() > 10_000 && large.weight() < 11_000, "{}", large.weight());
        assert_eq!(large.weight() - small.weight(), 9_999);
        let two = vec![small.clone(), large.clone()];
        assert_eq!(two.weight(), small.weight() + large.weight() + 2 * size_of::<Payload>());
        let cause = Failure { message: "x".repeat(500), ..Failure::default() };
        let failure = Failure { cause: Some(Box::new(cause)), ..Failure::default() };
        assert!(failure.weight() >= 500 + size_of::<Failure>());
    }

    #[test]
    fn a_detached_payload_is_the_same_and_elsewhere() {
        let page = Bytes::from(vec![7_u8; 4096]);
        let arrived = Payload { data: page.slice(10..20), ..Payload::encoded("binary/plain", Bytes::new()) };
        let mut kept = arrived.clone();
        kept.detach();
        assert_eq!(kept, arrived);
        assert_ne!(kept.data.as_ptr(), arrived.data.as_ptr());
    }
}
