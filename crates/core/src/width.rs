//! Full-width characters, as Chinese input methods write letters, digits and signs.

use std::borrow::Cow;

/// A text with full-width letters, digits and signs as their half-width forms: １２．５ is 12.5.
pub fn half_width(text: &str) -> Cow<'_, str> {
    const FULL_WIDTH: std::ops::RangeInclusive<char> = '！'..='～';
    let is_full = |c: char| FULL_WIDTH.contains(&c) || c == '\u{3000}';
    if text.is_ascii() || !text.contains(is_full) {
        return text.into();
    }
    let half = |c: char| match c {
        '\u{3000}' => ' ',
        // The two blocks are in the same order.
        c if FULL_WIDTH.contains(&c) => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c,
    };
    text.chars().map(half).collect()
}
