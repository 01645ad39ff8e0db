//! Schedules.

use perpetua_proto::workflowservice::*;
use perpetua_server_core::Answer;
use tonic::Request;

use super::WorkflowApi;

at_once! {
    create_schedule(CreateScheduleRequest) -> CreateScheduleResponse = |world, request| world.create_schedule(request);
    describe_schedule(DescribeScheduleRequest) -> DescribeScheduleResponse =
        |world, request| world.describe_schedule(&request);
    update_schedule(UpdateScheduleRequest) -> UpdateScheduleResponse =
        |world, request| world.update_schedule(request).map(|()| UpdateScheduleResponse {});
    patch_schedule(PatchScheduleRequest) -> PatchScheduleResponse =
        |world, request| world.patch_schedule(request).map(|()| PatchScheduleResponse {});
    delete_schedule(DeleteScheduleRequest) -> DeleteScheduleResponse =
        |world, request| world.delete_schedule(&request).map(|()| DeleteScheduleResponse {});
    list_schedule_matching_times(ListScheduleMatchingTimesRequest) -> ListScheduleMatchingTimesResponse =
        |world, request| world.schedule_matching_times(&request);
    list_schedules(ListSchedulesRequest) -> ListSchedulesResponse = |world, request| world.list_schedules(&request);
    count_schedules(CountSchedulesRequest) -> CountSchedulesResponse = |world, request| world.count_schedules(&request);
}
