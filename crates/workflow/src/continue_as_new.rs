//! Beginning anew: the end of a run by the start of the next one.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use perpetua_contract::{WorkflowCall, WorkflowDefinition};
use perpetua_convert::{
    Arguments, ConversionError, MemoUpdate, SearchAttributeKey, SearchAttributeKind, SearchAttributeUpdate,
    SearchAttributeValue, WorkflowError,
};
use perpetua_core::Fault;
use perpetua_vocab::{
    ContinueAsNew, ContinueAsNewVersioning, Fields, Header, Payload, RetryPolicy, TaskQueue, WorkflowType,
};
use serde::Serialize;

use crate::Ctx;
use crate::contained::with_causes;
use crate::executor::Part;

/// The next run of a workflow, described: what [`Ctx::continue_as_new`] begins. The call of a workflow is one without
/// options.
///
/// What is not said stays as it is for the present run: the task queue, the run timeout, the task timeout, the retry
/// policy, the memo and the search attributes, as they are then. The execution timeout, the cron schedule and the priority stay in any case;
/// the summary, the details and headers do not. Attempts are counted from 1 again.
///
/// Servers do not let runs of one workflow follow each other too fast: the first workflow task of the new run waits until
/// about a second after the present run began.
#[must_use = "the next run begins when this is given to `Ctx::continue_as_new` and its error is returned"]
pub struct NextRun<D: WorkflowDefinition> {
    call: WorkflowCall<D>,
    options: Options,
}

#[derive(Debug, Default)]
struct Options {
    task_queue: Option<TaskQueue>,
    run_timeout: Option<Duration>,
    task_timeout: Option<Duration>,
    retry_policy: Option<RetryPolicy>,
    start_delay: Option<Duration>,
    versioning: ContinueAsNewVersioning,
    memo: Vec<MemoUpdate>,
    search_attributes: Vec<SearchAttributeUpdate>,
}

impl<D: WorkflowDefinition> NextRun<D> {
    /// A run of this workflow, which may be another one than the present.
    pub fn new(call: WorkflowCall<D>) -> Self {
        Self { call, options: Options::default() }
    }

    /// The queue whose workers may run it. By default the same.
    pub fn task_queue(mut self, task_queue: impl Into<TaskQueue>) -> Self {
        self.options.task_queue = Some(task_queue.into());
        self
    }

    /// The longest the new run may take. By default the same as for the present run.
    pub fn run_timeout(mut self, limit: Duration) -> Self {
        self.options.run_timeout = Some(limit);
        self
    }

    /// The longest one workflow task of the new run may take. By default the same.
    pub fn task_timeout(mut self, limit: Duration) -> Self {
        self.options.task_timeout = Some(limit);
        self
    }

    /// How failures of the new run are tried again. By default the same; [`RetryPolicy::none`] takes it away.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.options.retry_policy = Some(policy);
        self
    }

    /// How long to wait before the first workflow task of the new run, at least. By default not at all.
    pub fn start_delay(mut self, delay: Duration) -> Self {
        self.options.start_delay = Some(delay);
        self
    }

    /// Which version of the workers takes the new run, where the present run is pinned to one. By default the same.
    pub fn versioning(mut self, versioning: ContinueAsNewVersioning) -> Self {
        self.options.versioning = versioning;
        self
    }
}

impl<D: WorkflowDefinition> NextRun<D> {
    /// Sets a value of the memo; the others stay. `None` and `()` take it away.
    pub fn memo(mut self, key: impl Into<String>, value: impl Serialize + 'static) -> Self {
        self.options.memo.push(MemoUpdate::set(key, value));
        self
    }

    /// Sets a search attribute; the others stay. The server must know it, with the kind of the key.
    pub fn search_attribute<K: SearchAttributeKind>(
        mut self,
        key: SearchAttributeKey<K>,
        value: impl SearchAttributeValue<K>,
    ) -> Self {
        self.options.search_attributes.push(key.set(value));
        self
    }
}

/// What is kept, with what is changed; none if nothing is left.
fn changed(kept: Option<Fields>, changes: Vec<(String, Payload)>) -> Option<Fields> {
    let mut fields = kept.unwrap_or_default();
    for (name, payload) in changes {
        if payload.is_null() {
            fields.remove(&name);
        } else {
            fields.insert(name, payload);
        }
    }
    Some(fields).filter(|fields| !fields.is_empty())
}

impl<D: WorkflowDefinition> From<WorkflowCall<D>> for NextRun<D> {
    fn from(call: WorkflowCall<D>) -> Self {
        Self::new(call)
    }
}

impl<D: WorkflowDefinition> fmt::Debug for NextRun<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NextRun").field("call", &self.call).field("options", &self.options).finish()
    }
}

impl Ctx {
    /// Ends this run and begins a new one of the same workflow, with a fresh history. Return it from the main function, or
    /// from the handler of a signal:
    ///
    /// ```
    /// # use perpetua_contract::Workflow;
    /// # use perpetua_convert::WorkflowResult;
    /// # use perpetua_workflow::Ctx;
    /// # async fn example(ctx: Ctx, count: u64) -> WorkflowResult<u64> {
    /// if ctx.info().suggests_continue_as_new() {
    ///     return ctx.continue_as_new(Workflow::named("Counter").args((count,)));
    /// }
    /// # Ok(count)
    /// # }
    /// ```
    ///
    /// The new run is like the present one in everything but its arguments. What is to be different is said with a
    /// [`NextRun`]:
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use perpetua_contract::Workflow;
    /// # use perpetua_convert::WorkflowResult;
    /// # use perpetua_workflow::{Ctx, NextRun};
    /// # async fn example(ctx: Ctx, count: u64) -> WorkflowResult<u64> {
    /// let next = NextRun::new(Workflow::named("Counter").args((count,)));
    /// ctx.continue_as_new(next.task_queue("slow").run_timeout(Duration::from_secs(3600)))
    /// # }
    /// ```
    ///
    /// A signal that arrives meanwhile is not lost: the server then refuses the end of the run, and the workflow sees the
    /// signal first.
    ///
    /// # Errors
    /// Always: the error is what ends the run.
    #[track_caller]
    pub fn continue_as_new<D: WorkflowDefinition, T, E>(
        &self,
        next: impl Into<NextRun<D>>,
    ) -> Result<T, WorkflowError<E>> {
        let location = Location::caller();
        self.runtime.assert_may_act("continue as new");
        let update = match &self.scope.part {
            Part::Update(update) => Some(Arc::clone(update)),
            _ => self.runtime.tasks.update(),
        };
        if let Some(update) = update {
            let update = &update.name;
            self.runtime.fail_task(Fault::code(format!(
                "the handler of update `{update}` continued as new (at {location}), but its caller waits for an answer; let \
                 the main function do it"
            )));
        }
        let NextRun { call, options } = next.into();
        let Options {
            task_queue,
            run_timeout,
            task_timeout,
            retry_policy,
            start_delay,
            versioning,
            memo,
            search_attributes,
        } = options;
        let (name, arguments) = call.into_parts();
        let problem = |problem: &str| {
            let problem = format!("workflow `{name}` cannot be continued as new: {problem} (at {location})");
            self.runtime.fail_task(Fault::code(problem));
        };
        let limits = [("run_timeout", run_timeout), ("task_timeout", task_timeout)];
        if let Some((limit, _)) = limits.iter().find(|(_, limit)| limit.is_some_and(|limit| limit.is_zero())) {
            problem(&format!("it has a `.{limit}(..)` of zero, which could never be met"));
        }
        let input = arguments.encode(self.runtime.converter.payloads()).unwrap_or_else(|error| {
            problem(&with_causes(&error));
            Vec::new()
        });
        let converter = self.runtime.converter.payloads();
        let memo: Result<_, _> = memo.into_iter().map(|update| update.into_field(converter)).collect();
        let search_attributes: Result<_, _> =
            search_attributes.into_iter().map(SearchAttributeUpdate::into_field).collect();
        let or_nothing = |changes: Result<Vec<_>, ConversionError>| {
            changes.unwrap_or_else(|error| {
                problem(&with_causes(&error));
                Vec::new()
            })
        };
        let (memo, search_attributes) = (or_nothing(memo), or_nothing(search_attributes));
        // Servers keep the queue and the timeouts that are left out; everything else is to be said again.
        let info = self.runtime.info.borrow();
        let notes = self.runtime.notes.borrow();
        let retry_policy = retry_policy.or_else(|| info.retry_policy().cloned());
        Err(WorkflowError::continue_as_new(ContinueAsNew {
            workflow_type: WorkflowType::new(name),
            task_queue: task_queue.unwrap_or_default(),
            input,
            run_timeout,
            task_timeout,
            retry_policy,
            start_delay,
            versioning,
            header: Header::default(),
            memo: changed(notes.memo_to_keep(), memo),
            search_attributes: changed(notes.search_attributes_to_keep(), search_attributes),
        }))
    }
}
