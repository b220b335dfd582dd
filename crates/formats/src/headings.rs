//! Headings of a file to fields of a dataset: names and titles recognised, units applied that agree.

use rust_decimal::Decimal;
use uplift_core::dataset::{Dataset, Field, Kind};
use uplift_core::error::{Error, FieldViolation, Result};
use uplift_core::nearest::nearest;

use crate::field_names::FieldNames;
use crate::sheet::UnitAbove;
use crate::unit::{normal, scale};

/// Heading of the column of reasons in a file of rejected rows.
pub(crate) const REASON: &str = "reason 原因";

/// One column of a file and the field that it fills.
#[derive(Debug)]
pub(crate) struct MappedColumn {
    /// Position among the dataset's fields.
    pub(crate) field: usize,
    /// The heading as the file has it.
    pub(crate) heading: String,
    /// The unit that the file is in; empty for the one that the field's documentation names.
    pub(crate) unit: String,
    /// Whether the heading or the sender names it, so that no other line of the file can mean this column.
    pub(crate) has_own_unit: bool,
    /// What one unit of the file is worth in the field's own unit.
    pub(crate) scale: Decimal,
}

/// What a column is.
#[derive(Debug)]
pub(crate) enum Column {
    Field(MappedColumn),
    /// It fills no field, as a row number or what a survey program adds.
    Ignored,
    /// It has no heading, and nothing must be below it.
    Unnamed,
    /// The reasons of rejected rows.
    Reason,
}

/// What the sender says about columns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Declared<'d> {
    /// Units of columns: field or heading, and unit.
    pub(crate) units: &'d [(String, String)],
    /// What is above the table about the unit.
    pub(crate) above: &'d UnitAbove,
    /// Columns that fill no field.
    pub(crate) ignored: &'d [String],
}

/// Columns that offices and survey programs add: they fill no field.
const IGNORED: [&str; 24] = [
    "序号",
    "行号",
    "no",
    "no.",
    "#",
    "备注",
    "remarks",
    "remark",
    "start",
    "end",
    "today",
    "deviceid",
    "subscriberid",
    "simid",
    "simserial",
    "phonenumber",
    "username",
    "instanceid",
    "instancename",
    "submissiondate",
    "submittername",
    "formversion",
    "key",
    "uuid",
];

/// What each column is. A heading may be a field's name or either title, with its unit, and with the group before it
/// that a survey program writes.
pub(crate) fn map_headings(
    dataset: &Dataset,
    names: &FieldNames,
    headings: &[String],
    declared: Declared<'_>,
    constants: &[&MappedColumn],
) -> Result<Vec<Column>> {
    let mut violations = Vec::new();
    let mut columns: Vec<Column> = Vec::new();
    // Columns that are there, and are wrong otherwise.
    let mut faulty = Vec::new();
    for (index, heading) in headings.iter().enumerate() {
        let column = map_heading(dataset, names, index, heading, declared).unwrap_or_else(|violation| {
            violations.push(violation);
            faulty.extend(names.find(heading).map(|(position, _)| position));
            Column::Ignored
        });
        if let Column::Field(column) = &column
            && let Some(other) = fields(&columns).find(|other| other.field == column.field)
        {
            let name = &dataset.fields[column.field].name;
            let message = match other.heading == *heading {
                true => format!("is there twice, for {name}; keep one"),
                false => format!("is a second column for {name}, beside {:?}; keep one", other.heading),
            };
            violations.push(violation(heading, message));
        }
        columns.push(column);
    }
    if fields(&columns).next().is_none() && faulty.is_empty() {
        let row = uplift_core::rejection::shortened(&headings.join(" | "), 200).into_owned();
        let message = format!(
            "has no headings of {}: its first row is {row:?}; write one of the titles over each column, \
             and one separator (, ; tab or |) between cells",
            dataset.name
        );
        return Err(Error::invalid_field("file", message));
    }
    for (index, field) in dataset.fields.iter().enumerate() {
        let is_constant = constants.iter().any(|constant| constant.field == index);
        if let Some(column) = fields(&columns).find(|column| is_constant && column.field == index) {
            let message = format!(
                "is a column of the file, {:?}; leave out the constant, or ignore the column",
                column.heading
            );
            violations.push(FieldViolation::new(format!("constants[{:?}]", field.name), message));
        }
        let is_there =
            is_constant || faulty.contains(&index) || fields(&columns).any(|column| column.field == index);
        if field.required && !is_there {
            let message = format!(
                "is missing; add a column {:?} or {:?}, or say what every row holds (--set {}=…)",
                field.title.zh, field.name, field.name
            );
            violations.push(FieldViolation::new(format!("file, column {}", field.name), message));
        }
    }
    violations.extend(undeclarable(names, headings, declared));
    if violations.is_empty() { Ok(columns) } else { Err(Error::invalid(violations)) }
}

/// The columns that fill fields.
pub(crate) fn fields(columns: &[Column]) -> impl Iterator<Item = &MappedColumn> {
    columns.iter().filter_map(|column| if let Column::Field(column) = column { Some(column) } else { None })
}

/// Units and columns that the sender names and the file does not have.
fn undeclarable(names: &FieldNames, headings: &[String], declared: Declared<'_>) -> Vec<FieldViolation> {
    let mut violations = Vec::new();
    let position = |name: &str| {
        let in_heading = || headings.iter().find(|h| *h == name).and_then(|h| Some(names.find(h)?.0));
        names.position(name).or_else(in_heading)
    };
    for (n, (name, _)) in declared.units.iter().enumerate() {
        let field = position(name);
        let same = |(other, _): &&(String, String)| field.is_some() && position(other) == field;
        if let Some((other, _)) = declared.units[..n].iter().find(same) {
            let message = format!("{other:?} and {name:?} are one column; give it one unit");
            violations.push(FieldViolation::new("units", message));
        }
        if field.is_none() && !headings.contains(name) {
            violations.push(FieldViolation::new("units", format!("{name:?} is not a column of the file")));
        }
    }
    for name in declared.ignored.iter().filter(|name| !headings.contains(name)) {
        let message = format!("{name:?} is not a column of the file");
        violations.push(FieldViolation::new("ignored_columns", message));
    }
    violations
}

fn violation(heading: &str, message: impl std::fmt::Display) -> FieldViolation {
    FieldViolation::new(format!("file, column {heading:?}"), message)
}

/// What a column is, or what is wrong with it.
pub(crate) fn map_heading(
    dataset: &Dataset,
    names: &FieldNames,
    index: usize,
    heading: &str,
    declared: Declared<'_>,
) -> Result<Column, FieldViolation> {
    if heading.is_empty() {
        // A program's own row numbers come first, without a name.
        return Ok(if index == 0 { Column::Ignored } else { Column::Unnamed });
    }
    if heading == REASON {
        return Ok(Column::Reason);
    }
    if declared.ignored.iter().any(|name| name == heading) {
        return Ok(Column::Ignored);
    }
    let Some((index, unit)) = names.find(heading) else {
        let last = heading.rsplit('/').next().unwrap_or(heading);
        if heading.starts_with('_') || IGNORED.contains(&normal(last).as_str()) {
            return Ok(Column::Ignored);
        }
        let titles = || dataset.fields.iter().flat_map(|f| [&f.title.zh, &f.title.en, &f.name]);
        let near = nearest(heading, titles().map(String::as_str));
        let near = near.map(|near| format!(" (did you mean {near:?}?)")).unwrap_or_default();
        let titles_zh: Vec<_> = dataset.fields.iter().map(|f| f.title.zh.as_str()).collect();
        let message = format!(
            "is not a field of {}{near}; correct it, or name it as one to ignore (--ignore); the columns are {}",
            dataset.name,
            titles_zh.join(", ")
        );
        return Err(violation(heading, message));
    };
    let field = &dataset.fields[index];
    let given = given_unit(index, names, heading, declared);
    let has_own_unit = given.is_some() || !unit.is_empty();
    let unit = agreed_unit(field, given, heading, &unit, declared)?;
    let Some(scale) = scale(field, &unit) else {
        let message = match field.kind {
            Kind::Money => {
                format!("{unit:?} is not a unit of yuan; write 分, 元, 千元, 万元, 百万元 or 亿元")
            }
            _ if field.unit.is_empty() => format!("{unit:?} is given as a unit, and this column has none"),
            _ => format!("{unit:?} is not a unit of this column, which is in {}", field.unit),
        };
        return Err(violation(heading, message));
    };
    Ok(Column::Field(MappedColumn { field: index, heading: heading.to_owned(), unit, has_own_unit, scale }))
}

/// The unit that the sender gives for a column.
fn given_unit<'d>(
    position: usize,
    names: &FieldNames,
    heading: &str,
    declared: Declared<'d>,
) -> Option<&'d str> {
    let named = |name: &str| names.position(name) == Some(position) || name == heading;
    declared.units.iter().find(|(name, _)| named(name)).map(|(_, unit)| unit.as_str())
}

/// The unit of a column: what its heading, the line above the table and the sender say must be one.
fn agreed_unit(
    field: &Field,
    given: Option<&str>,
    heading: &str,
    own: &str,
    declared: Declared<'_>,
) -> Result<String, FieldViolation> {
    let above = declared.above.unit.as_deref().filter(|_| field.kind == Kind::Money);
    let said = [
        Some(("its heading", own)).filter(|(_, unit)| !unit.is_empty()),
        above.map(|unit| ("the line above the table", unit)),
        given.map(|unit| ("the sender", unit)),
    ];
    // What is open above counts only where nothing nearer decides.
    if let Some(doubt) = declared.above.doubts.first()
        && field.kind == Kind::Money
        && own.is_empty()
        && given.is_none()
    {
        let message = format!(
            "has no unit, and {doubt}; write it into the heading, or give it (--unit {heading}=万元)"
        );
        return Err(violation(heading, message));
    }
    let mut said = said.into_iter().flatten();
    let Some((first, unit)) = said.next() else { return Ok(String::new()) };
    for (other, another) in said {
        if scale(field, unit) != scale(field, another) {
            let message = format!("{first} gives the unit {unit}, and {other} gives {another}; correct one");
            return Err(violation(heading, message));
        }
    }
    Ok(unit.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(headings: &[&str], units: &[(&str, &str)], above: Option<&str>) -> Result<Vec<(String, Decimal)>> {
        let dataset = uplift_proto::dataset::find("fund_flow").unwrap();
        let rest = ["flow_id", "日期", "类型", "资金来源", "地区代码"];
        let headings: Vec<_> = rest.iter().chain(headings).map(|h| (*h).to_owned()).collect();
        let units: Vec<_> = units.iter().map(|(n, u)| ((*n).to_owned(), (*u).to_owned())).collect();
        let names = FieldNames::of_dataset(dataset);
        let above = UnitAbove { unit: above.map(str::to_owned), ..UnitAbove::default() };
        let declared = Declared { units: &units, above: &above, ignored: &[] };
        let columns = map_headings(dataset, &names, &headings, declared, &[])?;
        let name = |c: &MappedColumn| dataset.fields[c.field].name.clone();
        Ok(fields(&columns).skip(rest.len()).map(|c| (name(c), c.scale)).collect())
    }

    #[test]
    fn a_heading_is_known_with_its_unit_however_it_is_written() {
        for (heading, yuan) in [
            ("金额", "1"),
            ("amount", "1"),
            ("Amount", "1"),
            ("金额（元）", "1"),
            ("金额（万元）", "10000"),
            ("金额（单位：万元）", "10000"),
            ("金额/万元", "10000"),
            ("金额[万元]", "10000"),
            ("金额 （万元）", "10000"),
            ("金额(万)", "10000"),
            ("金额\n（万元）", "10000"),
            ("金 额（万元）", "10000"),
            ("金额：万元", "10000"),
            ("金额（万元)", "10000"),
            ("Amount (万元)", "10000"),
            ("金额（人民币万元）", "10000"),
            ("金额万元", "10000"),
            ("金额【万元】", "10000"),
            ("Amount (10,000 yuan)", "10000"),
            ("Amount in 万元", "10000"),
            ("金额*（万元）", "10000"),
            ("amount_fen", "0.01"),
            ("Amount, million yuan", "1000000"),
            ("funds/amount", "1"),
            ("资金/金额（万元）", "10000"),
            ("金额（必填）（万元）", "10000"),
            ("金额（万元）【必填】", "10000"),
            ("金额(￥万元)", "10000"),
            ("金额（必填）", "1"),
        ] {
            let fen = yuan.parse::<Decimal>().unwrap() * Decimal::ONE_HUNDRED;
            let expected = ("amount_fen".to_owned(), fen.normalize());
            let mapped = map(&[heading], &[], None).unwrap_or_else(|e| panic!("{heading:?}: {e}"));
            assert_eq!(
                mapped.iter().map(|(n, s)| (n.clone(), s.normalize())).collect::<Vec<_>>(),
                [expected],
                "{heading:?}"
            );
        }
    }

    #[test]
    fn units_that_contradict_each_other_or_are_not_known_are_refused() {
        for (heading, units, above) in [
            ("金额（元）", &[("amount", "万元")][..], None),
            ("金额", &[("金额", "万元")], Some("元")),
            ("金额（元）", &[], Some("万元")),
            ("金额（万美元）", &[], None),
            ("金额（美元）", &[], None),
            ("金额", &[("amount", "贯")], None),
            ("金额", &[("amount", "万元"), ("金额", "元")], None),
            ("金额", &[("budget", "万元")], None),
            ("数目", &[], None),
        ] {
            assert!(map(&[heading], units, above).is_err(), "{heading:?} {units:?} {above:?}");
        }
        for (heading, units, above) in [
            ("金额", &[("amount_fen", "万元")][..], Some("万元")),
            ("金额（万元）", &[("金额（万元）", "万")], Some("10,000 yuan")),
        ] {
            assert!(map(&[heading], units, above).is_ok(), "{heading:?} {units:?} {above:?}");
        }
    }

    #[test]
    fn columns_of_survey_programs_are_passed_over_and_others_are_not() {
        let extra = ["金额", "_id", "_submission_time", "meta/instanceID", "start", "序号", "备注", ""];
        assert_eq!(map(&extra, &[], None).unwrap().len(), 1);
        let refused = map(&["金额", "到期曰"], &[], None).unwrap_err().message;
        assert!(refused.contains("到期日"), "{refused}");
        assert!(map(&["金额", "金额"], &[], None).unwrap_err().message.contains("twice"));
    }
}
