//! Methods stay methods; the type's functions of the same name describe calls.

#![deny(warnings)]

use perpetua::prelude::*;

#[derive(Default)]
struct Approval {
    count: State<u32>,
}

#[workflow]
impl Approval {
    #[run]
    async fn run(&self, ctx: Ctx, rounds: u32) -> WorkflowResult<u32> {
        self.bump(1);
        self.twice(ctx.clone(), 2).await?;
        let bank = Bank { limit: 10 };
        let _ = bank.check(3);
        if rounds > 0 {
            return ctx.continue_as_new(Self::run(rounds - 1));
        }
        Ok(self.count())
    }

    #[signal]
    fn bump(&self, by: u32) {
        self.set(self.count() + by);
    }

    #[update]
    async fn twice(&self, _ctx: Ctx, by: u32) -> Result<u32, AnyError> {
        self.bump(by);
        self.bump(by);
        Ok(self.count())
    }

    #[query]
    fn count(&self) -> u32 {
        self.count.get()
    }

    fn set(&self, count: u32) {
        self.count.set(count.min(Self::MOST));
    }

    const MOST: u32 = 100;
}

struct Bank {
    limit: u64,
}

#[activities]
impl Bank {
    #[activity]
    async fn withdraw(&self, cents: u64) -> Result<u64, ActivityError> {
        self.check(cents).map_err(AnyError::message)?;
        Ok(cents)
    }

    #[activity]
    async fn withdraw_twice(&self, cents: u64) -> Result<u64, ActivityError> {
        Ok(self.withdraw(cents).await? + self.withdraw(cents).await?)
    }

    fn check(&self, cents: u64) -> Result<(), &'static str> {
        if cents > self.limit { Err("too much") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bumps() {
        let approval = Approval::default();
        approval.bump(3);
        assert_eq!(approval.count(), 3);
    }
}

fn main() {
    assert_eq!(Approval::bump(1).name(), "bump");
    let _ = |client: &Client| Worker::builder(client, "q").workflow(Approval::run).activities(Bank { limit: 1 });
}
