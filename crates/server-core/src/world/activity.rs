//! Activities that clients have started: each step of one, and those who wait for news of it.

use perpetua_proto::workflowservice::PollActivityTaskQueueResponse;

use super::{Alarm, CallId, Offer, Reply, Work, World};
use crate::activity::Activity;
use crate::attempt::{AttemptDue, AttemptEnd};
use crate::matching::QueueKey;
use crate::run::callback::Completion;
use crate::time::{Time, duration, stored};

impl World {
    /// The number that the next activity gets.
    pub(crate) fn take_number(&mut self) -> u64 {
        self.next_run += 1;
        self.next_run - 1
    }

    /// Takes in a new activity, which is now the current one of its id.
    pub(crate) fn add_activity(&mut self, activity: Activity) {
        let key = activity.run_id.clone();
        self.activities.take_in(activity);
        self.change_standalone(&key, |_, _| ());
    }

    /// Changes an activity: it is counted, offered anew where it is to be, and its waiters hear of it.
    pub(crate) fn change_standalone<R>(
        &mut self,
        key: &str,
        change: impl FnOnce(&mut Activity, Time) -> R,
    ) -> Option<R> {
        let now = self.now;
        let activity = self.activities.shelf.get_mut(key)?;
        let before = (activity.transitions > 0 && activity.attempt.is_offered()).then_some(activity.attempt.offers);
        let result = change(activity, now);
        activity.transitions += 1;
        let completion = activity.completion();
        let offered = activity.attempt.is_offered().then_some(activity.attempt.offers);
        if offered.is_some() && offered != before {
            self.offer_standalone(key);
        }
        if let Some(completion) = completion {
            self.tell_of_activity(key, &completion);
        }
        self.set_activity_alarms(key);
        self.tell_activity_waiters(key);
        Some(result)
    }

    /// Puts an activity back to work that was stored.
    pub(super) fn resume_activity(&mut self, key: &str) {
        if self.activities.shelf.get(key).is_some_and(|activity| activity.attempt.is_offered()) {
            self.offer_standalone(key);
        }
        self.set_activity_alarms(key);
    }

    /// Forgets an activity.
    pub(crate) fn remove_activity(&mut self, key: &str) {
        self.activities.forget(key);
        self.alarms.set(Alarm::Activity(key.to_owned()), None);
        self.alarms.set(Alarm::ActivityOver(key.to_owned()), None);
        self.tell_activity_waiters(key);
    }

    fn offer_standalone(&mut self, key: &str) {
        let Some(activity) = self.activities.shelf.get(key).filter(|activity| activity.is_open()) else { return };
        let name = activity.options.task_queue.as_ref().map_or("", |queue| &queue.name);
        let queue = QueueKey::activity(&activity.namespace, name);
        let work = Work::Standalone { activity: key.to_owned(), offer: activity.attempt.offers };
        let offer = Offer::new(queue, activity.options.priority.clone(), work);
        self.offers.push(offer);
    }

    /// Whether an offer still stands.
    pub(super) fn offers_standalone(&self, key: &str, offer: i32) -> bool {
        let activity = self.activities.shelf.get(key).filter(|activity| activity.is_open());
        activity.is_some_and(|it| it.attempt.is_offered() && it.attempt.offers == offer)
    }

    /// Hands an attempt to a worker.
    pub(super) fn start_standalone(&mut self, key: &str, identity: &str) -> Option<PollActivityTaskQueueResponse> {
        let (request, server) = (self.cx().uuid(), self.server);
        self.change_standalone(key, |activity, now| {
            activity.start(now, identity, request);
            activity.task(server)
        })
    }

    /// What happens to an activity by itself.
    pub(super) fn tend_activity(&mut self, key: &str) {
        let now = self.now;
        let Some(activity) = self.activities.shelf.get_mut(key).filter(|activity| activity.is_open()) else { return };
        match activity.attempt.due(&activity.terms()).filter(|(at, _)| *at <= now) {
            None => {}
            Some((_, AttemptDue::Offer)) => {
                activity.attempt.end_wait();
                self.offer_standalone(key);
            }
            Some((_, AttemptDue::TimedOut(kind))) => {
                self.change_standalone(key, |activity, now| activity.end_attempt(now, AttemptEnd::TimedOut(kind)));
            }
        }
        self.set_activity_alarms(key);
    }

    /// Calls back who wanted to know of the end.
    fn tell_of_activity(&mut self, key: &str, completion: &Completion) {
        let Some(activity) = self.activities.shelf.get(key) else { return };
        let delivered = self.call_back(activity.callbacks.clone(), completion);
        let now = self.now;
        let Some(activity) = self.activities.shelf.get_mut(key) else { return };
        for (at, result) in delivered {
            if let Some(state) = activity.callbacks.get_mut(at) {
                state.end(now, result);
            }
        }
    }

    fn set_activity_alarms(&mut self, key: &str) {
        let Some(activity) = self.activities.shelf.get(key) else { return };
        let due = activity.attempt.due(&activity.terms()).filter(|_| activity.is_open()).map(|(at, _)| at);
        let namespace = self.namespaces.shelf.get(&activity.namespace);
        let kept = namespace.and_then(|it| duration(it.config.workflow_execution_retention_ttl.as_ref()));
        let over = stored(activity.close_time).zip(kept).map(|(close, kept)| close.plus(kept));
        self.alarms.set(Alarm::Activity(key.to_owned()), due);
        self.alarms.set(Alarm::ActivityOver(key.to_owned()), over);
    }

    /// Tells everybody who waits for news that are there now.
    fn tell_activity_waiters(&mut self, key: &str) {
        let (concerned, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.activities.waiters).into_iter().partition(|waiter| waiter.key == key);
        self.activities.waiters = others;
        for waiter in concerned {
            let answer = match self.activities.shelf.get(key) {
                Some(activity) => waiter.news(activity).map(Ok),
                None => Some(Err(waiter.gone())),
            };
            match answer {
                Some(answer) => self.cx().reply(waiter.call, answer),
                None => self.activities.waiters.push(waiter),
            }
        }
    }

    /// Somebody has waited long enough.
    pub(crate) fn dismiss_activity_waiter(&mut self, call: CallId) -> Option<Reply> {
        let at = self.activities.waiters.iter().position(|waiter| waiter.call == call)?;
        Some(self.activities.waiters.swap_remove(at).nothing())
    }
}
