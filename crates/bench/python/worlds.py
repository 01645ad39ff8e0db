"""Worlds on the time-skipping test server: worlds.py PROGRAM COUNT AT_ONCE [--shared]

Each world runs one workflow that sleeps 30 days and calls three activities: on a server process of its own, as an isolated
test needs it, or, with --shared, one after the other on one server. Prints how long a world took, as JSON.
"""

import asyncio
import json
import os
import sys
import time
import uuid
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker


@activity.defn
async def step(number: int) -> int:
    return number + 1


@workflow.defn
class AMonth:
    @workflow.run
    async def run(self) -> int:
        await workflow.sleep(timedelta(days=30))
        number = 0
        for _ in range(3):
            number = await workflow.execute_activity(step, number, start_to_close_timeout=timedelta(seconds=10))
        return number


async def play(environment: WorkflowEnvironment) -> None:
    queue = str(uuid.uuid4())
    runner = UnsandboxedWorkflowRunner()
    async with Worker(
        environment.client, task_queue=queue, workflows=[AMonth], activities=[step], workflow_runner=runner
    ):
        result = await environment.client.execute_workflow(AMonth.run, id=queue, task_queue=queue)
        assert result == 3, result


async def own_server(program: str) -> None:
    async with await WorkflowEnvironment.start_time_skipping(test_server_existing_path=program) as environment:
        await play(environment)


async def main(program: str, count: int, at_once: int, shared: bool) -> None:
    begun = time.perf_counter()
    if shared:
        async with await WorkflowEnvironment.start_time_skipping(test_server_existing_path=program) as environment:
            for _ in range(count):
                await play(environment)
    else:
        for start in range(0, count, at_once):
            await asyncio.gather(*(own_server(program) for _ in range(min(at_once, count - start))))
    print(json.dumps({"worlds": count, "world_ms": (time.perf_counter() - begun) * 1e3 / count}))


def run() -> None:
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), "--shared" in sys.argv))
    # An interpreter that tears its extensions down can fall over, after everything was done.
    sys.stdout.flush()
    os._exit(0)


run()
