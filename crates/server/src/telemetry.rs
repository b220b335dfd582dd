//! Log lines to stderr, and the time of each stage of a run.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use tracing::span::{Attributes, Id};
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, FilterExt, filter_fn};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use uplift_core::contained::is_contained;

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For reading.
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging at a level, unless RUST_LOG sets another. With `measure_stages`, the time of each stage of
/// a submission is summed: for commands that end, since a service would sum for ever.
pub fn start(level: &str, format: LogFormat, measure_stages: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match format {
        LogFormat::Text => {
            let color = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            lines.with_target(false).with_ansi(color).boxed()
        }
        LogFormat::Json => lines.json().boxed(),
    };
    let stages = measure_stages.then(|| StageTimer.with_filter(filter_fn(is_stage)));
    let filter = filter.and(filter_fn(is_quiet));
    tracing_subscriber::registry().with(lines.with_filter(filter)).with(stages).init();
    std::panic::set_hook(Box::new(|panic| {
        if is_contained() {
            return;
        }
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        // A message that was put together may quote a record; one that is written in the code does not.
        let message = panic.payload().downcast_ref::<&str>().copied().unwrap_or("a panic");
        tracing::error!(location, message, "a panic: please report it");
    }));
}

/// Whether lines of this kind hold no values of records. Ours do not, at any level; what libraries write to follow
/// their own work may quote what they work on, so that only their warnings and errors are taken.
fn is_quiet(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    target.starts_with("uplift") || target.starts_with("tower_http") || *metadata.level() <= Level::WARN
}

/// Time spent in each stage since the process began, waiting included, the longest first.
/// Stages of several submissions run side by side, so that the sum exceeds the time of the run.
pub fn stages() -> Vec<(&'static str, Duration)> {
    let spent = SPENT.lock().unwrap_or_else(|e| e.into_inner());
    let mut stages: Vec<_> = spent.iter().map(|(name, time)| (*name, *time)).collect();
    stages.sort_by_key(|(_, time)| std::cmp::Reverse(*time));
    stages
}

static SPENT: LazyLock<Mutex<BTreeMap<&'static str, Duration>>> = LazyLock::new(Mutex::default);

/// Sums the time that spans of stages are open.
struct StageTimer;

fn is_stage(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target() == "uplift_stage"
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for StageTimer {
    fn on_new_span(&self, _: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(Instant::now());
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        if let Some(began) = span.extensions().get::<Instant>() {
            let mut spent = SPENT.lock().unwrap_or_else(|e| e.into_inner());
            *spent.entry(span.name()).or_default() += began.elapsed();
        }
    }
}
