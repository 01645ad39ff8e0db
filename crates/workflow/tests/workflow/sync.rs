//! Locks, permits, notices and channels: who has its turn when, and what a waiter that is dropped leaves behind.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use perpetua_workflow::sync::mpsc::{self, TrySendError};
use perpetua_workflow::sync::{Acquire, Channel, Mutex, Notify, Permit, RwLock, Semaphore, SendError, oneshot};

use crate::support::*;

/// Polls a future once, which is not done then.
async fn begin<F: Future>(mut future: Pin<&mut F>) {
    poll_fn(|context| {
        assert!(future.as_mut().poll(context).is_pending(), "it waits");
        Poll::Ready(())
    })
    .await;
}

/// Defines a workflow without input that ends when its body does, and a test in which it is played in every way.
macro_rules! runs {
    ($test:ident: $name:ident |$ctx:pat_param| $body:block) => {
        workflow! {
            $name
            run |_, $ctx, ()| () => () {
                $body
                Ok(())
            }
        }

        #[test]
        fn $test() {
            assert_eq!(Scenario::of::<$name>(|| ()).start().play(), "turn 1\n    complete null\n");
        }
    };
}

workflow! {
    Turns { ledger: Mutex<Vec<String>> }
    run |this, ctx, ()| () => Vec<String> {
        ctx.wait_until(|| this.ledger.try_lock_is_free_and(3)).await?;
        let ledger = this.ledger.lock().await;
        Ok(ledger.clone())
    }
    handlers |handlers| {
        handlers.signal("enter", |this, ctx, (text, time): (String, u64)| Handling::running(async move {
            let mut ledger = this.ledger.lock().await;
            ledger.push(format!("{text} begins"));
            ctx.sleep(seconds(time)).await.expect("nobody asks it to stop");
            ledger.push(format!("{text} ends"));
        }));
    }
}

/// What a condition may look at.
trait Looked {
    fn try_lock_is_free_and(&self, entries: usize) -> bool;
}

impl Looked for Mutex<Vec<String>> {
    /// By its debug form, which takes nothing.
    fn try_lock_is_free_and(&self, entries: usize) -> bool {
        let shown = format!("{self:?}");
        shown.matches("ends").count() == entries
    }
}

#[test]
fn a_mutex_serves_handlers_in_the_order_in_which_they_came_across_awaits() {
    let run = Scenario::of::<Turns>(|| ()).turn(|server| {
        ["first", "second", "third"]
            .into_iter()
            .fold(server, |server, text| server.signal("enter", (text.to_owned(), 5_u64)))
    });
    run.turn(|server| server.fire("1")).turn(|server| server.fire("2")).turn(|server| server.fire("3")).check(expect![
        [r#"
            turn 1
                start_timer 1 5s
            turn 2
                start_timer 2 5s
            turn 3
                start_timer 3 5s
            turn 4
                complete ["first begins","first ends","second begins","second ends","third begins","third ends"]
        "#]
    ]);
}

runs! { a_mutex_is_one_at_a_time_and_first_come_first_served: Locks |ctx| {
    let mutex = Mutex::new(0);
    let guard = mutex.try_lock().expect("it is free");
    assert_eq!((format!("{mutex:?}").as_str(), *guard), ("Mutex(<locked>)", 0));
    assert!(mutex.try_lock().is_none());
    let order = RefCell::new(Vec::new());
    let enter = async |number: u32| {
        let mut value = mutex.lock().await;
        order.borrow_mut().push(number);
        yield_once().await;
        *value += number;
    };
    let open = async { yield_once().await; drop(guard); assert!(mutex.try_lock().is_none(), "others wait for it"); };
    join!(enter(3), enter(1), enter(2), open);
    assert_eq!((order.take(), mutex.into_inner()), (vec![3, 1, 2], 6));
    drop(ctx);
}}

runs! { a_lock_that_is_given_up_goes_to_the_next: GivenUp |ctx| {
    let mutex = Mutex::new(());
    let guard = mutex.lock().await;
    let (mut first, mut second) = (Box::pin(mutex.lock()), pin!(mutex.lock()));
    begin(first.as_mut()).await;
    begin(second.as_mut()).await;
    // The first one gets it, and is dropped before it looks.
    drop(guard);
    drop(first);
    drop(second.await);
    // The same by a limit: what waits no more does not count.
    let guard = mutex.lock().await;
    assert!(ctx.timeout(seconds(0), mutex.lock()).await.is_err());
    drop(guard);
    assert!(mutex.try_lock().is_some());
}}

runs! { permits_are_given_out_in_order_also_if_the_first_wants_many: Permits |_ctx| {
    let semaphore = Semaphore::new(2);
    let one = semaphore.try_acquire().expect("two are there");
    let mut many = Box::pin(semaphore.acquire_many(2));
    begin(many.as_mut()).await;
    // One is there, and belongs to who waits for two.
    assert_eq!(semaphore.available_permits(), 1);
    assert!(semaphore.try_acquire().is_none());
    let mut next = pin!(semaphore.acquire());
    begin(next.as_mut()).await;
    // Who gives its place up lets the next one through.
    drop(many);
    let next = next.await;
    drop(one);
    next.forget();
    assert_eq!(semaphore.available_permits(), 1);
    semaphore.add_permits(2);
    let all = semaphore.acquire_many(3).await;
    assert_eq!(semaphore.available_permits(), 0);
    drop(all);
    assert_eq!(semaphore.available_permits(), 3);
    // Served, and dropped before it looks.
    let all = semaphore.acquire_many(3).await;
    let mut served = Box::pin(semaphore.acquire_many(2));
    begin(served.as_mut()).await;
    drop(all);
    drop(served);
    assert_eq!(semaphore.available_permits(), 3);
}}

runs! { many_read_and_one_writes_and_nobody_overtakes_who_waits: Readers |_ctx| {
    let lock = RwLock::new(vec![1]);
    let (first, second) = (lock.read().await, lock.try_read().expect("many may read"));
    assert_eq!((first.len(), second.len()), (1, 1));
    assert!(lock.try_write().is_none());
    let mut writer = pin!(lock.write());
    begin(writer.as_mut()).await;
    assert!(lock.try_read().is_none(), "a writer waits");
    let mut reader = pin!(lock.read());
    begin(reader.as_mut()).await;
    drop(first);
    begin(writer.as_mut()).await;
    drop(second);
    let mut value = writer.await;
    value.push(2);
    begin(reader.as_mut()).await;
    drop(value);
    assert_eq!(*reader.await, [1, 2]);
    drop(lock.try_write().expect("nobody has it"));
    assert_eq!(lock.into_inner(), [1, 2]);
}}

runs! { one_notice_is_for_one_and_one_is_kept: Notices |_ctx| {
    let notify = Notify::new();
    notify.notify_one();
    notify.notify_one();
    notify.notified().await;
    let (mut first, mut second, mut third) =
        (Box::pin(notify.notified()), pin!(notify.notified()), pin!(notify.notified()));
    begin(first.as_mut()).await;
    begin(second.as_mut()).await;
    begin(third.as_mut()).await;
    notify.notify_one();
    // It was for the first one, which is gone before it looks.
    drop(first);
    begin(third.as_mut()).await;
    second.await;
    // All, also who was about to wait; and nothing is kept.
    let about_to = notify.notified();
    notify.notify_all();
    third.await;
    about_to.await;
    begin(pin!(notify.notified())).await;
    // A notice for one passes on if all were notified as well.
    let mut one = pin!(notify.notified());
    begin(one.as_mut()).await;
    notify.notify_one();
    notify.notify_all();
    one.await;
    notify.notified().await;
}}

runs! { a_channel_gives_each_value_to_one_in_order: Values |_ctx| {
    let channel = Channel::new();
    channel.send(1).expect("it is open");
    assert_eq!((channel.len(), channel.try_receive(), channel.try_receive()), (1, Some(1), None));
    let (mut first, mut second, mut third) =
        (Box::pin(channel.receive()), pin!(channel.receive()), pin!(channel.receive()));
    begin(first.as_mut()).await;
    begin(second.as_mut()).await;
    begin(third.as_mut()).await;
    channel.send(2).expect("it is open");
    assert_eq!(channel.try_receive(), None, "others wait for it");
    // It was for the first one, which is gone before it looks.
    drop(first);
    begin(third.as_mut()).await;
    assert_eq!(second.await, Some(2));
    let clone = channel.clone();
    clone.send(3).expect("it is open");
    clone.send(4).expect("it is open");
    channel.close();
    assert!(channel.is_closed() && !channel.is_empty());
    assert_eq!(channel.send(5), Err(SendError(5)));
    assert_eq!(third.await, Some(3));
    assert_eq!((channel.receive().await, channel.receive().await), (Some(4), None));
    // Who waits when it is closed gets nothing.
    let channel = Channel::<()>::new();
    let mut waiting = pin!(channel.receive());
    begin(waiting.as_mut()).await;
    channel.close();
    assert_eq!(waiting.await, None);
}}

runs! { who_sends_more_than_fits_waits_in_order: Bounded |ctx| {
    let (sender, receiver) = mpsc::bounded(1);
    sender.send(1).await.expect("the receiver is there");
    assert_eq!(sender.try_send(9), Err(TrySendError::Full(9)));
    let (mut first, mut second) = (Box::pin(sender.send(2)), pin!(sender.send(3)));
    begin(first.as_mut()).await;
    begin(second.as_mut()).await;
    assert_eq!(receiver.try_receive(), Some(1));
    // There is room now, for who is gone before it looks.
    assert_eq!(sender.try_send(9), Err(TrySendError::Full(9)));
    drop(first);
    assert_eq!(second.await, Ok(()));
    let task = ctx.spawn(async move {
        for number in 4..7 {
            sender.send(number).await.expect("the receiver is there");
        }
    });
    let mut received = Vec::new();
    while let Some(number) = receiver.receive().await {
        received.push(number);
    }
    task.await;
    assert_eq!(received, [3, 4, 5, 6]);
}}

runs! { what_is_sent_to_nobody_comes_back: Deserted |_ctx| {
    let (sender, receiver) = mpsc::bounded(0);
    sender.try_send(1).expect("one fits");
    let mut waiting = pin!(sender.send(2));
    begin(waiting.as_mut()).await;
    drop(receiver);
    assert!(sender.is_closed());
    assert_eq!(waiting.await, Err(SendError(2)));
    assert_eq!(sender.send(3).await, Err(SendError(3)));
    assert_eq!(sender.try_send(4), Err(TrySendError::Closed(4)));
    let (sender, receiver) = mpsc::unbounded();
    for number in 0..3 {
        sender.send(number).await.expect("there is no limit");
    }
    drop((sender.clone(), sender));
    assert_eq!((receiver.len(), receiver.is_empty()), (3, false));
    assert_eq!((receiver.receive().await, receiver.try_receive()), (Some(0), Some(1)));
    assert_eq!((receiver.receive().await, receiver.receive().await), (Some(2), None));
}}

runs! { a_oneshot_carries_one_value: Once |_ctx| {
    let (sender, receiver) = oneshot::channel();
    let mut waiting = pin!(receiver);
    begin(waiting.as_mut()).await;
    sender.send(7).expect("the receiver is there");
    assert_eq!(waiting.await, Ok(7));
    let (sender, receiver) = oneshot::channel::<u8>();
    drop(sender);
    assert_eq!(receiver.await, Err(oneshot::ReceiveError));
    let (sender, receiver) = oneshot::channel();
    drop(receiver);
    assert!(sender.is_closed());
    assert_eq!(sender.send(7), Err(SendError(7)));
}}

workflow! {
    Shop { orders: Channel<String> }
    run |this, ctx, (workers,)| (usize,) => Vec<String> {
        let done = Rc::new(RefCell::new(Vec::new()));
        let work = (0..workers).map(|worker| {
            let (this, ctx, done) = (Rc::clone(&this), ctx.clone(), Rc::clone(&done));
            async move {
                while let Some(order) = ctx.cancelable(this.orders.receive()).await? {
                    let made = ctx.activity(activity::<String>("make", (order,))).start_to_close(seconds(9)).await?;
                    done.borrow_mut().push(format!("{made} by {worker}"));
                }
                fine(())
            }
        });
        for worked in ctx.join_all(work).await {
            worked?;
        }
        Ok(done.take())
    }
    handlers |handlers| {
        handlers.signal("order", |this, _, (order,): (String,)| { this.orders.send(order).expect("nobody orders after it was closed"); Handling::Done(()) });
        handlers.signal("close", |this, _, (): ()| { this.orders.close(); Handling::Done(()) });
        handlers.query("steal", |this, (): ()| this.orders.try_receive());
        handlers.query("waiting", |this, (): ()| this.orders.len());
    }
}

#[test]
fn signals_hand_work_to_tasks_by_a_channel() {
    let run = || {
        let run = Scenario::of::<Shop>(|| (2,)).start();
        let run = run.turn(|server| {
            ["a", "b", "c"].into_iter().fold(server, |server, order| server.signal("order", (order.to_owned(),)))
        });
        run.turn(|server| server.complete("2", "B"))
    };
    let rest = run().turn(|server| server.signal("close", ()).complete("3", "C").complete("1", "A"));
    rest.check(expect![[r#"
        turn 1
        turn 2
            start_activity 1 make("a") start_to_close=9s
            start_activity 2 make("b") start_to_close=9s
        turn 3
            start_activity 3 make("c") start_to_close=9s
        turn 4
            complete ["B by 1","C by 1","A by 0"]
    "#]]);
    run().turn(|server| server.cancel("enough")).check(expect![[r#"
        turn 1
        turn 2
            start_activity 1 make("a") start_to_close=9s
            start_activity 2 make("b") start_to_close=9s
        turn 3
            start_activity 3 make("c") start_to_close=9s
        turn 4
            cancel_activity 1
            cancel_activity 3
            cancel
    "#]]);
    run().asking("waiting").check(expect![[r#"
        turn 1
            waiting? 0
        turn 2
            start_activity 1 make("a") start_to_close=9s
            start_activity 2 make("b") start_to_close=9s
            waiting? 1
        turn 3
            start_activity 3 make("c") start_to_close=9s
            waiting? 0
    "#]]);
}

#[test]
fn a_query_may_look_at_a_channel_and_take_nothing() {
    let run = Scenario::of::<Shop>(|| (1,));
    let played = run.start().asking("steal").play_once();
    assert!(played.text.contains("a query received from a channel"), "{}", played.text);
}

workflow! {
    Looking { tokens: Channel<u32> }
    run |this, ctx, ()| () => usize {
        let semaphore = Semaphore::new(0);
        let giver = async {
            ctx.wait_until(|| this.tokens.len() == 2).await?;
            semaphore.add_permits(this.tokens.len());
            fine(())
        };
        let taker = async {
            ctx.wait_until(|| semaphore.available_permits() == 2).await?;
            fine(())
        };
        // Who tries in vain each time it is polled does not keep the conditions looking.
        let idle = async {
            let waited = ctx.timeout(seconds(60), Channel::<()>::new().receive()).await;
            waited.is_err()
        };
        let (idle, gave, took) = join!(idle, giver, taker);
        gave?;
        took?;
        Ok(this.tokens.len() + usize::from(idle))
    }
    handlers |handlers| {
        handlers.signal("token", |this, _, (token,): (u32,)| { this.tokens.send(token).expect("it is open"); Handling::Done(()) });
    }
}

#[test]
fn conditions_look_when_what_they_look_at_has_changed() {
    let run = Scenario::of::<Looking>(|| ()).start().turn(|server| server.signal("token", (1,)));
    let run = run.turn(|server| server.signal("token", (2,)));
    run.turn(|server| server.fire("1")).check(expect![[r#"
        turn 1
            start_timer 1 60s
        turn 2
        turn 3
        turn 4
            complete 3
    "#]]);
}

workflow! {
    Locked
    run |_, _, ()| () => () {
        let mutex = Mutex::new(());
        let _guard = mutex.lock().await;
        drop(mutex.lock().await);
        Ok(())
    }
}

#[test]
fn a_task_that_waits_for_its_own_lock_is_a_fault() {
    let played = Scenario::of::<Locked>(|| ()).start().play_once();
    assert!(played.text.contains("waits in its main function for something that"), "{}", played.text);
}

thread_local! {
    static SHARED: Channel<u32> = Channel::new();
}

workflow! {
    Thief
    run |_, _, ()| () => () {
        let shared = SHARED.with(Channel::clone);
        assert_eq!(shared.receive().await, Some(1));
        Ok(())
    }
    handlers |handlers| {
        handlers.signal("nothing", |_, _, (): ()| Handling::Done(()));
    }
}

#[test]
fn a_channel_between_two_workflows_is_a_fault() {
    let scenario = Scenario::of::<Thief>(|| ());
    let (mut server, mut worker) = (scenario.server(), Worker::new(&scenario));
    worker.answer(&mut server);
    SHARED.with(|shared| shared.send(1).expect("it is open"));
    server.signal("nothing", ());
    assert!(worker.try_answer(&mut server).is_err());
}

/// Randomness that is the same for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits fit") % sides
    }
}

/// A semaphore with those who wait, in order, and those who have permits.
struct Crowd {
    semaphore: Semaphore,
    waiting: VecDeque<(usize, Pin<Box<Acquire>>)>,
    held: Vec<(usize, Permit)>,
}

impl Crowd {
    const PERMITS: usize = 5;

    fn come(&mut self, wants: usize) {
        let mut acquire = Box::pin(self.semaphore.acquire_many(wants));
        match acquire.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => self.waiting.push_back((wants, acquire)),
            Poll::Ready(permit) => {
                self.held.push((wants, permit));
                self.look();
                assert!(self.waiting.is_empty(), "somebody was overtaken");
            }
        }
    }

    /// Lets all who wait look: those who were served are the first.
    fn look(&mut self) {
        let mut is_next_served = true;
        for (wants, mut acquire) in std::mem::take(&mut self.waiting) {
            match acquire.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(permit) => {
                    assert!(is_next_served, "somebody was overtaken");
                    self.held.push((wants, permit));
                }
                Poll::Pending => {
                    is_next_served = false;
                    self.waiting.push_back((wants, acquire));
                }
            }
        }
        let free = self.semaphore.available_permits();
        let taken: usize = self.held.iter().map(|(count, _)| count).sum();
        assert_eq!(free + taken, Self::PERMITS, "none is lost, and none is made");
        assert!(self.waiting.front().is_none_or(|(wants, _)| *wants > free), "somebody waits for what is there");
    }
}

#[test]
fn whoever_comes_and_goes_permits_are_given_in_order_and_none_is_lost() {
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let semaphore = Semaphore::new(Crowd::PERMITS);
        let mut crowd = Crowd { semaphore, waiting: VecDeque::new(), held: Vec::new() };
        for _ in 0..100 {
            match dice.roll(5) {
                0 | 1 => crowd.come(1 + dice.roll(Crowd::PERMITS)),
                // Gives its permits back; or goes away, perhaps served and without having looked.
                2 if !crowd.held.is_empty() => drop(crowd.held.swap_remove(dice.roll(crowd.held.len()))),
                3 if !crowd.waiting.is_empty() => drop(crowd.waiting.remove(dice.roll(crowd.waiting.len()))),
                4 => crowd.look(),
                _ => {}
            }
        }
        crowd.look();
        crowd.waiting.clear();
        crowd.held.clear();
        assert_eq!(crowd.semaphore.available_permits(), Crowd::PERMITS);
    }
}
