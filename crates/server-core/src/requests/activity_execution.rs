//! Activities that clients have started: looked at, waited for, asked to stop, stopped, forgotten.

use perpetua_proto::workflowservice::{
    DeleteActivityExecutionRequest, DescribeActivityExecutionRequest, PollActivityExecutionRequest,
    RequestCancelActivityExecutionRequest, TerminateActivityExecutionRequest,
};
use prost::Message;

use super::{check_length, require_id};
use crate::World;
use crate::activity::waiter::{Wanted, missing};
use crate::activity::{ActivityWaiter, Asked};
use crate::refusal::{Answer, Refusal};
use crate::token::ChangeToken;
use crate::world::{CallId, Waiting, is_uuid};

impl World {
    /// Says what is known of an activity; with the token of an earlier description, once that has changed.
    ///
    /// # Errors
    /// When the request is wrong, or there is no such activity.
    pub fn describe_activity(&mut self, call: CallId, request: DescribeActivityExecutionRequest) -> Answer<()> {
        let DescribeActivityExecutionRequest { namespace, activity_id, run_id, .. } = &request;
        self.check_activity_id(namespace, activity_id, run_id)?;
        if !request.long_poll_token.is_empty() && run_id.is_empty() {
            return Err(Refusal::invalid("run id is required when long poll token is provided"));
        }
        let key = self.find_activity(namespace, activity_id, run_id)?;
        let mut after = -1;
        if !request.long_poll_token.is_empty() {
            let token = ChangeToken::decode(request.long_poll_token.clone()).ok().filter(|it| it.run_id == key);
            after = token.ok_or_else(|| Refusal::invalid("invalid long poll token"))?.transitions;
        }
        let id = activity_id.clone();
        let wanted = Wanted::Change { after, request: Box::new(request) };
        self.wait_for_activity(ActivityWaiter { call, key, id, wanted });
        Ok(())
    }

    /// Waits until an activity is over.
    ///
    /// # Errors
    /// When the request is wrong, or there is no such activity.
    pub fn poll_activity(&mut self, call: CallId, request: PollActivityExecutionRequest) -> Answer<()> {
        let PollActivityExecutionRequest { namespace, activity_id: id, run_id } = request;
        self.check_activity_id(&namespace, &id, &run_id)?;
        let key = self.find_activity(&namespace, &id, &run_id)?;
        self.wait_for_activity(ActivityWaiter { call, key, id, wanted: Wanted::Outcome });
        Ok(())
    }

    fn wait_for_activity(&mut self, waiter: ActivityWaiter) {
        match self.activities.shelf.get(&waiter.key).and_then(|activity| waiter.news(activity)) {
            Some(reply) => self.cx().reply(waiter.call, Ok(reply)),
            None => {
                self.calls.insert(waiter.call, Waiting::Activity);
                self.activities.waiters.push(waiter);
            }
        }
    }

    /// Asks an activity to stop.
    ///
    /// # Errors
    /// When the request is wrong, there is no such activity, it is over, or another request has asked it to stop.
    pub fn cancel_activity_execution(&mut self, request: RequestCancelActivityExecutionRequest) -> Answer<()> {
        let RequestCancelActivityExecutionRequest { namespace, activity_id, run_id, identity, request_id, reason } =
            request;
        self.check_activity_id(&namespace, &activity_id, &run_id)?;
        check_length("request ID", &request_id)?;
        check_length("identity", &identity)?;
        let key = self.find_activity(&namespace, &activity_id, &run_id)?;
        let Some(activity) = self.activities.shelf.get(&key) else { return Err(missing(&activity_id)) };
        let earlier = activity.cancel.as_ref().map(|asked| asked.request.as_str());
        let is_repeated = earlier == Some(request_id.as_str());
        if !activity.is_open() && !is_repeated {
            let state = activity.state_name();
            return Err(Refusal::precondition(format!("activity is in terminal state {state}")));
        }
        if let Some(earlier) = earlier.filter(|_| !is_repeated) {
            let words = format!("cancellation already requested with request ID {earlier}");
            return Err(Refusal::precondition(words));
        }
        self.change_standalone(&key, |activity, now| {
            if !is_repeated {
                activity.cancel(now, Asked { identity, reason, request: request_id });
            }
        });
        self.settle();
        Ok(())
    }

    /// Stops an activity, whatever a worker is doing.
    ///
    /// # Errors
    /// When the request is wrong, there is no such activity, or it is over.
    pub fn terminate_activity(&mut self, request: TerminateActivityExecutionRequest) -> Answer<()> {
        let TerminateActivityExecutionRequest { namespace, activity_id, run_id, identity, request_id, reason } =
            request;
        self.check_activity_id(&namespace, &activity_id, &run_id)?;
        check_length("request ID", &request_id)?;
        check_length("identity", &identity)?;
        let key = self.find_activity(&namespace, &activity_id, &run_id)?;
        let Some(activity) = self.activities.shelf.get(&key) else { return Err(missing(&activity_id)) };
        match &activity.terminated {
            Some(earlier) if earlier.request == request_id => return Ok(()),
            Some(earlier) => {
                let words = format!("already terminated with request ID {}", earlier.request);
                return Err(Refusal::precondition(words));
            }
            None if !activity.is_open() => {
                let state = activity.state_name();
                return Err(Refusal::precondition(format!("invalid transition from {state}")));
            }
            None => {}
        }
        let asked = Asked { identity, reason, request: request_id };
        self.change_standalone(&key, |activity, now| activity.terminate(now, asked));
        self.settle();
        Ok(())
    }

    /// Forgets an activity, also one that is not over.
    ///
    /// # Errors
    /// When the request is wrong, or there is no such activity.
    pub fn delete_activity(&mut self, request: &DeleteActivityExecutionRequest) -> Answer<()> {
        let DeleteActivityExecutionRequest { namespace, activity_id, run_id } = request;
        self.check_activity_id(namespace, activity_id, run_id)?;
        let key = self.find_activity(namespace, activity_id, run_id)?;
        self.remove_activity(&key);
        self.settle();
        Ok(())
    }

    /// Checks the ids of a request.
    ///
    /// # Errors
    /// When there can be no such activity.
    pub(super) fn check_activity_id(&self, namespace: &str, id: &str, run_id: &str) -> Answer<()> {
        self.namespaces.check(namespace)?;
        require_id("activity ID", id)?;
        if !run_id.is_empty() && !is_uuid(run_id) {
            return Err(Refusal::invalid("invalid run id: must be a valid UUID"));
        }
        Ok(())
    }

    /// The run id of the activity that a request names; of the current one of its id where it names no run.
    ///
    /// # Errors
    /// When there is no such activity.
    pub(super) fn find_activity(&self, namespace: &str, id: &str, run_id: &str) -> Answer<String> {
        let activity = if run_id.is_empty() {
            self.activities.current(namespace, id)
        } else {
            self.activities.shelf.get(run_id).filter(|it| it.namespace == namespace && it.id == id)
        };
        activity.map(|activity| activity.run_id.clone()).ok_or_else(|| missing(id))
    }
}
