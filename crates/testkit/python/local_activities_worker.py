"""A worker of the Python SDK: the workflow `Relay`, which runs local activities before and after a signal.

Usage: local_activities_worker.py ADDRESS TASK_QUEUE. Prints `ready`, and works until its input ends.
"""

import asyncio
import dataclasses
import sys
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.converter import DataConverter, DefaultFailureConverter
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker


@activity.defn
async def relay_add(left: int, right: int) -> int:
    return left + right


@activity.defn
async def relay_refuse(why: str) -> None:
    raise ApplicationError(why, {"why": why}, type="Refused", non_retryable=True)


@activity.defn
async def relay_try(attempts: int) -> int:
    attempt = activity.info().attempt
    if attempt < attempts:
        raise ApplicationError("not yet", type="NotYet")
    return attempt


@activity.defn
async def relay_wait() -> None:
    await asyncio.sleep(60)


SHORT = timedelta(seconds=10)
RETRY = RetryPolicy(initial_interval=timedelta(seconds=1))


async def leg() -> str:
    total = await workflow.execute_local_activity(relay_add, args=[1, 2], start_to_close_timeout=SHORT)
    both = await asyncio.gather(
        workflow.execute_local_activity(relay_add, args=[total, 10], start_to_close_timeout=SHORT, activity_id="ten"),
        workflow.execute_local_activity(relay_add, args=[total, 20], start_to_close_timeout=SHORT),
    )
    refused = ""
    try:
        await workflow.execute_local_activity(relay_refuse, "no", start_to_close_timeout=SHORT)
    except ApplicationError as error:
        refused = error.message
    attempt = await workflow.execute_local_activity(
        relay_try,
        2,
        start_to_close_timeout=SHORT,
        retry_policy=RETRY,
        local_retry_threshold=timedelta(milliseconds=500),
    )
    canceled = workflow.start_local_activity(relay_wait, start_to_close_timeout=SHORT)
    canceled.cancel()
    try:
        await canceled
    except asyncio.CancelledError:
        pass
    scheduled = await workflow.execute_activity(relay_add, args=[attempt, 100], start_to_close_timeout=SHORT)
    return f"{total} {both} {refused} {attempt} {scheduled}"


@workflow.defn(name="Relay")
class Relay:
    def __init__(self) -> None:
        self.handed_over = False

    @workflow.run
    async def run(self) -> list[str]:
        first = await leg()
        await workflow.wait_condition(lambda: self.handed_over)
        return [first, await leg()]

    @workflow.signal
    def hand_over(self) -> None:
        self.handed_over = True


class WithoutPlaces(DefaultFailureConverter):
    """Failures without stack traces, which name the folders of whoever runs this."""

    def to_failure(self, exception, payload_converter, failure) -> None:
        super().to_failure(exception, payload_converter, failure)
        failure.ClearField("stack_trace")


async def main() -> None:
    converter = dataclasses.replace(DataConverter.default, failure_converter_class=WithoutPlaces)
    client = await Client.connect(sys.argv[1], identity="python", data_converter=converter)
    worker = Worker(
        client,
        task_queue=sys.argv[2],
        workflows=[Relay],
        activities=[relay_add, relay_refuse, relay_try, relay_wait],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    async with worker:
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
