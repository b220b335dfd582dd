//! What ways to lay out data files cost to write, on disk, and to read: the households of a table, on one core.
//!
//!     cargo bench --workspace --bench layout -- FOLDER
//!
//! FOLDER has data files, as `tables/household` of a data folder. Each file is written in each way as it is, and read again.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, Encoding};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

/// Rows that are enough to measure.
const ROWS: usize = 1_000_000;
const TIMES: usize = 3;

/// What questions read: poverty by county with its errors, and what tells a household from another.
const MEASURED: [&str; 6] = ["area_code", "size", "income", "weight", "stratum", "cluster"];
const KEY: [&str; 1] = ["household_id"];

fn files_below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, files);
        } else if path.extension().is_some_and(|kind| kind == "parquet") {
            files.push(path);
        }
    }
}

/// The rows of each file.
fn files(folder: &Path) -> Vec<RecordBatch> {
    let (mut paths, mut files, mut rows) = (Vec::new(), Vec::new(), 0);
    files_below(folder, &mut paths);
    paths.sort();
    for path in paths {
        let reader = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(path).unwrap()).unwrap();
        let schema = reader.schema().clone();
        let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
        let all = concat_batches(&schema, &batches).unwrap();
        rows += all.num_rows();
        files.push(all);
        if rows >= ROWS {
            break;
        }
    }
    files
}

fn written(rows: &RecordBatch, properties: &WriterProperties) -> bytes::Bytes {
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, rows.schema(), Some(properties.clone())).unwrap();
    writer.write(rows).unwrap();
    writer.close().unwrap();
    bytes.into()
}

/// Decodes some columns of a file.
fn read(file: &bytes::Bytes, columns: &[&str]) {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file.clone()).unwrap();
    let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
    let reader = builder.with_projection(mask).with_batch_size(8_192).build().unwrap();
    reader.for_each(|rows| drop(rows.unwrap()));
}

/// The least of some times.
fn least<T>(mut work: impl FnMut() -> T) -> (Duration, T) {
    let timed = (0..TIMES).map(|_| {
        let began = Instant::now();
        let done = work();
        (began.elapsed(), done)
    });
    timed.min_by_key(|(took, _)| *took).unwrap()
}

fn layouts() -> Vec<(&'static str, WriterPropertiesBuilder)> {
    let of = |compression| WriterProperties::builder().set_compression(compression);
    let snappy = || of(Compression::SNAPPY);
    let key = || ColumnPath::from("household_id");
    vec![
        ("as it is: Snappy, dictionaries", snappy()),
        ("no compression", of(Compression::UNCOMPRESSED)),
        ("Zstandard 1", of(Compression::ZSTD(Default::default()))),
        ("key without a dictionary", snappy().set_column_dictionary_enabled(key(), false)),
        (
            "key as common beginnings and rests",
            snappy()
                .set_column_dictionary_enabled(key(), false)
                .set_column_encoding(key(), Encoding::DELTA_BYTE_ARRAY),
        ),
        (
            "key as lengths and bytes",
            snappy()
                .set_column_dictionary_enabled(key(), false)
                .set_column_encoding(key(), Encoding::DELTA_LENGTH_BYTE_ARRAY),
        ),
        ("no dictionaries", snappy().set_dictionary_enabled(false)),
    ]
}

fn main() {
    let folder = std::env::args().skip(1).find(|argument| argument != "--bench");
    let files = files(Path::new(&folder.expect("a folder of data files; run benches/run")));
    let rows: usize = files.iter().map(RecordBatch::num_rows).sum();
    println!("{} files, {rows} rows", files.len());
    println!("| layout | written, rows/s | bytes a row | measures read | keys read |");
    println!("|---|---|---|---|---|");
    for (name, properties) in layouts() {
        let properties = properties.build();
        let all = || files.iter().map(|file| written(file, &properties)).collect::<Vec<_>>();
        let (write, contents) = least(all);
        let bytes: usize = contents.iter().map(bytes::Bytes::len).sum();
        let [measures, keys] = [MEASURED.as_slice(), &KEY]
            .map(|columns| least(|| contents.iter().for_each(|file| read(file, columns))).0);
        println!(
            "| {name} | {:.0} | {:.1} | {:.0} ms | {:.0} ms |",
            rows as f64 / write.as_secs_f64(),
            bytes as f64 / rows as f64,
            measures.as_secs_f64() * 1e3,
            keys.as_secs_f64() * 1e3
        );
    }
}
