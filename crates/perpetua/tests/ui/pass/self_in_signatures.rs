//! `Self` means the type, also where it is repeated elsewhere.

#![deny(warnings)]

use perpetua::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Default, Serialize, Deserialize)]
struct Counter {
    count: u64,
}

#[activities]
impl Counter {
    #[activity]
    async fn add(&self, other: Self, many: Vec<Self>, fixed: [u8; 2]) -> Result<Self, ActivityError> {
        let _ = fixed;
        Ok(Self { count: self.count + other.count + many.iter().map(|each| each.count).sum::<u64>() })
    }
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Snapshot;

#[workflow]
impl Snapshot {
    #[run]
    async fn run(&self, _ctx: Ctx, from: Option<Self>) -> WorkflowResult<Self> {
        Ok(from.unwrap_or_default())
    }

    #[query]
    fn me(&self) -> Self {
        self.clone()
    }

    #[update(validator = check)]
    async fn exchange(&self, _ctx: Ctx, other: Self) -> Result<Self, AnyError> {
        Ok(other)
    }

    fn check(&self, _other: &Self) -> Result<(), AnyError> {
        Ok(())
    }
}

fn main() {
    let _ = Counter::add(Counter::default(), Vec::new(), [0; 2]);
    let _ = |client: &Client| Worker::builder(client, "q").workflow(Snapshot::run).activities(Counter::default());
}
