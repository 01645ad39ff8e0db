//! Batch operations.

use perpetua_proto::workflowservice::*;
use perpetua_server_core::Answer;
use tonic::Request;

use super::WorkflowApi;

at_once! {
    start_batch_operation(StartBatchOperationRequest) -> StartBatchOperationResponse =
        |world, request| world.start_batch(request).map(|()| StartBatchOperationResponse::default());
    stop_batch_operation(StopBatchOperationRequest) -> StopBatchOperationResponse =
        |world, request| world.stop_batch(&request).map(|()| StopBatchOperationResponse::default());
    describe_batch_operation(DescribeBatchOperationRequest) -> DescribeBatchOperationResponse =
        |world, request| world.describe_batch(&request);
    list_batch_operations(ListBatchOperationsRequest) -> ListBatchOperationsResponse =
        |world, request| world.list_batches(&request);
}
