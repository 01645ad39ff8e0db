//! Worlds: time that skips, checks that find something, waits that end.

use perpetua::prelude::*;
use perpetua::testing::Check;

#[activity]
async fn step(number: u32) -> Result<u32, ActivityError> {
    Ok(number + 1)
}

#[workflow]
async fn three_months(ctx: Ctx) -> WorkflowResult<u32> {
    let mut number = 0;
    for _ in 0..3 {
        ctx.sleep(days(30)).await?;
        number = ctx.activity(step(number)).start_to_close(seconds(10)).await?;
    }
    Ok(number)
}

#[derive(Default)]
struct Approval {
    approved_by: State<Option<String>>,
}

#[workflow]
impl Approval {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<String> {
        ctx.wait_until(|| self.approved_by.get().is_some()).await?;
        Ok(self.approved_by.get().unwrap_or_default())
    }

    #[signal]
    fn approve(&self, by: String) {
        self.approved_by.set(Some(by));
    }

    #[query]
    fn approver(&self) -> Option<String> {
        self.approved_by.get()
    }
}

#[perpetua::test]
async fn months_pass_at_once(env: TestEnv) {
    let begun = env.now();
    env.worker().workflow(three_months).activity(step).start();
    assert_eq!(env.run(three_months()).await.expect("it completes"), 3);
    assert!(env.now().duration_since(begun).expect("time goes on") >= days(90));
}

#[perpetua::test]
async fn a_signal_ends_a_wait(env: TestEnv) {
    env.worker().workflow(Approval::run).start();
    let handle = env.start(Approval::run()).await.expect("it starts");
    assert_eq!(handle.approver().await.expect("it answers"), None);
    handle.approve("ann".into()).await.expect("it is delivered");
    env.advance_until(async || handle.approver().await.expect("it answers").is_some()).await.expect("it is approved");
    assert_eq!(handle.result().await.expect("it completes"), "ann");
}

#[perpetua::test]
async fn a_wait_without_end_says_what_it_waits_for(env: TestEnv) {
    env.worker().workflow(Approval::run).start();
    let handle = env.start(Approval::run()).id("w").await.expect("it starts");
    let failure = handle.result().await.expect_err("nobody approves it");
    assert!(failure.to_string().contains("nothing is left that could end the wait"), "{failure}");
    let findings = env.take_findings();
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].check, Check::Standstill);
    assert!(findings[0].message.contains("workflow `Approval` (id w) waits for:"), "{}", findings[0].message);
    assert!(findings[0].message.contains("tests/worlds.rs:"), "{}", findings[0].message);
}

#[perpetua::test]
async fn work_that_nobody_takes_is_named(env: TestEnv) {
    let handle = env.start(Approval::run()).task_queue("elsewhere").await.expect("it starts");
    handle.result().await.expect_err("nobody works");
    let findings = env.take_findings();
    assert!(findings[0].message.contains("task queue `elsewhere` has 1 workflow task and no worker"), "{findings:?}");
}

fn in_real_time() -> perpetua::TestEnvBuilder {
    TestEnv::builder().real_time()
}

#[perpetua::test(env = in_real_time)]
async fn time_can_pass_as_it_does_outside(env: TestEnv) {
    let outside = std::time::Instant::now();
    let begun = env.now();
    env.worker().workflow(Approval::run).start();
    let handle = env.start(Approval::run()).await.expect("it starts");
    env.sleep(milliseconds(50)).await.expect("time passes");
    assert!(outside.elapsed() >= milliseconds(50));
    handle.approve("ann".into()).await.expect("it is delivered");
    env.advance_until(async || handle.approver().await.expect("it answers").is_some()).await.expect("it is approved");
    handle.result().await.expect("it completes");
    let inside = env.now().duration_since(begun).expect("time goes on");
    assert!(inside <= outside.elapsed(), "{inside:?} have passed");
}

/// A server of somebody else, which has a run of its own; the same test is played there.
#[tokio::test]
async fn the_same_test_is_played_on_a_server_elsewhere() {
    let server = perpetua::server::Server::builder().start().expect("it starts");
    let listening = server.listen(([127, 0, 0, 1], 0).into()).await.expect("it listens");
    let other = Client::connect_to(&server).await.expect("it connects");
    other.start(Approval::run()).task_queue("others").await.expect("it starts");
    let env = TestEnv::builder().address(listening.address().to_string()).start().await.expect("it connects");
    env.worker().workflow(Approval::run).start();
    let handle = env.start(Approval::run()).await.expect("it starts");
    handle.approve("ann".into()).await.expect("it is delivered");
    assert_eq!(handle.result().await.expect("it completes"), "ann");
    handle.signal_named("aprove", ()).await.expect_err("it has ended");
    env.finish().await.expect("only its own run is looked at");
    server.shutdown().await;
}
