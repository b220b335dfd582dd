//! Records as bytes: whatever they are, each becomes a row or a reason; the first byte chooses the dataset.
#![no_main]

use libfuzzer_sys::fuzz_target;
use prost::Message;
use uplift_formats::Decoder;
use uplift_proto::rows::Rows;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let datasets = uplift_proto::dataset::all();
    let dataset = &datasets[usize::from(*first) % datasets.len()];
    let Ok(rows) = Rows::decode(bytes) else { return };
    if let Ok(decoded) = Decoder::for_dataset(dataset).decode(&rows, 0) {
        assert_eq!(decoded.batch.num_rows(), rows.entries().count());
    }
});
