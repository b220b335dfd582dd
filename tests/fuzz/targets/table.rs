//! A file of anyone, CSV or Parquet: columns, or what is wrong with it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use uplift_core::contained::is_contained;
use uplift_formats::Table;

fuzz_target!(
    init: {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| if !is_contained() { report(panic) }));
    },
    |bytes: &[u8]| {
        let Ok(table) = Table::parse("file".to_owned(), bytes.to_vec()) else { return };
        for name in ["income", "area", "weight"] {
            if let Ok(numbers) = table.numbers("--value", name) {
                assert_eq!(numbers.len(), table.rows());
            }
            if let Ok(texts) = table.texts("--group", name) {
                assert_eq!(texts.len(), table.rows());
            }
        }
    }
);
