//! Cells of files that people open in a spreadsheet: a text that would be run as a formula is written so that it
//! is shown, and read back as it was.

use std::borrow::Cow;

/// Signs that begin a formula.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠', '\u{feff}'];

/// Signs that are a mark for nothing where they stand alone, as -.
const DASH: [char; 4] = ['-', '+', '－', '＋'];

/// A cell that a spreadsheet shows as it is. Numbers with a sign stay numbers, and a dash stays a dash.
pub fn shown(cell: &str) -> Cow<'_, str> {
    let number = || cell.replace(',', "").parse::<f64>().is_ok();
    let dash = || cell.chars().all(|c| DASH.contains(&c));
    // A text that begins as a guarded one does is guarded too, so that reading gives it back.
    let guarded = cell.strip_prefix('\'').is_some_and(|rest| rest.starts_with(FORMULA));
    if guarded || (cell.starts_with(FORMULA) && !number() && !dash()) {
        format!("'{cell}").into()
    } else {
        cell.into()
    }
}

/// A cell without the sign that `shown` put before it.
pub fn read(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(FORMULA) || rest.starts_with('\'') => rest,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_is_shown_and_reads_back_as_it_was() {
        for cell in [
            "=1+1",
            "@SUM(A1)",
            "+cmd|' /C calc'!A0",
            "-x",
            "'=1",
            "plain",
            "-5",
            "1,234",
            "'quoted'",
            "",
            "-",
            "--",
            "'-",
        ] {
            let shown = shown(cell);
            assert_eq!(read(&shown), cell);
            let harmless = shown.parse::<f64>().is_ok() || shown.chars().all(|c| c == '-');
            assert!(!shown.starts_with(FORMULA) || harmless, "{shown}");
        }
    }
}
