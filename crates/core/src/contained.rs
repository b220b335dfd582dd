//! Panics of a library that meets bytes which it should have refused: kept where they happen.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// What a library makes of foreign bytes; none if it panics.
pub fn contained<T>(read: impl FnOnce() -> T) -> Option<T> {
    let before = CONTAINED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(read));
    CONTAINED.set(before);
    result.ok()
}

/// Whether a panic of this thread would be contained: it is then no fault to report.
pub fn is_contained() -> bool {
    CONTAINED.get()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_kept_and_the_next_one_is_not_hidden() {
        assert_eq!(contained(is_contained), Some(true));
        assert_eq!(contained(|| -> u8 { panic!("foreign bytes") }), None);
        assert!(!is_contained());
    }
}
