//! States read back against those that were written.

use arrow::array::{Float64Array, StringArray};
use proptest::prelude::*;

use super::*;
use crate::clusters::Clusters;

fn cells(names: &Clusters, clusters: &[usize]) -> Cells {
    let named: Vec<_> =
        clusters.iter().map(|n| (format!("s{}", n % 3).into(), format!("c{n}").into())).collect();
    let count = clusters.len() as u32;
    Cells::all_in_one(names.numbers(&named), count)
}

fn totals(numbers: &[f64]) -> Totals {
    let (upper, lower) = (numbers.iter().copied().collect(), numbers.iter().map(|n| n / 3.0).collect());
    Totals { upper, lower, people: numbers.len() as u64, rows: 1 }
}

proptest! {
    #[test]
    fn rows_are_those_of_the_clusters_that_they_were_of(
        met in prop::collection::hash_set(0usize..90, 1..40), rows in prop::collection::vec((0usize..40, 0u8..5, 0u8..3), 0..200),
    ) {
        let clusters: Vec<usize> = met.into_iter().collect();
        // Another process meets clusters in another order.
        let (names, others) = (Clusters::default(), Clusters::default());
        let cells = cells(&names, &clusters);
        others.numbers(&(0..90).rev().map(|n| (format!("s{}", n % 3).into(), format!("c{n}").into())).collect::<Vec<_>>());
        let row = |(cell, value, weight): &(usize, u8, u8)| Row {
            value: f64::from(*value) - 0.0, weight: f64::from(*weight), cluster: cells.clusters[cell % clusters.len()],
        };
        let mut of_group: Vec<Row> = rows.iter().map(row).collect();
        of_group.sort_unstable_by(order);
        let state = State { content: Content::Rows(vec![Arc::new(of_group.clone())]), failed: [3].into() };
        let bytes = state.to_bytes(Some(&cells)).unwrap();
        let again = crate::cells::bytes::read(&crate::cells::bytes::write(&cells, &names), &others).unwrap();
        let read = State::from_bytes(&bytes, Some(&again)).unwrap();
        prop_assert_eq!(&read.failed, &state.failed);
        let Content::Rows(groups) = &read.content else { panic!("{read:?}") };
        prop_assert!(groups[0].is_sorted_by(|a, b| order(a, b).is_le()));
        let named = |rows: &[Row], names: &Clusters| {
            let clusters: Vec<u32> = rows.iter().map(|row| row.cluster).collect();
            let mut told: Vec<_> = rows.iter().zip(names.named(&clusters)).map(|(row, name)| (row.value.to_bits(), row.weight.to_bits(), name)).collect();
            told.sort();
            told
        };
        prop_assert_eq!(named(&groups[0], &others), named(&of_group, &names));
        for cut in 0..bytes.len() {
            prop_assert!(State::from_bytes(&bytes[..cut], Some(&again)).is_none());
        }
    }

    #[test]
    fn totals_are_those_that_were_written(
        groups in prop::collection::vec(prop::option::of(prop::collection::vec(prop::num::f64::NORMAL, 0..3)), 0..5),
        of_cells in prop::collection::vec(prop::option::of(prop::collection::vec(-1e6..1e6, 0..4)), 0..20),
    ) {
        let groups: Vec<_> = groups.iter().map(|numbers| numbers.as_deref().map(totals)).collect();
        let of_cells: Vec<_> = of_cells.iter().chain(&[Some(vec![1e300, 1e-300])]).map(|numbers| numbers.as_deref().map(totals)).collect();
        let state = State { content: Content::Totals(groups.clone(), CellTotals::new(&of_cells)), ..State::default() };
        let bytes = state.to_bytes(None).unwrap();
        let read = State::from_bytes(&bytes, None).unwrap();
        let (Content::Totals(read, cells), Content::Totals(_, were)) = (&read.content, &state.content) else { panic!("{read:?}") };
        prop_assert_eq!(read, &groups);
        for cell in 0..of_cells.len() as u32 {
            prop_assert_eq!(cells.has(cell), were.has(cell));
            let sums = |totals: &CellTotals| {
                let (mut upper, mut lower) = Default::default();
                totals.add_to(cell, &mut upper, &mut lower);
                (upper, lower)
            };
            prop_assert_eq!(sums(cells), sums(were));
        }
        for cut in 0..bytes.len() {
            prop_assert!(State::from_bytes(&bytes[..cut], None).is_none());
        }
    }

    #[test]
    fn other_bytes_are_no_state(bytes in prop::collection::vec(0u8..4, 0..200)) {
        let names = Clusters::default();
        let cells = cells(&names, &[1, 2, 3]);
        State::from_bytes(&bytes, Some(&cells));
        crate::cells::bytes::read(&bytes, &names);
        crate::groups::bytes::read(&bytes);
    }
}

#[test]
fn columns_of_the_engine_are_those_that_were_written() {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Float64Array::from(vec![Some(1.5), None])),
        Arc::new(StringArray::from(vec![None, Some("渝中区")])),
    ];
    for columns in [columns, Vec::new()] {
        let state = State { content: Content::Engine(columns.clone()), ..State::default() };
        let read = State::from_bytes(&state.to_bytes(None).unwrap(), None).unwrap();
        assert!(matches!(&read.content, Content::Engine(read) if *read == columns), "{read:?}");
    }
}

#[test]
fn columns_that_share_the_bytes_that_they_were_read_from_count_once() {
    let numbers = |from: usize| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values((from..from + 10_000).map(|n| n as f64)))
    };
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values((0..10_000).map(|n| format!("h{n}"))));
    let columns = vec![numbers(0), numbers(7), texts, numbers(9), numbers(11), numbers(13)];
    let written = State { content: Content::Engine(columns), ..State::default() };
    let read = State::from_bytes(&written.to_bytes(None).unwrap(), None).unwrap();
    assert!(read.size().abs_diff(written.size()) < written.size() / 10, "{} {}", read.size(), written.size());
}
