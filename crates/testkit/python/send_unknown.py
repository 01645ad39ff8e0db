"""A client of the Python SDK: sends messages whose names the workflow does not declare.

Usage: send_unknown.py ADDRESS WORKFLOW_ID. Prints what it saw, a line each.
"""

import asyncio
import sys

from temporalio.client import Client, WorkflowQueryFailedError, WorkflowUpdateFailedError


async def main() -> None:
    client = await Client.connect(sys.argv[1], identity="unknown-sender")
    handle = client.get_workflow_handle(sys.argv[2])
    await handle.signal("later", "one")
    await handle.signal("anything", args=[1, {"two": 2}])
    print("query", await handle.query("what", args=["a", 2], result_type=str))
    try:
        await handle.query("fail")
    except WorkflowQueryFailedError as error:
        print("query failed", error)
    print("update", await handle.execute_update("do", args=["x", 3], result_type=dict))
    try:
        await handle.execute_update("forbidden")
    except WorkflowUpdateFailedError as error:
        print("refused", error.cause)
    await handle.signal("finish")
    print("result", await handle.result())


asyncio.run(main())
