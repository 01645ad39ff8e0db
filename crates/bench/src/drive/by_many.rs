//! Does something many times, so many at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use tokio::task::JoinSet;

use crate::Outcome;

/// Does something so often, with its number, by so many tasks; says how long each time took, in milliseconds.
pub(crate) async fn by_many<F, Fut>(times: usize, at_a_time: usize, act: F) -> Outcome<Vec<f64>>
where
    F: Fn(u32) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Outcome> + Send,
{
    let next = Arc::new(AtomicU32::new(0));
    let act = Arc::new(act);
    let mut tasks = JoinSet::new();
    for _ in 0..at_a_time {
        let (next, act) = (Arc::clone(&next), Arc::clone(&act));
        tasks.spawn(async move {
            let mut taken = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number as usize >= times {
                    return Ok::<_, Box<dyn std::error::Error + Send + Sync>>(taken);
                }
                let begun = Instant::now();
                act(number).await?;
                taken.push(begun.elapsed().as_secs_f64() * 1e3);
            }
        });
    }
    let mut all = Vec::with_capacity(times);
    while let Some(ended) = tasks.join_next().await {
        all.extend(ended??);
    }
    Ok(all)
}
