//! Server and worker agree: what the server's side writes, the worker's side replays; what the worker's side asks for, the
//! server's side accepts. Both are called directly, so a seed decides everything: what workflows do, what happens to them
//! and when, which answers get lost or come twice, when the server is killed and made again of what was stored.
//!
//! `PERPETUA_SEED` sets the first seed and `PERPETUA_PROGRAMS` how many there are, to look for more than CI does.

mod history;
mod scene;
mod worker;

use std::panic::{AssertUnwindSafe, catch_unwind};

use scene::Scene;

#[test]
fn server_and_worker_agree_whatever_happens() {
    let number =
        |variable, default| std::env::var(variable).ok().and_then(|text| text.parse::<u64>().ok()).unwrap_or(default);
    let first = number("PERPETUA_SEED", 0);
    let mut seen = scene::Seen::default();
    for seed in first..first + number("PERPETUA_PROGRAMS", 150) {
        match catch_unwind(AssertUnwindSafe(|| Scene::play(seed))) {
            Ok(of_this) => seen.add(&of_this),
            Err(_) => panic!("they disagree with PERPETUA_SEED={seed} PERPETUA_PROGRAMS=1"),
        }
    }
    // The dice do not lie: there is something of everything.
    println!("{seen:?}");
    for (what, count) in seen.counts() {
        assert!(count > 20, "{what} is rare: {seen:?}");
    }
}
