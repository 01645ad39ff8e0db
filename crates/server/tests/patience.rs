//! How long calls are kept waiting.

use perpetua_proto::taskqueue::TaskQueue;
use perpetua_proto::workflowservice::PollActivityTaskQueueRequest;
use perpetua_proto::workflowservice::workflow_service_client::WorkflowServiceClient;
use perpetua_server::Server;
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn a_poll_waits_a_minute_or_as_long_as_it_was_set() {
    for (setting, expected) in [(None, 60), (Some("\"3s\""), 3)] {
        let mut server = Server::builder();
        if let Some(json) = setting {
            server = server.dynamic_config("matching.longPollExpirationInterval", json);
        }
        let server = server.start().expect("a server can be made");
        let mut client = WorkflowServiceClient::new(server.transport());
        let begun = Instant::now();
        let request = PollActivityTaskQueueRequest {
            namespace: "default".into(),
            task_queue: Some(TaskQueue { name: "queue".into(), ..Default::default() }),
            ..Default::default()
        };
        let answer = client.poll_activity_task_queue(request).await.expect("a worker may poll").into_inner();
        assert!(answer.task_token.is_empty(), "there is no activity");
        assert_eq!(begun.elapsed().as_secs(), expected);
    }
}
