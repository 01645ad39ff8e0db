"""Workflows: activities, messages, children, chains, failures, lists."""

import asyncio
from datetime import timedelta

from support import OnServer, eventually, main, name
from temporalio import activity, workflow
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.common import (
    RetryPolicy,
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    CancelledError,
    ChildWorkflowError,
    TerminatedError,
    TimeoutError,
    WorkflowAlreadyStartedError,
)
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, Worker

COLOR = SearchAttributeKey.for_keyword("Color")
SIZE = SearchAttributeKey.for_int("Size")
SHORT = timedelta(seconds=30)


@activity.defn
async def greet(who: str) -> str:
    return f"Hello, {who}!"


@activity.defn
async def stumble(times: int) -> int:
    attempt = activity.info().attempt
    if attempt <= times:
        raise ApplicationError(f"attempt {attempt}", type="Stumbled")
    return attempt


@activity.defn
async def wait_for_cancel() -> str:
    try:
        while True:
            activity.heartbeat("alive")
            await asyncio.sleep(0.05)
    except asyncio.CancelledError:
        return "stopped"


@workflow.defn
class Everything:
    def __init__(self):
        self.said = []
        self.done = False

    @workflow.run
    async def run(self, who: str) -> list[str]:
        self.said.append(await workflow.execute_activity(greet, who, start_to_close_timeout=SHORT))
        local = await workflow.execute_local_activity(greet, "local", start_to_close_timeout=SHORT)
        self.said.append(local)
        await asyncio.sleep(0.01)
        await workflow.wait_condition(lambda: self.done)
        return self.said

    @workflow.signal
    def say(self, what: str):
        self.said.append(what)

    @workflow.signal
    def finish(self):
        self.done = True

    @workflow.query
    def count(self) -> int:
        return len(self.said)

    @workflow.update
    async def shout(self, what: str) -> str:
        loud = await workflow.execute_activity(greet, what.upper(), start_to_close_timeout=SHORT)
        self.said.append(loud)
        return loud

    @shout.validator
    def check(self, what: str):
        if not what:
            raise ApplicationError("nothing to shout", type="Empty")


@workflow.defn
class Stumbling:
    @workflow.run
    async def run(self, times: int, most: int) -> int:
        policy = RetryPolicy(initial_interval=timedelta(milliseconds=10), maximum_attempts=most)
        return await workflow.execute_activity(stumble, times, start_to_close_timeout=SHORT, retry_policy=policy)


@workflow.defn
class Parent:
    @workflow.run
    async def run(self, kind: str) -> str:
        if kind == "signal":
            child = await workflow.start_child_workflow(Everything.run, "child", id=f"{workflow.info().workflow_id}-child")
            await child.signal(Everything.finish)
            return (await child)[0]
        child = await workflow.start_child_workflow(Forever.run, id=f"{workflow.info().workflow_id}-child")
        child.cancel()
        await child
        return "not reached"


@workflow.defn
class Forever:
    @workflow.run
    async def run(self):
        await workflow.wait_condition(lambda: False)


@workflow.defn
class Countdown:
    @workflow.run
    async def run(self, left: int) -> str:
        if left > 0:
            workflow.continue_as_new(left - 1)
        return "lift-off"


@workflow.defn
class Canceling:
    @workflow.run
    async def run(self) -> str:
        handle = workflow.start_activity(
            wait_for_cancel,
            start_to_close_timeout=SHORT,
            heartbeat_timeout=timedelta(seconds=2),
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        )
        try:
            return await handle
        except asyncio.CancelledError:
            return await asyncio.shield(handle)


@workflow.defn
class Colored:
    @workflow.run
    async def run(self):
        workflow.upsert_search_attributes([COLOR.value_set("blue")])
        workflow.upsert_memo({"note": "changed"})
        await workflow.wait_condition(lambda: False)


@workflow.defn
class Failing:
    @workflow.run
    async def run(self):
        raise ApplicationError("no luck", {"code": 7}, type="Unlucky")


WORKFLOWS = [Everything, Stumbling, Parent, Forever, Countdown, Canceling, Colored, Failing]


class Workflows(OnServer):
    async def asyncSetUp(self):
        await super().asyncSetUp()
        await self.stack.enter_async_context(
            Worker(
                self.client,
                task_queue=self.queue,
                workflows=WORKFLOWS,
                activities=[greet, stumble, wait_for_cancel],
                workflow_runner=UnsandboxedWorkflowRunner(),
            )
        )

    async def start(self, run, *args, **options):
        options.setdefault("id", name("workflow"))
        return await self.client.start_workflow(run, args=args, task_queue=self.queue, **options)

    async def test_messages_reach_a_workflow_and_its_history_replays(self):
        handle = await self.start(Everything.run, "Ann")
        await handle.signal(Everything.say, "signaled")
        self.assertEqual(await handle.execute_update(Everything.shout, "loud"), "Hello, LOUD!")
        with self.assertRaises(WorkflowUpdateFailedError) as refused:
            await handle.execute_update(Everything.shout, "")
        self.assertEqual(refused.exception.cause.type, "Empty")
        self.assertGreaterEqual(await handle.query(Everything.count), 3)
        await handle.signal(Everything.finish)
        said = await handle.result()
        self.assertEqual(sorted(said), sorted(["Hello, Ann!", "Hello, local!", "signaled", "Hello, LOUD!"]))
        history = await handle.fetch_history()
        await Replayer(workflows=WORKFLOWS, workflow_runner=UnsandboxedWorkflowRunner()).replay_workflow(history)
        self.assertEqual(await handle.query(Everything.count), 4)

    async def test_activities_are_tried_again_as_their_policy_says(self):
        handle = await self.start(Stumbling.run, 2, 5)
        self.assertEqual(await handle.result(), 3)
        handle = await self.start(Stumbling.run, 9, 2)
        with self.assertRaises(WorkflowFailureError) as failed:
            await handle.result()
        self.assertIsInstance(failed.exception.cause, ActivityError)
        self.assertEqual(failed.exception.cause.cause.message, "attempt 2")

    async def test_children_are_signaled_and_canceled(self):
        self.assertEqual(await (await self.start(Parent.run, "signal")).result(), "Hello, child!")
        with self.assertRaises(WorkflowFailureError) as failed:
            await (await self.start(Parent.run, "cancel")).result()
        self.assertIsInstance(failed.exception.cause, ChildWorkflowError)
        self.assertIsInstance(failed.exception.cause.cause, CancelledError)

    async def test_a_chain_of_runs_ends_with_its_last(self):
        handle = await self.start(Countdown.run, 2)
        self.assertEqual(await handle.result(), "lift-off")
        self.assertNotEqual((await handle.describe()).run_id, handle.first_execution_run_id)

    async def test_workflows_stop_in_every_way(self):
        handle = await self.start(Canceling.run)
        described = await eventually(lambda: self.pending(handle))
        self.assertEqual(described.raw_description.pending_activities[0].activity_type.name, "wait_for_cancel")
        await handle.cancel()
        self.assertEqual(await handle.result(), "stopped")

        handle = await self.start(Forever.run)
        await handle.terminate("enough", reason="over")
        with self.assertRaises(WorkflowFailureError) as failed:
            await handle.result()
        self.assertIsInstance(failed.exception.cause, TerminatedError)

        handle = await self.start(Forever.run, run_timeout=timedelta(milliseconds=200))
        with self.assertRaises(WorkflowFailureError) as failed:
            await handle.result()
        self.assertIsInstance(failed.exception.cause, TimeoutError)

        with self.assertRaises(WorkflowFailureError) as failed:
            await (await self.start(Failing.run)).result()
        self.assertEqual(failed.exception.cause.details, ({"code": 7},))

    async def pending(self, handle):
        described = await handle.describe()
        self.assertTrue(described.raw_description.pending_activities)
        return described

    async def test_an_id_is_used_as_the_policies_say(self):
        handle = await self.start(Forever.run)
        with self.assertRaises(WorkflowAlreadyStartedError):
            await self.start(Forever.run, id=handle.id)
        same = await self.start(Forever.run, id=handle.id, id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING)
        self.assertEqual(same.result_run_id, handle.result_run_id)
        other = await self.start(
            Forever.run, id=handle.id, id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING
        )
        self.assertNotEqual(other.result_run_id, handle.result_run_id)
        await other.terminate()
        with self.assertRaises(WorkflowAlreadyStartedError):
            await self.start(Forever.run, id=handle.id, id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE)

    async def test_search_attributes_and_memos_are_listed_and_counted(self):
        attributes = TypedSearchAttributes([SearchAttributePair(COLOR, "red"), SearchAttributePair(SIZE, 7)])
        handle = await self.start(Colored.run, search_attributes=attributes, memo={"note": "first", "kept": 1})

        async def listed():
            found = [it async for it in self.client.list_workflows(f"Color = 'blue' AND Size > 6 AND WorkflowId = '{handle.id}'")]
            self.assertEqual([it.id for it in found], [handle.id])
            return found[0]

        found = await eventually(listed)
        self.assertEqual(found.status, WorkflowExecutionStatus.RUNNING)
        self.assertEqual(found.typed_search_attributes[COLOR], "blue")
        self.assertEqual(await found.memo(), {"note": "changed", "kept": 1})
        counted = await self.client.count_workflows("Color = 'blue' GROUP BY ExecutionStatus")
        self.assertEqual((counted.count, counted.groups[0].group_values), (1, ["Running"]))
        with self.assertRaises(RPCError) as refused:
            await self.client.count_workflows("Nothing = 1")
        self.assertEqual(refused.exception.status, RPCStatusCode.INVALID_ARGUMENT)

    async def test_a_workflow_is_reset_to_an_earlier_place(self):
        handle = await self.start(Everything.run, "Ann")
        await handle.execute_update(Everything.shout, "loud")
        await handle.signal(Everything.finish)
        await handle.result()
        response = await self.client.workflow_service.reset_workflow_execution(
            ResetWorkflowExecutionRequest(
                namespace=self.client.namespace,
                workflow_execution=WorkflowExecution(workflow_id=handle.id, run_id=handle.result_run_id),
                reason="again",
                request_id=name("request"),
                workflow_task_finish_event_id=4,
            )
        )
        again = self.client.get_workflow_handle(handle.id, run_id=response.run_id)
        self.assertEqual(len(await again.result()), 3)

    async def test_what_is_not_there_is_said_not_to_be_there(self):
        handle = self.client.get_workflow_handle("nobody")
        for call in (handle.describe(), handle.cancel(), handle.terminate(), handle.signal("say"), handle.query("count")):
            with self.assertRaises(RPCError) as refused:
                await call
            self.assertEqual(refused.exception.status, RPCStatusCode.NOT_FOUND)


if __name__ == "__main__":
    main()
