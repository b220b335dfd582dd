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
    // Every mark is short: most cells are not compared.
    text.len() <= 9 && {
        let text = text.to_lowercase();
        MARKS.contains(&text.as_str()) || ERRORS.contains(&text.as_str())
    }
}
