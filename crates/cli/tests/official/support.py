"""What the scripts beside this one share: a server, started as the SDK starts one, and small helpers.

The server is the program in OFFICIAL_SERVER: this project's, or the real `temporal`, to see what that does.
"""

import asyncio
import contextlib
import os
import sys
import unittest
import uuid

from temporalio.testing import WorkflowEnvironment

SERVER = os.environ["OFFICIAL_SERVER"]
IS_REAL = os.path.basename(SERVER) == "temporal"
ATTRIBUTES = ["--search-attribute", "Color=Keyword", "--search-attribute", "Size=Int"]
REAL_ONLY = [
    "--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true",
    "--dynamic-config-value", "activity.enableStandalone=true",
]


def name(prefix):
    """A name that nothing else has."""
    return f"{prefix}-{uuid.uuid4()}"


def main():
    """Runs the tests of a script. The SDK may fall over when the interpreter is taken down, so that is left out."""
    program = unittest.main(exit=False)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0 if program.result.wasSuccessful() else 1)


async def eventually(check, *, within=20):
    """Waits until something holds: what it returns. The real server's lists are late."""
    loop = asyncio.get_running_loop()
    until = loop.time() + within
    while True:
        try:
            return await check()
        except AssertionError:
            if loop.time() > until:
                raise
            await asyncio.sleep(0.05)


class OnServer(unittest.IsolatedAsyncioTestCase):
    """Tests that share a server of their own kind."""

    arguments = ()

    async def asyncSetUp(self):
        self.env = await WorkflowEnvironment.start_local(
            dev_server_existing_path=SERVER,
            dev_server_log_level="error",
            dev_server_extra_args=[*ATTRIBUTES, *REAL_ONLY, *self.arguments],
        )
        self.client = self.env.client
        self.queue = name("queue")
        self.stack = contextlib.AsyncExitStack()

    async def asyncTearDown(self):
        await self.stack.aclose()
        await self.env.shutdown()
