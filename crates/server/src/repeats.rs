//! Bounds the lines of a trouble that lasts: what goes wrong with every request, as on a full disk, must not fill the disk
//! that holds the log.
//!
//! The first lines with an `error` from one place in the code are logged; those that follow within a minute are counted,
//! and a line says how many they were.

use parking_lot::Mutex;
use std::{collections::HashMap, fmt::Debug, sync::LazyLock, time::Duration};
use tokio::time::Instant;
use tracing::{
    Event, Level, Subscriber,
    callsite::Identifier,
    field::{Field, Visit},
};
use tracing_subscriber::layer::{Context, Layer};

/// The maximum of lines of one place that are logged within [`WITHIN`].
const LINES_MAX: u64 = 20;
const WITHIN: Duration = Duration::from_secs(60);

static PLACES: LazyLock<Mutex<HashMap<Identifier, Place>>> = LazyLock::new(Mutex::default);

/// Lines of one place in the code. The number of places is bounded by the code.
#[derive(Debug)]
struct Place {
    level: Level,
    message: String,
    since: Instant,
    /// Those since then.
    lines: u64,
    /// Those before that were not logged, and are not reported yet.
    unreported: u64,
}

impl Place {
    fn begin_again(&mut self, now: Instant) {
        self.unreported += self.lines.saturating_sub(LINES_MAX);
        (self.since, self.lines) = (now, 0);
    }
}

/// Lets through what is to be logged.
pub(crate) struct Repeats;

impl<S: Subscriber> Layer<S> for Repeats {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let about = event.metadata();
        // What is logged on demand alone is wanted as a whole.
        if *about.level() > Level::INFO || about.fields().field("error").is_none() {
            return true;
        }
        let now = Instant::now();
        let mut places = PLACES.lock();
        let place = places.entry(about.callsite()).or_insert_with(|| {
            let mut message = Message(String::new());
            event.record(&mut message);
            Place { level: *about.level(), message: message.0, since: now, lines: 0, unreported: 0 }
        });
        if now - place.since >= WITHIN {
            place.begin_again(now);
        }
        place.lines += 1;
        place.lines <= LINES_MAX
    }
}

/// Logs how many lines were counted, of each place once its minute is over, or of all `at_once`.
pub(crate) fn report(at_once: bool) {
    let now = Instant::now();
    let mut found = Vec::new();
    for place in PLACES.lock().values_mut() {
        if at_once || now - place.since >= WITHIN {
            place.begin_again(now);
        }
        if place.unreported > 0 {
            found.push((std::mem::take(&mut place.unreported), place.level, place.message.clone()));
        }
    }
    // Not under the lock, which each line takes.
    for (lines, level, like) in found {
        match level {
            Level::ERROR => tracing::error!(lines, like, "more such lines were not logged"),
            _ => tracing::warn!(lines, like, "more such lines were not logged"),
        }
    }
}

/// An event's message.
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use std::sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    };
    use tracing_subscriber::layer::SubscriberExt;

    /// Remembers the messages that were logged, and the sum of the lines that they report.
    #[derive(Clone, Default)]
    struct Logged(Arc<Mutex<Vec<String>>>, Arc<AtomicU64>);

    impl Visit for Logged {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            if field.name() == "message" {
                self.0.lock().push(format!("{value:?}"));
            }
        }

        fn record_u64(&mut self, _: &Field, lines: u64) {
            self.1.fetch_add(lines, Ordering::Relaxed);
        }
    }

    impl<S: Subscriber> Layer<S> for Logged {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            event.record(&mut self.clone());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_trouble_that_lasts_has_few_lines_and_none_is_forgotten() {
        let logged = Logged::default();
        let _guard =
            tracing::subscriber::set_default(tracing_subscriber::registry().with(logged.clone()).with(Repeats));
        let fail = |times: u64| (0..times).for_each(|_| tracing::error!(error = "full", "it failed"));
        let counts = |message: &str| logged.0.lock().iter().filter(|logged| *logged == message).count() as u64;
        for minute in 0..3 {
            fail(1_000);
            (0..1_000).for_each(|_| tracing::info!("answered"));
            assert_eq!(counts("it failed"), (minute + 1) * LINES_MAX);
            assert_eq!(counts("answered"), (minute + 1) * 1_000, "what is no trouble is logged as a whole");
            report(false);
            assert_eq!(logged.1.load(Ordering::Relaxed), minute * (1_000 - LINES_MAX));
            tokio::time::advance(WITHIN).await;
        }
        report(false);
        assert_eq!(logged.1.load(Ordering::Relaxed), 3 * (1_000 - LINES_MAX));
        fail(LINES_MAX + 5);
        report(true);
        assert_eq!(logged.1.load(Ordering::Relaxed), 3 * (1_000 - LINES_MAX) + 5);
        report(true);
        assert_eq!(counts("more such lines were not logged"), 4, "each is reported once");
    }
}
