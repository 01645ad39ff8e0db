//! Workflows that do random things while random things happen to them: whatever way that reaches a worker, the same comes
//! of it. A seed decides everything.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use perpetua_workflow::CancellationType;

use crate::support::*;

/// Numbers that look random, from a seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

/// What a workflow does.
#[derive(Debug)]
enum Plan {
    Sleep(u64),
    Call(CancellationType),
    WaitFor(u32),
    WaitNoLonger(u32, u64),
    Yield(u64),
    Count,
    Draw,
    WaitToBeCanceled,
    InOrder(Vec<Self>),
    Both(Box<[Self; 2]>),
    First(Box<[Self; 3]>),
    All(Vec<Self>, usize),
    Spawned(Box<Self>),
    Detached(Box<Self>),
    Shielded(Box<Self>),
}

impl Plan {
    fn random(dice: &mut Dice, depth: u32) -> Self {
        let plan = |dice: &mut Dice| Self::random(dice, depth + 1);
        let some = |dice: &mut Dice| (0..1 + dice.below(4)).map(|_| Self::random(dice, depth + 1)).collect();
        // First what consists of other things, later rather what does not.
        let kind = match depth {
            0 | 1 => 8 + dice.below(7),
            2 | 3 => dice.below(15),
            _ => [0, 0, 1, 1, 1, 1, 2, 3, 4, 5, 6, 7][usize::try_from(dice.below(12)).expect("a small number")],
        };
        match kind {
            0 => Self::Sleep(dice.below(4)),
            1 => {
                let kinds = [CancellationType::TryCancel, CancellationType::WaitCompleted, CancellationType::Abandon];
                Self::Call(kinds[usize::try_from(dice.below(3)).expect("a small number")])
            }
            2 => Self::WaitFor(u32::try_from(dice.below(9)).expect("a small number")),
            3 => Self::WaitNoLonger(u32::try_from(dice.below(9)).expect("a small number"), dice.below(4)),
            4 => Self::Yield(dice.below(3)),
            5 => Self::Count,
            6 => Self::Draw,
            7 => Self::WaitToBeCanceled,
            8 => Self::InOrder(some(dice)),
            9 => Self::Both(Box::new([plan(dice), plan(dice)])),
            10 | 11 => Self::First(Box::new([plan(dice), plan(dice), plan(dice)])),
            12 => Self::All(some(dice), usize::try_from(dice.below(4)).expect("a small number")),
            13 if dice.one_in(2) => Self::Spawned(Box::new(plan(dice))),
            13 => Self::Detached(Box::new(plan(dice))),
            _ => Self::Shielded(Box::new(plan(dice))),
        }
    }

    /// Does it.
    fn follow(self, ctx: Ctx, this: Rc<Random>) -> Pin<Box<dyn Future<Output = ()>>> {
        Box::pin(async move {
            let log = {
                let this = Rc::clone(&this);
                move |what: &dyn fmt::Debug| this.log.update(|log| log.push(format!("{what:?}")))
            };
            let follow = {
                let (ctx, this) = (ctx.clone(), Rc::clone(&this));
                move |plan: Self| plan.follow(ctx.clone(), Rc::clone(&this))
            };
            match self {
                Self::Sleep(after) => log(&ctx.sleep(seconds(after)).await),
                Self::Call(kind) => {
                    let call = ctx.activity(activity::<u64>("call", ())).start_to_close(seconds(1)).cancellation(kind);
                    match call.await {
                        Ok(value) => log(&value),
                        Err(failure) => log(&failure.to_string()),
                    }
                }
                Self::WaitFor(count) => log(&ctx.wait_until(|| this.count.get() >= count).await),
                Self::WaitNoLonger(count, after) => {
                    log(&ctx.wait_until(|| this.count.get() >= count).timeout(seconds(after)).await);
                }
                Self::Yield(times) => {
                    for _ in 0..times {
                        yield_once().await
                    }
                }
                Self::Count => this.count.update(|count| *count += 1),
                Self::Draw => log(&ctx.random().below(100)),
                Self::WaitToBeCanceled => log(&ctx.canceled().await),
                Self::InOrder(plans) => {
                    for plan in plans {
                        follow(plan).await
                    }
                }
                Self::Both(plans) => {
                    let [a, b] = *plans;
                    join!(follow(a), follow(b));
                }
                Self::First(plans) => {
                    let [a, b, c] = *plans;
                    let first = select! { () = follow(a) => 1, () = follow(b) => 2, () = follow(c) => 3 };
                    log(&first);
                }
                Self::All(plans, limit) => drop(ctx.join_all(plans.into_iter().map(follow)).limit(limit).await),
                Self::Spawned(plan) => ctx.spawn(follow(*plan)).await,
                Self::Detached(plan) => drop(ctx.spawn(follow(*plan))),
                Self::Shielded(plan) => ctx.shielded(follow(*plan)).await,
            }
        })
    }
}

workflow! {
    Random { count: State<u32>, log: State<Vec<String>> }
    run |this, ctx, (seed,)| (u64,) => Vec<String> {
        let plan = Plan::InOrder((0..2).map(|part| Plan::random(&mut Dice(seed * 10 + part), 0)).collect());
        plan.follow(ctx, Rc::clone(&this)).await;
        Ok(this.log.take())
    }
    handlers |handlers| {
        handlers.signal("count", |this, _, (): ()| { this.count.update(|count| *count += 1); Handling::Done(()) });
        handlers.signal("plan", |this, ctx, (seed,): (u64,)| {
            Handling::running(Plan::random(&mut Dice(seed), 2).follow(ctx, this))
        });
        handlers.update("count", |this, _, (): ()| {
            this.count.update(|count| *count += 1);
            done(fine(this.count.get()))
        });
        handlers.validator(|this, (): &()| {
            if this.count.get() % 2 == 0 { Ok(()) } else { Err(AnyError::message("odd")) }
        });
        handlers.update("plan", |this, ctx, (seed,): (u64,)| later(async move {
            Plan::random(&mut Dice(seed), 2).follow(ctx, Rc::clone(&this)).await;
            fine(this.log.with(Vec::len))
        }));
        handlers.query("log", |this, (): ()| this.log.get());
    }
}

/// Something happens.
fn happen(server: &mut Server, dice: &mut Dice, turn: usize) {
    server.wait(1);
    let before = server.history().len();
    loop {
        for timer in server.timers() {
            if dice.one_in(5) {
                server.fire(&timer);
            }
        }
        for (activity, asked_to_stop) in server.activities() {
            match dice.below(12) {
                0 | 1 => drop(server.complete(&activity, dice.below(10))),
                2 => drop(server.fail(&activity, "Odd", "it went wrong")),
                3 => drop(server.time_out(&activity)),
                4 | 5 if asked_to_stop => drop(server.stop(&activity)),
                _ => {}
            }
        }
        if dice.one_in(4) {
            server.signal("count", ());
        }
        if dice.one_in(6) {
            server.signal("plan", (dice.below(1000),));
        }
        if dice.one_in(12) || turn == 20 {
            server.cancel("enough");
        }
        for number in 0..dice.below(3) {
            let id = format!("{turn}-{number}-{}", dice.below(1_000_000));
            if dice.one_in(2) {
                server.update(&id, "count", ())
            } else {
                server.update(&id, "plan", (dice.below(1000),))
            };
        }
        if server.history().len() > before || server.has_requests() {
            return;
        }
    }
}

thread_local! {
    static SEED: Cell<u64> = const { Cell::new(0) };
}

#[test]
fn whatever_happens_the_same_comes_of_it() {
    let mut seen = BTreeMap::new();
    for seed in 0..200 {
        SEED.set(seed);
        let run = Scenario::of::<Random>(|| (SEED.get(),)).asking("log");
        let run = run.turns(25, move |server, turn| {
            if turn > 1 {
                happen(server, &mut Dice(seed * 1000 + turn as u64), turn);
            }
        });
        let played = run.play_in_a_few_ways();
        assert!(!played.faulted, "seed {seed}: {}", played.text);
        for line in played.text.lines() {
            *seen.entry(line.split_whitespace().next().expect("no line is empty").to_owned()).or_insert(0) += 1;
        }
    }
    // The dice do not lie: there is something of everything.
    let often =
        ["start_timer", "cancel_timer", "start_activity", "cancel_activity", "accept", "reject", "respond", "complete"];
    for kind in often {
        assert!(seen.get(kind).is_some_and(|count| *count > 30), "{kind} is rare: {seen:?}");
    }
}
