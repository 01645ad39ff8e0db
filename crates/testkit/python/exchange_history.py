"""Reads the JSON of a history from its input, compares it with the one the server has, and writes that one as JSON:
exchange_history.py ADDRESS WORKFLOW_ID"""

import asyncio
import sys

from temporalio.client import Client, WorkflowHistory


async def main(address: str, workflow_id: str) -> None:
    client = await Client.connect(address)
    fetched = await client.get_workflow_handle(workflow_id).fetch_history()
    given = WorkflowHistory.from_json(workflow_id, sys.stdin.read())
    if list(given.events) != list(fetched.events):
        sys.exit("the history that was given is not the one that the server has")
    print(fetched.to_json())


asyncio.run(main(*sys.argv[1:]))
