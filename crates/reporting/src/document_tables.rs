//! What a document publishes and what its checks say, as tables for workbooks and files.

use rust_decimal::Decimal;
use uplift_core::language::Bilingual;
use uplift_core::printed::PrintedFigure;

use crate::document::{Cell, Column, Inline, Sentence, Table, TableRow};
use crate::reconciliation::{Check, Conflict, ConflictGroup, Misprint, Statement};

/// The relations between published figures with their verdicts.
pub(crate) fn checks_table(checks: &[Check]) -> Table {
    let row = |check: &Check| {
        let verdict = match check.verdict {
            "consistent" => Bilingual::new("consistent", "相符"),
            "inconsistent" => Bilingual::new("≠ inconsistent", "≠ 矛盾"),
            _ => Bilingual::new("undetermined", "无法判定"),
        };
        let cells = [check.kind.clone(), verdict, check.explanation.clone()];
        TableRow { label: check.title.clone(), cells: cells.map(text).into(), total: false }
    };
    table(
        "relations",
        Bilingual::new("Relations between published figures", "公布数据之间的勾稽关系"),
        Bilingual::new("Relation", "勾稽关系"),
        [("Kind", "类型"), ("Verdict", "判定"), ("Because", "依据")],
        checks.iter().map(row).collect(),
    )
}

/// What the relations say together.
pub(crate) fn conflicts_table(groups: &[ConflictGroup]) -> Table {
    let row = |conflict: &Conflict| {
        let words = |sign: &str, choose: &dyn Fn(&Bilingual) -> String| {
            let one = |m: &Misprint| format!("{}{sign}{}", choose(&m.title), choose(&m.needed));
            conflict.misprints.iter().map(one).collect::<Vec<_>>()
        };
        let misprints = Bilingual::new(
            words(": ", &|text| text.en.clone()).join("; "),
            words("：", &|text| text.zh.clone()).join("；"),
        );
        let cells = [misprints, same(&conflict.checks.join(", "))];
        TableRow { label: conflict.message.clone(), cells: cells.map(text).into(), total: false }
    };
    table(
        "conflicts",
        Bilingual::new("Figures that cannot all be true", "不可能同时成立的数据"),
        Bilingual::new("Figures and relations", "数据与勾稽关系"),
        [("One of these, misprinted, would explain it", "其中一项误印即可解释"), ("Relations", "勾稽编号")],
        groups.iter().flat_map(|group| &group.conflicts).map(row).collect(),
    )
}

/// The published figures.
pub(crate) fn statements_table(statements: &[Statement]) -> Table {
    let row = |statement: &Statement| {
        let cells = vec![
            printed(statement),
            text(statement.qualifier.clone()),
            text(statement.unit.clone()),
            text(statement.stands_for.clone()),
            text(same(&format!("{}, {}", statement.section, statement.locator))),
            text(same(statement.contradiction.as_deref().unwrap_or_default())),
        ];
        TableRow { label: statement.title.clone(), cells, total: false }
    };
    table(
        "statements",
        Bilingual::new("Published figures", "公布数据"),
        Bilingual::new("Figure", "数据"),
        [
            ("Printed", "原文"),
            ("Qualifier", "修饰词"),
            ("Unit", "单位"),
            ("Stands for", "可能取值"),
            ("Where", "位置"),
            ("Contradiction", "矛盾"),
        ],
        statements.iter().map(row).collect(),
    )
}

fn table<const N: usize>(
    id: &str,
    title: Bilingual,
    rows_head: Bilingual,
    columns: [(&str, &str); N],
    rows: Vec<TableRow>,
) -> Table {
    let column = |(en, zh): (&str, &str)| Column {
        title: Bilingual::new(en, zh),
        unit: Bilingual::default(),
        numeric: false,
    };
    Table {
        id: id.to_owned(),
        title: Sentence { en: vec![Inline::Text(title.en)], zh: vec![Inline::Text(title.zh)] },
        rows_head,
        columns: columns.into_iter().map(column).collect(),
        rows,
        left_out: None,
    }
}

fn same(text: &str) -> Bilingual {
    Bilingual::new(text, text)
}

/// A text; what is a number is one in a workbook too.
fn text(text: Bilingual) -> Cell {
    let number = text.en.replace(',', "").parse::<Decimal>();
    let value = number.ok().map(|number| number.normalize().to_string());
    Cell { text, value, unit: String::new(), figure: None, bar: None, marks: Vec::new() }
}

/// A figure as it is printed; what is a number is one in a workbook too.
fn printed(statement: &Statement) -> Cell {
    let number = match PrintedFigure::parse(&statement.printed) {
        Ok(PrintedFigure::Number(number)) => Some(number.value.normalize().to_string()),
        _ => None,
    };
    Cell { value: number, ..text(same(&statement.printed)) }
}
