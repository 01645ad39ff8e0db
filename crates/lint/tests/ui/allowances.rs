use std::time::Instant;

use perpetua::prelude::*;

#[workflow]
async fn flow(ctx: Ctx) -> WorkflowResult<()> {
    // perpetua: allow(P001) only shown to people, and nothing is decided by it
    let fine = Instant::now();
    // perpetua: allow(clock, P012) both of them, for a good reason
    println!(
        "{:?}",
        Instant::now()
    );
    // perpetua: allow(P001)
    let without_reason = Instant::now();
    // perpetua: allow(P002) the wrong rule
    let wrong = Instant::now();
    // perpetua: allow(P999) what is this?
    let unknown = Instant::now();
    Ok(())
}
