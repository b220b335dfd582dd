//! Marks that stand for a value that is not known.

/// What people and programs write where they know nothing.
const MARKS: [&str; 21] = [
    "na", "n/a", "#n/a", "nan", "null", "none", "nil", "-", "--", "—", "——", "–", "/", ".", "..", "?", "无",
    "空", "不详", "#div/0!", "#value!",
];

/// Other errors of spreadsheets.
const ERRORS: [&str; 4] = ["#ref!", "#name?", "#num!", "#null!"];

/// Whether a text is such a mark.
pub(crate) fn is_missing_mark(text: &str) -> bool {
    // Every mark is short and has no digit but in one: most cells are not compared.
    let may_be_mark = text.len() <= 9 && (text.starts_with('#') || !text.bytes().any(|b| b.is_ascii_digit()));
    may_be_mark && MARKS.iter().chain(&ERRORS).any(|mark| mark.eq_ignore_ascii_case(text))
}
