//! How much of everything is allowed: the real server's defaults.

use std::time::Duration;

/// How long a worker may take for a workflow task, unless it was told otherwise.
pub(crate) const TASK_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest that a worker may take for a workflow task.
pub(crate) const LONGEST_TASK_TIMEOUT: Duration = Duration::from_secs(120);
/// The longest that an id or a name may be, in bytes.
pub(crate) const ID_LENGTH: usize = 1000;
/// From how many events on a workflow should continue as new.
pub(crate) const SUGGEST_EVENTS: i64 = 4096;
/// From how many bytes of history on a workflow should continue as new.
pub(crate) const SUGGEST_BYTES: i64 = 4 * 1024 * 1024;
/// How many events a history may have.
pub(crate) const HISTORY_EVENTS: usize = 51_200;
/// How many bytes a history may have.
pub(crate) const HISTORY_BYTES: i64 = 50 * 1024 * 1024;
/// How many bytes of payloads one request or command may bring.
pub(crate) const BLOB_BYTES: usize = 2 * 1024 * 1024;
/// How many bytes are kept of a failure that is larger than a request may bring.
pub(crate) const FAILURE_BYTES: usize = 512 * 1024;
/// How many events are held back while a worker has the task.
pub(crate) const BUFFERED_EVENTS: usize = 100;
/// How many of each kind of operation a run may have pending.
pub(crate) const PENDING: usize = 2000;
/// How many updates of a run may be under way.
pub(crate) const UPDATES_IN_FLIGHT: usize = 10;
/// How many updates a run may have in all.
pub(crate) const UPDATES: i64 = 2000;
/// How many signals a run may get.
pub(crate) const SIGNALS: i64 = 10_000;
/// How long a run may be kept busy by tasks that only ask for another.
pub(crate) const HEARTBEATING: Duration = Duration::from_secs(30 * 60);
/// The shortest time from the start of a run to that of the one it continues as.
pub(crate) const CONTINUE_AS_NEW: Duration = Duration::from_secs(1);
/// How many eventful batches a page of history has, unless it was told otherwise.
pub(crate) const PAGE: usize = 256;
/// After how many failed tasks a workflow answers no queries and takes no updates.
pub(crate) const FAILED_TASKS: i32 = 3;
/// A sticky queue that nobody polled for so long is not used.
pub(crate) const STICKY_UNPOLLED: Duration = Duration::from_secs(10);
/// How long polls of a worker that said that it goes are answered with nothing: they may have been on their way.
pub(crate) const WORKER_GONE: Duration = Duration::from_secs(30);
/// How long a poll for a task waits at most.
pub(crate) const POLL: Duration = Duration::from_secs(60);
/// How many bytes an answer to a workflow task may have that comes in pages.
pub(crate) const ANSWER_BYTES: usize = 40 * 1024 * 1024;
/// Who does what the server does by itself.
pub(crate) const HISTORY_SERVICE: &str = "history-service";
/// How many Nexus operations a run may have pending.
pub(crate) const PENDING_OPERATIONS: usize = 30;
/// How many bytes the headers of a Nexus operation may have.
pub(crate) const HEADER_BYTES: usize = 8192;
/// How long the token of a Nexus operation may be.
pub(crate) const OPERATION_TOKEN: usize = 4096;
/// How many callbacks a run may have.
pub(crate) const CALLBACKS: usize = 2000;
/// How long the address of a callback may be.
pub(crate) const CALLBACK_URL: usize = 1000;
/// How long it is remembered who polled a queue.
pub(crate) const POLLER_REMEMBERED: Duration = Duration::from_secs(300);
/// How much work a second a queue lets go out at most, as descriptions have it.
pub(crate) const DISPATCH_RATE: f64 = 4000.0;
/// A poll that waited so long before it got work was one too many.
pub(crate) const POLL_IDLE: Duration = Duration::from_secs(1);
/// Work that waited so long could have more workers.
pub(crate) const POLL_BEHIND: Duration = Duration::from_millis(200);
/// How often a second workers are told that more could poll a queue.
pub(crate) const POLL_ADVICES: f64 = 10.0;
/// How many fairness keys of a queue may have a weight of their own.
pub(crate) const FAIRNESS_WEIGHTS: usize = 1000;
/// How long a fairness key may be, in bytes.
pub(crate) const FAIRNESS_KEY: usize = 64;
/// A worker that said nothing for so long is not known any longer.
pub(crate) const WORKER_SILENT: Duration = Duration::from_secs(24 * 3600);
/// How many workers are known at most.
pub(crate) const WORKERS: usize = 100_000;
/// How many workers a page has, unless it was told otherwise.
pub(crate) const WORKERS_PAGE: usize = 1000;
/// How many search attributes one request or command may bring.
pub(crate) const SEARCH_ATTRIBUTES: usize = 100;
/// How many bytes the value of one of them may have.
pub(crate) const SEARCH_ATTRIBUTE_BYTES: usize = 2 * 1024;
/// How many bytes all of them may have.
pub(crate) const SEARCH_ATTRIBUTES_BYTES: usize = 40 * 1024;
/// How many worker deployments a namespace may have.
pub(crate) const DEPLOYMENTS: usize = 100;
/// How many versions a worker deployment may have.
pub(crate) const VERSIONS: usize = 100;
/// How many task queues the workers of a version may poll.
pub(crate) const QUEUES_OF_VERSION: usize = 100;
/// After how long it is looked first, and then again and again, whether workflows still need a version.
pub(crate) const DRAINAGE: Duration = Duration::from_secs(180);
/// A worker that polled no longer ago may be about to poll again.
pub(crate) const WORKER_POLLS: Duration = Duration::from_secs(3);
/// How long something waits in a worker's control queue to be told.
pub(crate) const COMMAND: Duration = Duration::from_secs(60);
