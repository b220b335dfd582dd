//! A table that was made when its dataset had fewer columns.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, new_null_array};
use arrow::datatypes::Schema;
use uplift_proto::dataset::find;
use uplift_store::schema::{ROW_NUMBER, SIMULATED, TableSchema};
use uplift_store::{Commit, Store};

/// One row of a household, with whatever columns the schema has.
fn household(schema: &TableSchema, id: &str) -> RecordBatch {
    let column = |field: &Arc<arrow::datatypes::Field>| -> ArrayRef {
        match field.name().as_str() {
            "household_id" => Arc::new(StringArray::from(vec![id])),
            "record" => Arc::new(StringArray::from(vec!["register"])),
            "reporting_area" | "reporting_county" => Arc::new(StringArray::from(vec!["500101"])),
            "reporting_period" => Arc::new(StringArray::from(vec!["2011"])),
            "submission_id" => Arc::new(StringArray::from(vec![id])),
            "reporting_year" => Arc::new(arrow::array::Int32Array::from(vec![2011])),
            name if name == ROW_NUMBER => Arc::new(Int64Array::from(vec![1])),
            name if name == SIMULATED => Arc::new(BooleanArray::from(vec![false])),
            _ => new_null_array(field.data_type(), 1),
        }
    };
    let columns = schema.columns.fields().iter().map(column).collect();
    RecordBatch::try_new(schema.columns.clone(), columns).unwrap()
}

async fn commit(store: &Store, schema: &TableSchema, id: &str) -> i64 {
    let table = store.create(schema).await.unwrap();
    let commit = Commit { batches: vec![household(schema, id)], ..Commit::default() };
    table.commit(commit).await.unwrap()
}

#[tokio::test]
async fn a_table_gains_the_columns_of_its_dataset_and_keeps_its_rows_and_versions() {
    let folder = tempfile::tempdir().unwrap();
    let all = TableSchema::for_dataset(find("household").unwrap());
    let older = all.columns.fields().iter().filter(|f| f.name() != "record").cloned().collect::<Vec<_>>();
    let older = TableSchema { columns: Arc::new(Schema::new(older)), ..all.clone() };
    let tables = folder.path().join("tables");
    let before = commit(&Store::open(&tables).unwrap(), &older, "a").await;

    let store = Store::open(&tables).unwrap();
    commit(&store, &all, "b").await;
    let table = store.get("household").await.unwrap().unwrap();
    let rows = table.snapshot().await.unwrap().rows().await.unwrap();
    let rows = rows.select_columns(&["household_id", "record"]).unwrap().collect().await.unwrap();
    let mut found: Vec<(String, Option<String>)> = Vec::new();
    for batch in &rows {
        let (ids, records) = (batch.column(0), batch.column(1));
        let text = |column: &ArrayRef, row| arrow::util::display::array_value_to_string(column, row).unwrap();
        found.extend(
            (0..batch.num_rows())
                .map(|row| (text(ids, row), records.is_valid(row).then(|| text(records, row)))),
        );
    }
    found.sort();
    assert_eq!(found, [("a".to_owned(), None), ("b".to_owned(), Some("register".to_owned()))]);
    assert_eq!(table.at(before).await.unwrap().row_count(), 1);
    // Opened again, nothing is left to add.
    let version = table.snapshot().await.unwrap().version();
    let again = Store::open(&tables).unwrap();
    assert_eq!(again.create(&all).await.unwrap().snapshot().await.unwrap().version(), version);
}
