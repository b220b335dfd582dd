//! Numbers that tell who somebody is, found in a text: those of Chinese identity cards and telephones.

use std::borrow::Cow;

use chrono::NaiveDate;

/// What stands in place of such a number.
pub const MASK: &str = "***";

/// Digits of an identity number: the present one, whose last may be an X, and the one until 1999.
const IDENTITY: usize = 18;
const OLD_IDENTITY: usize = 15;
/// Digits of a mobile telephone, and what stands before it for China.
const MOBILE: usize = 11;
const CHINA: &[u8] = b"86";

/// Signs between two groups of digits of one number, at most.
const MAX_GAP: usize = 3;

/// Digits without another sign between them.
struct Group {
    start: usize,
    end: usize,
    digits: Vec<u8>,
    /// The end of an X behind them.
    end_of_x: Option<usize>,
    /// Whether only signs that divide a number are between the group before and this one.
    continues: bool,
}

/// A text without such numbers, however wide and divided they are written. Of a code of an office only identity numbers
/// count, with their check character: codes of as many digits as a telephone are common.
pub fn masked(text: &str, is_code: bool) -> Cow<'_, str> {
    let groups = groups(text);
    let mut kept = String::new();
    let mut done = 0;
    for first in 0..groups.len() {
        if groups[first].start < done {
            continue;
        }
        if let Some(end) = end_of_number(text, &groups[first..], is_code) {
            kept.push_str(&text[done..groups[first].start]);
            kept.push_str(MASK);
            done = end;
        }
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    kept.push_str(&text[done..]);
    Cow::Owned(kept)
}

fn groups(text: &str) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    // Signs since the last group; none if one of them divides no number.
    let mut gap = None;
    let mut in_group = false;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        match (digit(c), groups.last_mut()) {
            (Some(digit), Some(group)) if in_group => {
                group.digits.push(digit);
                group.end = end;
            }
            (Some(digit), _) => {
                let continues = gap.is_some_and(|signs| signs <= MAX_GAP);
                groups.push(Group { start: at, end, digits: vec![digit], end_of_x: None, continues });
                in_group = true;
            }
            (None, Some(group)) => {
                let near = in_group || gap.is_some_and(|signs| signs <= MAX_GAP);
                if near && matches!(c, 'X' | 'x' | 'Ｘ' | 'ｘ') {
                    group.end_of_x = Some(end);
                }
                gap = match in_group {
                    true => divides(c).then_some(1),
                    false => gap.filter(|_| divides(c)).map(|signs| signs + 1),
                };
                in_group = false;
            }
            (None, None) => {}
        }
    }
    groups
}

/// A digit as it is, also of full width.
fn digit(c: char) -> Option<u8> {
    let digit = c.to_digit(10).or_else(|| ('０'..='９').contains(&c).then(|| c as u32 - '０' as u32))?;
    Some(b'0' + digit as u8)
}

/// Whether people put it between the digits of one number.
fn divides(c: char) -> bool {
    c.is_whitespace() || "-‐‑‒–—―−－.．·_＿/／()（）\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}".contains(c)
}

/// The end of a number that begins with the first group and tells of somebody.
fn end_of_number(text: &str, groups: &[Group], is_code: bool) -> Option<usize> {
    let mut digits = Vec::new();
    for (n, group) in groups.iter().enumerate().take_while(|(n, group)| *n == 0 || group.continues) {
        digits.extend_from_slice(&group.digits);
        if digits.len() > IDENTITY {
            return None;
        }
        let whole = n == 0 && !is_code;
        if let Some(end) = group.end_of_x
            && is_identity(&[digits.as_slice(), b"X"].concat(), whole)
        {
            return Some(end);
        }
        if is_identity(&digits, whole) || (whole && is_old_identity(&digits)) {
            return Some(group.end);
        }
        let parts: Vec<_> = groups[..=n].iter().map(|group| group.digits.len()).collect();
        let telephone = is_mobile(&digits) || is_land_line(&digits, &parts);
        if !is_code && telephone && !in_thousands(&parts) && !is_amount(&text[group.end..]) {
            return Some(group.end);
        }
    }
    None
}

/// By a day of birth that exists, and the check character of ISO 7064 MOD 11-2, as GB 11643 has it. One that is written as a
/// whole may be mistyped, and is somebody's all the same.
fn is_identity(digits: &[u8], may_be_mistyped: bool) -> bool {
    if digits.len() != IDENTITY || !is_day(&digits[6..14]) {
        return false;
    }
    let sum =
        digits[..IDENTITY - 1].iter().fold(0_u32, |sum, digit| (sum + u32::from(digit - b'0')) * 2 % 11);
    let check = match (12 - sum) % 11 {
        10 => b'X',
        digit => b'0' + digit as u8,
    };
    may_be_mistyped || digits[IDENTITY - 1] == check
}

fn is_old_identity(digits: &[u8]) -> bool {
    digits.len() == OLD_IDENTITY && is_day(&[b"19", &digits[6..12]].concat())
}

/// Whether it is a day of the last hundred years and some.
fn is_day(digits: &[u8]) -> bool {
    let number =
        |digits: &[u8]| digits.iter().fold(0_u32, |number, digit| number * 10 + u32::from(digit - b'0'));
    let (year, month, day) = (number(&digits[..4]), number(&digits[4..6]), number(&digits[6..]));
    (1900..2100).contains(&year) && NaiveDate::from_ymd_opt(year as i32, month, day).is_some()
}

fn is_mobile(digits: &[u8]) -> bool {
    let own = digits.strip_prefix(CHINA).filter(|rest| rest.len() == MOBILE).unwrap_or(digits);
    own.len() == MOBILE && own[0] == b'1' && (b'3'..=b'9').contains(&own[1])
}

/// An area code of three or four digits, then seven or eight.
fn is_land_line(digits: &[u8], parts: &[usize]) -> bool {
    let code = match digits {
        [b'0', b'1', b'0', ..] | [b'0', b'2', ..] => 3,
        [b'0', b'3'..=b'9', ..] => 4,
        _ => return false,
    };
    let begins = parts.len() == 1 || parts[0] == code;
    begins && matches!(digits.len() - code.min(digits.len()), 7 | 8) && (b'2'..=b'8').contains(&digits[code])
}

/// Whether the groups are thousands of an amount.
fn in_thousands(parts: &[usize]) -> bool {
    parts.len() > 1 && parts[0] <= 3 && parts[1..].iter().all(|digits| *digits == 3)
}

/// Whether what follows makes the number an amount.
fn is_amount(rest: &str) -> bool {
    rest.trim_start().starts_with(['元', '万', '亿', '千', '％', '%'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_identifies_a_person_is_masked_and_other_numbers_stay() {
        for (text, shown) in [
            ("张三 11010519491231002X", "张三 ***"),
            ("身份证11010519491231002x号", "身份证***号"),
            ("110105 19491231 002X", "***"),
            ("５１０２１２１９８００１０１１２３１", "***"),
            ("110105\u{3000}19491231\u{3000}002X", "***"),
            ("1 1 0 1 0 5 1 9 4 9 1 2 3 1 0 0 2 X", "***"),
            // Mistyped, it is still somebody's.
            ("户主（510212198001011234）", "户主（***）"),
            ("电话13800138000", "电话***"),
            ("138-0013-8000, 2011", "***, 2011"),
            ("139(8301)2345", "***"),
            ("１３９－８３０１－２３４５", "***"),
            ("+8613800138000", "+***"),
            ("tel13983012345x", "tel***x"),
            ("2011-10-17 138 0013 8000", "2011-10-17 ***"),
            ("座机023-68123456", "座机***"),
            ("02368123456转8", "***转8"),
            ("旧证110105491231002", "旧证***"),
            // No day of birth, a longer number, money, a document, a day, a serial number behind a day.
            ("110105194913310026", "110105194913310026"),
            ("138001380001", "138001380001"),
            ("2011年度13500000000元", "2011年度13500000000元"),
            ("15 000 000 000", "15 000 000 000"),
            ("12345678901.00", "12345678901.00"),
            ("渝财农〔2011〕138号", "渝财农〔2011〕138号"),
            ("2011-10-17至2011-12-31", "2011-10-17至2011-12-31"),
            ("500102-20110301-0001", "500102-20110301-0001"),
            ("", ""),
        ] {
            assert_eq!(masked(text, false), shown, "{text}");
        }
        for (code, shown) in [
            ("13800138000", "13800138000"),
            ("500102201103010001", "500102201103010001"),
            ("P-11010519491231002X", "P-***"),
        ] {
            assert_eq!(masked(code, true), shown, "{code}");
        }
    }
}
