//! Numbers that tell who somebody is, found in a text: those of Chinese identity cards and mobile telephones.

use std::borrow::Cow;

use chrono::NaiveDate;

/// What stands in place of such a number.
pub const MASK: &str = "***";

/// Digits of a mobile telephone.
const MOBILE: usize = 11;
/// Characters of an identity number: the present one, with a check character, and the one until 1999.
const IDENTITY: usize = 18;
const OLD_IDENTITY: usize = 15;

/// Groups of digits that one number is written in, at most.
const GROUPS: usize = 4;

/// A text without such numbers; of a code of an office only identity numbers count, because a code of eleven digits is
/// more often no telephone.
pub fn masked(text: &str, is_code: bool) -> Cow<'_, str> {
    let groups = groups(text);
    let tells = |run: &str| is_identity(run) || (!is_code && (is_old_identity(run) || is_mobile(run)));
    let mut kept = String::new();
    let mut done = 0;
    for (first, (start, _)) in groups.iter().enumerate() {
        let mut ends = groups[first..].iter().take(GROUPS).map(|(_, end)| *end);
        if let Some(end) = ends.find(|end| *start >= done && tells(&text[*start..*end])) {
            kept.push_str(&text[done..*start]);
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

/// Groups of digits, each with the sign of a check character behind it.
fn groups(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut groups = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        if at == start {
            at += 1;
            continue;
        }
        if matches!(bytes.get(at), Some(b'X' | b'x')) {
            at += 1;
        }
        groups.push((start, at));
    }
    groups
}

fn digits(run: &str) -> Vec<u8> {
    run.bytes().filter(|b| !matches!(b, b' ' | b'-')).collect()
}

fn is_mobile(run: &str) -> bool {
    let run = digits(run);
    let run = run.strip_prefix(b"86").filter(|rest| rest.len() == MOBILE).unwrap_or(&run);
    run.len() == MOBILE
        && run.iter().all(u8::is_ascii_digit)
        && run[0] == b'1'
        && (b'3'..=b'9').contains(&run[1])
}

/// By the check character of ISO 7064 MOD 11-2, as GB 11643 has it, and a day of birth that exists.
fn is_identity(run: &str) -> bool {
    let run = digits(run);
    if run.len() != IDENTITY || !run[..IDENTITY - 1].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum = run[..IDENTITY - 1].iter().fold(0_u32, |sum, digit| (sum + u32::from(digit - b'0')) * 2 % 11);
    let check = match (12 - sum) % 11 {
        10 => b'X',
        digit => b'0' + digit as u8,
    };
    run[IDENTITY - 1].to_ascii_uppercase() == check && is_day(&run[6..14])
}

fn is_old_identity(run: &str) -> bool {
    let run = digits(run);
    run.len() == OLD_IDENTITY && run.iter().all(u8::is_ascii_digit) && {
        let day: Vec<u8> = b"19".iter().chain(&run[6..12]).copied().collect();
        is_day(&day)
    }
}

fn is_day(digits: &[u8]) -> bool {
    let number = |range: std::ops::Range<usize>| {
        digits[range].iter().fold(0_u32, |number, digit| number * 10 + u32::from(digit - b'0'))
    };
    NaiveDate::from_ymd_opt(number(0..4) as i32, number(4..6), number(6..8)).is_some()
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
            ("电话13800138000", "电话***"),
            ("138-0013-8000, 2011", "***, 2011"),
            ("+8613800138000", "+***"),
            ("2011-10-17 138 0013 8000", "2011-10-17 ***"),
            ("旧证110105491231002", "旧证***"),
            // Wrong check character, no day of birth, a longer number, money, a document.
            ("110105194912310021", "110105194912310021"),
            ("110105194913310026", "110105194913310026"),
            ("138001380001", "138001380001"),
            ("12345678901.00", "12345678901.00"),
            ("渝财农〔2011〕138号", "渝财农〔2011〕138号"),
        ] {
            assert_eq!(masked(text, false), shown, "{text}");
        }
        assert_eq!(masked("13800138000", true), "13800138000");
        assert_eq!(masked("P-11010519491231002X", true), "P-***");
    }
}
