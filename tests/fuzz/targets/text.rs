//! A text that a format accepts is kept in one form, which is accepted as it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use uplift_core::dataset::Format;
use uplift_core::text::canonical;

fuzz_target!(|text: &str| {
    for format in [
        Format::Free,
        Format::Identifier,
        Format::Area,
        Format::Period,
        Format::Date,
        Format::Printed,
        Format::Expression,
    ] {
        if let Ok(kept) = canonical(format, text) {
            assert!(kept.chars().count() <= format.max_length());
            assert_eq!(canonical(format, &kept).as_deref(), Ok(&*kept), "{format:?}");
        }
    }
});
