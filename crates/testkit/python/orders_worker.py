"""A worker of the Python SDK: the workflow `PythonOrder`, with signal, query, update and an activity.

Usage: orders_worker.py ADDRESS TASK_QUEUE. Prints `ready`, and works until its input ends.
"""

import asyncio
import sys
from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker


@dataclass
class Item:
    name: str
    cents: int


@activity.defn
async def price(items: list[Item], discount: int) -> int:
    return sum(item.cents for item in items) - discount


@workflow.defn(name="PythonOrder")
class PythonOrder:
    def __init__(self) -> None:
        self.items: list[Item] = []
        self.closed = False

    @workflow.run
    async def run(self, customer: str, discount: int) -> str:
        await workflow.wait_condition(lambda: self.closed)
        if not self.items:
            raise ApplicationError("nothing was ordered", {"customer": customer}, type="EmptyOrder", non_retryable=True)
        total = await workflow.execute_activity(
            price, args=[self.items, discount], start_to_close_timeout=timedelta(minutes=5)
        )
        return f"{customer} pays {total}"

    @workflow.signal
    def add(self, item: Item) -> None:
        self.items.append(item)

    @workflow.signal
    def close(self) -> None:
        self.closed = True

    @workflow.query
    def count(self) -> int:
        return len(self.items)

    @workflow.update
    async def rename(self, index: int, name: str) -> str:
        old = self.items[index].name
        self.items[index].name = name
        return old

    @rename.validator
    def check_rename(self, index: int, name: str) -> None:
        if index >= len(self.items):
            raise ApplicationError(f"there is no item {index}", index, type="NoSuchItem")


async def main() -> None:
    client = await Client.connect(sys.argv[1], identity="orders-worker")
    worker = Worker(
        client,
        task_queue=sys.argv[2],
        workflows=[PythonOrder],
        activities=[price],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    async with worker:
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
