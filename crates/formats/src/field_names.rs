//! The names of a dataset's fields as headings have them, with a unit behind and perhaps a group before.

use std::borrow::Cow;
use std::collections::HashMap;

use uplift_core::dataset::{Dataset, FEN_SUFFIX, Field, Kind};

use crate::unit::{fen_per, is_like_money, normal, scale};

/// Names, titles and columns of fields, each in the one form in which headings are compared.
#[derive(Debug)]
pub(crate) struct FieldNames {
    dataset: &'static Dataset,
    positions: HashMap<String, usize>,
    /// Whether a name has a digit; most cells that are no names do.
    any_digit: bool,
}

/// Bytes of the longest heading; texts above a table are longer.
const MAX_HEADING: usize = 300;

impl FieldNames {
    pub(crate) fn of_dataset(dataset: &'static Dataset) -> Self {
        let mut positions = HashMap::new();
        for (position, field) in dataset.fields.iter().enumerate() {
            let names = [field.name.as_str(), field.column(), &field.title.en, &field.title.zh];
            for name in names.into_iter().chain(field.aliases.iter().map(String::as_str)) {
                positions.entry(normal(name)).or_insert(position);
            }
        }
        let any_digit = positions.keys().any(|name| has_digit(name));
        Self { dataset, positions, any_digit }
    }

    /// The field of exactly this name.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        if has_digit(name) && !self.any_digit {
            return None;
        }
        self.positions.get(&normal(name)).copied()
    }

    /// The field that a heading means, and the unit in it; empty if it names none.
    pub(crate) fn find(&self, heading: &str) -> Option<(usize, String)> {
        if heading.len() > MAX_HEADING {
            return None;
        }
        let heading = without_remarks(heading);
        let heading = heading.as_ref();
        // Survey programs write the groups of a question before it: household/income, household.income.
        let after = |separator| heading.rsplit_once(separator).map(|(_, last): (_, &str)| last);
        let parts = [Some(heading), after('/'), after('.'), after('-')];
        parts.into_iter().flatten().filter(|part| !part.is_empty()).find_map(|part| self.find_part(part))
    }

    fn find_part(&self, part: &str) -> Option<(usize, String)> {
        if let Some(position) = self.position(part) {
            // A unit is part of the wire's name: amount_fen.
            let money = self.dataset.fields[position].kind == Kind::Money;
            let in_fen = money && part.to_ascii_lowercase().ends_with(FEN_SUFFIX);
            return Some((position, if in_fen { "fen" } else { "" }.to_owned()));
        }
        // The unit is what follows the name of a field: 金额（万元）, 金额/万元, Amount in 万元.
        let splits = part.char_indices().skip(1).map(|(at, _)| part.split_at(at));
        let named: Vec<_> = splits
            .filter_map(|(name, unit)| {
                let name = name.trim_end_matches(|c: char| c.is_whitespace() || is_joint(c));
                let position = self.position(name)?;
                let field = &self.dataset.fields[position];
                let numeric = matches!(field.kind, Kind::Money | Kind::Integer | Kind::Number);
                numeric.then_some((position, field, unit))
            })
            .collect();
        let known = |(_, field, unit): &&(usize, &Field, &str)| {
            !normal(unit).is_empty() && scale(field, unit).is_some()
        };
        // What is not known is a unit too where it is written as one, behind the longest name.
        let like_one = |(_, _, unit): &&(usize, &Field, &str)| {
            unit.trim_start().starts_with(is_opening) || fen_per(unit).is_some() || is_like_money(unit)
        };
        let (position, _, unit) = named.iter().find(known).or_else(|| named.iter().rev().find(like_one))?;
        let name = &part[..part.len() - unit.len()];
        // amount_fen（万元） contradicts itself.
        let in_fen = name.trim_end_matches(is_joint).to_ascii_lowercase().ends_with(FEN_SUFFIX);
        let unit = trimmed(unit);
        Some((*position, if in_fen && unit != "fen" { format!("fen, {unit}") } else { unit.to_owned() }))
    }
}

/// What offices write in brackets behind a name that is no unit and changes nothing.
const REMARKS: [&str; 16] = [
    "必填",
    "必填项",
    "必须填",
    "必须",
    "选填",
    "选填项",
    "可选",
    "可不填",
    "公历",
    "阳历",
    "小写",
    "年月日",
    "年/月/日",
    "required",
    "optional",
    "yyyy-mm-dd",
];

/// A heading without remarks in brackets: 日期（必填）, 日期（格式：2011-10-17）.
fn without_remarks(heading: &str) -> Cow<'_, str> {
    let is_remark = |inside: &str| {
        let inside = normal(inside);
        REMARKS.contains(&inside.as_str()) || inside.starts_with("格式") || inside.starts_with("format:")
    };
    let mut kept = Cow::Borrowed(heading);
    let mut from = 0;
    while let Some(open) = kept[from..].find(['(', '（', '[', '【']).map(|at| from + at) {
        let inside = open + kept[open..].chars().next().map_or(1, char::len_utf8);
        let Some(close) = kept[inside..].find([')', '）', ']', '】']).map(|at| inside + at) else { break };
        let end = close + kept[close..].chars().next().map_or(1, char::len_utf8);
        if is_remark(&kept[inside..close]) {
            kept.to_mut().replace_range(open..end, "");
            from = open;
        } else {
            from = end;
        }
    }
    kept
}

fn has_digit(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_digit())
}

fn is_opening(c: char) -> bool {
    matches!(c, '(' | '（' | '[' | '【' | '〔' | '{' | '/' | ':' | '：')
}

/// What may stand between a name and its unit.
fn is_joint(c: char) -> bool {
    is_opening(c) || matches!(c, ',' | '，' | '-' | '_')
}

/// A unit without what joins it to the name.
fn trimmed(unit: &str) -> &str {
    let around =
        |c: char| c.is_whitespace() || is_joint(c) || matches!(c, ')' | '）' | ']' | '】' | '〕' | '}');
    unit.trim_matches(around)
}
