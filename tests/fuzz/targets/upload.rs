//! A file, whatever it is: rows or reasons, and its rejected rows as a file that is read again. The first byte
//! chooses the dataset, the second whether its headings come before, and with which separator.
#![no_main]

use libfuzzer_sys::fuzz_target;
use uplift_core::contained::is_contained;
use uplift_core::language::Language;
use uplift_formats::{Reasons, RowReasons, Upload, template};

fuzz_target!(
    init: {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| if !is_contained() { report(panic) }));
    },
    |bytes: &[u8]| {
        let [first, second, bytes @ ..] = bytes else { return };
        let datasets = uplift_proto::dataset::all();
        let dataset = &datasets[usize::from(*first) % datasets.len()];
        let mut file = match second % 4 {
            0 => Vec::new(),
            1 => template(dataset, Language::Zh).into_bytes(),
            2 => template(dataset, Language::En).into_bytes(),
            _ => template(dataset, Language::En).replace(',', ";").into_bytes(),
        };
        file.extend_from_slice(bytes);
        let open = |bytes| Upload { bytes, ..Upload::default() }.open(dataset);
        let Ok(mut opened) = open(file) else { return };
        let Ok(mut decoded) = opened.decode() else { return };
        opened.restore_labels(&mut decoded.rejections).expect("a file that was read once is read again");
        let mut reasons = Reasons::new();
        for reason in decoded.rejections.into_reasons() {
            let line = decoded.numbers.number(reason.index());
            reasons.insert(line, RowReasons { headings: vec![reason.field], text: reason.message });
        }
        let rejected = opened.rejected_rows(&reasons).expect("rejected rows are written");
        let mut again = open(rejected).expect("what is written is read");
        // Rows that move up may look more like a head than the head does.
        if !reasons.is_empty() && again.reading().head_line == opened.reading().head_line {
            let rows = again.decode().map(|decoded| decoded.batch.num_rows());
            assert_eq!(rows.expect("its rows too"), reasons.len());
        }
    }
);
