//! What an interface of activities cannot have.

use perpetua::prelude::*;

#[activities]
unsafe trait Bank<T>: Sized {
    const LIMIT: u64;

    #[activity]
    async fn withdraw(&self, cents: u64) -> Result<u64, ActivityError>;

    #[activity]
    async fn deposit(ctx: ActivityContext, cents: u64) -> Result<u64, ActivityError>;

    #[activity(blocking)]
    fn hash(text: String) -> Result<u64, ActivityError>;

    #[activity]
    async fn close() -> Result<(), ActivityError> {
        Ok(())
    }

    async fn open() -> Result<(), ActivityError>;
}

fn main() {}
