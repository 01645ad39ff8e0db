//! The smallest workflow: one activity, one result.
//!
//! `cargo run --bin hello` runs a server, a worker and a client in one process. With
//! `TEMPORAL_ADDRESS=localhost:7233` it uses the server that runs there.

use perpetua::prelude::*;

/// Greets somebody. An activity may do anything: call services, read files, fail and be tried again.
#[activity]
async fn greet(name: String) -> Result<String, ActivityError> {
    Ok(format!("Hello, {name}!"))
}

/// Has somebody greeted. A workflow only decides; what it decided survives the process it ran in.
#[workflow]
async fn greeting(ctx: Ctx, name: String) -> WorkflowResult<String> {
    Ok(ctx.activity(greet(name)).start_to_close(seconds(10)).await?)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = Client::connect_or_embedded().await?;
    let worker = Worker::builder(&client, "hello").workflow(greeting).activity(greet).spawn()?;
    let reply = client.run(greeting("World".into())).task_queue("hello").id("hello-1").await?;
    println!("{reply}");
    worker.shutdown().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[perpetua::test]
    async fn somebody_is_greeted(env: TestEnv) {
        env.worker().workflow(greeting).activity(greet).start();
        assert_eq!(env.run(greeting("Ann".into())).await.unwrap(), "Hello, Ann!");
    }

    #[tokio::test]
    async fn an_activity_is_a_function() {
        assert_eq!(greet::call("Ann".into()).await.unwrap(), "Hello, Ann!");
    }
}
