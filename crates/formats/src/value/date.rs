//! Dates as people and programs write them, and what is said of those that are not sure.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime};
use uplift_core::period::YEARS;
use uplift_core::text::half_width;

/// The remedy for everything that is not a date.
const EXAMPLE: &str = "write it as 2011-10-17";

/// Seconds east of Greenwich where the programme is.
const CHINA: i32 = 8 * 3600;

/// The day that a text means, or why it means none.
pub(crate) fn parse_date(text: &str) -> Result<NaiveDate, String> {
    let text = half_width(text);
    let text = text.trim();
    let (day, time) = split_time(text);
    let date = match day.bytes().all(|b| b.is_ascii_digit()) {
        true => from_digits(day)?,
        false => from_parts(day)?,
    };
    let date = date.ok_or_else(|| format!("{text:?} is not a date; {EXAMPLE}"))?;
    if !u16::try_from(date.year()).is_ok_and(|year| YEARS.contains(&year)) {
        let (first, last) = (YEARS.start(), YEARS.end());
        return Err(format!("{text:?} is not in the years {first} to {last}; {EXAMPLE}"));
    }
    match time {
        Some(time) => check_time(text, date, time).map(|()| date),
        None => Ok(date),
    }
}

/// A date and the time of day behind it.
fn split_time(text: &str) -> (&str, Option<&str>) {
    let t = text.find(['T', 't']).filter(|at| text[..*at].ends_with(|c: char| c.is_ascii_digit()));
    let is_time = |at: &usize| text[*at..].contains([':', '时', '点']);
    // 17 October 2011 has spaces and no time.
    let space = || text.find(char::is_whitespace).filter(is_time);
    let day = || text.find(['日', '号']).filter(is_time);
    match t.or_else(space).or_else(day) {
        Some(at) => {
            let mut rest = text[at..].chars();
            rest.next();
            (&text[..at], Some(rest.as_str().trim()))
        }
        None => (text, None),
    }
}

/// The time of day does not count, but it must be one; with an offset it must be the same day in China.
fn check_time(text: &str, date: NaiveDate, time: &str) -> Result<(), String> {
    let wrong = || format!("{text:?} has no time of day behind the date; {EXAMPLE}");
    let time =
        ["上午", "下午", "晚上"].iter().find_map(|part| time.strip_prefix(part)).unwrap_or(time).trim();
    // 14时30分 is 14:30, and 14时 is 14:00.
    let spelled = time.replace(['时', '点'], ":").replace('分', ":").replace('秒', "");
    let spelled =
        if spelled.ends_with(':') && spelled.matches(':').count() == 1 { spelled + "00" } else { spelled };
    let time = spelled.trim_end_matches(':');
    if ["%H:%M", "%H:%M:%S", "%H:%M:%S%.f", "%I:%M %p", "%I:%M:%S %p"]
        .iter()
        .any(|f| NaiveTime::parse_from_str(time, f).is_ok())
    {
        return Ok(());
    }
    let instant = format!("{date}T{time}");
    let instant = DateTime::parse_from_rfc3339(&instant)
        .or_else(|_| DateTime::parse_from_str(&instant, "%Y-%m-%dT%H:%M%#z"))
        .or_else(|_| DateTime::parse_from_str(&instant, "%Y-%m-%dT%H:%M:%S%.f%#z"))
        .map_err(|_| wrong())?;
    let here: Option<NaiveDateTime> =
        FixedOffset::east_opt(CHINA).map(|china| instant.with_timezone(&china).naive_local());
    match here.map(|here| here.date()) {
        Some(here) if here != date => {
            Err(format!("{text:?} is {here} in China; write the day that is meant, as {here}"))
        }
        _ => Ok(()),
    }
}

/// A run of digits: year, month and day have eight.
fn from_digits(text: &str) -> Result<Option<NaiveDate>, String> {
    match text.len() {
        8 => Ok(NaiveDate::parse_from_str(text, "%Y%m%d").ok()),
        5 => {
            let day = text.parse().ok().and_then(serial_day);
            let would_be = day.map(|day| format!(" ({day})")).unwrap_or_default();
            Err(format!(
                "{text:?} is a spreadsheet's number of a day{would_be}; format the column as date, or {EXAMPLE}"
            ))
        }
        _ => Err(format!("{text:?} is not a date: without separators it has 8 digits; {EXAMPLE}")),
    }
}

/// The day of a spreadsheet's number, counted from 1900.
fn serial_day(number: i64) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(1899, 12, 30)?.checked_add_signed(chrono::TimeDelta::try_days(number)?)
}

/// Three parts with separators, one of them perhaps the name of a month.
fn from_parts(text: &str) -> Result<Option<NaiveDate>, String> {
    let separators: &[char] = &['-', '/', '.', '年', '月', ' ', ','];
    let parts: Vec<&str> = text
        .trim_end_matches(['日', '号'])
        .split(separators)
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    let number = |part: &str| part.parse::<u32>().ok().filter(|_| part.bytes().all(|b| b.is_ascii_digit()));
    if parts.len() == 2 && parts.iter().any(|p| p.len() == 4) && parts.iter().all(|p| number(p).is_some()) {
        return Err(format!("{text:?} has no day; {EXAMPLE}"));
    }
    let [a, b, c] = parts[..] else { return Ok(None) };
    let named = [a, b, c].iter().any(|part| month_number(part).is_some());
    if ![a, b, c].iter().any(|part| part.len() == 4 && number(part).is_some()) {
        let looks_like_one = [a, b, c].iter().filter(|part| number(part).is_some_and(|n| n < 100)).count();
        return match looks_like_one {
            3 => Err(format!("{text:?}: write the year with four digits, as 2011-10-17")),
            2 if named => Err(format!("{text:?}: write the year with four digits, as 2011-10-17")),
            _ => Ok(None),
        };
    }
    let date = |year: u32, month: u32, day: u32| NaiveDate::from_ymd_opt(year as i32, month, day);
    let month = |part: &str| month_number(part).or_else(|| number(part));
    let short = |part: &str| part.len() <= 2 || month_number(part).is_some();
    match (number(a), number(b), number(c)) {
        (Some(year), _, Some(day)) if a.len() == 4 && short(b) && short(c) => {
            Ok(month(b).and_then(|month| date(year, month, day)))
        }
        // 17 October 2011, October 17, 2011.
        (Some(day), None, Some(year)) if c.len() == 4 && short(a) => {
            Ok(month_number(b).and_then(|month| date(year, month, day)))
        }
        (None, Some(day), Some(year)) if c.len() == 4 && short(b) => {
            Ok(month_number(a).and_then(|month| date(year, month, day)))
        }
        (Some(first), Some(second), Some(year)) if c.len() == 4 && short(a) && short(b) => {
            match (date(year, second, first), date(year, first, second)) {
                (Some(day_first), Some(month_first)) if day_first != month_first => Err(format!(
                    "{text:?} may be {day_first} or {month_first}; write the year first, as {day_first}"
                )),
                (day_first, month_first) => Ok(day_first.or(month_first)),
            }
        }
        _ => Ok(None),
    }
}

/// The number of a month by its English name.
fn month_number(name: &str) -> Option<u32> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let name = name.to_ascii_lowercase();
    let begins = |month: &&str| name.len() >= 3 && month.starts_with(&name);
    NAMES.iter().position(begins).map(|index| index as u32 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sure_date_is_read_however_it_is_written() {
        for text in [
            "2011-10-17",
            "2011/10/17",
            "2011.10.17",
            "20111017",
            "2011年10月17日",
            "2011 10 17",
            "2011-10-17T08:00",
            "2011/10/17 0:00",
            "2011-10-17 23:59:59",
            "2011年10月17日 14时30分",
            "2011年10月17日14时30分05秒",
            "2011年10月17日14:30",
            "2011年10月17日14时",
            "2011-10-17 下午2:30",
            "2011-10-17 14点30分",
            "2011-10-17T08:00:00.000+08:00",
            "2011-10-17T00:00:00Z",
            "17/10/2011",
            "10/17/2011",
            "17.10.2011",
            "17-Oct-2011",
            "17 October 2011",
            "October 17, 2011",
            "２０１１－１０－１７",
            "２０１１-10-17",
            " 2011-10-17 ",
            "2011年10月17号",
        ] {
            assert_eq!(parse_date(text).map(|d| d.to_string()).as_deref(), Ok("2011-10-17"), "{text:?}");
        }
        assert_eq!(parse_date("2011/3/5").unwrap().to_string(), "2011-03-05");
        assert_eq!(parse_date("5/5/2011").unwrap().to_string(), "2011-05-05");
    }

    #[test]
    fn what_is_not_sure_is_refused_with_the_reason() {
        for (text, reason) in [
            ("11/10/17", "four digits"),
            ("17.10.11", "four digits"),
            ("11年10月17日", "four digits"),
            ("03/04/11", "four digits"),
            ("17-Oct-11", "four digits"),
            ("03/04/2011", "2011-04-03 or 2011-03-04"),
            ("40833", "2011-10-17"),
            ("2011112", "8 digits"),
            ("2011-10", "no day"),
            ("2011年10月", "no day"),
            ("2011-04-31", "not a date"),
            ("1899-12-31", "1900 to 2199"),
            ("2011-10-16T16:00:00Z", "2011-10-17 in China"),
            ("2011-10-17 25:00", "no time of day"),
            ("2011-10-17 25时", "no time of day"),
            ("2011年10月17日:", "no time of day"),
            ("today", "not a date"),
            ("", "8 digits"),
            ("10/2011/17", "not a date"),
        ] {
            let refused = parse_date(text).expect_err(text);
            assert!(refused.contains(reason), "{text:?}: {refused}");
        }
    }
}
