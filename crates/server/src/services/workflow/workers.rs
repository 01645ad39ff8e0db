//! Workers.

use perpetua_proto::workflowservice::*;
use perpetua_server_core::Answer;
use tonic::Request;

use super::WorkflowApi;

at_once! {
    record_worker_heartbeat(RecordWorkerHeartbeatRequest) -> RecordWorkerHeartbeatResponse =
        |world, request| world.record_worker_heartbeat(request).map(|()| RecordWorkerHeartbeatResponse {});
    list_workers(ListWorkersRequest) -> ListWorkersResponse = |world, request| world.list_workers(&request);
    count_workers(CountWorkersRequest) -> CountWorkersResponse = |world, request| world.count_workers(&request);
    describe_worker(DescribeWorkerRequest) -> DescribeWorkerResponse =
        |world, request| world.describe_worker(&request);
}
