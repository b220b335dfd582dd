//! The measures as functions of the query engine: the same values as the pure functions, to the last
//! digit, in any order of rows and any split into partitions.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, RecordBatch, StringArray};
use arrow::datatypes::Float64Type;
use datafusion::datasource::MemTable;
use datafusion::prelude::{SessionConfig, SessionContext};
use uplift_measures::conventions::Conventions;
use uplift_measures::distribution::Distribution;
use uplift_measures::measure::NAMED;

struct Household {
    value: f64,
    weight: f64,
    county: &'static str,
    village: String,
}

fn households() -> Vec<Household> {
    let county = |n: u64| ["Chengkou", "Wuxi", "Youyang"][n as usize % 3];
    let household = |n: u64| Household {
        value: (n * 7919 % 4001) as f64 / 7.0,
        weight: 1.0 + (n % 13) as f64 / 10.0,
        county: county(n),
        village: format!("village {}", n % 51),
    };
    (1..3000).map(household).collect()
}

fn batch(rows: &[&Household]) -> RecordBatch {
    let number = |value: fn(&Household) -> f64| -> ArrayRef {
        Arc::new(rows.iter().map(|row| value(row)).collect::<Float64Array>())
    };
    let text = |value: fn(&Household) -> &str| -> ArrayRef {
        Arc::new(rows.iter().map(|row| Some(value(row))).collect::<StringArray>())
    };
    RecordBatch::try_from_iter([
        ("value", number(|h| h.value)),
        ("weight", number(|h| h.weight)),
        ("county", text(|h| h.county)),
        ("village", text(|h| &h.village)),
    ])
    .unwrap()
}

/// A session over the rows in partitions and batches of these sizes.
fn session(rows: &[&Household], partitions: usize, each: usize) -> SessionContext {
    let config = SessionConfig::new().with_target_partitions(partitions).with_batch_size(each);
    let session = SessionContext::new_with_config(config);
    uplift_measures::engine::aggregate_functions().into_iter().for_each(|f| session.register_udaf(f));
    let batches: Vec<_> = rows.chunks(each).map(batch).collect();
    let mut parts = vec![Vec::new(); partitions];
    batches.iter().enumerate().for_each(|(n, batch)| parts[n % partitions].push(batch.clone()));
    let table = MemTable::try_new(batches[0].schema(), parts).unwrap();
    session.register_table("household", Arc::new(table)).unwrap();
    session
}

async fn ask(session: &SessionContext, sql: &str) -> RecordBatch {
    let batches = session.sql(sql).await.unwrap().collect().await.unwrap();
    arrow::compute::concat_batches(&batches[0].schema(), &batches).unwrap()
}

fn usual(needs: &[&str]) -> Vec<f64> {
    let usual = |name: &&str| match *name {
        "line" => 150.0,
        "alpha" => 1.5,
        "to" | "upper" => 0.9,
        _ => 0.1,
    };
    needs.iter().map(usual).collect()
}

fn number(column: &ArrayRef, row: usize) -> f64 {
    column.as_primitive::<Float64Type>().value(row)
}

#[tokio::test]
async fn measures_are_the_same_to_the_last_digit_however_rows_are_split() {
    let all = households();
    let straight: Vec<_> = all.iter().collect();
    let turned: Vec<_> = all.iter().rev().collect();
    for (rows, partitions, each) in [(&straight, 1, 8192), (&turned, 3, 100), (&straight, 7, 13)] {
        let session = session(rows, partitions, each);
        for (name, needs, make) in NAMED {
            let (arguments, conventions) = (usual(needs), Conventions::default());
            let more: String = arguments.iter().map(|a| format!(", {a}")).collect();
            let sql = format!(
                "SELECT county, {name}(value, weight{more}) FROM household GROUP BY county ORDER BY county"
            );
            let whole = format!("SELECT {name}(value, weight{more}) FROM household");
            let (grouped, whole) = (ask(&session, &sql).await, ask(&session, &whole).await);
            let measured = |within: &dyn Fn(&Household) -> bool| {
                let rows: Vec<_> = all.iter().filter(|h| within(h)).map(|h| (h.value, h.weight)).collect();
                let (values, weights): (Vec<f64>, Vec<f64>) = rows.into_iter().unzip();
                let distribution = Distribution::new(&values, &weights).unwrap();
                make(&arguments).value(&distribution, &conventions).unwrap().unwrap()
            };
            assert_eq!(number(whole.column(0), 0), measured(&|_| true), "{name}");
            for row in 0..3 {
                let county = grouped.column(0).as_string::<i32>().value(row);
                assert_eq!(number(grouped.column(1), row), measured(&|h| h.county == county), "{name}");
            }
        }
    }
}

#[tokio::test]
async fn what_cannot_be_measured_is_refused_with_the_reason() {
    let all = households();
    let session = session(&all.iter().collect::<Vec<_>>(), 2, 1000);
    for (sql, reason) in [
        ("SELECT gini(value / 0, weight) FROM household", "the value is"),
        ("SELECT gini(value, -weight) FROM household", "the weight is"),
        ("SELECT headcount_ratio(value, weight, 0) FROM household", "line"),
        ("SELECT headcount_ratio(value, weight, value) FROM household", "give every row the same"),
    ] {
        let answer = match session.sql(sql).await {
            Ok(frame) => frame.collect().await.map(|_| ()),
            Err(e) => Err(e),
        };
        let message = answer.unwrap_err().to_string();
        assert!(message.contains(reason), "{sql}: {message}");
    }
    let none = ask(&session, "SELECT gini(value, weight) FROM household WHERE value < 0").await;
    assert_eq!(none.column(0).null_count(), 1);
    let missing = "SELECT weighted_mean(nullif(value, value), weight) FROM household";
    assert_eq!(ask(&session, missing).await.column(0).null_count(), 1);
}
