//! Why a row was rejected, as reported to its sender.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing wrong with one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// Row as sent, counted from 1.
    pub row: i64,
    /// Field at fault, as the sender calls it; empty for the row as a whole.
    pub field: String,
    /// Rule that the row breaks.
    pub rule: Rule,
    /// The value as sent, shortened.
    pub value: String,
    /// What is wrong and what to write instead.
    pub message: String,
}

/// The rules that rows can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// An empty value where one is needed.
    Required,
    /// A value that is not of its field's kind or format.
    Format,
    /// A number outside its limits.
    Range,
    /// A code that is not on the list.
    Code,
    /// A field that the dataset does not have.
    UnknownField,
    /// The key of another row.
    DuplicateKey,
    /// A rule over several fields.
    RowRule,
    /// A rule over several records.
    SetRule,
    /// A record that was never submitted.
    Reference,
    /// An area outside of what the submission reports for.
    OutsideArea,
    /// A date or a year outside of what the submission reports for.
    OutsidePeriod,
}

/// Characters of a value that are shown.
const MAX_VALUE: usize = 200;

/// Characters of a message: it may quote a value or list codes.
const MAX_MESSAGE: usize = 600;

/// Stands for a value that is not shown.
const MASK: &str = "•••";

/// Rejected rows whose reasons are kept; further ones are counted.
pub const MAX_EXPLAINED: usize = 10_000;

impl Rejection {
    /// A rejection of a row, counted from 1.
    pub fn new(row: i64, field: &str, rule: Rule, value: &str, message: impl fmt::Display) -> Self {
        let mut message = message.to_string();
        if let Cow::Owned(short) = shortened(&message, MAX_MESSAGE) {
            message = short;
        }
        Self { row, field: field.to_owned(), rule, value: shortened(value, MAX_VALUE).into_owned(), message }
    }

    /// The same without the value, of which it says only that it was there: it tells of one person.
    pub fn masked(self) -> Self {
        let quoted = self.message.strip_prefix('"').and_then(|rest| rest.rsplit_once('"'));
        let message = match quoted {
            Some((_, rest)) => format!("the value{rest}"),
            None if self.value.is_empty() => self.message,
            None => without(&self.message, self.value.trim_end_matches('…')),
        };
        let value = if self.value.is_empty() { String::new() } else { MASK.to_owned() };
        Self { value, message, ..self }
    }

    /// Where the row stands among rows counted from 0.
    pub fn index(&self) -> usize {
        (self.row - 1).unsigned_abs() as usize
    }
}

/// A message without a value, where it stands as a word: a short one may be part of any other.
fn without(message: &str, value: &str) -> String {
    let mut shown = String::new();
    let mut rest = message;
    while let Some(at) = rest.find(value).filter(|_| !value.is_empty()) {
        let (before, after) = (&rest[..at], &rest[at + value.len()..]);
        let is_word = |c: char| c.is_ascii_alphanumeric();
        let begins = !before.ends_with(is_word) || !value.starts_with(is_word);
        let ends = !after.starts_with(is_word) || !value.ends_with(is_word);
        shown.push_str(before);
        if begins && ends {
            shown.push_str(MASK);
            rest = after;
        } else {
            let first = value.chars().next().map_or(0, char::len_utf8);
            shown.push_str(&rest[at..at + first]);
            rest = &rest[at + first..];
        }
    }
    shown + rest
}

/// A text cut to a number of characters, with a sign that it was cut.
pub fn shortened(text: &str, characters: usize) -> Cow<'_, str> {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

/// The rows of a batch that were rejected, with the reasons of the first so many: what a sender corrects
/// is a matter of few, and a file of millions of faults must not cost a hundred times its size.
#[derive(Debug, Default)]
pub struct Rejections {
    /// Whether the row at this index is rejected; rows beyond the end are not.
    rejected: Vec<bool>,
    /// By row, counted from 1.
    reasons: BTreeMap<i64, Vec<Rejection>>,
}

impl Rejections {
    /// Rejects the row at an index counted from 0. Of each field only the first fault counts, and none
    /// after one of the row as a whole: what follows from a fault is not another.
    pub fn reject<M: fmt::Display>(
        &mut self,
        index: usize,
        field: &str,
        rule: Rule,
        fault: impl FnOnce() -> (String, M),
    ) {
        let row = index as i64 + 1;
        if self.rejected.len() <= index {
            self.rejected.resize(index + 1, false);
        }
        self.rejected[index] = true;
        if self.reasons.len() >= MAX_EXPLAINED && !self.reasons.contains_key(&row) {
            return;
        }
        let reasons = self.reasons.entry(row).or_default();
        if reasons.iter().all(|r| r.field != field && !r.field.is_empty()) {
            let (value, message) = fault();
            reasons.push(Rejection::new(row, field, rule, &value, message));
        }
    }

    /// Adds those of the rows that follow so many.
    pub fn append(&mut self, rows: usize, following: Self) {
        self.rejected.resize(rows, false);
        self.rejected.extend(following.rejected);
        for (row, mut reasons) in following.reasons {
            if self.reasons.len() >= MAX_EXPLAINED {
                return;
            }
            let row = row + rows as i64;
            reasons.iter_mut().for_each(|reason| reason.row = row);
            self.reasons.insert(row, reasons);
        }
    }

    /// Whether the row at an index is rejected.
    pub fn contains(&self, index: usize) -> bool {
        self.rejected.get(index).copied().unwrap_or_default()
    }

    /// The reasons, in the order of rows.
    pub fn reasons_mut(&mut self) -> impl Iterator<Item = &mut Rejection> {
        self.reasons.values_mut().flatten()
    }

    /// Puts the reasons of each row into the order of its fields.
    pub fn sort_by_field(&mut self, position: impl Fn(&str) -> Option<usize>) {
        self.reasons.values_mut().for_each(|reasons| reasons.sort_by_key(|r| position(&r.field)));
    }

    /// The reasons, in the order of rows.
    pub fn into_reasons(self) -> Vec<Rejection> {
        self.reasons.into_values().flatten().collect()
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Required => "required",
            Self::Format => "format",
            Self::Range => "range",
            Self::Code => "code",
            Self::UnknownField => "unknown_field",
            Self::DuplicateKey => "duplicate_key",
            Self::RowRule => "row_rule",
            Self::SetRule => "set_rule",
            Self::Reference => "reference",
            Self::OutsideArea => "outside_area",
            Self::OutsidePeriod => "outside_period",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_fault_of_a_field_is_told_once_and_reasons_end_where_counting_goes_on() {
        let mut rejections = Rejections::default();
        for (index, field) in [(0, "a"), (0, "a"), (0, "b"), (2, ""), (2, "a")] {
            rejections.reject(index, field, Rule::Format, || ("x".repeat(300), "is wrong"));
        }
        assert!(rejections.contains(0) && !rejections.contains(1) && rejections.contains(2));
        for index in 3..MAX_EXPLAINED + 10 {
            rejections.reject(index, "a", Rule::Format, || (String::new(), "is wrong"));
        }
        assert!(rejections.contains(MAX_EXPLAINED + 9));
        let reasons = rejections.into_reasons();
        assert_eq!(reasons.len(), MAX_EXPLAINED + 1);
        let told: Vec<_> = reasons[..3].iter().map(|r| (r.row, r.field.as_str())).collect();
        assert_eq!(told, [(1, "a"), (1, "b"), (3, "")]);
        assert_eq!(reasons[0].value.chars().count(), MAX_VALUE + 1);
    }

    #[test]
    fn a_short_value_is_masked_where_it_stands_as_a_word() {
        let told = |value, message| {
            Rejection::new(1, "guarantor_id", Rule::SetRule, value, message).masked().message
        };
        assert_eq!(told("a", "a is not a member"), "••• is not ••• member");
        assert_eq!(told("e", "is not a member on that day"), "is not a member on that day");
        assert_eq!(told("张三", "张三不是社员"), "•••不是社员");
        assert_eq!(told("A1", "BA1 and A1, A12"), "BA1 and •••, A12");
    }

    #[test]
    fn a_masked_reason_tells_what_is_wrong_and_not_what_was_written() {
        let reason = |value, message| Rejection::new(1, "person_id", Rule::Format, value, message).masked();
        let quoted = reason("张三", "\"张三\" is not an identifier: write letters");
        assert_eq!(quoted.message, "the value is not an identifier: write letters");
        assert_eq!(quoted.value, MASK);
        assert_eq!(reason("H-1", "H-1 is not a known household").message, "••• is not a known household");
        assert_eq!(reason("", "is required").message, "is required");
    }
}
