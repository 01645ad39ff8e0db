//! One activity in isolation.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use perpetua_client::{Client, RpcRetry};
use perpetua_contract::{ActivityCall, ActivityDefinition};
use perpetua_convert::{ActivityFailure, Arguments, BoxFuture, ConversionError, DataConverter};
use perpetua_vocab::{ActivityType, Failure, Payload};
use perpetua_worker::alone::{LoneAttempt, lone_info};
use perpetua_worker::{Activities, ActivityImplementation, ActivityInfo, ActivitySet, CancelReason};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Where nobody listens.
const NOWHERE: &str = "http://127.0.0.1:1";

/// What one activity runs in, without a server and without a workflow: what it can know of itself, its heartbeats, requests
/// to stop.
///
/// ```text
/// let env = ActivityEnv::new().attempt(3).last_heartbeat(7_u32);
/// let pages = env.run(download("report".into())).await?;
/// assert_eq!(env.heartbeats::<u32>()?, [8, 9, 10]);
/// ```
///
/// Arguments, results, errors and heartbeats are encoded and decoded as on their way through a server. Time is that of
/// tokio: in a test with `start_paused` it skips. Nobody tries again what has failed.
#[derive(Clone)]
pub struct ActivityEnv {
    changes: Vec<Change>,
    last_heartbeat: Option<Encode>,
    client: Option<Client>,
    converter: DataConverter,
    local: bool,
    /// At which heartbeat, from 1, the attempt is asked to stop.
    cancel_at: Option<(usize, CancelReason)>,
    canceled: Option<CancelReason>,
    shuts_down: bool,
    heartbeats: Arc<Mutex<Vec<Payload>>>,
}

/// Encodes a value, when it is known how.
type Encode = Arc<dyn Fn(&DataConverter) -> Result<Payload, ConversionError> + Send + Sync>;

/// What is said of an attempt.
type Change = Arc<dyn Fn(&mut ActivityInfo) + Send + Sync>;

/// How far an attempt is.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    heartbeats: usize,
    ended: bool,
}

/// An attempt that runs. Await it for its result, which is what the workflow would get. Dropped, it goes on.
#[must_use = "the attempt goes on, but nobody hears how it ends"]
pub struct ActivityRun<D: ActivityDefinition> {
    attempt: LoneAttempt,
    task: JoinHandle<Result<Payload, Failure>>,
    converter: DataConverter,
    progress: watch::Receiver<Progress>,
    definition: PhantomData<fn() -> D>,
}

impl Default for ActivityEnv {
    fn default() -> Self {
        Self::new()
    }
}

impl ActivityEnv {
    /// The first attempt of an activity that a workflow has asked for, without limits.
    pub fn new() -> Self {
        Self {
            changes: Vec::new(),
            last_heartbeat: None,
            client: None,
            converter: DataConverter::default(),
            local: false,
            cancel_at: None,
            canceled: None,
            shuts_down: false,
            heartbeats: Arc::default(),
        }
    }

    /// Changes what the attempt knows of itself: `.info(|info| info.priority = ..)`.
    pub fn info(mut self, change: impl Fn(&mut ActivityInfo) + Send + Sync + 'static) -> Self {
        self.changes.push(Arc::new(change));
        self
    }

    /// Which attempt it is, from 1; the first one by default.
    pub fn attempt(self, attempt: u32) -> Self {
        self.info(move |info| info.attempt = attempt)
    }

    /// How long the attempt may take, by tokio's time. Then it is asked to stop with [`CancelReason::TimedOut`]; what it
    /// says afterwards is too late, and it has failed with a timeout. No limit by default.
    pub fn start_to_close(self, limit: Duration) -> Self {
        self.info(move |info| info.start_to_close = Some(limit))
    }

    /// The longest silence between two heartbeats, as the attempt can know it. Nothing happens when it is longer.
    pub fn heartbeat_timeout(self, limit: Duration) -> Self {
        self.info(move |info| info.heartbeat = Some(limit))
    }

    /// An entry of the header, with what interceptors hand along.
    pub fn header(self, name: impl Into<String>, value: Payload) -> Self {
        let name = name.into();
        self.info(move |info| drop(info.header.insert(name.clone(), value.clone())))
    }

    /// Runs it as a local activity, whose heartbeats nobody hears.
    pub fn local(mut self) -> Self {
        self.local = true;
        self
    }

    /// What an earlier attempt reported last; nothing by default.
    pub fn last_heartbeat(mut self, details: impl Serialize + Send + Sync + 'static) -> Self {
        self.last_heartbeat = Some(Arc::new(move |converter| converter.payloads().encode(&details)));
        self
    }

    /// How values travel; by default as JSON.
    pub fn converter(mut self, converter: DataConverter) -> Self {
        self.converter = converter;
        self
    }

    /// The client that the activity gets, such as that of a [`TestEnv`](crate::TestEnv). By default it is one whose calls
    /// all fail, because there is no server.
    pub fn client(mut self, client: &Client) -> Self {
        self.converter = client.converter().clone();
        self.client = Some(client.clone());
        self
    }

    /// Asks the attempt to stop before it begins.
    pub fn cancel(mut self, reason: CancelReason) -> Self {
        self.canceled = Some(reason);
        self
    }

    /// Asks the attempt to stop with its heartbeat of this number, from 1: as if the answer to it said so.
    pub fn cancel_at_heartbeat(mut self, number: usize, reason: CancelReason) -> Self {
        self.cancel_at = Some((number, reason));
        self
    }

    /// Lets the worker be shutting down when the attempt begins.
    pub fn worker_shutdown(mut self) -> Self {
        self.shuts_down = true;
        self
    }

    /// The details of all heartbeats so far, of all attempts, in order. Unlike a server, it gets each of them.
    ///
    /// # Errors
    /// When one is not a `T`.
    pub fn heartbeats<T: DeserializeOwned>(&self) -> Result<Vec<T>, ConversionError> {
        let heartbeats = self.heartbeats.lock().unwrap_or_else(PoisonError::into_inner).clone();
        heartbeats.iter().map(|payload| self.converter.payloads().decode(payload)).collect()
    }

    /// Runs an attempt of this activity: `env.run(greet("Ann".into())).await`.
    ///
    /// # Errors
    /// What the workflow would get: the activity's own error, a timeout, a cancellation.
    ///
    /// # Panics
    /// When an argument or the last heartbeat cannot be encoded, or there is no tokio runtime here.
    pub async fn run<D>(&self, call: ActivityCall<D>) -> Result<D::Output, ActivityFailure<D::Error>>
    where
        D: ActivityImplementation,
    {
        self.start(call).await
    }

    /// Runs an attempt of an activity that is a method of this value:
    /// `env.run_with(Bank::new(), Bank::withdraw("ann".into(), 100)).await`. An `Arc` of a value will do.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    ///
    /// # Panics
    /// As [`run`](Self::run).
    pub async fn run_with<S, D>(&self, set: S, call: ActivityCall<D>) -> Result<D::Output, ActivityFailure<D::Error>>
    where
        S: ActivitySet,
        D: ActivityDefinition,
    {
        self.start_with(set, call).await
    }

    /// Begins an attempt, to do something while it runs.
    ///
    /// # Panics
    /// As [`run`](Self::run).
    #[track_caller]
    pub fn start<D>(&self, call: ActivityCall<D>) -> ActivityRun<D>
    where
        D: ActivityImplementation,
    {
        let mut activities = Activities::default();
        if D::DYNAMIC {
            activities.add_dynamic::<D>(D::execute);
        } else {
            activities.add::<D>(D::execute);
        }
        self.begin(activities, call)
    }

    /// Begins an attempt of a method of this value, to do something while it runs.
    ///
    /// # Panics
    /// As [`run`](Self::run).
    #[track_caller]
    pub fn start_with<S: ActivitySet, D: ActivityDefinition>(&self, set: S, call: ActivityCall<D>) -> ActivityRun<D> {
        let mut activities = Activities::default();
        Arc::new(set).register(&mut activities);
        self.begin(activities, call)
    }

    #[track_caller]
    fn begin<D: ActivityDefinition>(&self, activities: Activities, call: ActivityCall<D>) -> ActivityRun<D> {
        let converter = self.converter.clone();
        let (name, input) = call.into_parts();
        let input = encoded(input.encode(converter.payloads()), "the arguments");
        let last_heartbeat =
            self.last_heartbeat.as_ref().map(|make| vec![encoded(make(&converter), "the last heartbeat")]);
        let mut info = lone_info(ActivityType::new(name), self.local);
        let now = Some(SystemTime::now());
        (info.scheduled, info.attempt_scheduled, info.started) = (now, now, now);
        for change in &self.changes {
            change(&mut info);
        }
        let sender = Arc::new(watch::Sender::new(Progress::default()));
        let progress = sender.subscribe();
        let heartbeats = Arc::clone(&self.heartbeats);
        let cancel_at = self.cancel_at;
        let own: Arc<Mutex<Option<LoneAttempt>>> = Arc::default();
        let attempt = LoneAttempt::new(info, last_heartbeat, self.client_for(&converter), {
            let (own, sender) = (Arc::clone(&own), Arc::clone(&sender));
            move |payload| {
                heartbeats.lock().unwrap_or_else(PoisonError::into_inner).push(payload.clone());
                let mut number = 0;
                sender.send_modify(|progress| {
                    progress.heartbeats += 1;
                    number = progress.heartbeats;
                });
                let attempt = own.lock().unwrap_or_else(PoisonError::into_inner).clone();
                if let (Some((at, reason)), Some(attempt)) = (cancel_at, attempt)
                    && at == number
                {
                    attempt.cancel(reason);
                }
            }
        });
        *own.lock().unwrap_or_else(PoisonError::into_inner) = Some(attempt.clone());
        if let Some(reason) = self.canceled {
            attempt.cancel(reason);
        }
        if self.shuts_down {
            attempt.shut_down();
        }
        let running = attempt.clone();
        let task = tokio::spawn(async move {
            let ended = running.run(activities, input).await;
            // The attempt holds who watches it.
            own.lock().unwrap_or_else(PoisonError::into_inner).take();
            sender.send_modify(|progress| progress.ended = true);
            ended
        });
        ActivityRun { attempt, task, converter, progress, definition: PhantomData }
    }

    #[track_caller]
    fn client_for(&self, converter: &DataConverter) -> Client {
        if let Some(client) = &self.client {
            return client.clone();
        }
        let client = Client::builder().address(NOWHERE).no_tls().retry(RpcRetry::none()).converter(converter.clone());
        match client.lazy() {
            Ok(client) => client,
            Err(error) => panic!("there is no client for the activity: {error}"),
        }
    }
}

#[track_caller]
fn encoded<T>(encoded: Result<T, ConversionError>, what: &str) -> T {
    match encoded {
        Ok(encoded) => encoded,
        Err(error) => panic!("{what} cannot be encoded: {error}"),
    }
}

impl<D: ActivityDefinition> ActivityRun<D> {
    /// Asks the attempt to stop. The first reason is the one that it sees.
    pub fn cancel(&self, reason: CancelReason) {
        self.attempt.cancel(reason);
    }

    /// Lets the worker begin to shut down; the attempt may see it, and is not asked to stop yet.
    pub fn shut_down_worker(&self) {
        self.attempt.shut_down();
    }

    /// Waits until the attempt has sent so many heartbeats; false if it ended before that.
    pub async fn sent_heartbeats(&self, count: usize) -> bool {
        let mut progress = self.progress.clone();
        let reached = progress.wait_for(|progress| progress.ended || progress.heartbeats >= count).await;
        reached.is_ok_and(|progress| progress.heartbeats >= count)
    }
}

impl<D: ActivityDefinition> IntoFuture for ActivityRun<D> {
    type Output = Result<D::Output, ActivityFailure<D::Error>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { task, converter, .. } = self;
        Box::pin(result::<D>(task, converter))
    }
}

async fn result<D: ActivityDefinition>(
    task: impl Future<Output = Result<Result<Payload, Failure>, tokio::task::JoinError>>,
    converter: DataConverter,
) -> Result<D::Output, ActivityFailure<D::Error>> {
    let failure = match task.await {
        Ok(Ok(payload)) => match converter.payloads().decode(&payload) {
            Ok(value) => return Ok(value),
            Err(error) => Failure { message: error.to_string(), ..Failure::default() },
        },
        Ok(Err(failure)) => failure,
        Err(error) => Failure { message: error.to_string(), ..Failure::default() },
    };
    Err(ActivityFailure::read(failure, &converter))
}

impl fmt::Debug for ActivityEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActivityEnv").field("local", &self.local).finish_non_exhaustive()
    }
}

impl<D: ActivityDefinition> fmt::Debug for ActivityRun<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActivityRun").field("attempt", &self.attempt).finish_non_exhaustive()
    }
}
