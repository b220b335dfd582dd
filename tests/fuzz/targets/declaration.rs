//! A file of an office's declarations, whatever it says: indicators, or what is wrong with them.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for problem in uplift_metrics::check_declarations(text) {
        assert!(!problem.is_empty());
    }
});
