//! The embedded server in skipped time, and what it refuses.

use perpetua::prelude::*;
use perpetua::server::Server;
use perpetua_testkit::Outcome;

/// Waits for a signal, for a month at most.
#[derive(Default)]
struct Patient {
    called: State<bool>,
}

#[workflow]
impl Patient {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<bool> {
        Ok(ctx.wait_until(|| self.called.get()).timeout(days(30)).await.is_ok())
    }

    #[signal]
    fn call(&self) {
        self.called.set(true);
    }
}

#[tokio::test]
async fn time_is_not_skipped_while_nobody_waits() -> Outcome {
    let server = Server::builder().skip_time().start()?;
    let client = Client::connect_to(&server).await?;
    let worker = Worker::builder(&client, "queue").workflow(Patient::run).spawn()?;
    let handle = client.start(Patient::run()).task_queue("queue").id("w").await?;
    handle.call().await?;
    assert!(handle.result().await?);
    let never_called = client.run(Patient::run()).task_queue("queue").id("v").await?;
    assert!(!never_called);
    worker.shutdown().await?;
    Ok(())
}

#[tokio::test]
async fn what_the_server_does_not_do_it_refuses_by_name() -> Outcome {
    let server = Server::builder().start()?;
    let client = Client::connect_to(&server).await?;
    let request = perpetua_proto::workflowservice::ListWorkflowRulesRequest::default();
    let refused = client.service().list_workflow_rules(request).await.expect_err("there are no rules");
    assert_eq!(refused.message(), "this server does not do `list_workflow_rules`");
    Ok(())
}
