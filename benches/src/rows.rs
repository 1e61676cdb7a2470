//! The rows in a stopped server's directories, and how long it takes to read them.

use std::{
    path::Path,
    time::{Duration, Instant},
};

/// Number and size of the rows of one file.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rows {
    pub(crate) count: usize,
    /// Bytes of their JSON.
    pub(crate) bytes: usize,
    pub(crate) took: Duration,
}

/// Everything that the state loads.
pub(crate) fn state(data: &Path) -> anyhow::Result<Rows> {
    read(&data.join("state"))
}

/// The simulated machines.
pub(crate) fn machines(data: &Path) -> anyhow::Result<Rows> {
    read(&data.join("machines"))
}

fn read(directory: &Path) -> anyhow::Result<Rows> {
    let begun = Instant::now();
    let mut read = Rows::default();
    cvmd_rows::read_rows(directory, &mut |chunk| {
        read.count += chunk.len();
        read.bytes += chunk.rows().map(|(_, body)| body.len()).sum::<usize>();
        Ok(())
    })?;
    read.took = begun.elapsed();
    Ok(read)
}
