//! Parameters need not be plain names.

#![deny(warnings)]

use perpetua::prelude::*;

#[activity]
async fn add((a, b): (u8, u8), mut sum: u8, _: bool, _name: String) -> Result<u8, ActivityError> {
    sum += a + b;
    Ok(sum)
}

#[workflow]
async fn adding(_: Ctx, [first, ..]: [u8; 3], argument_1: u8, _first: u8) -> WorkflowResult<u8> {
    Ok(first + argument_1)
}

struct Bank;

#[activities]
impl Bank {
    #[activity]
    async fn withdraw(&self, mut ctx: ActivityContext, (account, cents): (String, u64)) -> Result<u64, ActivityError> {
        ctx = ctx.clone();
        ctx.heartbeat(account);
        Ok(cents)
    }
}

#[derive(Default)]
struct Approval;

#[workflow]
impl Approval {
    #[run]
    async fn run(&self, mut ctx: Ctx, (): ()) -> WorkflowResult<()> {
        ctx = ctx.clone();
        ctx.log();
        Ok(())
    }

    #[signal]
    fn approve(&self, mut by: String, (a, _): (u8, u8)) {
        by.push(char::from(a));
    }

    #[update(validator = check)]
    async fn note(&self, _: Ctx, mut this: String, ctx: u8, handlers: u8) -> Result<usize, AnyError> {
        this.clear();
        Ok(usize::from(ctx + handlers))
    }

    fn check(&self, this: &str, &ctx: &u8, _: &u8) -> Result<(), AnyError> {
        if this.len() > usize::from(ctx) { Err(AnyError::message("too long")) } else { Ok(()) }
    }
}

fn main() {
    let _ = add((1, 2), 3, true, "Ann".to_owned());
    let _ = adding([1, 2, 3], 4, 5);
    let _ = Bank::withdraw(("a".to_owned(), 1));
    let _ = Approval::approve("Ann".to_owned(), (1, 2));
    let _ = |client: &Client| {
        Worker::builder(client, "q").workflow(adding).workflow(Approval::run).activity(add).activities(Bank)
    };
}
