//! How a worker is described.

use std::ffi::OsStr;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use perpetua_client::Client;
use perpetua_contract::{ActivityStub, WorkflowStub};
use perpetua_vocab::{Identity, RunId, TaskQueue};
use perpetua_workflow::Workflows;
use perpetua_workflow::implementation::WorkflowImplementation;

use crate::activity::{Activities, ActivityDesk, ActivityImplementation, ActivitySet, Throttle};
use crate::calls::Calls;
use crate::eager::EagerActivities;
use crate::local::LocalDesk;
use crate::shutdown::Shutdown;
use crate::slots::Slots;
use crate::worker::Polled;
use crate::workflow::{EndsWorkflow, FailedWorkflowTask, Forgets, Lanes, Limits, Observer, Queues, Runs, WorkflowDesk};
use crate::{BuildError, RunningWorker, Worker};

/// A worker that is being described. [`spawn`](Self::spawn) sets it to work; [`build`](Self::build) is for those who want
/// to run it themselves.
#[must_use = "a worker does nothing until it is spawned, or built and run"]
pub struct WorkerBuilder {
    client: Client,
    task_queue: TaskQueue,
    workflows: Workflows,
    activities: Activities,
    options: Options,
    on_build: Option<OnBuild>,
    observer: Option<Observer>,
    forgets: Option<Forgets>,
}

/// Who wants to know what a worker can run.
type OnBuild = Box<dyn FnOnce(&Arc<Workflows>) + Send + Sync>;

/// What can be set.
#[derive(Clone, Debug)]
struct Options {
    identity: Option<Identity>,
    max_cached_workflows: usize,
    max_cached_bytes: usize,
    lanes: usize,
    max_concurrent_workflow_tasks: usize,
    max_concurrent_activities: usize,
    max_concurrent_local_activities: usize,
    workflow_pollers: usize,
    activity_pollers: usize,
    sticky_timeout: Duration,
    ends_workflow: EndsWorkflow,
    graceful_shutdown: Duration,
    cancel_grace: Duration,
    deadlock_timeout: Option<Duration>,
    throttle: Throttle,
    eager_activities: bool,
    in_step: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            identity: None,
            max_cached_workflows: 1000,
            max_cached_bytes: 256 << 20,
            lanes: available_parallelism().map_or(1, NonZeroUsize::get),
            max_concurrent_workflow_tasks: 100,
            max_concurrent_activities: 100,
            max_concurrent_local_activities: 100,
            workflow_pollers: 5,
            activity_pollers: 5,
            sticky_timeout: Duration::from_secs(10),
            ends_workflow: EndsWorkflow::default(),
            graceful_shutdown: Duration::ZERO,
            cancel_grace: Duration::from_secs(10),
            deadlock_timeout: deadlock_timeout(std::env::var_os("TEMPORAL_DEBUG").as_deref()),
            throttle: Throttle { default: Duration::from_secs(30), longest: Duration::from_secs(60) },
            eager_activities: true,
            in_step: false,
        }
    }
}

/// How long workflow code may run, given the variable that says that a person is looking at it.
fn deadlock_timeout(debug: Option<&OsStr>) -> Option<Duration> {
    let debugging = debug.is_some_and(|value| !value.is_empty() && value != "0" && value != "false");
    (!debugging).then_some(Duration::from_secs(2))
}

impl WorkerBuilder {
    pub(crate) fn new(client: Client, task_queue: TaskQueue) -> Self {
        Self {
            client,
            task_queue,
            workflows: Workflows::default(),
            activities: Activities::default(),
            options: Options::default(),
            on_build: None,
            observer: None,
            forgets: None,
        }
    }

    /// Can run this workflow: `.workflow(greeting)`, or `.workflow(Approval::run)`.
    pub fn workflow<A, S>(mut self, _stub: S) -> Self
    where
        S: WorkflowStub<A, Definition: WorkflowImplementation>,
    {
        self.workflows.add::<S::Definition>();
        self
    }

    /// Can run this activity: `.activity(greet)`.
    pub fn activity<A, S>(mut self, _stub: S) -> Self
    where
        S: ActivityStub<A, Definition: ActivityImplementation>,
    {
        if S::Definition::DYNAMIC {
            self.activities.add_dynamic::<S::Definition>(S::Definition::execute);
        } else {
            self.activities.add::<S::Definition>(S::Definition::execute);
        }
        self
    }

    /// Can run the activities that are methods of this value: `.activities(Bank::new(pool))`. All attempts share it.
    pub fn activities<S: ActivitySet>(mut self, set: S) -> Self {
        Arc::new(set).register(&mut self.activities);
        self
    }

    /// Changes which activities and workflows it can run, by code that makes some at run time: for tests.
    #[doc(hidden)]
    pub fn registered(mut self, change: impl FnOnce(&mut Activities, &mut Workflows)) -> Self {
        change(&mut self.activities, &mut self.workflows);
        self
    }

    /// Who the worker says it is, as histories show it; by default, who the client is.
    pub fn identity(mut self, identity: impl Into<Identity>) -> Self {
        self.options.identity = Some(identity.into());
        self
    }

    /// How many workflow runs are remembered between two of their tasks; 1000 by default. The others are rebuilt from
    /// their history when they have something to do. 0 remembers none: slow, but a good test of determinism.
    pub fn max_cached_workflows(mut self, count: usize) -> Self {
        self.options.max_cached_workflows = count;
        self
    }

    /// How many bytes of memory remembered runs may take together; 256 MiB by default. When it is more, those that had
    /// nothing to do for the longest time are forgotten, as with [`max_cached_workflows`](Self::max_cached_workflows); a run
    /// that takes more alone is not remembered at all. Runs that are being played count, and are never forgotten for it.
    ///
    /// A run counts with what Perpetua keeps for it (a few KB, and about 600 bytes for each thing that it waits for), the size
    /// of its state and of its futures, and the values that it holds. What your own values have on the heap cannot be seen.
    /// In its place, all values that the code was given so far count, as if it had kept them and they were as large in
    /// memory as they are encoded: arguments, results, signals, updates. So a run that throws away what it gets counts for
    /// more than it takes, and one that builds large values of its own, or whose values are much smaller as JSON than in
    /// memory, counts for less.
    pub fn max_cached_bytes(mut self, bytes: usize) -> Self {
        self.options.max_cached_bytes = bytes;
        self
    }

    /// Lets a panic of workflow code fail the workflow, for good. By default it fails the workflow task, which is tried
    /// again, so that a corrected program goes on where the broken one stopped.
    pub fn fail_workflow_on_panic(mut self) -> Self {
        self.options.ends_workflow.on_panic = true;
        self
    }

    /// Lets workflow code that disagrees with its history fail the workflow, for good. By default it fails the workflow
    /// task, which is tried again, so that a corrected program goes on where the broken one stopped.
    pub fn fail_workflow_on_nondeterminism(mut self) -> Self {
        self.options.ends_workflow.on_nondeterminism = true;
        self
    }

    /// How many threads run workflow code; by default as many as the machine has cores. Each run stays on one.
    pub fn lanes(mut self, count: usize) -> Self {
        self.options.lanes = count;
        self
    }

    /// How many workflow tasks are in hand at once; 100 by default, and at least 2 where runs are remembered.
    pub fn max_concurrent_workflow_tasks(mut self, count: usize) -> Self {
        self.options.max_concurrent_workflow_tasks = count;
        self
    }

    /// How many activities run at once; 100 by default.
    pub fn max_concurrent_activities(mut self, count: usize) -> Self {
        self.options.max_concurrent_activities = count;
        self
    }

    /// How many local activities run at once; 100 by default. Others wait for room, for as long as
    /// their `schedule_to_start` allows.
    pub fn max_concurrent_local_activities(mut self, count: usize) -> Self {
        self.options.max_concurrent_local_activities = count;
        self
    }

    /// How many polls for workflow tasks are out at once; 5 by default, and at least 2 where runs are remembered: one for
    /// the queue of remembered runs, one for all others.
    pub fn workflow_pollers(mut self, count: usize) -> Self {
        self.options.workflow_pollers = count;
        self
    }

    /// How many polls for activities are out at once; 5 by default.
    pub fn activity_pollers(mut self, count: usize) -> Self {
        self.options.activity_pollers = count;
        self
    }

    /// How long the task of a remembered run waits for this worker before any other may take it; 10 s by default.
    pub fn sticky_timeout(mut self, time: Duration) -> Self {
        self.options.sticky_timeout = time;
        self
    }

    /// How long running activities, local ones too, may go on when the worker shuts down, before they are canceled; not at
    /// all by default.
    /// They can see the shutdown coming, with `ActivityContext::worker_shutdown`.
    pub fn graceful_shutdown(mut self, time: Duration) -> Self {
        self.options.graceful_shutdown = time;
        self
    }

    /// How long activities that were canceled because the worker shuts down may take to end; 10 s by default. After that
    /// they are abandoned: a future is dropped, a thread is left behind, and nothing is reported.
    pub fn cancel_grace(mut self, time: Duration) -> Self {
        self.options.cancel_grace = time;
        self
    }

    /// How long workflow code may run without yielding; 2 s by default. After half of it a line is logged; a workflow that
    /// takes longer fails its task, and its thread is abandoned.
    ///
    /// What is measured is, on Linux, the time for which the code computed or was asleep (a lock, a channel, a file), not
    /// the time in which the machine had no processor for it; elsewhere, the time that passed. While a debugger holds the
    /// process, nothing is. `None` never gives up; so it is by default where the environment variable `TEMPORAL_DEBUG` is
    /// set.
    pub fn deadlock_timeout(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.options.deadlock_timeout = time.into();
        self
    }

    /// How often heartbeats are sent where the activity has no heartbeat timeout; every 30 s by default.
    pub fn heartbeat_throttle(mut self, pause: Duration) -> Self {
        self.options.throttle.default = pause;
        self
    }

    /// How far apart heartbeats may be at most, however long the heartbeat timeout is; 60 s by default.
    pub fn max_heartbeat_throttle(mut self, pause: Duration) -> Self {
        self.options.throttle.longest = pause;
        self
    }

    /// Calls this with the workflows that the worker can run, once it is built: for tests that replay what it did.
    #[doc(hidden)]
    pub fn on_build(mut self, observer: impl FnOnce(&Arc<Workflows>) + Send + Sync + 'static) -> Self {
        self.on_build = Some(Box::new(observer));
        self
    }

    /// Lets the thread of the runtime wait while workflow code is executed, so that the order of what happens does not depend
    /// on which thread is faster: for tests that play the same again.
    #[doc(hidden)]
    pub fn in_step(mut self) -> Self {
        self.options.in_step = true;
        self
    }

    /// Asks this whenever a run is put back into the cache, whether it is evicted instead: for tests of what lives through
    /// that.
    #[doc(hidden)]
    pub fn evict_when(mut self, forgets: impl Fn(&RunId) -> bool + Send + Sync + 'static) -> Self {
        self.forgets = Some(Forgets(Arc::new(forgets)));
        self
    }

    /// Calls this whenever a workflow task fails, from the runtime of the worker: for tests that are to fail at once, and for
    /// alarms. It should not take long. Each failed task is logged as a warning, too.
    pub fn on_workflow_task_failed(mut self, observer: impl Fn(&FailedWorkflowTask) + Send + Sync + 'static) -> Self {
        self.observer = Some(Observer::new(observer));
        self
    }

    /// Takes no activities back with the answers to workflow tasks. By default up to three of them begin here at once,
    /// without a way through the queue, where the worker has slots to spare and can run them itself.
    pub fn disable_eager_activities(mut self) -> Self {
        self.options.eager_activities = false;
        self
    }

    /// Checks the description and makes the worker. Nothing is polled before it is run.
    ///
    /// # Errors
    /// When nothing is registered, a name is registered twice, or an option is too small.
    pub fn build(self) -> Result<Worker, BuildError> {
        self.check()?;
        let Self { client, task_queue, workflows, activities, options, on_build, observer, forgets } = self;
        let Options {
            identity,
            max_cached_workflows,
            max_cached_bytes,
            lanes,
            max_concurrent_workflow_tasks,
            max_concurrent_activities,
            max_concurrent_local_activities,
            workflow_pollers,
            activity_pollers,
            sticky_timeout,
            ends_workflow,
            graceful_shutdown,
            cancel_grace,
            deadlock_timeout,
            throttle,
            eager_activities,
            in_step,
        } = options;
        let workflows = Arc::new(workflows);
        if let Some(observer) = on_build {
            observer(&workflows);
        }
        let shutdown = Shutdown::default();
        let identity = identity.unwrap_or_else(|| client.identity().clone());
        let calls = Calls::new(client, identity, task_queue);
        let activities = Arc::new(activities);
        let local = LocalDesk::new(
            calls.clone(),
            Arc::clone(&activities),
            Slots::new(max_concurrent_local_activities),
            shutdown.clone(),
            cancel_grace,
        );
        let activities = if activities.is_empty() {
            None
        } else {
            let desk =
                ActivityDesk { calls: calls.clone(), activities, throttle, shutdown: shutdown.clone(), cancel_grace };
            let slots = Slots::new(max_concurrent_activities);
            Some(Polled { source: Arc::new(desk), pollers: activity_pollers, slots })
        };
        let eager = activities.as_ref().filter(|_| eager_activities).map(|polled: &Polled<ActivityDesk>| {
            Arc::new(EagerActivities::new(Arc::clone(&polled.source), polled.slots.clone()))
        });
        let workflows = if workflows.is_empty() {
            None
        } else {
            let desk = WorkflowDesk {
                calls: calls.clone(),
                workflows,
                lanes: Lanes::start(lanes, deadlock_timeout, in_step).map_err(BuildError::Thread)?,
                local,
                runs: Runs::new(Limits { runs: max_cached_workflows, bytes: max_cached_bytes }, forgets),
                queues: Queues::new(max_cached_workflows > 0),
                shutdown: shutdown.clone(),
                eager: eager.clone(),
                sticky_timeout,
                ends_workflow,
                observer,
            };
            let slots = Slots::new(max_concurrent_workflow_tasks);
            Some(Polled { source: Arc::new(desk), pollers: workflow_pollers, slots })
        };
        Ok(Worker { calls, shutdown, graceful: graceful_shutdown, workflows, activities, eager })
    }

    /// Makes the worker and runs it on a task of its own.
    ///
    /// # Errors
    /// As [`build`](Self::build), and when there is no tokio runtime here.
    pub fn spawn(self) -> Result<RunningWorker, BuildError> {
        self.build()?.spawn()
    }

    fn check(&self) -> Result<(), BuildError> {
        if self.task_queue.is_empty() {
            return Err(BuildError::EmptyTaskQueue);
        }
        if self.workflows.is_empty() && self.activities.is_empty() {
            return Err(BuildError::NothingRegistered { task_queue: self.task_queue.clone() });
        }
        let duplicates = [self.workflows.duplicates(), self.activities.duplicates()].concat();
        if !duplicates.is_empty() {
            return Err(BuildError::Duplicates(duplicates));
        }
        self.options.check()
    }
}

impl Options {
    fn check(&self) -> Result<(), BuildError> {
        let both_queues = (self.max_cached_workflows > 0).then_some(
            "remembered runs have a queue of their own, and both are polled; or set `max_cached_workflows` to 0",
        );
        let least = if both_queues.is_some() { 2 } else { 1 };
        let counts = [
            ("lanes", self.lanes, 1, None),
            ("max_concurrent_workflow_tasks", self.max_concurrent_workflow_tasks, least, both_queues),
            ("workflow_pollers", self.workflow_pollers, least, both_queues),
            ("max_concurrent_activities", self.max_concurrent_activities, 1, None),
            ("max_concurrent_local_activities", self.max_concurrent_local_activities, 1, None),
            ("activity_pollers", self.activity_pollers, 1, None),
        ];
        for (option, given, least, because) in counts {
            if given < least {
                return Err(BuildError::TooSmall { option, given, least, because });
            }
        }
        let durations = [
            ("sticky_timeout", Some(self.sticky_timeout)),
            ("deadlock_timeout", self.deadlock_timeout),
            ("heartbeat_throttle", Some(self.throttle.default)),
            ("max_heartbeat_throttle", Some(self.throttle.longest)),
        ];
        match durations.into_iter().find(|(_, time)| time.is_some_and(|time| time.is_zero())) {
            Some((option, _)) => Err(BuildError::ZeroDuration { option }),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for WorkerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerBuilder")
            .field("task_queue", &self.task_queue)
            .field("workflows", &self.workflows)
            .field("activities", &self.activities)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_a_deadlock_while_somebody_debugs() {
        for (debug, seconds) in [(None, Some(2)), (Some("0"), Some(2)), (Some(""), Some(2)), (Some("1"), None)] {
            let limit = deadlock_timeout(debug.map(OsStr::new));
            assert_eq!(limit.map(|limit| limit.as_secs()), seconds, "{debug:?}");
        }
    }
}
