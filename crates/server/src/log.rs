//! Logs: one line a request, on stderr, never a secret.

use crate::config::Format;
use tracing_subscriber::EnvFilter;

/// Begins logging. `level` may also be a filter such as `info,cvmd_operations=debug`.
pub(crate) fn begin(level: &str, format: Format) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(format!("{level},russh=warn"))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let begun = match format {
        Format::Text => builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
        Format::Json => builder.json().flatten_event(true).try_init(),
    };
    begun.map_err(|error| anyhow::anyhow!("logging cannot begin: {error}"))
}
