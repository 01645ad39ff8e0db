//! Everything a start may say, apart from the types of the workflow.

use std::time::Duration;

use perpetua_contract::{SignalCall, WorkflowDefinition};
use perpetua_convert::{Arguments, ConversionError, SearchAttributeUpdate};
use perpetua_vocab::{
    Fields, Payload, Payloads, Priority, RetryPolicy, SignalName, TaskQueue, UserMetadata, VersioningOverride,
    WorkflowId, WorkflowType,
};
use serde::Serialize;
use uuid::Uuid;

use crate::start::{IdConflict, IdReuse};
use crate::{Client, StartError};

/// A start that is being described. The first mistake is kept for whoever awaits it.
pub(crate) struct Options {
    pub(crate) client: Client,
    pub(crate) workflow_type: WorkflowType,
    pub(crate) input: Payloads,
    pub(crate) task_queue: Option<TaskQueue>,
    pub(crate) id: WorkflowId,
    pub(crate) id_reuse: IdReuse,
    pub(crate) id_conflict: Option<IdConflict>,
    pub(crate) execution_timeout: Option<Duration>,
    pub(crate) run_timeout: Option<Duration>,
    pub(crate) task_timeout: Option<Duration>,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) cron: Option<String>,
    pub(crate) start_delay: Option<Duration>,
    pub(crate) memo: Fields,
    pub(crate) search_attributes: Fields,
    pub(crate) metadata: UserMetadata,
    pub(crate) priority: Option<Priority>,
    pub(crate) versioning: Option<VersioningOverride>,
    pub(crate) request_id: String,
    pub(crate) limit: Option<Duration>,
    pub(crate) signal: Option<Signal>,
    pub(crate) mistake: Option<Box<StartError>>,
}

/// A signal that goes with the start.
pub(crate) struct Signal {
    pub(crate) name: SignalName,
    pub(crate) input: Payloads,
}

impl Options {
    pub(crate) fn new(client: Client, workflow_type: String, input: &impl Arguments) -> Self {
        let task_queue = client.task_queue().cloned();
        let input_encoded = input.encode(client.converter().payloads());
        let mut options = Self {
            client,
            workflow_type: workflow_type.into(),
            input: Vec::new(),
            task_queue,
            id: WorkflowId::new(Uuid::new_v4().to_string()),
            id_reuse: IdReuse::default(),
            id_conflict: None,
            execution_timeout: None,
            run_timeout: None,
            task_timeout: None,
            retry: None,
            cron: None,
            start_delay: None,
            memo: Fields::new(),
            search_attributes: Fields::new(),
            metadata: UserMetadata::default(),
            priority: None,
            versioning: None,
            request_id: Uuid::new_v4().to_string(),
            limit: None,
            signal: None,
            mistake: None,
        };
        options.input = options.keep_mistake(input_encoded).unwrap_or_default();
        options
    }

    pub(crate) fn memo(&mut self, key: String, value: &impl Serialize) {
        if let Some(payload) = self.encode(value) {
            self.memo.insert(key, payload);
        }
    }

    pub(crate) fn search_attribute(&mut self, update: SearchAttributeUpdate) {
        let field = update.into_field();
        if let Some((name, payload)) = self.keep_mistake(field) {
            self.search_attributes.insert(name, payload);
        }
    }

    pub(crate) fn signal<D: WorkflowDefinition, I: Arguments>(&mut self, call: &SignalCall<D, I>) {
        let input = call.input().encode(self.client.converter().payloads());
        if let Some(input) = self.keep_mistake(input) {
            self.signal = Some(Signal { name: call.name().into(), input });
        }
    }

    pub(crate) fn encode(&mut self, value: &impl Serialize) -> Option<Payload> {
        let payload = self.client.converter().payloads().encode(value);
        self.keep_mistake(payload)
    }

    fn keep_mistake<T>(&mut self, result: Result<T, ConversionError>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                let workflow_type = self.workflow_type.to_string();
                self.mistake
                    .get_or_insert_with(|| Box::new(StartError::Unencodable { workflow_type, error: error.into() }));
                None
            }
        }
    }
}

/// The setters, for each of the two requests that have them.
macro_rules! start_setters {
    () => {
        /// Sets the task queue: the name that the workflow's workers poll; by default that of the client, if it
        /// has one (see [`with_task_queue`](crate::Client::with_task_queue)).
        pub fn task_queue(mut self, task_queue: impl Into<perpetua_vocab::TaskQueue>) -> Self {
            self.options().task_queue = Some(task_queue.into());
            self
        }

        /// Sets the workflow's id; a random UUID by default. At most one workflow with an id runs at a time.
        pub fn id(mut self, id: impl Into<perpetua_vocab::WorkflowId>) -> Self {
            self.options().id = id.into();
            self
        }

        /// Sets whether the id may be used again after a workflow with it has closed; it may by default.
        pub fn id_reuse(mut self, policy: $crate::IdReuse) -> Self {
            self.options().id_reuse = policy;
            self
        }

        /// Sets what happens when a workflow with the id is running. By default the start fails; with a signal, the
        /// running one gets it.
        pub fn id_conflict(mut self, policy: $crate::IdConflict) -> Self {
            self.options().id_conflict = Some(policy);
            self
        }

        /// Sets the longest that the workflow may take, with all retries, cron runs and continuations; unlimited by
        /// default.
        pub fn execution_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.options().execution_timeout = Some(timeout);
            self
        }

        /// Sets the longest that one run may take; unlimited by default.
        pub fn run_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.options().run_timeout = Some(timeout);
            self
        }

        /// Sets the longest that a worker may take for one workflow task; 10 s by default.
        pub fn task_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.options().task_timeout = Some(timeout);
            self
        }

        /// Runs the workflow again when it fails. By default it is not: its activities are retried instead.
        pub fn retry(mut self, policy: perpetua_vocab::RetryPolicy) -> Self {
            self.options().retry = Some(policy);
            self
        }

        /// Runs the workflow again and again, as a cron expression says, in UTC. Schedules can do more.
        pub fn cron(mut self, expression: impl Into<String>) -> Self {
            self.options().cron = Some(expression.into());
            self
        }

        /// Sets how long to wait before the first workflow task. By default it comes at once. A signal that goes with
        /// another start of the same id ends the wait; any other signal waits with the workflow.
        pub fn start_delay(mut self, delay: std::time::Duration) -> Self {
            self.options().start_delay = Some(delay);
            self
        }

        /// Adds a value that is shown with the workflow and in lists, but cannot be searched for.
        pub fn memo(mut self, key: impl Into<String>, value: impl serde::Serialize) -> Self {
            self.options().memo(key.into(), &value);
            self
        }

        /// Sets a search attribute, by which the workflow is found. The server must know it, with the kind of the key.
        pub fn search_attribute<K: perpetua_convert::SearchAttributeKind>(
            mut self,
            key: perpetua_convert::SearchAttributeKey<K>,
            value: impl perpetua_convert::SearchAttributeValue<K>,
        ) -> Self {
            self.options().search_attribute(key.set(value));
            self
        }

        /// Sets one line about this workflow, in Markdown, for people who look at it.
        pub fn summary(mut self, summary: impl Into<String>) -> Self {
            let options = self.options();
            options.metadata.summary = options.encode(&summary.into());
            self
        }

        /// Sets several lines about this workflow, in Markdown, for people who look at it.
        pub fn details(mut self, details: impl Into<String>) -> Self {
            let options = self.options();
            options.metadata.details = options.encode(&details.into());
            self
        }

        /// Sets who goes first when the task queue has a backlog.
        pub fn priority(mut self, priority: perpetua_vocab::Priority) -> Self {
            self.options().priority = Some(priority);
            self
        }

        /// Sets which version of the workers takes the workflow, whatever the workflow's own behavior says.
        pub fn versioning_override(mut self, versioning: perpetua_vocab::VersioningOverride) -> Self {
            self.options().versioning = Some(versioning);
            self
        }

        /// Sets the id of this request; random by default. Two starts with one id, for the same workflow, are one.
        pub fn request_id(mut self, id: impl Into<String>) -> Self {
            self.options().request_id = id.into();
            self
        }
    };
}

pub(crate) use start_setters;
