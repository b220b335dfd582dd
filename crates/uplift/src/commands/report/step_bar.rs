//! A progress bar over the steps that the reporting service tells.

use indicatif::ProgressBar;
use uplift_core::language::Language;

use crate::terminal::{message, progress};

/// A progress bar, gone when it is let go.
pub(crate) struct StepBar {
    bar: ProgressBar,
    language: Language,
}

impl StepBar {
    pub(crate) fn new(language: Language) -> Self {
        Self { bar: progress(1), language }
    }

    /// Shows a step that begins.
    pub(crate) fn show(&self, stage: &str, done: i32, total: i32) {
        self.bar.set_length(u64::from(total.unsigned_abs()));
        self.bar.set_position(u64::from(done.unsigned_abs()));
        self.bar.set_message(message(stage, self.language));
    }
}

impl Drop for StepBar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
