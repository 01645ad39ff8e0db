//! Simulations: what is right lives through everything, what is wrong is found, the same seed plays the same.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use perpetua::prelude::*;
use perpetua::testing::{Fault, Simulation, SimulationFailure, World, simulate_many};

/// What was charged, by order.
#[derive(Clone, Default)]
struct Register(Arc<Mutex<Vec<String>>>);

impl Register {
    fn charges(&self) -> Vec<String> {
        self.0.lock().expect("nobody panics").clone()
    }
}

/// Charges once for each order.
struct Careful(Register);

#[activities]
impl Careful {
    #[activity]
    async fn charge_once(&self, order: String) -> Result<String, ActivityError> {
        let mut charges = self.0.0.lock().expect("nobody panics");
        if !charges.contains(&order) {
            charges.push(order.clone());
        }
        Ok(format!("receipt of {order}"))
    }
}

/// Charges as often as it is asked.
struct Careless(Register);

#[activities]
impl Careless {
    #[activity]
    async fn charge(&self, order: String) -> Result<String, ActivityError> {
        self.0.0.lock().expect("nobody panics").push(order.clone());
        Ok(format!("receipt of {order}"))
    }
}

/// Waits for lines until it is closed, sleeps a month, and charges.
#[derive(Default)]
struct Basket {
    lines: State<Vec<String>>,
    closed: State<bool>,
}

#[workflow]
impl Basket {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<Vec<String>> {
        ctx.wait_until(|| self.closed.get()).await?;
        ctx.sleep(days(30)).await?;
        let order = self.lines.with(|lines| lines.join("+"));
        let receipt = ctx.activity(Careful::charge_once(order)).start_to_close(seconds(10)).await?;
        ctx.wait_until(|| ctx.all_handlers_finished()).await?;
        let mut lines = self.lines.get();
        lines.push(receipt);
        Ok(lines)
    }

    #[signal]
    fn add(&self, line: String) {
        self.lines.update(|lines| lines.push(line));
    }

    #[update]
    async fn close(&self, ctx: Ctx) -> WorkflowResult<usize> {
        ctx.sleep(minutes(1)).await?;
        self.closed.set(true);
        Ok(self.lines.with(Vec::len))
    }

    #[query]
    fn count(&self) -> usize {
        self.lines.with(Vec::len)
    }
}

#[workflow]
async fn two_baskets(ctx: Ctx) -> WorkflowResult<u32> {
    let mut number = 0;
    for child in 0..2 {
        number += ctx.child(step_by_step(child)).await?;
    }
    Ok(number)
}

#[workflow]
async fn step_by_step(ctx: Ctx, from: u32) -> WorkflowResult<u32> {
    let mut number = from;
    for _ in 0..3 {
        number = ctx.activity(next(number)).start_to_close(seconds(30)).await?;
        ctx.sleep(hours(1)).await?;
    }
    Ok(number)
}

#[activity]
async fn next(number: u32) -> Result<u32, ActivityError> {
    tokio::time::sleep(milliseconds(200)).await;
    Ok(number + 1)
}

async fn fill_a_basket(world: World) {
    let register = Register::default();
    let of_worker = register.clone();
    world.worker(move |worker| worker.workflow(Basket::run).activities(Careful(of_worker.clone())));
    let handle = world.start(Basket::run()).id("basket").await.expect("it starts");
    for line in ["a", "b", "c"] {
        handle.add(line.to_owned()).await.expect("it is delivered");
    }
    // Where no worker is there, nobody answers; where tasks were lost too often, the server says so at once, until the next.
    let mut count = handle.count().await;
    while count.is_err() {
        world.sleep(seconds(1)).await.expect("time passes");
        count = handle.count().await;
    }
    assert_eq!(count.expect("it answers"), 3, "what is acknowledged is there");
    assert_eq!(handle.close().id("close").await.expect("it is closed"), 3);
    let lines = handle.result().await.expect("it completes");
    assert_eq!(lines, ["a", "b", "c", "receipt of a+b+c"]);
    assert_eq!(register.charges(), ["a+b+c"]);
}

#[test]
fn messages_and_timers_live_through_everything() {
    simulate_many(0..30, fill_a_basket);
}

#[test]
fn children_and_activities_live_through_everything() {
    simulate_many(0..20, |world| async move {
        world.worker(|worker| worker.workflow(two_baskets).workflow(step_by_step).activity(next));
        world.worker(|worker| worker.activity(next));
        assert_eq!(world.run(two_baskets()).id("baskets").await.expect("it completes"), 7);
    });
}

#[test]
fn every_kind_of_fault_happens() {
    let mut kinds = std::collections::BTreeSet::new();
    for seed in 100..125 {
        let simulated = Simulation::new(seed).run(fill_a_basket).expect("nothing is found");
        kinds.extend(simulated.injected.iter().map(|injected| injected.fault));
        assert!(simulated.passed >= days(30));
    }
    assert_eq!(kinds, Fault::ALL.into());
}

#[test]
fn the_same_seed_plays_the_same() {
    let play = |seed| {
        let events = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&events);
        let simulated = Simulation::new(seed).run(async |world: World| {
            world.worker(|worker| worker.workflow(two_baskets).workflow(step_by_step).activity(next));
            world.worker(|worker| worker.activity(next));
            let handle = world.start(two_baskets()).id("baskets").await.expect("it starts");
            handle.result().await.expect("it completes");
            let history = handle.history().await.expect("it is there");
            let events = history.events.iter().map(|event| (event.kind.name().to_owned(), event.time));
            seen.lock().expect("nobody panics").extend(events);
        });
        let simulated = simulated.expect("nothing is found");
        let events = events.lock().expect("nobody panics").clone();
        (simulated.injected, simulated.passed, events)
    };
    for seed in 0..8 {
        assert_eq!(play(seed), play(seed), "seed {seed}");
    }
}

/// The first seed that finds something, and what.
fn first_failure<F>(seeds: std::ops::Range<u64>, body: impl Fn(World) -> F) -> SimulationFailure
where
    F: Future<Output = ()>,
{
    let mut failures = seeds.filter_map(|seed| Simulation::new(seed).run(&body).err());
    failures.next().expect("a seed finds it")
}

/// Charges twice when the answer of the activity is lost.
#[workflow]
async fn careless(ctx: Ctx) -> WorkflowResult<String> {
    Ok(ctx.activity(Careless::charge("order".to_owned())).start_to_close(seconds(10)).await?)
}

#[test]
fn an_activity_that_does_it_twice_is_found() {
    let failure = first_failure(0..100, |world| async move {
        let register = Register::default();
        let of_worker = register.clone();
        world.worker(move |worker| worker.workflow(careless).activities(Careless(of_worker.clone())));
        world.run(careless()).id("order").await.expect("it completes");
        assert_eq!(register.charges(), ["order"], "it is charged once");
    });
    let report = failure.to_string();
    assert!(report.contains("the test panicked"), "{report}");
    assert!(report.contains("it is charged once"), "{report}");
    assert!(report.contains("what was made go wrong, on the clock of the world:\n"), "{report}");
    let play_again =
        format!("PERPETUA_SEED={} cargo test -- --exact an_activity_that_does_it_twice_is_found", failure.seed);
    assert!(report.ends_with(&play_again), "{report}");
}

/// Keeps only the last of the messages that come together.
#[derive(Default)]
struct Forgetful {
    last: State<Option<String>>,
}

#[workflow]
impl Forgetful {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<Vec<String>> {
        let mut heard = Vec::new();
        while heard.len() < 3 {
            if ctx.wait_until(|| self.last.get().is_some()).timeout(hours(1)).await.is_err() {
                break;
            }
            heard.extend(self.last.get());
            self.last.set(None);
        }
        Ok(heard)
    }

    #[signal]
    fn say(&self, word: String) {
        self.last.set(Some(word));
    }
}

#[test]
fn messages_that_are_lost_when_they_come_together_are_found() {
    let failure = first_failure(0..100, |world| async move {
        world.worker(|worker| worker.workflow(Forgetful::run));
        let handle = world.start(Forgetful::run()).id("forgetful").await.expect("it starts");
        for word in ["a", "b", "c"] {
            handle.say(word.to_owned()).await.expect("it is delivered");
            world.sleep(seconds(1)).await.expect("the world is there");
        }
        assert_eq!(handle.result().await.expect("it completes").len(), 3, "all words are heard");
    });
    assert!(failure.to_string().contains("all words are heard"), "{failure}");
}

/// How often it ran, in this process: what a workflow must not look at.
static RUNS: AtomicU32 = AtomicU32::new(0);

#[workflow]
async fn looks_outside(ctx: Ctx) -> WorkflowResult<()> {
    if RUNS.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
        ctx.sleep(seconds(1)).await?;
    } else {
        ctx.wait_until(|| false).await?;
    }
    ctx.sleep(seconds(1)).await?;
    Ok(())
}

#[test]
fn a_workflow_that_is_not_deterministic_is_found_when_it_is_evicted() {
    let run = |seed| {
        Simulation::new(seed).faults([Fault::Eviction]).env(|env| env.without(perpetua::testing::Check::Replay)).run(
            |world| async move {
                world.worker(|worker| worker.workflow(looks_outside));
                world.run(looks_outside()).id("outside").await.map_err(|error| error.to_string())
            },
        )
    };
    let failure = (0..100).find_map(|seed| run(seed).err()).expect("a seed finds it");
    assert!(failure.to_string().contains("a workflow task failed"), "{failure}");
    assert!(failure.injected.iter().all(|injected| injected.fault == Fault::Eviction), "{failure}");
}

#[test]
fn a_test_that_waits_for_ever_ends_with_what_it_waits_for() {
    let failure = Simulation::new(1).at_most(0).run(|world| async move {
        world.worker(|worker| worker.workflow(Basket::run).activities(Careful(Register::default())));
        world.run(Basket::run()).id("basket").await.expect("nobody closes it");
    });
    let report = failure.expect_err("it does not end by itself").to_string();
    assert!(report.contains("workflow `Basket` (id basket) waits for:"), "{report}");
    assert!(report.contains("nothing was made go wrong"), "{report}");
}
