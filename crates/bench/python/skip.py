"""Sleeps of 30 days on a server that skips time, as the SDK's test environment asks for it: skip.py ADDRESS

Prints how long a result takes at the median, and by how many seconds the server's clock is off in the end, as JSON.
"""

import asyncio
import json
import os
import statistics
import sys
import time
from datetime import timedelta

from google.protobuf.empty_pb2 import Empty
from temporalio import workflow
from temporalio.api.testservice.v1 import LockTimeSkippingRequest, UnlockTimeSkippingRequest
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

TIMES = 5
MONTH = 30 * 86_400
# How long a result may take, in seconds, before the server is given up.
WITHIN = 30


@workflow.defn
class Sleeper:
    @workflow.run
    async def run(self, seconds: int) -> int:
        await workflow.sleep(timedelta(seconds=seconds))
        return seconds


async def now(client: Client) -> float:
    answer = await client.test_service.get_current_time(Empty())
    return answer.time.seconds + answer.time.nanos / 1e9


async def sleep(client: Client, name: str, seconds: int) -> float:
    handle = await client.start_workflow(Sleeper.run, seconds, id=name, task_queue="skip")
    begun = time.perf_counter()
    await client.test_service.unlock_time_skipping(UnlockTimeSkippingRequest())
    try:
        await asyncio.wait_for(handle.result(), WITHIN)
    finally:
        await client.test_service.lock_time_skipping(LockTimeSkippingRequest())
    return (time.perf_counter() - begun) * 1e3


async def main(address: str) -> None:
    client = await Client.connect(address)
    runner = UnsandboxedWorkflowRunner()
    async with Worker(client, task_queue="skip", workflows=[Sleeper], workflow_runner=runner):
        # Nothing is skipped before the worker is known: a server that finds nobody at work skips to the end of a run.
        await client.execute_workflow(Sleeper.run, 0, id="warm", task_queue="skip")
        before, real = await now(client), time.perf_counter()
        taken = [await sleep(client, f"sleep-{number}", MONTH) for number in range(TIMES)]
        passed, real = await now(client) - before, time.perf_counter() - real
    # The clock may have gone on as outside while code ran, or stood still.
    off = passed - TIMES * MONTH
    off = -off if off < 0 else max(off - real, 0)
    print(json.dumps({"sleep_ms": statistics.median(taken), "first_ms": taken[0], "clock_off_s": round(off, 1)}))


asyncio.run(main(sys.argv[1]))
# An interpreter that tears its extensions down can fall over, after everything was done.
sys.stdout.flush()
os._exit(0)
