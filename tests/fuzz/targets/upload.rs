//! A file, whatever it is: rows or reasons, and its rejected rows as a file that is read again. The first byte
//! chooses the dataset, the second whether its headings come before.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use uplift_formats::{Upload, rejected_rows, template};
use uplift_core::language::Language;

fuzz_target!(|bytes: &[u8]| {
    let [first, second, bytes @ ..] = bytes else { return };
    let datasets = uplift_proto::dataset::all();
    let dataset = &datasets[usize::from(*first) % datasets.len()];
    let mut file = match second % 3 {
        0 => Vec::new(),
        1 => template(dataset, Language::Zh).into_bytes(),
        _ => template(dataset, Language::En).into_bytes(),
    };
    file.extend_from_slice(bytes);
    let upload = Upload { bytes: file.clone(), units: Vec::new() };
    let Ok(opened) = upload.open(dataset) else { return };
    let Ok(mut decoded) = opened.decode() else { return };
    opened.restore_labels(&mut decoded.rejections).expect("a file that was read once is read again");
    let reasons: BTreeMap<_, _> =
        decoded.rejections.into_reasons().into_iter().map(|r| (r.row, r.message)).collect();
    let rejected = rejected_rows(file, &reasons).expect("rejected rows are written");
    let again = Upload { bytes: rejected, units: Vec::new() }.open(dataset).expect("what is written is read");
    assert_eq!(again.decode().expect("its rows too").batch.num_rows(), reasons.len());
});
