use std::time::{Instant as Watch, SystemTime};

use chrono::prelude::*;
use perpetua::prelude::*;
use uuid::Uuid;

type Clock = std::time::Instant;

#[workflow]
async fn everything(ctx: Ctx) -> WorkflowResult<()> {
    let begun = Watch::now();
    ctx.sleep(seconds(1)).await?;
    if begun.elapsed() > seconds(1) {
        println!("{:?}", SystemTime::now());
    }
    let _ = Clock::now();
    let _ = Utc::now();
    let dice = rand::rng();
    let id = Uuid::new_v4();
    let lazily = ids.get_or_insert_with(Uuid::new_v4);
    let _ = std::hash::DefaultHasher::new();
    Ok(())
}

#[workflow]
async fn fine(ctx: Ctx) -> WorkflowResult<()> {
    let now = ctx.now();
    let id = ctx.uuid();
    let read = ctx.side_effect(|| (SystemTime::now(), Uuid::new_v4(), std::env::var("REGION")));
    perpetua::unguarded(|| Watch::now());
    let Utc = now;
    Ok(())
}

#[activity]
async fn anything() -> Result<(), ActivityError> {
    let _ = Watch::now();
    std::thread::sleep(std::time::Duration::from_secs(1));
    Ok(())
}

fn main() {
    println!("{:?}", Watch::now());
}
