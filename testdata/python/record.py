"""Records histories with the Python SDK, for the tests that read and replay them: record.py ADDRESS

Writes one NAME.json a workflow, in the JSON of `WorkflowHistory.to_json`, beside this file.
"""

import asyncio
import pathlib
import sys
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client, WorkflowFailureError
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

QUEUE = "recorded"
SOON = timedelta(seconds=30)


@activity.defn
async def charge(customer: str, cents: int) -> str:
    return f"{customer} pays {cents}"


@activity.defn
async def refuse(reason: str) -> None:
    raise ApplicationError(reason, {"code": 7}, type="Refused", non_retryable=True)


@activity.defn
async def linger() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(0.05)


@workflow.defn(name="Shipment")
class Shipment:
    def __init__(self) -> None:
        self.left = ""

    @workflow.run
    async def run(self, customer: str) -> str:
        await workflow.wait_condition(lambda: self.left != "")
        return f"shipped to {customer} by {self.left}"

    @workflow.signal
    def leave(self, by: str) -> None:
        self.left = by


@workflow.defn(name="Order")
class Order:
    def __init__(self) -> None:
        self.approved = ""
        self.notes: list[str] = []

    @workflow.run
    async def run(self, customer: str, cents: int) -> str:
        receipt = await workflow.execute_activity(
            charge, args=[customer, cents], start_to_close_timeout=SOON, summary="the money"
        )
        await workflow.sleep(0.02)
        await workflow.wait_condition(lambda: self.approved != "")
        try:
            await workflow.execute_activity(
                refuse, "no gift wrap", start_to_close_timeout=SOON, retry_policy=RetryPolicy(maximum_attempts=1)
            )
        except ActivityError as error:
            self.notes.append(error.cause.message)
        child = await workflow.start_child_workflow(Shipment.run, customer, id="shipment-1")
        await child.signal(Shipment.leave, self.approved)
        shipped = await child
        return f"{receipt}; {shipped}; {', '.join(self.notes)}"

    @workflow.signal
    def approve(self, by: str) -> None:
        self.approved = by

    @workflow.update
    def note(self, text: str) -> int:
        self.notes.append(text)
        return len(self.notes)


@workflow.defn(name="Many")
class Many:
    @workflow.run
    async def run(self, count: int) -> int:
        calls = [
            workflow.execute_activity(charge, args=["ann", number], start_to_close_timeout=SOON)
            for number in range(count)
        ]
        return len(await asyncio.gather(*calls, workflow.sleep(0.01)))


@workflow.defn(name="Stopped")
class Stopped:
    @workflow.run
    async def run(self) -> None:
        task = workflow.start_activity(
            linger,
            start_to_close_timeout=SOON,
            heartbeat_timeout=timedelta(seconds=5),
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        )
        await task


@workflow.defn(name="Marked")
class Marked:
    @workflow.run
    async def run(self) -> str:
        if workflow.patched("gift-wrap"):
            workflow.upsert_memo({"wrap": "gold"})
        return await workflow.execute_local_activity(charge, args=["ann", 1], start_to_close_timeout=SOON)


@workflow.defn(name="Again")
class Again:
    @workflow.run
    async def run(self, left: int) -> int:
        if left > 0:
            workflow.continue_as_new(left - 1)
        return left


async def main(address: str) -> None:
    client = await Client.connect(address, identity="python")
    folder = pathlib.Path(__file__).resolve().parent

    async def keep(name: str, handle) -> None:
        history = await handle.fetch_history()
        # Stack traces shall not say where this tree lies.
        text = history.to_json().replace(f"{folder.parent.parent}/", "")
        (folder / f"{name}.json").write_text(text + "\n")
        print(name, len(history.events), "events")

    async def start(run, *args, id):
        return await client.start_workflow(run, args=args, id=id, task_queue=QUEUE)

    workflows = [Order, Shipment, Many, Stopped, Marked, Again]
    activities = [charge, refuse, linger]
    async with Worker(
        client,
        task_queue=QUEUE,
        workflows=workflows,
        activities=activities,
        identity="python",
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        order = await start(Order.run, "ann", 350, id="order-1")
        await order.execute_update(Order.note, "ring twice")
        await order.signal(Order.approve, "bob")
        print(await order.result())
        await keep("order", order)
        await keep("shipment", client.get_workflow_handle("shipment-1"))

        many = await start(Many.run, 5, id="many-1")
        await many.result()
        await keep("many", many)

        stopped = await start(Stopped.run, id="stopped-1")
        while not (await stopped.describe()).raw_description.pending_activities:
            pass
        await stopped.cancel()
        try:
            await stopped.result()
        except WorkflowFailureError as error:
            assert isinstance(error.cause, CancelledError), error.cause
        await keep("stopped", stopped)

        marked = await start(Marked.run, id="marked-1")
        await marked.result()
        await keep("marked", marked)

        again = await start(Again.run, 1, id="again-1")
        await again.result()
        await keep("again", client.get_workflow_handle("again-1", run_id=again.first_execution_run_id))


asyncio.run(main(*sys.argv[1:]))
