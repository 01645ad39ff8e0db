//! A thousand worlds in one test, each with a month and three activities.

use perpetua::prelude::*;
use perpetua::testing::TestEnvError;

/// How many worlds there are at a time; each has a server, a worker and a thread for its workflows.
const AT_ONCE: usize = 8;
const WORLDS: usize = 1_000;

#[activity]
async fn step(number: u32) -> Result<u32, ActivityError> {
    Ok(number + 1)
}

#[workflow]
async fn a_month(ctx: Ctx) -> WorkflowResult<u32> {
    ctx.sleep(days(30)).await?;
    let mut number = 0;
    for _ in 0..3 {
        number = ctx.activity(step(number)).start_to_close(seconds(10)).await?;
    }
    Ok(number)
}

async fn one_world() -> Result<u32, TestEnvError> {
    let env = TestEnv::start_new().await?;
    let begun = env.now();
    env.worker().workflow(a_month).activity(step).start();
    let steps = env.run(a_month()).await.expect("it completes");
    assert!(env.now().duration_since(begun).expect("time goes on") >= days(30));
    env.finish().await.expect("nothing is found");
    Ok(steps)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_worlds_with_a_month_each() {
    let lanes = (0..AT_ONCE).map(|lane| {
        tokio::spawn(async move {
            let mut steps = 0;
            for _ in (lane..WORLDS).step_by(AT_ONCE) {
                steps += one_world().await.expect("there is a world");
            }
            steps
        })
    });
    let mut steps = 0;
    for lane in lanes.collect::<Vec<_>>() {
        steps += lane.await.expect("no world fails");
    }
    assert_eq!(steps, 3 * u32::try_from(WORLDS).expect("it is small"));
}
