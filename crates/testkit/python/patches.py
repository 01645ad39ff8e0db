"""The workflow `PatchedShipment` of the Python SDK, the same as ours.

Usage: patches.py work ADDRESS TASK_QUEUE    prints `ready`, and works until its input ends
       patches.py replay ADDRESS ID..        replays histories from the server; prints a line for each
"""

import asyncio
import sys

from temporalio import workflow
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, Worker

KEYWORD = SearchAttributeKey.for_keyword("CustomKeywordField")
NUMBER = SearchAttributeKey.for_int("CustomIntField")


@workflow.defn(name="PatchedShipment")
class PatchedShipment:
    @workflow.run
    async def run(self, code: str) -> str:
        by_air = code == "deprecated"
        if code == "patched":
            by_air = workflow.patched("ship-by-air")
        if code == "deprecated":
            workflow.deprecate_patch("ship-by-air")
        if by_air:
            await asyncio.sleep(0.01)
        workflow.upsert_search_attributes([KEYWORD.value_set("packed"), NUMBER.value_unset()])
        insured = workflow.patched("insure") if code == "patched" else False
        await asyncio.sleep(0.02)
        workflow.upsert_memo({"status": "sent", "draft": None})
        return f"{'by air' if by_air else 'by sea'}, {'insured' if insured else 'not insured'}"


async def work(client: Client, task_queue: str) -> None:
    worker = Worker(
        client, task_queue=task_queue, workflows=[PatchedShipment], workflow_runner=UnsandboxedWorkflowRunner()
    )
    async with worker:
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def replay(client: Client, ids: list[str]) -> None:
    replayer = Replayer(workflows=[PatchedShipment], workflow_runner=UnsandboxedWorkflowRunner())
    for id in ids:
        history = await client.get_workflow_handle(id).fetch_history()
        result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
        print("replays" if result.replay_failure is None else repr(result.replay_failure), flush=True)


async def main() -> None:
    verb, address, *rest = sys.argv[1:]
    client = await Client.connect(address, identity="patches")
    if verb == "work":
        await work(client, rest[0])
    else:
        await replay(client, rest)


asyncio.run(main())
