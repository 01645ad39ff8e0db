//! The way of one caller to the server.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::{Request, Response};
use perpetua_proto::workflowservice::{
    PollActivityTaskQueueRequest, PollActivityTaskQueueResponse, PollWorkflowTaskQueueRequest,
    PollWorkflowTaskQueueResponse,
};
use perpetua_server::Transport;
use tokio::sync::watch;
use tokio::time::sleep;
use tonic::body::Body;
use tower_service::Service;

use super::fault::Fault;
use super::network::{Fate, Network, When};
use super::wire::{Call, Reply, lost};

/// Whoever calls.
#[derive(Clone, Debug)]
pub(crate) struct Party {
    name: Arc<str>,
    /// How long until the next worker takes its place, once it is dead; none for a client.
    death: Option<watch::Sender<Option<Duration>>>,
}

/// The way of one caller to the server: a transport of a client.
#[derive(Clone)]
pub(crate) struct Link {
    network: Arc<Network>,
    server: Transport,
    party: Party,
}

impl Party {
    pub(crate) fn client() -> Self {
        Self { name: "client".into(), death: None }
    }

    pub(crate) fn worker(name: &str) -> Self {
        Self { name: name.into(), death: Some(watch::Sender::new(None)) }
    }

    pub(crate) fn is_worker(&self) -> bool {
        self.death.is_some()
    }

    /// Waits until it is dead; how long until the next takes its place. A client does not die.
    pub(crate) async fn dies(&self) -> Duration {
        let Some(death) = &self.death else { return std::future::pending().await };
        let mut death = death.subscribe();
        loop {
            let pause = *death.borrow_and_update();
            if let Some(pause) = pause {
                return pause;
            }
            // The sender is here.
            let _ = death.changed().await;
        }
    }

    /// Cuts it off from the server.
    pub(crate) fn kill(&self, pause: Duration) {
        if let Some(death) = &self.death {
            death.send_if_modified(|dead| dead.replace(pause).is_none());
        }
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.death.as_ref().is_some_and(|death| death.borrow().is_some())
    }
}

impl Link {
    pub(crate) fn new(network: Arc<Network>, server: Transport, party: Party) -> Self {
        Self { network, server, party }
    }

    /// Carries a call as long as the caller lives.
    async fn carry(self, request: Request<Body>) -> Response<Body> {
        if self.party.is_dead() {
            return lost("the worker is dead");
        }
        let party = self.party.clone();
        tokio::select! {
            biased;
            _ = party.dies() => lost("the worker is dead"),
            response = self.deliver(request) => response,
        }
    }

    async fn deliver(mut self, request: Request<Body>) -> Response<Body> {
        let method = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
        let Some(call) = Call::collect(request).await else { return lost("the request broke off") };
        if !self.party.is_worker() {
            self.network.ledger(|ledger| ledger.sent(&method, &call));
        }
        let fate = self.network.fate(&self.party, &method);
        self.suffer(&fate, &method);
        let reply = match fate {
            Fate::RequestLost => return lost("the request"),
            Fate::ResponseLost => {
                self.send(call).await;
                return lost("the response");
            }
            Fate::TaskLost(number) => return self.lose_task(&method, call, number).await,
            Fate::WorkerCrash(When::Before, pause) => {
                self.die(pause);
                return lost("the worker is dead");
            }
            Fate::WorkerCrash(When::After, pause) => {
                self.send(call).await;
                self.die(pause);
                return lost("the worker is dead");
            }
            Fate::ServerCrash(When::Before, pause) => {
                self.network.crash_server(pause);
                return lost("the server is dead");
            }
            Fate::ServerCrash(When::After, pause) => {
                self.send(call).await;
                self.network.crash_server(pause);
                return lost("the server is dead");
            }
            Fate::ArrivesLate(delay) => {
                sleep(delay).await;
                self.send(call.clone()).await
            }
            Fate::ArrivesTwice(delay) => {
                let (mut again, copy) = (self.clone(), call.clone());
                tokio::spawn(async move {
                    sleep(delay).await;
                    again.send(copy).await;
                });
                self.send(call.clone()).await
            }
            Fate::Arrives => self.send(call.clone()).await,
        };
        match reply {
            Some(reply) => {
                if !self.party.is_worker() && reply.is_ok() {
                    self.network.ledger(|ledger| ledger.acknowledged(&method, &call, &reply));
                }
                reply.into_response()
            }
            None => lost("the response broke off"),
        }
    }

    async fn send(&mut self, call: Call) -> Option<Reply> {
        match self.server.call(call.into_request()).await {
            Ok(response) => Reply::collect(response).await,
            Err(impossible) => match impossible {},
        }
    }

    /// Takes a task on behalf of nobody.
    async fn lose_task(mut self, method: &str, call: Call, number: u64) -> Response<Body> {
        let nobody = format!("nobody-{number}-{method}");
        self.network.forget_worker(&nobody);
        let call = if let Some(mut poll) = workflow_poll(method, &call) {
            poll.identity.clone_from(&nobody);
            call.with_message(&poll)
        } else if let Some(mut poll) = activity_poll(method, &call) {
            poll.identity.clone_from(&nobody);
            call.with_message(&poll)
        } else {
            call
        };
        let Some(reply) = self.send(call).await else { return lost("the response broke off") };
        let is_task = if method == "PollWorkflowTaskQueue" {
            reply.message::<PollWorkflowTaskQueueResponse>().is_some_and(|task| !task.task_token.is_empty())
        } else {
            reply.message::<PollActivityTaskQueueResponse>().is_some_and(|task| !task.task_token.is_empty())
        };
        if !is_task {
            return reply.into_response();
        }
        self.network
            .note(Fault::TaskLost, format!("a task is lost on its way to {}: {method} {number}", self.party.name));
        self.network.hold_time(Duration::ZERO);
        lost("the task")
    }

    fn die(&self, pause: Duration) {
        self.network.hold_time(pause);
        self.network.forget_worker(&self.party.name);
        self.party.kill(pause);
    }

    /// Takes note of what becomes of a call. What is lost later is noted when it is.
    fn suffer(&self, fate: &Fate, method: &str) {
        let name = &self.party.name;
        let moment = |when: &When| match when {
            When::Before => "before the server hears its",
            When::After => "before it hears the answer to its",
        };
        let (fault, what) = match fate {
            Fate::Arrives | Fate::TaskLost(_) => return,
            Fate::ArrivesLate(delay) => (Fault::Delay, format!("{method} of {name} takes {delay:?}")),
            Fate::ArrivesTwice(delay) => {
                (Fault::Duplicate, format!("{method} of {name} arrives again after {delay:?}"))
            }
            Fate::RequestLost => (Fault::RequestLost, format!("{method} of {name} does not arrive")),
            Fate::ResponseLost => (Fault::ResponseLost, format!("the answer to {method} of {name} is lost")),
            Fate::WorkerCrash(when, pause) => {
                (Fault::WorkerCrash, format!("{name} dies {} {method}; the next starts after {pause:?}", moment(when)))
            }
            Fate::ServerCrash(when, pause) => {
                let moment = match when {
                    When::Before => "before it does what it is asked by",
                    When::After => "before it answers",
                };
                (
                    Fault::ServerCrash,
                    format!("the server dies {moment} {method} of {name}, and starts again after {pause:?}"),
                )
            }
        };
        self.network.note(fault, what);
        self.network.hold_time(Duration::ZERO);
    }
}

fn workflow_poll(method: &str, call: &Call) -> Option<PollWorkflowTaskQueueRequest> {
    (method == "PollWorkflowTaskQueue").then(|| call.message())?
}

fn activity_poll(method: &str, call: &Call) -> Option<PollActivityTaskQueueRequest> {
    (method == "PollActivityTaskQueue").then(|| call.message())?
}

impl Service<Request<Body>> for Link {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let link = self.clone();
        Box::pin(async move { Ok(link.carry(request).await) })
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("party", &self.party).finish_non_exhaustive()
    }
}
