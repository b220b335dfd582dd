//! Texts as pages can show them: a character that no font has, or that archives refuse, must not cost the whole page.

use serde_json::Value;

use crate::fonts::Fonts;

/// Stands for a character that cannot be shown, as printers in East Asia use it (U+3013).
const REPLACEMENT: char = '〓';

/// Every text of the data with characters that can be shown.
pub(crate) fn printable(data: &mut Value, fonts: &Fonts) {
    match data {
        Value::String(text) => {
            if !text.is_ascii() || text.contains(|c: char| c.is_control()) {
                *text = text.chars().filter_map(|c| shown(c, fonts)).collect();
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| printable(value, fonts)),
        Value::Object(fields) => fields.values_mut().for_each(|value| printable(value, fonts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What is shown of a character: nothing of those that only direct others, as marks of direction and variants.
fn shown(c: char, fonts: &Fonts) -> Option<char> {
    match c {
        '\n' | ' '..='~' => Some(c),
        '\t' | '\u{b}'..='\r' => Some(' '),
        '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' => None,
        '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}' => None,
        // Of private use: each font has something else there.
        '\u{e000}'..='\u{f8ff}' | '\u{f0000}'.. => Some(REPLACEMENT),
        c if c.is_control() => Some(REPLACEMENT),
        c if fonts.have(c) => Some(c),
        _ => Some(REPLACEMENT),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_no_font_has_is_replaced_and_what_only_directs_is_left_out() {
        let fonts = Fonts::installed().expect("the fonts that .ci/setup installs");
        let mut data = json!({ "a": ["13.36亿元 ≠ †", "◂\u{e000}\u{7}x\u{202e}y\tz"], "n": 1 });
        printable(&mut data, fonts);
        assert_eq!(data, json!({ "a": ["13.36亿元 ≠ †", "〓〓〓xy z"], "n": 1 }));
    }
}
