//! A lane: a thread that owns runs, and the only place where workflow code is executed.
//!
//! It does one job after another. What it does, and since when, is there for others to see, so that somebody can notice
//! that workflow code does not give the thread back. A lane in which that happens is abandoned: its jobs go elsewhere,
//! whoever waits for the one that is stuck is told, and the thread ends when, and if, it comes back.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use perpetua_vocab::{Event, EventId, RunId, WorkflowExecution, WorkflowType};
use perpetua_workflow::{
    Answer, Fault, LiveRun, LocalActivityEffect, LocalActivityEnd, Progress, RunSetup, TaskHead, Whereabouts,
};
use tokio::sync::oneshot;

use super::thread::{Thread, is_traced};
use super::watch::{Doing, Verdict, Watch};
use crate::failure::panic_message;
use crate::local::{Guard, Running};

/// Which run a job is about, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) execution: WorkflowExecution,
    pub(crate) workflow_type: WorkflowType,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let WorkflowExecution { workflow_id, run_id } = &self.execution;
        write!(f, "workflow `{}` (id `{workflow_id}`, run {run_id})", self.workflow_type)
    }
}

/// A piece of a run's history.
#[derive(Debug, Default)]
pub(crate) struct Part {
    pub(crate) events: Vec<Event>,
    /// Whether it is the end of what the task has.
    pub(crate) last: bool,
}

/// What is to be done with a run.
pub(crate) enum Work {
    /// Begin a task.
    Begin(Box<Beginning>),
    /// Go on with the task that was begun.
    Continue(Part),
    /// The local activity of this number has ended, for which the task waits.
    EndLocal(u32, LocalActivityEnd),
    /// Answer the task, though it waits for local activities.
    AnswerNow,
}

impl Work {
    /// Whether it is the first that ever happens to its run.
    pub(crate) fn is_first(&self) -> bool {
        matches!(self, Self::Begin(task) if task.head.previous_started.is_none() && task.head.attempt == 1)
    }
}

/// A task that begins.
pub(crate) struct Beginning {
    pub(crate) setup: RunSetup,
    pub(crate) head: TaskHead,
    pub(crate) part: Part,
}

/// What came of it.
pub(crate) enum Played {
    /// The task goes on with the next page.
    NeedsPage,
    /// The run is not known here, or not as the task expects it: it has to begin with the first event.
    NeedsHistory(Box<Beginning>),
    /// The task waits for local activities. These are to be begun, or to be asked to stop.
    Waits {
        effects: Vec<LocalActivityEffect>,
        running: Running,
        /// The longest the task may take.
        task_timeout: Option<Duration>,
    },
    /// The task is answered. Where the run is still known here, `kept` says about how many bytes it takes.
    Answered { answer: Box<Answer>, kept: Option<usize> },
    /// The task cannot be answered; the run is no longer known here.
    Faulted(Fault),
    /// Workflow code did not give the thread back in time; what it was doing, in words.
    Stuck(String),
    /// We broke our own promise; the run is no longer known here.
    Broken(String),
}

impl Played {
    /// Whether the run is still known where it was played.
    pub(crate) fn is_known(&self) -> bool {
        match self {
            Self::NeedsPage | Self::Waits { .. } => true,
            Self::Answered { kept, .. } => kept.is_some(),
            Self::NeedsHistory(_) | Self::Faulted(_) | Self::Stuck(_) | Self::Broken(_) => false,
        }
    }
}

/// One lane, seen from outside. The thread ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Lane(Arc<Shared>);

/// What the thread and the outside share.
struct Shared {
    desk: Mutex<Desk>,
    changed: Condvar,
    /// Woken when a job is done.
    done: Condvar,
    /// The thread, once it runs.
    thread: OnceLock<Thread>,
}

/// A job that takes too long.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Late {
    /// Half of its time is over.
    Slow(String),
    /// Its time is over.
    Stuck(String),
}

#[derive(Default)]
struct Desk {
    jobs: VecDeque<Job>,
    current: Option<Current>,
    /// Whether the thread sleeps until there is a job. Waking one that does not sleep costs a call of the system.
    sleeps: bool,
    /// How many wait until there is nothing to do.
    settling: usize,
    /// Nothing more comes.
    closed: bool,
}

enum Job {
    Play { subject: Subject, work: Work, reply: oneshot::Sender<Played> },
    Forget(RunId),
}

/// What the thread does right now.
struct Current {
    since: Instant,
    /// Which run it is about, if user code is run for it.
    subject: Option<Subject>,
    /// Which part of the workflow runs.
    whereabouts: Option<Whereabouts>,
    watch: Watch,
    /// Whoever waits for it.
    reply: Option<oneshot::Sender<Played>>,
}

impl Lane {
    /// Starts the thread.
    pub(crate) fn start(index: usize) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            desk: Mutex::default(),
            changed: Condvar::new(),
            done: Condvar::new(),
            thread: OnceLock::new(),
        });
        let theirs = Arc::clone(&shared);
        thread::Builder::new().name(format!("perpetua-lane-{index}")).spawn(move || theirs.work())?;
        Ok(Self(shared))
    }

    /// Adds a job; the answer arrives in its time, or is dropped if the lane is.
    pub(crate) fn play(&self, subject: Subject, work: Work) -> oneshot::Receiver<Played> {
        let (reply, answer) = oneshot::channel();
        self.push(Job::Play { subject, work, reply });
        answer
    }

    /// Forgets a run.
    pub(crate) fn forget(&self, run: RunId) {
        self.push(Job::Forget(run));
    }

    /// How much it has to do: jobs, with the one that it does right now.
    pub(crate) fn load(&self) -> usize {
        let desk = self.0.lock();
        desk.jobs.len() + usize::from(desk.current.is_some())
    }

    /// Holds the calling thread until there is nothing to do here, but no longer than this.
    pub(crate) fn settle(&self, limit: Duration) {
        let is_busy = |desk: &mut Desk| desk.current.is_some() || !desk.jobs.is_empty();
        let mut desk = self.0.lock();
        desk.settling += 1;
        // Whoever waits for a job that takes longer goes on to wait as usual.
        let waited = self.0.done.wait_timeout_while(desk, limit, is_busy);
        let (mut desk, _) = waited.unwrap_or_else(PoisonError::into_inner);
        desk.settling -= 1;
    }

    /// Looks whether the thread takes too long over its current job, where somebody looks as often as `every`.
    pub(crate) fn look(&self, limit: Duration, every: Duration) -> Option<Late> {
        let thread = self.0.thread.get()?;
        let mut desk = self.0.lock();
        let current = desk.current.as_mut()?;
        let passed = current.since.elapsed();
        let verdict = current.watch.look(passed, thread.account(), || thread.waits_for(), limit, every);
        if verdict != Verdict::Fine && is_traced() {
            // Somebody holds the process in a debugger, and has all the time.
            current.since = Instant::now();
            current.watch = Watch::default();
            return None;
        }
        match verdict {
            Verdict::Fine => None,
            Verdict::Slow(doing) => Some(Late::Slow(current.blame(doing, limit / 2))),
            Verdict::Stuck(doing) => Some(Late::Stuck(current.blame(doing, limit))),
        }
    }

    /// Gives the lane up: tells whoever waits for the current job that it is stuck, and moves all other jobs to `heir`.
    pub(crate) fn abandon(self, heir: &Self, blame: String) {
        let (jobs, current) = {
            let mut desk = self.0.lock();
            (std::mem::take(&mut desk.jobs), desk.current.take())
        };
        if let Some(reply) = current.and_then(|current| current.reply) {
            let _ = reply.send(Played::Stuck(blame)); // whoever asked may have gone
        }
        heir.extend(jobs);
    }

    fn push(&self, job: Job) {
        self.extend([job]);
    }

    fn extend(&self, jobs: impl IntoIterator<Item = Job>) {
        let sleeps = {
            let mut desk = self.0.lock();
            desk.jobs.extend(jobs);
            std::mem::take(&mut desk.sleeps)
        };
        if sleeps {
            self.0.changed.notify_one();
        }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_one();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The life of the thread.
    fn work(&self) {
        self.thread.get_or_init(Thread::current);
        let mut known = Known::default();
        while let Some((run, work)) = self.next() {
            let tell = |whereabouts| self.tell(whereabouts);
            let played = catch_unwind(AssertUnwindSafe(|| known.work(&run, work, tell)));
            let played = played.unwrap_or_else(|panic| {
                Some(Played::Broken(format!("a panic outside of workflow code: {}", panic_message(&*panic))))
            });
            self.done(played);
        }
        // Dropping a run runs destructors of workflow code.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(known)));
    }

    /// Waits for the next job and makes it the current one; none when nothing more comes.
    fn next(&self) -> Option<(RunId, Option<(Subject, Work)>)> {
        let mut desk = self.lock();
        loop {
            if desk.closed {
                return None; // whoever asked for what is still here has gone
            }
            let Some(job) = desk.jobs.pop_front() else {
                desk.sleeps = true;
                desk = self.changed.wait(desk).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let (reply, job) = match job {
                Job::Play { subject, work, reply } => {
                    (Some(reply), (subject.execution.run_id.clone(), Some((subject, work))))
                }
                Job::Forget(run) => (None, (run, None)),
            };
            let subject = job.1.as_ref().map(|(subject, _)| subject.clone());
            let (whereabouts, watch) = (None, Watch::default());
            desk.current = Some(Current { since: Instant::now(), subject, whereabouts, watch, reply });
            return Some(job);
        }
    }

    /// Says where one sees which part of the workflow runs.
    fn tell(&self, whereabouts: Whereabouts) {
        if let Some(current) = &mut self.lock().current {
            current.whereabouts = Some(whereabouts);
        }
    }

    /// Ends the current job. Where the lane was abandoned meanwhile, nobody waits.
    fn done(&self, played: Option<Played>) {
        let (current, is_awaited) = {
            let mut desk = self.lock();
            (desk.current.take(), desk.settling > 0)
        };
        if let (Some(reply), Some(played)) = (current.and_then(|current| current.reply), played) {
            let _ = reply.send(played); // whoever asked may have gone
        }
        if is_awaited {
            self.done.notify_all();
        }
    }
}

/// The runs that live on one thread.
#[derive(Default)]
struct Known(BTreeMap<RunId, Box<Live>>);

/// A run, and what runs for it elsewhere.
struct Live {
    run: LiveRun,
    locals: Guard,
}

/// What a worker holds beside each run that it remembers, as it was measured: its id, in three tables, and what runs for it
/// elsewhere.
const BESIDE: usize = 1000;

impl Known {
    fn work(&mut self, run: &RunId, work: Option<(Subject, Work)>, tell: impl FnOnce(Whereabouts)) -> Option<Played> {
        match work {
            Some((_, Work::Begin(beginning))) => Some(self.begin(run, beginning, tell)),
            Some((_, work)) => Some(match self.0.remove(run) {
                Some(live) => {
                    tell(live.run.whereabouts());
                    self.go_on(run, live, work)
                }
                None => Played::Broken("the run was lost while its task was in hand".to_owned()),
            }),
            None => {
                self.0.remove(run);
                None
            }
        }
    }

    fn begin(&mut self, run: &RunId, beginning: Box<Beginning>, tell: impl FnOnce(Whereabouts)) -> Played {
        let first = beginning.part.events.first().map(|event| event.id);
        let mut live = match self.0.remove(run) {
            // With the whole history, a run can begin again, except that its local activities would, too.
            Some(live) if first == Some(EventId::FIRST) && !live.run.has_local_activities() => {
                drop(live);
                Live::new(beginning.setup)
            }
            Some(live) if live.run.continues(&beginning.head, first) => live,
            _ if first == Some(EventId::FIRST) => Live::new(beginning.setup),
            _ => return Played::NeedsHistory(beginning),
        };
        tell(live.run.whereabouts());
        live.run.begin(beginning.head);
        self.go_on(run, live, Work::Continue(beginning.part))
    }

    /// Plays with a run that is in nobody's map, so that it is gone if anything goes wrong.
    fn go_on(&mut self, run: &RunId, mut live: Box<Live>, work: Work) -> Played {
        let progress = match work {
            Work::Begin(_) => return Played::Broken("a task was begun twice".to_owned()),
            Work::Continue(part) => live.run.feed(part.events, part.last),
            Work::EndLocal(number, end) => live.run.local_activity_ended(number, end),
            Work::AnswerNow => live.run.answer_now(),
        };
        let running = live.locals.running();
        let played = match progress {
            Err(fault) => return Played::Faulted(fault),
            Ok(Progress::NeedsPage) => Played::NeedsPage,
            Ok(Progress::Waits(effects)) => Played::Waits { effects, running, task_timeout: live.run.task_timeout() },
            Ok(Progress::Answered(answer)) => {
                // Before the run is dropped, which cancels what is left for another reason.
                running.stop(&answer.local_activities);
                let kept = (!live.run.is_closed()).then(|| live.run.weight() + BESIDE);
                Played::Answered { answer, kept }
            }
        };
        if !matches!(played, Played::Answered { kept: None, .. }) {
            self.0.insert(run.clone(), live);
        }
        played
    }
}

impl Live {
    fn new(setup: RunSetup) -> Box<Self> {
        Box::new(Self { run: LiveRun::new(setup), locals: Guard::default() })
    }
}

impl Current {
    /// Says what has taken so long.
    fn blame(&self, doing: Doing, limit: Duration) -> String {
        let Some(subject) = &self.subject else {
            // Dropping a run runs the destructors of its code.
            return format!("a workflow that was forgotten did not end within {limit:?}: {doing}");
        };
        let part = self.whereabouts.as_ref().and_then(Whereabouts::part);
        let part = part.map(|part| format!(" in {part}")).unwrap_or_default();
        format!("{subject} did not yield for {limit:?}{part} ([TMPRL1101] potential deadlock): {doing}")
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let desk = self.lock();
        f.debug_struct("Lane")
            .field("jobs", &desk.jobs.len())
            .field("busy_for", &desk.current.as_ref().map(|current| current.since.elapsed()))
            .field("closed", &desk.closed)
            .finish()
    }
}
