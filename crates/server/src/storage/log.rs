//! What is to be stored, and who waits for it.
//!
//! One thread writes. While it commits, the steps that follow gather; they all go into the next transaction. So the disk
//! is asked once for many steps when there is much to do, and at once when there is little.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use perpetua_server_core::{Answer, Changes, Code, Refusal};
use tokio::sync::{oneshot, watch};

use super::Store;

/// How far the world had changed when something was said: the number of its steps that are to be stored.
pub(crate) type Mark = u64;

/// What is to be stored, and who waits for it.
#[derive(Debug)]
pub(crate) struct Log {
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Woken when there is something to write, or no more to come.
    work: Condvar,
    /// Why nothing is stored any longer.
    over: watch::Sender<Option<String>>,
}

#[derive(Debug, Default)]
struct State {
    /// What nobody writes yet.
    gathered: Changes,
    last: Mark,
    stored: Mark,
    /// In the order of their marks.
    waiting: VecDeque<(Mark, oneshot::Sender<()>)>,
    closing: bool,
    /// Whether the thread waits for something to write.
    is_idle: bool,
}

impl Log {
    /// Begins to write.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub(crate) fn new(store: Box<dyn Store>) -> std::io::Result<Self> {
        let shared = Arc::new(Shared { state: Mutex::default(), work: Condvar::new(), over: watch::Sender::new(None) });
        let of_thread = Arc::clone(&shared);
        let write = move || write(&of_thread, store);
        let writer = std::thread::Builder::new().name("perpetua-storage".to_owned()).spawn(write)?;
        Ok(Self { shared, writer: Mutex::new(Some(writer)) })
    }

    /// Takes in what has changed, if anything has; what is said now may leave when this mark is stored.
    pub(crate) fn push(&self, changes: Changes) -> Mark {
        let mut state = self.shared.lock();
        if !changes.is_empty() {
            state.last += 1;
            if !self.is_over() {
                state.gathered.records.extend(changes.records);
                state.gathered.batches.extend(changes.batches);
                // To notify is a call of the system, whether somebody waits or not.
                if std::mem::take(&mut state.is_idle) {
                    self.shared.work.notify_one();
                }
            }
        }
        state.last
    }

    /// Waits until everything up to the mark is stored.
    ///
    /// # Errors
    /// When it will not be.
    pub(crate) async fn stored(&self, mark: Mark) -> Answer<()> {
        let stored = {
            let mut state = self.shared.lock();
            if state.stored >= mark {
                return Ok(());
            }
            if let Some(refusal) = self.refusal() {
                return Err(refusal);
            }
            let (sender, receiver) = oneshot::channel();
            let at = state.waiting.partition_point(|(other, _)| *other <= mark);
            state.waiting.insert(at, (mark, sender));
            receiver
        };
        stored.await.map_err(|_| self.refusal().unwrap_or_else(unavailable))
    }

    /// Why nothing is stored any longer, if that is so.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.shared.over.borrow().as_ref().map(|reason| Refusal::new(Code::Unavailable, reason.clone()))
    }

    fn is_over(&self) -> bool {
        self.shared.over.borrow().is_some()
    }

    /// Waits until nothing is stored any longer.
    pub(crate) async fn over(&self) -> Refusal {
        // The sender lives as long as this.
        let _ = self.shared.over.subscribe().wait_for(Option::is_some).await;
        self.refusal().unwrap_or_else(unavailable)
    }

    /// Stores what is left and closes the store.
    pub(crate) async fn close(&self) {
        if let Some(writer) = self.end() {
            // It says itself what went wrong.
            let _ = tokio::task::spawn_blocking(|| writer.join()).await;
        }
    }

    /// Tells the thread that no more is to come.
    fn end(&self) -> Option<JoinHandle<()>> {
        self.shared.lock().closing = true;
        self.shared.work.notify_one();
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Log {
    /// Waits for the last commit, so that the file can be opened again at once.
    fn drop(&mut self) {
        if let Some(writer) = self.end() {
            let _ = writer.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has gathered and up to where, when there is something; none when no more is to come.
    fn gathered(&self) -> Option<(Changes, Mark)> {
        let waits = |state: &mut State| {
            state.is_idle = state.gathered.is_empty() && !state.closing;
            state.is_idle
        };
        let mut state = self.work.wait_while(self.lock(), waits).unwrap_or_else(PoisonError::into_inner);
        let changes = std::mem::take(&mut state.gathered);
        (!changes.is_empty()).then_some((changes, state.last))
    }

    fn tell(&self, mark: Mark) {
        let told: Vec<_> = {
            let mut state = self.lock();
            state.stored = mark;
            let rest = state.waiting.partition_point(|(other, _)| *other <= mark);
            state.waiting.drain(..rest).collect()
        };
        for (_, waiting) in told {
            // Who does not wait any longer does not hear.
            let _ = waiting.send(());
        }
    }
}

/// Writes until no more is to come, or it cannot.
fn write(shared: &Shared, mut store: Box<dyn Store>) {
    let end = End(shared);
    while let Some((changes, mark)) = shared.gathered() {
        if let Err(error) = store.write(changes) {
            tracing::error!(%error, "the server cannot store what happens, and stops answering");
            let reason = format!("the server cannot store what happens, and has to be started again: {error}");
            shared.over.send_replace(Some(reason));
            break;
        }
        shared.tell(mark);
    }
    store.close();
    drop(end);
}

/// Leaves nobody waiting, whatever ended the writing.
struct End<'a>(&'a Shared);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.over.send_if_modified(|over| {
            let is_new = over.is_none();
            over.get_or_insert_with(|| unavailable().message);
            is_new
        });
        let mut state = self.0.lock();
        state.gathered = Changes::default();
        state.waiting.clear();
    }
}

fn unavailable() -> Refusal {
    Refusal::new(Code::Unavailable, "the server has stopped")
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use perpetua_server_core::{Kind, Record};

    use super::super::WriteFailed;
    use super::*;

    /// A store that tells what it is to write, and writes it when it is told how that ends.
    struct Slow {
        begun: Sender<usize>,
        ends: Receiver<Result<(), WriteFailed>>,
    }

    impl Store for Slow {
        fn write(&mut self, changes: Changes) -> Result<(), WriteFailed> {
            // A test that is over does not listen any more.
            let _ = self.begun.send(changes.records.len());
            self.ends.recv().unwrap_or(Ok(()))
        }

        fn close(self: Box<Self>) {}
    }

    fn slow() -> (Log, Receiver<usize>, Sender<Result<(), WriteFailed>>) {
        let ((begun, begins), (end, ends)) = (channel(), channel());
        (Log::new(Box::new(Slow { begun, ends })).expect("there is a thread"), begins, end)
    }

    fn change() -> Changes {
        let record = Record { kind: Kind::Run, key: "run".to_owned(), value: None };
        Changes { records: vec![record], batches: Vec::new() }
    }

    #[tokio::test]
    async fn what_gathers_during_a_commit_goes_into_the_next_and_nobody_hears_before() {
        let (log, begins, end) = slow();
        let first = log.push(change());
        assert_eq!(begins.recv(), Ok(1));
        let marks: Vec<Mark> = (0..5).map(|_| log.push(change())).collect();
        assert_eq!(log.push(Changes::default()), marks[4], "who only looks waits for what there was to see");
        let mut waits: Vec<_> = marks.iter().map(|mark| Box::pin(log.stored(*mark))).collect();
        for wait in &mut waits {
            tokio::select! {
                biased;
                _ = wait => panic!("it is not stored"),
                () = std::future::ready(()) => {}
            }
        }
        end.send(Ok(())).expect("it is being written");
        log.stored(first).await.expect("it is stored");
        assert_eq!(begins.recv(), Ok(5), "they are one transaction");
        end.send(Ok(())).expect("it is being written");
        for wait in waits {
            wait.await.expect("it is stored");
        }
        drop(end);
    }

    #[tokio::test]
    async fn nothing_is_acknowledged_after_a_write_that_failed() {
        let (log, begins, end) = slow();
        let first = log.push(change());
        assert_eq!(begins.recv(), Ok(1));
        let second = log.push(change());
        end.send(Err(WriteFailed("the disk is full".to_owned()))).expect("it is being written");
        for mark in [first, second, log.push(change())] {
            let refusal = log.stored(mark).await.expect_err("it is not stored");
            assert_eq!(refusal.code, Code::Unavailable);
            assert!(refusal.message.ends_with("has to be started again: the disk is full"), "{}", refusal.message);
        }
        assert!(log.refusal().is_some());
        log.over().await;
    }

    #[tokio::test]
    async fn what_is_left_is_stored_when_the_log_is_closed() {
        let (log, begins, end) = slow();
        drop(end);
        let mark = log.push(change());
        log.close().await;
        assert_eq!(begins.iter().sum::<usize>(), 1);
        log.stored(mark).await.expect("it is stored");
        let late = log.push(change());
        assert_eq!(log.stored(late).await.map_err(|refusal| refusal.code), Err(Code::Unavailable));
    }
}
