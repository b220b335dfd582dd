//! A printed figure that is read has an interval under every qualifier, and is read the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use uplift_core::format::readable_interval;
use uplift_core::language::Language;
use uplift_core::printed::{PrintedFigure, Qualifier};

fuzz_target!(|text: &str| {
    let Ok(figure) = PrintedFigure::parse(text) else { return };
    assert_eq!(PrintedFigure::parse(text.trim()), Ok(figure));
    for qualifier in [
        Qualifier::Rounded,
        Qualifier::Exact,
        Qualifier::MoreThan,
        Qualifier::LessThan,
        Qualifier::Nearly,
        Qualifier::About,
        Qualifier::Range,
    ] {
        for unit in ["CNY", "percent"] {
            let interval = figure.interval(unit, qualifier);
            for language in [Language::En, Language::Zh] {
                assert!(!readable_interval(&interval, language).is_empty());
            }
        }
    }
});
