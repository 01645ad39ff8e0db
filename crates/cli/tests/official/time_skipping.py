"""Time that skips: the test environments of the SDK, with this server instead of theirs."""

import asyncio
import unittest
from datetime import timedelta

from support import IS_REAL, SERVER, main, name
from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

DAY = timedelta(days=1)


@activity.defn
async def stumble() -> int:
    attempt = activity.info().attempt
    if attempt < 5:
        raise ApplicationError("not yet")
    return attempt


@workflow.defn
class Month:
    def __init__(self):
        self.days = 0

    @workflow.run
    async def run(self) -> float:
        begun = workflow.time()
        for _ in range(30):
            await asyncio.sleep(DAY.total_seconds())
            self.days += 1
        return workflow.time() - begun

    @workflow.query
    def passed(self) -> int:
        return self.days


@workflow.defn
class Patient:
    @workflow.run
    async def run(self) -> int:
        policy = RetryPolicy(initial_interval=timedelta(hours=1), backoff_coefficient=2)
        return await workflow.execute_activity(stumble, start_to_close_timeout=timedelta(seconds=5), retry_policy=policy)


@unittest.skipIf(IS_REAL, "the real server's time does not skip in this way")
class TimeSkipping(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.env = await WorkflowEnvironment.start_time_skipping(test_server_existing_path=SERVER)
        self.queue = name("queue")
        self.worker = Worker(
            self.env.client,
            task_queue=self.queue,
            workflows=[Month, Patient],
            activities=[stumble],
            workflow_runner=UnsandboxedWorkflowRunner(),
        )
        await self.worker.__aenter__()

    async def asyncTearDown(self):
        await self.worker.__aexit__(None, None, None)
        await self.env.shutdown()

    async def start(self, run):
        return await self.env.client.start_workflow(run, id=name("workflow"), task_queue=self.queue)

    async def test_a_month_passes_while_a_result_is_waited_for(self):
        handle = await self.start(Month.run)
        self.assertAlmostEqual(await handle.result(), 30 * DAY.total_seconds(), delta=60)

    async def test_retries_do_not_take_their_time(self):
        before = await self.env.get_current_time()
        self.assertEqual(await (await self.start(Patient.run)).result(), 5)
        self.assertGreater(await self.env.get_current_time() - before, timedelta(hours=14))

    async def test_a_test_sleeps_as_long_as_it_likes(self):
        handle = await self.start(Month.run)
        await self.env.sleep(10 * DAY + timedelta(minutes=1))
        self.assertEqual(await handle.query(Month.passed), 10)
        await self.env.sleep(20 * DAY)
        await handle.result()

    async def test_time_stands_where_skipping_is_off(self):
        handle = await self.start(Month.run)
        with self.env.auto_time_skipping_disabled():
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(handle.result(), 1)
        self.assertEqual(await handle.query(Month.passed), 0)


if __name__ == "__main__":
    main()
