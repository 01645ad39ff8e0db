//! Activities of a generic type.

use perpetua::prelude::*;

struct Bank<S>(S);

#[activities]
impl<S: Send + Sync + 'static> Bank<S> {
    #[activity]
    async fn withdraw(&self, cents: u64) -> Result<u64, ActivityError> {
        Ok(cents)
    }
}

fn main() {}
