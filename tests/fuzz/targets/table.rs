//! A file of anyone, of any kind: columns, or what is wrong with it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use uplift_core::contained::is_contained;
use uplift_formats::{ReadingOptions, Table};

fuzz_target!(
    init: {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| if !is_contained() { report(panic) }));
    },
    |bytes: &[u8]| {
        let names = ["income", "area", "weight"];
        let Ok(table) = Table::parse("file".to_owned(), bytes.to_vec(), ReadingOptions::default(), &names) else {
            return;
        };
        for name in names {
            for count in [
                table.numbers("--value", name).map(|column| column.len()),
                table.flags("--deprived", name).map(|column| column.len()),
                table.texts("--group", name).map(|column| column.len()),
            ] {
                assert!(count.is_err() || count.is_ok_and(|count| count == table.rows()));
            }
        }
    }
);
