//! Runs the local activities of one worker.

use std::sync::Arc;
use std::time::Duration;

use perpetua_workflow::{LocalActivityEffect, LocalActivityTask};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tracing::Instrument;

use super::attempts::{Attempts, Means};
use super::running::Running;
use crate::activity::Activities;
use crate::calls::Calls;
use crate::failure;
use crate::shutdown::Shutdown;
use crate::slots::Slots;
use crate::workflow::Subject;

/// Runs the local activities of one worker. When it is dropped, they are aborted.
#[derive(Debug)]
pub(crate) struct LocalDesk {
    means: Means,
    tasks: Mutex<JoinSet<()>>,
}

impl LocalDesk {
    pub(crate) fn new(
        calls: Calls,
        activities: Arc<Activities>,
        slots: Slots,
        shutdown: Shutdown,
        cancel_grace: Duration,
    ) -> Self {
        Self { means: Means { calls, activities, slots, shutdown, cancel_grace }, tasks: Mutex::default() }
    }

    /// What is wrong with what a run asks for, in words.
    pub(crate) fn problem(&self, effects: &[LocalActivityEffect]) -> Option<String> {
        let activities = &self.means.activities;
        let unknown = effects.iter().find_map(|effect| match effect {
            LocalActivityEffect::Run(task) => {
                Some(&task.request.activity_type).filter(|name| !activities.contains(name.as_str()))
            }
            _ => None,
        })?;
        let task_queue = self.means.calls.task_queue();
        let known = failure::list(activities.names());
        Some(format!(
            "local activity `{unknown}` is not registered with the worker of task queue `{task_queue}`, where its workflow \
             runs; registered: {known}"
        ))
    }

    /// Does what a run asks for.
    pub(crate) async fn act(&self, subject: &Subject, running: &Running, effects: Vec<LocalActivityEffect>) {
        for effect in effects {
            match effect {
                LocalActivityEffect::Run(task) => self.start(subject, running.clone(), *task).await,
                LocalActivityEffect::Cancel(number) => running.cancel(number),
                LocalActivityEffect::Release(number) => running.release(number),
            }
        }
    }

    /// Waits until everything has ended.
    pub(crate) async fn finish(&self) {
        let mut tasks = self.tasks.lock().await;
        while let Some(ended) = tasks.join_next().await {
            notice(ended);
        }
    }

    async fn start(&self, subject: &Subject, running: Running, task: LocalActivityTask) {
        let span = tracing::info_span!(
            "local_activity",
            activity_type = %task.request.activity_type,
            activity_id = %task.activity,
            workflow_id = %subject.execution.workflow_id,
            run_id = %subject.execution.run_id,
        );
        let number = task.number;
        let cancellation = running.begin(number);
        let attempts = Attempts::new(self.means.clone(), subject.clone(), task, cancellation);
        let perform = async move {
            // Ended in any case, so that nobody waits for what has panicked.
            let mut unheard = Unheard { running, number: Some(number) };
            attempts.perform(|end| unheard.running.end(unheard.number.take().unwrap_or(number), end)).await;
        };
        let mut tasks = self.tasks.lock().await;
        while let Some(ended) = tasks.try_join_next() {
            notice(ended);
        }
        tasks.spawn(perform.instrument(span));
    }
}

/// A local activity of which nobody has heard the end.
struct Unheard {
    running: Running,
    number: Option<u32>,
}

impl Drop for Unheard {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.running.end(number, None);
        }
    }
}

fn notice(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "the worker is broken: running a local activity panicked; please report it");
    }
}
