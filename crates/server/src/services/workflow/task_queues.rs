//! Task queues.

use perpetua_proto::workflowservice::*;
use perpetua_server_core::Answer;
use tonic::Request;

use super::WorkflowApi;

at_once! {
    describe_task_queue(DescribeTaskQueueRequest) -> DescribeTaskQueueResponse =
        |world, request| world.describe_task_queue(&request);
    list_task_queue_partitions(ListTaskQueuePartitionsRequest) -> ListTaskQueuePartitionsResponse =
        |world, request| world.list_task_queue_partitions(&request);
    update_task_queue_config(UpdateTaskQueueConfigRequest) -> UpdateTaskQueueConfigResponse =
        |world, request| world.update_task_queue_config(request);
}
