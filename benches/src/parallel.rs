//! The same work many times, several at a time, within a limit.

use anyhow::Context;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

const LIMIT: Duration = Duration::from_secs(120);

/// Does `count` pieces of work, each with its number, `at_once` at a time; returns how many were done in a second.
pub(crate) async fn per_second<W, F>(count: usize, at_once: usize, work: W) -> anyhow::Result<f64>
where
    W: Fn(usize) -> F + Clone + Send + 'static,
    F: Future<Output = anyhow::Result<()>> + Send,
{
    let next = Arc::new(AtomicUsize::new(0));
    let begun = Instant::now();
    let mut workers: JoinSet<anyhow::Result<()>> = JoinSet::new();
    for _ in 0..at_once {
        let (work, next) = (work.clone(), Arc::clone(&next));
        workers.spawn(async move {
            loop {
                match next.fetch_add(1, Ordering::Relaxed) {
                    number if number < count => work(number).await?,
                    _ => return Ok(()),
                }
            }
        });
    }
    let all = async {
        while let Some(done) = workers.join_next().await {
            done??;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(LIMIT, all).await.context("it takes too long")??;
    Ok(count as f64 / begun.elapsed().as_secs_f64())
}
