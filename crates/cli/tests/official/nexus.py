"""Nexus: operations that workflows call across an endpoint."""

import asyncio
from datetime import timedelta

import nexusrpc
import nexusrpc.handler
from support import OnServer, main, name
from temporalio import nexus, workflow
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError, CancelledError, NexusOperationError, TimeoutError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker


@nexusrpc.service
class Greetings:
    greet: nexusrpc.Operation[str, str]
    greet_later: nexusrpc.Operation[str, str]
    never: nexusrpc.Operation[str, str]
    fail: nexusrpc.Operation[str, str]


@workflow.defn
class Greeting:
    @workflow.run
    async def run(self, who: str) -> str:
        if who == "nobody":
            raise ApplicationError("there is nobody", type="Nobody")
        await asyncio.sleep(0.01)
        return f"Hello at last, {who}!"


@workflow.defn
class Never:
    @workflow.run
    async def run(self, who: str) -> str:
        await workflow.wait_condition(lambda: False)
        return who


@nexusrpc.handler.service_handler(service=Greetings)
class Greeter:
    @nexusrpc.handler.sync_operation
    async def greet(self, ctx: nexusrpc.handler.StartOperationContext, who: str) -> str:
        return f"Hello, {who}!"

    @nexus.workflow_run_operation
    async def greet_later(self, ctx: nexus.WorkflowRunOperationContext, who: str) -> nexus.WorkflowHandle[str]:
        return await ctx.start_workflow(Greeting.run, who, id=name("greeting"))

    @nexus.workflow_run_operation
    async def never(self, ctx: nexus.WorkflowRunOperationContext, who: str) -> nexus.WorkflowHandle[str]:
        return await ctx.start_workflow(Never.run, who, id=name("never"))

    @nexusrpc.handler.sync_operation
    async def fail(self, ctx: nexusrpc.handler.StartOperationContext, who: str) -> str:
        raise nexusrpc.HandlerError(f"no greeting for {who}", type=nexusrpc.HandlerErrorType.BAD_REQUEST)


@workflow.defn
class Caller:
    @workflow.run
    async def run(self, endpoint: str, operation: str, who: str, seconds: float, cancels: bool) -> str:
        client = workflow.create_nexus_client(service=Greetings, endpoint=endpoint)
        limit = timedelta(seconds=seconds) if seconds else None
        call = await client.start_operation(operation, who, schedule_to_close_timeout=limit, output_type=str)
        if cancels:
            call.cancel()
        return await call


class Nexus(OnServer):
    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.endpoint = name("endpoint")
        await self.env.create_nexus_endpoint(self.endpoint, self.queue)
        await self.stack.enter_async_context(
            Worker(
                self.client,
                task_queue=self.queue,
                workflows=[Greeting, Never, Caller],
                nexus_service_handlers=[Greeter()],
                workflow_runner=UnsandboxedWorkflowRunner(),
            )
        )

    async def call(self, operation, who, *, seconds=0, cancels=False):
        handle = await self.client.start_workflow(
            Caller.run, args=[self.endpoint, operation, who, seconds, cancels], id=name("caller"), task_queue=self.queue
        )
        return await handle.result()

    async def cause_of(self, operation, who, **options):
        with self.assertRaises(WorkflowFailureError) as failed:
            await self.call(operation, who, **options)
        self.assertIsInstance(failed.exception.cause, NexusOperationError)
        return failed.exception.cause.cause

    async def test_operations_answer_now_and_later(self):
        self.assertEqual(await self.call("greet", "Ann"), "Hello, Ann!")
        self.assertEqual(await self.call("greet_later", "Ben"), "Hello at last, Ben!")

    async def test_operations_fail_for_good(self):
        refused = await self.cause_of("fail", "Cid")
        self.assertIn("no greeting for Cid", str(refused))
        failed = await self.cause_of("greet_later", "nobody")
        self.assertIn("there is nobody", str(failed))

    async def test_operations_take_too_long(self):
        self.assertIsInstance(await self.cause_of("never", "Dan", seconds=0.5), TimeoutError)

    async def test_operations_are_canceled(self):
        self.assertIsInstance(await self.cause_of("never", "Eve", cancels=True), CancelledError)


if __name__ == "__main__":
    main()
