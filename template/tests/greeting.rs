//! The activity by itself, and the workflow against the server at `TEMPORAL_ADDRESS`, where there is one.

use perpetua::prelude::*;
use {{crate_name}}::{GreetError, Greeting, Guest, TASK_QUEUE, compose};

#[tokio::test]
async fn a_guest_without_a_name_is_not_greeted() {
    assert_eq!(compose::call(" ".into()).await, Err(GreetError::Nameless));
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test may look at the environment")]
async fn a_guest_in_a_hurry_is_greeted_at_once() -> anyhow::Result<()> {
    if std::env::var_os("TEMPORAL_ADDRESS").is_none() {
        eprintln!("skipped: TEMPORAL_ADDRESS is not set");
        return Ok(());
    }
    let client = Client::connect_from_env().await?;
    let worker = Worker::builder(&client, TASK_QUEUE).workflow(Greeting::run).activity(compose).spawn()?;
    let guest = Guest { name: "Ann".into(), pause_seconds: 3_600 };
    let handle = client.start(Greeting::run(guest)).task_queue(TASK_QUEUE).await?;
    handle.hurry().await?;
    assert!(handle.is_hurried().await?);
    assert_eq!(handle.result().await?, "Hello, Ann!");
    worker.shutdown().await?;
    Ok(())
}
