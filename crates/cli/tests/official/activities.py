"""Activities that no workflow has asked for, and activities that are looked after from outside."""

import asyncio
from datetime import timedelta

from support import OnServer, eventually, main, name
from temporalio import activity, workflow
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import PauseActivityRequest, UnpauseActivityRequest
from temporalio.client import ActivityFailureError
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityAlreadyStartedError, ApplicationError, CancelledError, TerminatedError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

SHORT = timedelta(seconds=30)


@activity.defn
async def double(number: int) -> int:
    if number < 0:
        raise ApplicationError("too small", type="TooSmall", non_retryable=True)
    return 2 * number


@activity.defn
async def stumble(times: int) -> int:
    if activity.info().attempt <= times:
        raise ApplicationError("not yet")
    return activity.info().attempt


@activity.defn
async def endless() -> str:
    while True:
        activity.heartbeat()
        await asyncio.sleep(0.05)


@workflow.defn
class Stumbling:
    @workflow.run
    async def run(self) -> int:
        policy = RetryPolicy(initial_interval=timedelta(seconds=1), backoff_coefficient=1)
        return await workflow.execute_activity(stumble, 2, start_to_close_timeout=SHORT, retry_policy=policy)


class Activities(OnServer):
    async def asyncSetUp(self):
        await super().asyncSetUp()
        await self.stack.enter_async_context(
            Worker(
                self.client,
                task_queue=self.queue,
                workflows=[Stumbling],
                activities=[double, stumble, endless],
                workflow_runner=UnsandboxedWorkflowRunner(),
            )
        )

    async def start(self, what, *args, **options):
        options = {"id": name("activity"), "task_queue": self.queue, "start_to_close_timeout": SHORT, **options}
        return await self.client.start_activity(what, args=args, **options)

    async def test_an_activity_runs_by_itself(self):
        handle = await self.start(double, 21)
        self.assertEqual(await handle.result(), 42)
        policy = RetryPolicy(initial_interval=timedelta(milliseconds=10))
        self.assertEqual(await (await self.start(stumble, 2, retry_policy=policy)).result(), 3)
        with self.assertRaises(ActivityFailureError) as failed:
            await (await self.start(double, -1)).result()
        self.assertEqual(failed.exception.cause.type, "TooSmall")

    async def test_an_activity_is_stopped(self):
        handle = await self.start(endless, heartbeat_timeout=timedelta(seconds=5))
        with self.assertRaises(ActivityAlreadyStartedError):
            await self.start(endless, id=handle.id)
        await eventually(lambda: self.attempted(handle))
        await handle.cancel()
        with self.assertRaises(ActivityFailureError) as failed:
            await handle.result()
        self.assertIsInstance(failed.exception.cause, CancelledError)
        handle = await self.start(endless)
        await handle.terminate(reason="enough")
        with self.assertRaises(ActivityFailureError) as failed:
            await handle.result()
        self.assertIsInstance(failed.exception.cause, TerminatedError)

    async def attempted(self, handle):
        described = await handle.describe()
        self.assertEqual(described.activity_type, "endless")
        self.assertIsNotNone(described.last_started_time)

    async def test_activities_are_listed_and_counted(self):
        handle = await self.start(double, 1)
        await handle.result()
        query = f"ActivityId = '{handle.id}'"

        async def listed():
            self.assertEqual([it.activity_id async for it in self.client.list_activities(query)], [handle.id])

        await eventually(listed)
        self.assertEqual((await self.client.count_activities(query)).count, 1)

    async def test_an_activity_of_a_workflow_is_paused(self):
        handle = await self.client.start_workflow(Stumbling.run, id=name("workflow"), task_queue=self.queue)

        async def pending():
            found = (await handle.describe()).raw_description.pending_activities
            self.assertTrue(found and found[0].attempt >= 2)
            return found[0]

        found = await eventually(pending)
        of = {"namespace": "default", "execution": WorkflowExecution(workflow_id=handle.id), "id": found.activity_id}
        await self.client.workflow_service.pause_activity(PauseActivityRequest(**of))
        self.assertTrue((await eventually(pending)).paused)
        await self.client.workflow_service.unpause_activity(UnpauseActivityRequest(**of))
        self.assertEqual(await handle.result(), 3)


if __name__ == "__main__":
    main()
