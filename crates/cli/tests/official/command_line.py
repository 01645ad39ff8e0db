"""The `temporal` command line, against a server without a worker, and with one where a workflow must answer."""

import asyncio
import json
import os

from support import OnServer, eventually, main, name
from temporalio import workflow
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

CLI = os.environ["TEMPORAL_CLI"]


@workflow.defn
class Counter:
    def __init__(self):
        self.count = 0

    @workflow.run
    async def run(self) -> int:
        await workflow.wait_condition(lambda: self.count >= 3)
        return self.count

    @workflow.signal
    def add(self, many: int):
        self.count += many

    @workflow.query
    def now(self) -> int:
        return self.count

    @workflow.update
    def set(self, count: int) -> int:
        before, self.count = self.count, count
        return before


class CommandLine(OnServer):
    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.address = self.client.service_client.config.target_host
        self.id = name("workflow")

    async def temporal(self, *arguments, fails=False):
        """What the command prints: as JSON, if it is that."""
        process = await asyncio.create_subprocess_exec(
            CLI,
            *arguments,
            *("--address", self.address, "--output", "json", "--command-timeout", "20s"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        printed, errors = await process.communicate()
        said = f"{arguments}: {printed.decode()} {errors.decode()}"
        self.assertEqual(process.returncode != 0, fails, said)
        try:
            return json.loads(printed)
        except ValueError:
            return printed.decode() + errors.decode()

    async def start(self, *more):
        return await self.temporal(
            *("workflow", "start", "--type", "Counter", "--task-queue", self.queue, "--workflow-id", self.id), *more
        )

    async def test_a_workflow_from_start_to_end(self):
        worker = Worker(
            self.client, task_queue=self.queue, workflows=[Counter], workflow_runner=UnsandboxedWorkflowRunner()
        )
        await self.stack.enter_async_context(worker)
        started = await self.start("--search-attribute", 'Color="red"', "--memo", 'note="hello"')
        self.assertEqual(started["workflowId"], self.id)
        of = ("--workflow-id", self.id)
        await self.temporal("workflow", "signal", *of, "--name", "add", "--input", "1")
        self.assertEqual((await self.temporal("workflow", "query", *of, "--name", "now"))["queryResult"], [1])
        updated = await self.temporal("workflow", "update", "execute", *of, "--name", "set", "--input", "2")
        self.assertEqual(updated["result"], 1)
        described = await self.temporal("workflow", "describe", *of)
        self.assertEqual(described["workflowExecutionInfo"]["status"], "WORKFLOW_EXECUTION_STATUS_RUNNING")
        await self.temporal("workflow", "signal", *of, "--name", "add", "--input", "5")
        self.assertEqual((await self.temporal("workflow", "result", *of))["result"], 7)
        shown = await self.temporal("workflow", "show", *of)
        self.assertEqual(shown["events"][-1]["eventType"], "EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED")
        stack = await self.temporal("workflow", "stack", *of)
        self.assertTrue(stack)

    async def test_workflows_are_listed_counted_and_ended(self):
        await self.start("--search-attribute", 'Color="red"')
        query = f"WorkflowId = '{self.id}' AND Color = 'red'"

        async def listed(count):
            found = await self.temporal("workflow", "list", "--query", query)
            self.assertEqual(len(found), count)

        await eventually(lambda: listed(1))
        self.assertEqual((await self.temporal("workflow", "count", "--query", query))["count"], "1")
        await self.temporal("workflow", "cancel", "--workflow-id", self.id)
        await self.temporal("workflow", "terminate", "--workflow-id", self.id, "--reason", "enough")
        refused = await self.temporal("workflow", "terminate", "--workflow-id", self.id, fails=True)
        self.assertIn("already completed", refused)
        await self.temporal("workflow", "delete", "--workflow-id", self.id, "--yes")
        await eventually(lambda: listed(0), within=60)

    async def test_many_workflows_are_ended_by_a_batch(self):
        ids = [name("batch") for _ in range(3)]
        for self.id in ids:
            await self.start("--search-attribute", 'Color="batch"')
        query = "Color = 'batch' AND ExecutionStatus = 'Running'"

        async def running(count):
            counted = await self.temporal("workflow", "count", "--query", query)
            self.assertEqual(counted.get("count", "0"), str(count))

        await eventually(lambda: running(3))
        await self.temporal("workflow", "terminate", "--query", query, "--reason", "all of them", "--yes")
        await eventually(lambda: running(0))
        jobs = await self.temporal("batch", "list")
        self.assertEqual(len(jobs), 1)
        described = await self.temporal("batch", "describe", "--job-id", jobs[0]["jobId"])
        self.assertEqual(described["completeOperationCount"], "3")

    async def test_a_workflow_is_reset(self):
        worker = Worker(
            self.client, task_queue=self.queue, workflows=[Counter], workflow_runner=UnsandboxedWorkflowRunner()
        )
        await self.stack.enter_async_context(worker)
        await self.start()
        await self.temporal("workflow", "signal", "--workflow-id", self.id, "--name", "add", "--input", "3")
        await self.temporal("workflow", "result", "--workflow-id", self.id)
        await self.temporal("workflow", "reset", "--workflow-id", self.id, "--event-id", "4", "--reason", "again")
        self.assertEqual((await self.temporal("workflow", "result", "--workflow-id", self.id))["result"], 3)

    async def test_schedules(self):
        of = ("--schedule-id", name("schedule"))
        await self.temporal(
            *("schedule", "create", *of, "--interval", "1h", "--cron", "0 12 * * *", "--workflow-id", self.id),
            *("--task-queue", self.queue, "--type", "Counter", "--paused"),
        )
        described = await self.temporal("schedule", "describe", *of)
        self.assertTrue(described["schedule"]["state"]["paused"])
        await self.temporal("schedule", "toggle", *of, "--unpause", "--reason", "go")
        await self.temporal("schedule", "trigger", *of)

        async def triggered():
            self.assertEqual((await self.temporal("schedule", "describe", *of))["info"]["actionCount"], "1")

        await eventually(triggered)

        async def listed():
            self.assertEqual([it["scheduleId"] for it in await self.temporal("schedule", "list")], [of[1]])

        await eventually(listed)
        await self.temporal("schedule", "delete", *of)
        await self.temporal("schedule", "describe", *of, fails=True)

    async def test_what_operators_do(self):
        await self.temporal("operator", "cluster", "health")
        self.assertIn("serverVersion", await self.temporal("operator", "cluster", "system"))
        space = name("space")
        await self.temporal("operator", "namespace", "create", "--namespace", space, "--retention", "2d")

        async def made():
            described = await self.temporal("operator", "namespace", "describe", "--namespace", space)
            self.assertEqual(described["config"]["workflowExecutionRetentionTtl"], "172800s")

        await eventually(made)
        await self.temporal("operator", "search-attribute", "create", "--name", "Weight", "--type", "Double")
        attributes = await self.temporal("operator", "search-attribute", "list")
        self.assertIn("Weight", json.dumps(attributes))
        endpoint = name("endpoint")
        target = ("--target-namespace", "default", "--target-task-queue", self.queue)
        await self.temporal("operator", "nexus", "endpoint", "create", "--name", endpoint, *target)
        found = await self.temporal("operator", "nexus", "endpoint", "get", "--name", endpoint)
        self.assertEqual(found["spec"]["target"]["worker"]["taskQueue"], self.queue)

    async def test_a_task_queue_is_described(self):
        worker = Worker(
            self.client, task_queue=self.queue, workflows=[Counter], workflow_runner=UnsandboxedWorkflowRunner()
        )
        await self.stack.enter_async_context(worker)

        async def described():
            said = await self.temporal("task-queue", "describe", "--task-queue", self.queue)
            self.assertIn("pollers", said)
            self.assertTrue(said["pollers"])

        await eventually(described)


if __name__ == "__main__":
    main()
