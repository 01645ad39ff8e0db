"""A client of the Python SDK: drives the workflow `Basket` of a Perpetua worker.

Usage: drive_basket.py ADDRESS TASK_QUEUE WORKFLOW_ID. Prints what it saw, a line each.
"""

import asyncio
import sys

from temporalio.client import Client, WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError


async def main() -> None:
    client = await Client.connect(sys.argv[1], identity="basket-driver")
    handle = await client.start_workflow("Basket", args=["ann", 3], id=sys.argv[3], task_queue=sys.argv[2])
    await handle.signal("add", {"name": "tea", "cents": 350})
    print("count", await handle.query("count", result_type=int))
    print("renamed", await handle.execute_update("rename", args=[0, "coffee"], result_type=str))
    try:
        await handle.execute_update("rename", args=[7, "nothing"])
    except WorkflowUpdateFailedError as error:
        cause = error.cause
        assert isinstance(cause, ApplicationError), cause
        print("refused", cause.type, cause.message, list(cause.details))
    await handle.signal("close")
    print("result", await handle.result())
    failing = await client.start_workflow("Basket", args=["bob", 0], id=sys.argv[3] + "-empty", task_queue=sys.argv[2])
    await failing.signal("close")
    try:
        await failing.result()
    except WorkflowFailureError as error:
        cause = error.cause
        assert isinstance(cause, ApplicationError), cause
        print("failed", cause.type, cause.message, cause.non_retryable, list(cause.details))


asyncio.run(main())
