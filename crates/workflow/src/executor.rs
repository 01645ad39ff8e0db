//! The deterministic executor: one queue, first come first served.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::ptr;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use perpetua_core::Place;

use crate::contained::{Panic, contained, drop_contained};
use crate::few::Few;
use crate::handlers::UnfinishedPolicy;
use crate::implementation::LocalFuture;
use crate::info::UpdateInfo;
use crate::read_only::{ReadOnly, read_only};
use crate::runtime::Runtime;
use crate::state::writes;
use crate::waits::Waits;

/// The tasks of one workflow: its main function, its handlers, what it spawned.
#[derive(Default)]
pub(crate) struct Tasks {
    /// By a number that is never given twice, so that a waker that outlives its task wakes nobody else.
    tasks: RefCell<Few<u64, Task>>,
    spawned: Cell<u64>,
    ready: Arc<Ready>,
    /// Whether the run is being taken apart: then nothing is added.
    closed: Cell<bool>,
    /// The update whose handler runs, or whose handler spawned the task that runs.
    update: RefCell<Option<Arc<UpdateInfo>>>,
    /// What they wait for.
    pub(crate) waits: Rc<Waits>,
}

struct Task {
    part: Arc<Part>,
    /// What becomes of it when the workflow ends, if it is a handler.
    policy: UnfinishedPolicy,
    /// The update whose handler it is, or spawned it.
    update: Option<Arc<UpdateInfo>>,
    /// The line of source code that spawned it, if the user's code did.
    spawned_at: Option<Place>,
    /// Taken out while it runs, so that it may spawn others.
    future: Option<LocalFuture<()>>,
    waker: Arc<TaskWaker>,
}

/// Which part of a workflow something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Init,
    Main,
    Signal(String),
    Update(Arc<UpdateInfo>),
    Spawned,
}

/// The tasks that have something to do, in the order in which they got it.
#[derive(Default)]
struct Ready {
    queue: Mutex<VecDeque<u64>>,
    /// Whether a turn is open: only then may anything wake a task.
    open: AtomicBool,
    /// The turn that is open, or was last.
    turn: AtomicU32,
    /// What else woke a task, if anything did.
    foreign: Mutex<Option<ForeignWake>>,
    /// Set when the run is taken apart; says which it was.
    gone: OnceLock<String>,
    /// What woke a task although it may only look.
    onlooker: Mutex<Option<ReadOnly>>,
}

/// A task was woken by something that is not part of the workflow.
#[derive(Clone, Debug)]
pub(crate) struct ForeignWake {
    part: Arc<Part>,
    /// The turn in which the task was polled last, and began to wait for that.
    since: u32,
    /// The thread that woke it, where it has a name.
    thread: Option<String>,
}

struct TaskWaker {
    task: u64,
    part: Arc<Part>,
    ready: Arc<Ready>,
    /// The turn in which the task was polled last.
    polled: AtomicU32,
    queued: AtomicBool,
}

thread_local! {
    /// The queue of the workflow that runs on this thread, as an address.
    static RUNNING: Cell<*const ()> = const { Cell::new(ptr::null()) };
}

impl Ready {
    fn address(&self) -> *const () {
        ptr::from_ref(self).cast()
    }

    fn is_running(&self) -> bool {
        self.open.load(Ordering::Acquire) && RUNNING.get() == self.address()
    }

    fn note_foreign(&self, waker: &TaskWaker) {
        let mut foreign = self.foreign.lock().unwrap_or_else(PoisonError::into_inner);
        if foreign.is_some() {
            return;
        }
        let wake = ForeignWake {
            part: Arc::clone(&waker.part),
            since: waker.polled.load(Ordering::Acquire),
            thread: thread::current().name().map(str::to_owned),
        };
        if let Some(run) = self.gone.get() {
            // No task of it is at hand that could fail.
            tracing::error!(target: "perpetua::workflow", "{run}, which is not in memory any more, {wake}");
        }
        *foreign = Some(wake);
    }

    fn push(&self, task: u64) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).push_back(task);
    }
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        Self::wake_by_ref(&self);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.ready.is_running() {
            self.ready.note_foreign(self);
        } else if let Some(who) = read_only() {
            self.ready.onlooker.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(who);
        } else if !self.queued.swap(true, Ordering::AcqRel) {
            self.ready.push(self.task);
        }
    }
}

impl Tasks {
    /// Adds a task; it runs when those before it in the queue have run. Its number, unless the run is being taken apart.
    pub(crate) fn spawn(&self, part: Part, future: LocalFuture<()>) -> Option<u64> {
        self.spawn_handler(part, UnfinishedPolicy::default(), future)
    }

    /// The same for a task of the user's, whom this line of source code spawns.
    pub(crate) fn spawn_at(&self, at: Place, future: LocalFuture<()>) -> Option<u64> {
        let id = self.spawn(Part::Spawned, future)?;
        if let Some(task) = self.tasks.borrow_mut().get_mut(&id) {
            task.spawned_at = Some(at);
        }
        Some(id)
    }

    /// The same for a handler, which may be cut off by the end of the workflow.
    pub(crate) fn spawn_handler(&self, part: Part, policy: UnfinishedPolicy, future: LocalFuture<()>) -> Option<u64> {
        if self.closed.get() {
            return None;
        }
        let task = self.spawned.get();
        self.spawned.set(task + 1);
        let part = Arc::new(part);
        let waker = Arc::new(TaskWaker {
            task,
            part: Arc::clone(&part),
            ready: Arc::clone(&self.ready),
            polled: AtomicU32::new(0),
            queued: AtomicBool::new(true),
        });
        let update = self.update.borrow().clone();
        let new = Task { part, policy, update, spawned_at: None, future: Some(future), waker };
        self.tasks.borrow_mut().insert(task, new);
        self.ready.push(task);
        Some(task)
    }

    /// Drops a task; one that is being polled is dropped when it waits.
    pub(crate) fn abort(&self, task: u64) {
        let task = self.tasks.borrow_mut().remove(&task);
        drop(task);
    }

    /// What is not done, in the order in which it was begun.
    pub(crate) fn parts(&self) -> Vec<Arc<Part>> {
        self.tasks.borrow().values().map(|task| Arc::clone(&task.part)).collect()
    }

    /// The same, with their numbers, and where they were spawned.
    pub(crate) fn numbered(&self) -> Vec<(u64, Arc<Part>, Option<Place>)> {
        let tasks = self.tasks.borrow();
        tasks.iter().map(|(number, task)| (*number, Arc::clone(&task.part), task.spawned_at)).collect()
    }

    /// The handlers that are not done, in the order in which they were called, and what becomes of them when the workflow
    /// ends.
    pub(crate) fn handlers(&self) -> Vec<(Arc<Part>, UnfinishedPolicy)> {
        let tasks = self.tasks.borrow();
        let handlers = tasks.values().filter(|task| task.part.is_handler());
        handlers.map(|task| (Arc::clone(&task.part), task.policy)).collect()
    }

    /// Whether a handler is not done.
    pub(crate) fn has_handlers(&self) -> bool {
        self.tasks.borrow().values().any(|task| task.part.is_handler())
    }

    /// The update whose handler runs, or whose handler spawned the task that runs.
    pub(crate) fn update(&self) -> Option<Arc<UpdateInfo>> {
        self.update.borrow().clone()
    }

    /// Calls something on behalf of an update, or of none.
    pub(crate) fn on_behalf_of<R>(&self, update: Option<Arc<UpdateInfo>>, call: impl FnOnce() -> R) -> R {
        struct Restore<'a>(&'a Tasks, Option<Arc<UpdateInfo>>);
        impl Drop for Restore<'_> {
            fn drop(&mut self) {
                self.0.update.replace(self.1.take());
            }
        }
        let _restore = Restore(self, self.update.replace(update));
        call()
    }

    /// What woke a task although it is not part of the workflow.
    pub(crate) fn foreign_wake(&self) -> Option<ForeignWake> {
        self.ready.foreign.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A turn begins.
    pub(crate) fn begin_turn(&self, turn: u32) {
        self.ready.turn.store(turn, Ordering::Release);
    }

    /// What woke a task although it may only look. The task stays asleep.
    pub(crate) fn take_onlooker(&self) -> Option<ReadOnly> {
        self.ready.onlooker.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Drops all tasks of `run`, in the order in which they were spawned. None can be added any more.
    pub(crate) fn close(&self, run: impl FnOnce() -> String) {
        self.closed.set(true);
        // Their destructors may wake each other.
        self.running(|| {
            loop {
                // One by one: a second destructor that panics while the first is unwinding would end the process.
                let task = self.tasks.borrow_mut().pop_first();
                match task {
                    Some((_, task)) => drop_contained(task),
                    None => break,
                }
            }
        });
        // Usually nobody has a waker any more who could miss the run.
        if Arc::strong_count(&self.ready) > 1 {
            self.ready.gone.get_or_init(run);
        }
    }

    /// Marks this workflow as the one that runs, while `f` does.
    pub(crate) fn running<R>(&self, f: impl FnOnce() -> R) -> R {
        struct Restore<'a> {
            before: *const (),
            was_open: bool,
            ready: &'a Ready,
        }
        impl Drop for Restore<'_> {
            fn drop(&mut self) {
                self.ready.open.store(self.was_open, Ordering::Release);
                RUNNING.set(self.before);
            }
        }
        let ready = &*self.ready;
        let before = RUNNING.replace(ready.address());
        let was_open = ready.open.swap(true, Ordering::AcqRel);
        let _restore = Restore { before, was_open, ready };
        self.waits.current(f)
    }

    /// Whether this workflow is the one that runs.
    pub(crate) fn is_running(&self) -> bool {
        self.ready.is_running()
    }

    /// Gives back the memory that is not needed until the next turn.
    pub(crate) fn shrink(&self) {
        self.tasks.borrow_mut().shrink();
        self.ready.queue.lock().unwrap_or_else(PoisonError::into_inner).shrink_to_fit();
        self.waits.shrink();
    }

    /// About how many bytes of memory the tasks take.
    pub(crate) fn weight(&self) -> usize {
        // Its waker, and what names it.
        const BESIDE: usize = size_of::<Task>() + size_of::<TaskWaker>() + size_of::<Part>() + 64;
        let tasks = self.tasks.borrow();
        let futures = tasks.values().map(|task| task.future.as_ref().map_or(0, |future| size_of_val(&**future)));
        size_of::<Ready>() + tasks.len() * BESIDE + futures.sum::<usize>() + self.waits.weight()
    }

    fn next_ready(&self) -> Option<u64> {
        self.ready.queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Whose turn it is, if it is not done yet.
    fn part(&self, id: u64) -> Option<Arc<Part>> {
        self.tasks.borrow().get(&id).map(|task| Arc::clone(&task.part))
    }

    /// Polls one task, if it is not done yet. Whether it is done with this.
    fn poll(&self, id: u64) -> Result<bool, Panic> {
        let (mut future, waker, update) = match self.tasks.borrow_mut().get_mut(&id) {
            Some(Task { future, waker, update, .. }) => match future.take() {
                Some(future) => (future, Arc::clone(waker), update.clone()),
                None => return Ok(false),
            },
            None => return Ok(false),
        };
        waker.queued.store(false, Ordering::Release);
        waker.polled.store(self.ready.turn.load(Ordering::Acquire), Ordering::Release);
        let waker = Waker::from(waker);
        let poll = || contained(|| future.as_mut().poll(&mut Context::from_waker(&waker)));
        let polled = self.waits.of_task(id, || self.on_behalf_of(update, poll));
        if let Ok(Poll::Pending) = polled
            && let Some(task) = self.tasks.borrow_mut().get_mut(&id)
        {
            task.future = Some(future);
            return Ok(false);
        }
        // It is done, it panicked, or it was aborted by itself.
        self.tasks.borrow_mut().remove(&id);
        let dropped = contained(|| drop(future));
        polled.map(drop).and(dropped).map(|()| true)
    }
}

impl Runtime {
    /// Runs the workflow until it waits. Conditions look once, and again as often as state was written or one of them
    /// came true.
    pub(crate) fn poll_until_idle(self: &Rc<Self>) {
        self.look_again();
        loop {
            while let Some(ticket) = { self.run.borrow_mut().next_settled() } {
                self.wake_ticket(ticket);
            }
            if self.has_fault() {
                return;
            }
            if let Err(fault) = self.deliver_what_waits() {
                self.fail_task(fault);
            } else if let Some(task) = self.tasks.next_ready() {
                let Some(part) = self.tasks.part(task) else { continue };
                match self.user_code(&part, || self.tasks.poll(task)) {
                    // A condition may wait for just this.
                    Ok(true) if part.is_handler() => self.look_again(),
                    Ok(_) => {}
                    Err(panic) => self.fail_task(self.fault_of(panic, &part)),
                }
            } else if self.wants_a_look(writes()) {
                self.wake_conditions();
            } else {
                return;
            }
        }
    }
}

impl Part {
    /// Whether it is the handler of a message.
    pub(crate) fn is_handler(&self) -> bool {
        matches!(self, Self::Signal(_) | Self::Update(_))
    }
}

impl fmt::Display for ForeignWake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { part, since, thread } = self;
        write!(f, "was woken in {part} by something that is not part of it")?;
        if let Some(thread) = thread {
            write!(f, " (on the thread `{thread}`)")?;
        }
        write!(f, ": since turn {since} {FOREIGN}")
    }
}

const FOREIGN: &str = "it awaits a future of another runtime, thread or channel, which no replay could repeat; await \
    operations of `Ctx` only, and do everything else in an activity";

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Init => f.write_str("its `#[init]` function"),
            Self::Main => f.write_str("its main function"),
            Self::Signal(name) => write!(f, "the handler of signal `{name}`"),
            Self::Update(update) => write!(f, "the handler of update `{}`", update.name),
            Self::Spawned => f.write_str("a spawned task"),
        }
    }
}
