//! Versions of a table: what is kept, what expires, and what is told of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray, new_null_array};
use arrow::datatypes::{DataType, Int64Type};
use uplift_core::error::ErrorKind;
use uplift_store::schema::{ROW_NUMBER, TableSchema};
use uplift_store::{Commit, Store, Table};

use crate::clients::{run, tool};
use crate::editions::walk;

/// One row of the dataset of areas.
fn row(schema: &TableSchema, n: usize) -> RecordBatch {
    let columns = schema.columns.fields().iter().map(|field| -> ArrayRef {
        match field.data_type() {
            _ if field.is_nullable() => new_null_array(field.data_type(), 1),
            DataType::Utf8 => Arc::new(StringArray::from(vec![format!("a{n}")])),
            DataType::Boolean => Arc::new(BooleanArray::from(vec![false])),
            DataType::Int64 => Arc::new(Int64Array::from(vec![n as i64])),
            _ => Arc::new(arrow::array::Int32Array::from(vec![2011])),
        }
    });
    RecordBatch::try_new(schema.columns.clone(), columns.collect()).unwrap()
}

/// Rows by version: commits add one each, compactions none.
async fn fill(table: &Table, schema: &TableSchema, commits: usize) -> BTreeMap<i64, usize> {
    let mut rows = BTreeMap::from([(0, 0)]);
    for n in 0..commits {
        // A folder for all, so that files are put together.
        let mut batch = row(schema, n);
        let county = schema.columns.index_of("reporting_county").unwrap();
        let mut columns = batch.columns().to_vec();
        columns[county] = Arc::new(StringArray::from(vec!["50"]));
        batch = RecordBatch::try_new(batch.schema(), columns).unwrap();
        let version = table.commit(Commit { batches: vec![batch], ..Commit::default() }).await.unwrap();
        rows.insert(version, n + 1);
        if let Some(compacted) = table.compact().await {
            rows.insert(compacted, n + 1);
        }
    }
    rows
}

async fn count(snapshot: uplift_store::Snapshot) -> usize {
    snapshot.rows().await.unwrap().count().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_answer_named_is_kept_and_the_rest_expires_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let tables = folder.path().join("tables");
    let schema = TableSchema::for_dataset(uplift_proto::dataset::find("area").unwrap());
    let store = Store::open(&tables).unwrap();
    let table = store.create(&schema).await.unwrap();
    // Another process that reads, idle from here on.
    let reader = Store::open(&tables).unwrap();
    let idle = reader.get("area").await.unwrap().unwrap();
    assert_eq!(count(idle.snapshot().await.unwrap()).await, 0);

    let mut rows = fill(&table, &schema, 230).await;
    let pinned = [7, 8, 40, 55];
    for version in pinned {
        store.pin(&BTreeMap::from([("area".to_owned(), version)]));
    }
    let before = chrono::Utc::now();
    tokio::time::sleep(Duration::from_millis(5)).await;
    let at_before = *rows.keys().last().unwrap();
    table.expire(Duration::from_secs(3600)).await;
    assert_eq!(count(table.at(9).await.unwrap()).await, rows[&9], "nothing is older than an hour");
    rows.extend(
        fill(&table, &schema, 40).await.into_iter().filter(|(v, _)| *v > 0).map(|(v, n)| (v, n + 230)),
    );
    // A handle that was just opened does not know how many versions there are, and looks.
    let writer = Store::open(&tables).unwrap();
    writer.get("area").await.unwrap().unwrap().expire(Duration::ZERO).await;

    let newest = table.snapshot().await.unwrap().version();
    let mut expired = 0;
    for (version, expected) in &rows {
        match table.at(*version).await {
            Ok(snapshot) => assert_eq!(count(snapshot).await, *expected, "version {version}"),
            Err(error) => {
                expired += 1;
                assert_eq!(error.kind, ErrorKind::NotFound);
                assert!(error.message.contains("expired on"), "{error}");
                assert!(!pinned.contains(version) && *version + 200 < newest, "{error}");
            }
        }
    }
    assert!(expired > 40, "{expired} expired");
    let told = table.at(9).await.unwrap_err().message;
    assert!(told.contains("the nearest that are kept are 8 and 40"), "{told}");
    // The state of a moment whose version expired is not another one's.
    let told = table.at_instant(before).await.map(|s| s.version()).map_err(|e| e.message);
    match told {
        Ok(version) => assert_eq!(version, at_before),
        Err(message) => assert!(message.contains("its nearest states that are kept began at"), "{message}"),
    }
    let early = "2000-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(count(table.at_instant(early).await.unwrap()).await, 0);
    let now = table.at_instant(chrono::Utc::now()).await.unwrap();
    assert_eq!(now.version(), newest);

    // The other process goes on, and so do a restart, a copy, and their verification.
    assert_eq!(count(idle.snapshot().await.unwrap()).await, 270);
    assert_eq!(count(idle.at(40).await.unwrap()).await, rows[&40]);
    let again = Store::open(&tables).unwrap();
    let reopened = again.get("area").await.unwrap().unwrap();
    assert_eq!(count(reopened.snapshot().await.unwrap()).await, 270);
    assert_eq!(count(reopened.at(7).await.unwrap()).await, rows[&7]);
    let copy = folder.path().join("copy/tables");
    again.copy_to(&copy, |_| {}).unwrap();
    for folder in [&tables, &copy] {
        let verified = Store::open(folder).unwrap().verify(|_| {}).await.unwrap();
        assert_eq!(verified.findings, [], "{}", folder.display());
    }
    let copied = Store::open(&copy).unwrap().get("area").await.unwrap().unwrap();
    assert_eq!(count(copied.at(55).await.unwrap()).await, rows[&55]);
    assert_eq!(copied.at(9).await.unwrap_err().message, table.at(9).await.unwrap_err().message);
    // Other programs read what is kept, by the format alone.
    let script = "import sys\n\
                  from deltalake import DeltaTable, QueryBuilder\n\
                  rows = lambda t: QueryBuilder().register('t', t).execute('select * from t').read_all().num_rows\n\
                  print(rows(DeltaTable(sys.argv[1], version=40)), rows(DeltaTable(sys.argv[1])))";
    let folder = tables.join("area").display().to_string();
    let (ok, text) = run(tool("python"), vec!["-c".into(), script.into(), folder]).await;
    assert_eq!((ok, text.trim()), (true, format!("{} 270", rows[&40]).as_str()), "{text}");
    // Folders lose the times of their files when they are copied; the log has its own.
    assert_eq!(copied.at_instant(chrono::Utc::now()).await.unwrap().version(), newest);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_rows_are_two_files_of_one_version_and_none_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let schema = TableSchema::for_dataset(uplift_proto::dataset::find("area").unwrap());
    let store = Store::open(&folder.path().join("tables")).unwrap();
    let table = store.create(&schema).await.unwrap();
    let many = 300_001;
    let first = row(&schema, 0);
    let copies = arrow::array::UInt32Array::from(vec![0; many]);
    let mut columns = arrow::compute::take_arrays(first.columns(), &copies, None).unwrap();
    let (number, county) = (schema.columns.index_of(ROW_NUMBER), schema.columns.index_of("reporting_county"));
    columns[number.unwrap()] = Arc::new(Int64Array::from_iter_values(0..many as i64));
    columns[county.unwrap()] = Arc::new(StringArray::from(vec!["50"; many]));
    let batch = RecordBatch::try_new(schema.columns.clone(), columns).unwrap();
    let before = table.snapshot().await.unwrap().version();
    let version = table.commit(Commit { batches: vec![batch], ..Commit::default() }).await.unwrap();
    assert_eq!(version, before + 1);

    let snapshot = table.snapshot().await.unwrap();
    let is_data = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "parquet");
    assert_eq!(walk(&folder.path().join("tables")).into_iter().filter(is_data).count(), 2);
    let rows = snapshot.rows().await.unwrap().select_columns(&[ROW_NUMBER]).unwrap();
    let rows = rows.collect().await.unwrap();
    let mut numbers: Vec<i64> =
        rows.iter().flat_map(|rows| rows.column(0).as_primitive::<Int64Type>().values().to_vec()).collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..many as i64));
}
