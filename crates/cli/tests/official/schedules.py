"""Schedules, through the client of the SDK."""

from datetime import datetime, timedelta, timezone

from support import OnServer, eventually, main, name
from temporalio import workflow
from temporalio.client import (
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleBackfill,
    ScheduleCalendarSpec,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
)
from temporalio.worker import UnsandboxedWorkflowRunner, Worker


@workflow.defn
class Tick:
    @workflow.run
    async def run(self, what: str) -> str:
        return f"{what} {workflow.info().search_attributes.get('TemporalScheduledById')}"


class Schedules(OnServer):
    async def asyncSetUp(self):
        await super().asyncSetUp()
        await self.stack.enter_async_context(
            Worker(self.client, task_queue=self.queue, workflows=[Tick], workflow_runner=UnsandboxedWorkflowRunner())
        )
        self.id = name("schedule")

    def action(self):
        return ScheduleActionStartWorkflow(Tick.run, "tick", id=f"{self.id}-run", task_queue=self.queue)

    async def create(self, spec, **options):
        return await self.client.create_schedule(self.id, Schedule(self.action(), spec, **options))

    async def done(self, handle, count):
        described = await handle.describe()
        self.assertGreaterEqual(described.info.num_actions, count)
        return described

    async def test_a_schedule_runs_at_its_times(self):
        handle = await self.create(ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(seconds=1))]))
        described = await eventually(lambda: self.done(handle, 2))
        self.assertEqual(len(described.info.next_action_times), 10)
        first = described.info.recent_actions[0].action
        result = await self.client.get_workflow_handle(first.workflow_id).result()
        self.assertEqual(result, f"tick ['{self.id}']")
        await handle.delete()

    async def test_what_is_said_of_a_schedule_is_what_was_asked_for(self):
        calendar = ScheduleCalendarSpec(hour=[ScheduleRange(9, 17, 4)], day_of_week=[ScheduleRange(1, 5)], comment="work")
        handle = await self.create(
            ScheduleSpec(calendars=[calendar], time_zone_name="Europe/Berlin"),
            state=ScheduleState(note="as ever", paused=True),
            policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.BUFFER_ONE),
        )
        schedule = (await handle.describe()).schedule
        self.assertEqual(schedule.spec.calendars[0].comment, "work")
        self.assertEqual(schedule.spec.time_zone_name, "Europe/Berlin")
        self.assertEqual((schedule.state.note, schedule.state.paused), ("as ever", True))
        self.assertEqual(schedule.policy.overlap, ScheduleOverlapPolicy.BUFFER_ONE)
        with self.assertRaises(ScheduleAlreadyRunningError):
            await self.create(ScheduleSpec())

    async def test_a_schedule_is_triggered_backfilled_paused_and_changed(self):
        handle = await self.create(ScheduleSpec(), state=ScheduleState(paused=True))
        await handle.trigger()
        await eventually(lambda: self.done(handle, 1))
        await handle.update(
            lambda it: ScheduleUpdate(
                Schedule(it.description.schedule.action, ScheduleSpec(intervals=[ScheduleIntervalSpec(timedelta(hours=1))]))
            )
        )
        now = datetime.now(timezone.utc)
        await handle.backfill(
            ScheduleBackfill(now - timedelta(hours=4), now - timedelta(hours=1), overlap=ScheduleOverlapPolicy.ALLOW_ALL)
        )
        await eventually(lambda: self.done(handle, 4))
        await handle.pause(note="enough")
        described = await handle.describe()
        self.assertEqual((described.schedule.state.paused, described.schedule.state.note), (True, "enough"))
        await handle.unpause()
        self.assertFalse((await handle.describe()).schedule.state.paused)

        async def listed():
            self.assertIn(self.id, [it.id async for it in await self.client.list_schedules()])

        await eventually(listed)


if __name__ == "__main__":
    main()
