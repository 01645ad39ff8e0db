//! The activity by itself, and the workflow in a world of its own, whose time skips.

use perpetua::prelude::*;
use {{crate_name}}::{GreetError, Greeting, Guest, compose};

fn guest(name: &str) -> Guest {
    Guest { name: name.into(), pause_seconds: 3_600 }
}

#[tokio::test]
async fn a_guest_without_a_name_is_not_greeted() {
    assert_eq!(compose::call(" ".into()).await, Err(GreetError::Nameless));
}

#[perpetua::test]
async fn a_guest_is_greeted_after_a_pause(env: TestEnv) -> anyhow::Result<()> {
    let begun = env.now();
    env.worker().workflow(Greeting::run).activity(compose).start();
    assert_eq!(env.run(Greeting::run(guest("Ann"))).await?, "Hello, Ann!");
    assert!(env.now().duration_since(begun)? >= hours(1));
    Ok(())
}

#[perpetua::test]
async fn a_guest_in_a_hurry_is_greeted_at_once(env: TestEnv) -> anyhow::Result<()> {
    let begun = env.now();
    env.worker().workflow(Greeting::run).activity(compose).start();
    let handle = env.start(Greeting::run(guest("Ann"))).await?;
    handle.hurry().await?;
    assert!(handle.is_hurried().await?);
    assert_eq!(handle.result().await?, "Hello, Ann!");
    assert!(env.now().duration_since(begun)? < hours(1));
    Ok(())
}
