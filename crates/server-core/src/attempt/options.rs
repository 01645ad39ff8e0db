//! What an activity is given: a queue, limits of time, a retry policy, a priority. Checked, completed, and changed.

use std::time::Duration;

use perpetua_proto::activity::ActivityOptions;
use perpetua_proto::common::{Priority, RetryPolicy};
use perpetua_proto::enums::TaskQueueKind;
use perpetua_proto::taskqueue::TaskQueue;

use super::Manner;
use crate::limits;
use crate::refusal::{Answer, Refusal};
use crate::time::{self, duration};
use crate::{priority, retry};

/// No limit is longer: a hundred years.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
/// Queues with names that begin like this are the server's own.
const RESERVED: &str = "/_sys/";

/// The queue of this name.
///
/// # Errors
/// When there can be none.
pub(crate) fn check_queue(queue: Option<&TaskQueue>) -> Result<(), &'static str> {
    let Some(queue) = queue else { return Err("taskQueue is not set") };
    if queue.name.is_empty() {
        return Err("missing task queue name");
    }
    if queue.name.len() > limits::ID_LENGTH {
        return Err("taskQueue length exceeds limit");
    }
    if queue.name.starts_with(RESERVED) {
        return Err("task queue name cannot start with reserved prefix /_sys/");
    }
    Ok(())
}

/// Checks what an activity is to be, and completes its limits: in a run that is limited itself, in no more time than that.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check(
    activity_id: &str,
    activity_type: &str,
    options: &mut ActivityOptions,
    run_timeout: Option<Duration>,
) -> Result<(), String> {
    check_queue(options.task_queue.as_ref())?;
    for (name, value) in [("activityId", activity_id), ("activityType", activity_type)] {
        if value.is_empty() {
            return Err(format!("{name} is not set"));
        }
    }
    let mut policy = options.retry_policy.take().unwrap_or_default();
    retry::check(&policy)?;
    retry::complete(&mut policy);
    options.retry_policy = Some(policy);
    priority::check(options.priority.as_ref()).map_err(|problem| format!("invalid priorities: {problem}"))?;
    for (name, value) in [("activityId", activity_id), ("activityType", activity_type)] {
        if value.len() > limits::ID_LENGTH {
            let (length, limit) = (value.len(), limits::ID_LENGTH);
            return Err(format!("{name} exceeds length limit. Length={length} Limit={limit}"));
        }
    }
    complete(activity_id, activity_type, options, run_timeout)
}

/// Checks how long an activity may take, and completes it from what was said.
///
/// # Errors
/// What is wrong with it, or missing.
pub(crate) fn complete(
    activity_id: &str,
    activity_type: &str,
    options: &mut ActivityOptions,
    run_timeout: Option<Duration>,
) -> Result<(), String> {
    for (name, limit) in [
        ("ScheduleToCloseTimeout", &options.schedule_to_close_timeout),
        ("ScheduleToStartTimeout", &options.schedule_to_start_timeout),
        ("StartToCloseTimeout", &options.start_to_close_timeout),
        ("HeartbeatTimeout", &options.heartbeat_timeout),
        ("StartDelay", &options.start_delay),
    ] {
        time::check(limit.as_ref()).map_err(|problem| format!("invalid {name}: {problem}"))?;
    }
    let duration = |wire| duration(wire).map(|limit| limit.min(LONGEST));
    let whole = duration(options.schedule_to_close_timeout.as_ref());
    let attempt = duration(options.start_to_close_timeout.as_ref());
    if whole.is_none() && attempt.is_none() {
        return Err(format!(
            "a valid StartToCloseTimeout or ScheduleToCloseTimeout must be set on the activity. \
             ActivityId={activity_id} ActivityType={activity_type}"
        ));
    }
    let whole = least(whole, run_timeout);
    let attempt = least(attempt, whole);
    let wait = least(duration(options.schedule_to_start_timeout.as_ref()), whole);
    let silence = duration(options.heartbeat_timeout.as_ref()).and_then(|silence| least(Some(silence), attempt));
    // What is not limited stays as it was said: not at all, or by nothing.
    let put = |slot: &mut Option<perpetua_proto::protobuf::Duration>, limit: Option<Duration>| {
        if let Some(limit) = limit {
            *slot = Some(time::to_wire(limit));
        }
    };
    put(&mut options.schedule_to_close_timeout, whole);
    put(&mut options.start_to_close_timeout, attempt);
    put(&mut options.schedule_to_start_timeout, wait);
    put(&mut options.heartbeat_timeout, silence);
    Ok(())
}

/// The lower of two limits; the only one where the other is none.
fn least(limit: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (limit, other) {
        (Some(limit), Some(other)) => Some(limit.min(other)),
        (limit, other) => limit.or(other),
    }
}

/// What is to be changed of an activity's options.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// What these paths name is as here.
    Fields(Box<ActivityOptions>, Vec<String>),
    /// All is as it was when the activity was scheduled.
    Restore,
}

impl Change {
    /// Reads what a request asks for.
    ///
    /// # Errors
    /// When it asks for nothing, or for two things.
    pub(crate) fn read(
        options: Option<ActivityOptions>,
        mask: Option<perpetua_proto::protobuf::FieldMask>,
        restore: bool,
    ) -> Answer<Self> {
        if restore {
            return match mask {
                None => Ok(Self::Restore),
                Some(_) => Err(Refusal::invalid("Both UpdateMask and RestoreOriginal are provided")),
            };
        }
        let options = options.ok_or_else(|| Refusal::invalid("ActivityOptions are not provided"))?;
        let mask = mask.ok_or_else(|| Refusal::invalid("UpdateMask is not provided"))?;
        Ok(Self::Fields(Box::new(options), mask.paths.iter().map(|path| in_words(path)).collect()))
    }
}

/// A path as protobuf writes it, also of one that is written as in JSON.
fn in_words(path: &str) -> String {
    let mut words = String::with_capacity(path.len());
    for next in path.chars() {
        if next.is_ascii_uppercase() {
            words.push('_');
        }
        words.push(next.to_ascii_lowercase());
    }
    words
}

/// Changes what the paths name.
///
/// # Errors
/// When what they name is not given, or cannot be changed.
pub(crate) fn change(
    options: &mut ActivityOptions,
    new: &ActivityOptions,
    paths: &[String],
    manner: Manner,
) -> Result<(), String> {
    if paths.is_empty() && manner == Manner::Standalone {
        return Err("UpdateMask must specify at least one path".to_owned());
    }
    let mut policy_changed = false;
    for path in paths {
        match path.as_str() {
            "schedule_to_close_timeout" => options.schedule_to_close_timeout = new.schedule_to_close_timeout,
            "schedule_to_start_timeout" => options.schedule_to_start_timeout = new.schedule_to_start_timeout,
            "start_to_close_timeout" => options.start_to_close_timeout = new.start_to_close_timeout,
            "heartbeat_timeout" => options.heartbeat_timeout = new.heartbeat_timeout,
            "start_delay" if manner == Manner::Standalone => options.start_delay = new.start_delay,
            "task_queue.name" => match (&new.task_queue, manner) {
                (None, Manner::OfWorkflow) => return Err("TaskQueue is not provided".to_owned()),
                (queue, _) => {
                    check_queue(queue.as_ref())?;
                    options.task_queue = queue.as_ref().map(|queue| normal(&queue.name));
                }
            },
            "retry_policy" => match (&new.retry_policy, manner) {
                (None, Manner::OfWorkflow) => return Err("RetryPolicy is not provided".to_owned()),
                (policy, Manner::OfWorkflow) => options.retry_policy.clone_from(policy),
                (policy, Manner::Standalone) => {
                    let mut policy = policy.clone().unwrap_or_default();
                    retry::check(&policy)?;
                    retry::complete(&mut policy);
                    options.retry_policy = Some(policy);
                }
            },
            "priority" => options.priority.clone_from(&new.priority),
            other => match other.split_once('.') {
                Some(("retry_policy", field)) if is_policy_field(field) => {
                    let new = new.retry_policy.as_ref().ok_or("RetryPolicy is not provided")?;
                    change_policy(options.retry_policy.get_or_insert_default(), new, field);
                    policy_changed = true;
                }
                Some(("priority", field)) if is_priority_field(field) => {
                    let new = new.priority.as_ref().ok_or("Priority is not provided")?;
                    change_priority(options.priority.get_or_insert_default(), new, field);
                }
                // Of an activity of a workflow, the real server leaves alone what it does not know.
                _ if manner == Manner::OfWorkflow => {}
                _ => return Err(format!("unsupported update_mask path: {other:?}")),
            },
        }
    }
    if policy_changed && let Some(policy) = &options.retry_policy {
        retry::check(policy)?;
        if policy.backoff_coefficient < 1.0 && policy.maximum_attempts != 1 {
            return Err("BackoffCoefficient cannot be less than 1 on retry policy.".to_owned());
        }
    }
    priority::check(options.priority.as_ref())?;
    Ok(())
}

fn is_policy_field(field: &str) -> bool {
    matches!(field, "initial_interval" | "backoff_coefficient" | "maximum_interval" | "maximum_attempts")
}

fn change_policy(policy: &mut RetryPolicy, new: &RetryPolicy, field: &str) {
    match field {
        "initial_interval" => policy.initial_interval = new.initial_interval,
        "backoff_coefficient" => policy.backoff_coefficient = new.backoff_coefficient,
        "maximum_interval" => policy.maximum_interval = new.maximum_interval,
        _ => policy.maximum_attempts = new.maximum_attempts,
    }
}

fn is_priority_field(field: &str) -> bool {
    matches!(field, "priority_key" | "fairness_key" | "fairness_weight")
}

fn change_priority(priority: &mut Priority, new: &Priority, field: &str) {
    match field {
        "priority_key" => priority.priority_key = new.priority_key,
        "fairness_key" => priority.fairness_key.clone_from(&new.fairness_key),
        _ => priority.fairness_weight = new.fairness_weight,
    }
}

/// A queue of this name, as requests show it.
pub(crate) fn normal(name: &str) -> TaskQueue {
    TaskQueue { name: name.to_owned(), kind: TaskQueueKind::Normal.into(), ..TaskQueue::default() }
}
