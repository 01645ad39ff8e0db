//! Activities that clients start: new ones, and those whose id is in use.

use perpetua_proto::activity::ActivityOptions;
use perpetua_proto::common::Callback;
use perpetua_proto::common::callback::Variant;
use perpetua_proto::enums::{
    ActivityExecutionStatus as Status, ActivityIdConflictPolicy as Conflict, ActivityIdReusePolicy as Reuse,
};
use perpetua_proto::errordetails::ActivityExecutionAlreadyStartedFailure;
use perpetua_proto::sdk::UserMetadata;
use perpetua_proto::workflowservice::{StartActivityExecutionRequest, StartActivityExecutionResponse};
use prost::Message;

use super::check_length;
use crate::World;
use crate::activity::Activity;
use crate::attempt::Attempt;
use crate::attempt::options::{check, normal};
use crate::nexus::header;
use crate::refusal::{Answer, Code, Refusal};
use crate::run::callback::{self, CallbackState};
use crate::time::{Time, duration};

/// The most bytes of the summary that comes with an activity, and of its details.
const SUMMARY_BYTES: usize = 400;
const DETAILS_BYTES: usize = 20_000;

impl World {
    /// Starts an activity.
    ///
    /// # Errors
    /// When the request is wrong, or the id is in use and the policies do not allow for that.
    pub fn start_activity(&mut self, request: StartActivityExecutionRequest) -> Answer<StartActivityExecutionResponse> {
        let activity = self.prepare_activity(&request)?;
        if let Some(current) = self.activities.current(&request.namespace, &request.activity_id) {
            if current.start_request == activity.start_request {
                return Ok(response(current, false));
            }
            let (found, key) = (response(current, false), current.run_id.clone());
            if current.is_open() && request.id_conflict_policy() == Conflict::UseExisting {
                self.join_activity(&key, &request)?;
                self.settle();
                return Ok(found);
            }
            if !may_follow(current, request.id_reuse_policy()) {
                return Err(in_use(current));
            }
        }
        let started = response(&activity, true);
        self.add_activity(activity);
        self.settle();
        Ok(started)
    }

    /// Checks a request and completes what it leaves open.
    fn prepare_activity(&mut self, request: &StartActivityExecutionRequest) -> Answer<Activity> {
        self.namespaces.check(&request.namespace)?;
        let options = check_start(request, self.settings.blob_bytes)?;
        let mut search_attributes = request.search_attributes.clone().unwrap_or_default().indexed_fields;
        let checked = self.namespaces.check_search_attributes(&request.namespace, &mut search_attributes);
        checked.map_err(Refusal::invalid)?;
        let start_request = if request.request_id.is_empty() { self.cx().uuid() } else { request.request_id.clone() };
        let mut activity = Activity {
            namespace: request.namespace.clone(),
            id: request.activity_id.clone(),
            run_id: self.cx().uuid(),
            number: self.take_number(),
            activity_type: request.activity_type.clone(),
            attempt: Attempt::first(self.now, duration(options.start_delay.as_ref())),
            options,
            input: request.input.clone(),
            header: request.header.clone(),
            metadata: request.user_metadata.clone(),
            search_attributes,
            links: request.links.clone(),
            callbacks: callbacks_of(request, self.now, &start_request),
            start_request,
            start_time: self.now.nanos(),
            ..Activity::default()
        };
        activity.set_status(Status::Running);
        Ok(activity)
    }

    /// Attaches what a start brings to the activity that is there, as it asks for.
    ///
    /// # Errors
    /// When there are too many callbacks.
    fn join_activity(&mut self, key: &str, request: &StartActivityExecutionRequest) -> Answer<()> {
        let Some(options) = request.on_conflict_options.filter(|options| options.attach_request_id) else {
            return Ok(());
        };
        let there = self.activities.shelf.get(key).map(|activity| &activity.callbacks);
        let is_new = there.is_some_and(|there| !there.iter().any(|it| it.request_id == request.request_id));
        if options.attach_completion_callbacks && is_new {
            callback::check(&request.completion_callbacks, there.map_or(0, Vec::len))?;
        }
        self.change_standalone(key, |activity, now| {
            if options.attach_completion_callbacks && is_new {
                activity.callbacks.extend(callbacks_of(request, now, &request.request_id));
            }
            if options.attach_links {
                let is_new = |link: &&perpetua_proto::common::Link| !activity.links.contains(link);
                let links: Vec<_> = request.links.iter().filter(is_new).cloned().collect();
                activity.links.splice(..0, links);
            }
        });
        Ok(())
    }
}

/// Who is to be told when the activity is over. The names of headers are shown in lower case.
fn callbacks_of(request: &StartActivityExecutionRequest, now: Time, request_id: &str) -> Vec<CallbackState> {
    let lowered = |callback: &Callback| {
        let mut callback = callback.clone();
        if let Some(Variant::Nexus(nexus)) = &mut callback.variant {
            nexus.header = header::lowered(&nexus.header);
        }
        callback
    };
    let callbacks = request.completion_callbacks.iter().map(lowered);
    callbacks.map(|callback| CallbackState::new(callback, now, request_id)).collect()
}

/// What the activity will go by, if there is nothing wrong with the request.
fn check_start(request: &StartActivityExecutionRequest, blob_bytes: usize) -> Answer<ActivityOptions> {
    let kind = request.activity_type.as_ref().map_or("", |kind| &kind.name);
    let mut options = ActivityOptions {
        task_queue: request.task_queue.clone(),
        schedule_to_close_timeout: request.schedule_to_close_timeout,
        schedule_to_start_timeout: request.schedule_to_start_timeout,
        start_to_close_timeout: request.start_to_close_timeout,
        heartbeat_timeout: request.heartbeat_timeout,
        retry_policy: request.retry_policy.clone(),
        priority: request.priority.clone(),
        start_delay: request.start_delay,
    };
    check(&request.activity_id, kind, &mut options, None).map_err(Refusal::invalid)?;
    options.task_queue = options.task_queue.map(|queue| normal(&queue.name));
    check_length("request ID", &request.request_id)?;
    check_length("identity", &request.identity)?;
    if Reuse::try_from(request.id_reuse_policy).is_err() {
        return Err(Refusal::invalid(format!("unsupported ID reuse policy: {}", request.id_reuse_policy)));
    }
    if Conflict::try_from(request.id_conflict_policy).is_err() {
        return Err(Refusal::invalid(format!("unsupported ID conflict policy: {}", request.id_conflict_policy)));
    }
    if request.input.as_ref().is_some_and(|input| input.encoded_len() > blob_bytes) {
        return Err(Refusal::invalid("input exceeds length limit"));
    }
    check_metadata(request.user_metadata.as_ref())?;
    callback::check(&request.completion_callbacks, 0)?;
    let attach = request.on_conflict_options.unwrap_or_default();
    if attach.attach_request_id && request.links.is_empty() && request.completion_callbacks.is_empty() {
        return Err(Refusal::invalid(
            "on_conflict_options: attach_request_id requires at least one completion callback or link",
        ));
    }
    if attach.attach_completion_callbacks && !attach.attach_request_id {
        return Err(Refusal::invalid(
            "on_conflict_options: attach_completion_callbacks requires attach_request_id to be set",
        ));
    }
    Ok(options)
}

fn check_metadata(metadata: Option<&UserMetadata>) -> Answer<()> {
    let Some(metadata) = metadata else { return Ok(()) };
    for (name, text, limit) in
        [("summary", &metadata.summary, SUMMARY_BYTES), ("details", &metadata.details, DETAILS_BYTES)]
    {
        let length = text.as_ref().map_or(0, Message::encoded_len);
        if length > limit {
            let words = format!("user_metadata.{name} exceeds size limit. Length={length} Limit={limit}");
            return Err(Refusal::invalid(words));
        }
    }
    Ok(())
}

/// Whether another activity may have the id of this one.
fn may_follow(current: &Activity, reuse: Reuse) -> bool {
    match reuse {
        _ if current.is_open() => false,
        Reuse::RejectDuplicate => false,
        Reuse::AllowDuplicateFailedOnly => current.status() != Status::Completed,
        Reuse::AllowDuplicate | Reuse::Unspecified => true,
    }
}

fn in_use(current: &Activity) -> Refusal {
    Refusal::new(Code::AlreadyExists, "activity execution already started").with(
        &ActivityExecutionAlreadyStartedFailure {
            start_request_id: current.start_request.clone(),
            run_id: current.run_id.clone(),
        },
    )
}

fn response(activity: &Activity, started: bool) -> StartActivityExecutionResponse {
    StartActivityExecutionResponse { run_id: activity.run_id.clone(), started, link: Some(activity.link()) }
}
