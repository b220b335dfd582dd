//! Documents of many figures: the search ends, whatever there is to find.

use rust_decimal::Decimal;
use uplift_core::expression::Expression;
use uplift_core::interval::{Bound, Interval};
use uplift_core::verdict::Relation;
use uplift_reconciliation::{Figure, System, Tie, find};

const EFFORT: usize = 5_000_000;

fn figure(id: String, value: i64) -> Figure {
    Figure {
        id,
        printed: Some(Interval::exact(value.into())),
        possible: Interval::from(Bound::closed(Decimal::ZERO)),
    }
}

fn tie(id: String, figure: &str, expression: &str) -> Tie {
    Tie {
        id,
        figure: figure.to_owned(),
        relation: Relation::Equals,
        expression: Expression::parse(expression).expect("an expression"),
    }
}

/// A table with totals of its rows and columns, of which some cells are misprinted.
fn table(rows: usize, columns: usize, misprints: &[(usize, usize)]) -> System {
    let (mut figures, mut ties) = (Vec::new(), Vec::new());
    let cell = |row: usize, column: usize| format!("c{row}.{column}");
    let value = |row: usize, column: usize| (row * 37 + column * 11 + 5) as i64;
    for row in 0..rows {
        let names: Vec<_> = (0..columns).map(|column| cell(row, column)).collect();
        for (column, name) in names.iter().enumerate() {
            let misprint = if misprints.contains(&(row, column)) { 1_000 } else { 0 };
            figures.push(figure(name.clone(), value(row, column) + misprint));
        }
        let total = format!("row{row}");
        figures.push(figure(total.clone(), (0..columns).map(|column| value(row, column)).sum()));
        ties.push(tie(format!("t.{total}"), &total, &names.join(" + ")));
    }
    for column in 0..columns {
        let names: Vec<_> = (0..rows).map(|row| cell(row, column)).collect();
        let total = format!("column{column}");
        figures.push(figure(total.clone(), (0..rows).map(|row| value(row, column)).sum()));
        ties.push(tie(format!("t.{total}"), &total, &names.join(" + ")));
    }
    System::new(figures, ties)
}

#[test]
fn of_a_table_the_cell_that_both_its_totals_contradict_is_named_first() {
    let findings = find(table(12, 6, &[(3, 4)]), EFFORT);
    let [group] = findings.groups.as_slice() else { panic!("{findings:?}") };
    let [explanation] = group.explanations.as_slice() else { panic!("{group:?}") };
    let [misprint] = explanation.misprints.as_slice() else { panic!("{explanation:?}") };
    assert_eq!(misprint.figure, "c3.4");
    assert!(misprint.needed.contains(&Interval::exact((3 * 37 + 4 * 11 + 5).into())), "{}", misprint.needed);
}

#[test]
fn a_search_in_a_large_document_ends_and_says_so() {
    // Every row and column is wrong somewhere: more conflicts than anybody would list.
    let misprints: Vec<_> = (0..30).map(|n| (n, n % 20)).collect();
    let findings = find(table(60, 20, &misprints), EFFORT);
    assert!(!findings.is_complete);
    for conflict in findings.groups.iter().flat_map(|group| &group.conflicts) {
        assert!(conflict.figures.len() <= 61, "no more than the parts of one total: {conflict:?}");
    }
}
