//! Periods as SDMX writes them: "2011", "2011-S1", "2011-Q3", "2011-10", "2011-10-17".

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Days, Months, NaiveDate};

use crate::language::Language;

/// A year, half-year, quarter, month or day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    year: u16,
    part: Part,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Part {
    Year,
    Half(u8),
    Quarter(u8),
    Month(u8),
    Day { month: u8, day: u8 },
}

/// Years that a period or a date may be of.
pub const YEARS: std::ops::RangeInclusive<u16> = 1900..=2199;

/// A text that is not a period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a period: write a year from 1900 to 2199 (2011), or a part of it (2011-S1, 2011-Q3, 2011-10 or 2011-10-17)"
)]
pub struct PeriodError(String);

impl Period {
    /// The period as people say it: the third quarter of 2011, 2011年第三季度.
    pub fn words(self, language: Language) -> String {
        const ORDINALS: [&str; 4] = ["first", "second", "third", "fourth"];
        const MONTHS: [&str; 12] = [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ];
        let year = self.year;
        let index = |n: u8| usize::from(n.saturating_sub(1));
        match (self.part, language) {
            (Part::Year, Language::En) => year.to_string(),
            (Part::Year, Language::Zh) => format!("{year}年"),
            (Part::Half(n), Language::En) => format!("the {} half of {year}", ORDINALS[index(n).min(3)]),
            (Part::Half(n), Language::Zh) => format!("{year}年{}半年", if n == 1 { "上" } else { "下" }),
            (Part::Quarter(n), Language::En) => {
                format!("the {} quarter of {year}", ORDINALS[index(n).min(3)])
            }
            (Part::Quarter(n), Language::Zh) => {
                format!("{year}年第{}季度", ["一", "二", "三", "四"][index(n).min(3)])
            }
            (Part::Month(n), Language::En) => format!("{} {year}", MONTHS[index(n).min(11)]),
            (Part::Month(n), Language::Zh) => format!("{year}年{n}月"),
            (Part::Day { month, day }, Language::En) => {
                format!("{day} {} {year}", MONTHS[index(month).min(11)])
            }
            (Part::Day { month, day }, Language::Zh) => format!("{year}年{month}月{day}日"),
        }
    }

    /// The calendar year that the period is or lies in.
    pub fn year(self) -> u16 {
        self.year
    }

    /// Whether it is a whole year.
    pub fn is_year(self) -> bool {
        self.part == Part::Year
    }

    /// Whether its year ends with it.
    pub fn ends_year(self) -> bool {
        self.last_day() == self.date(12, 31)
    }

    /// Whether it is one day.
    pub fn is_day(self) -> bool {
        matches!(self.part, Part::Day { .. })
    }

    /// First and last month, counted from 1.
    fn months(self) -> (u8, u8) {
        match self.part {
            Part::Year => (1, 12),
            Part::Half(n) => (n * 6 - 5, n * 6),
            Part::Quarter(n) => (n * 3 - 2, n * 3),
            Part::Month(month) | Part::Day { month, .. } => (month, month),
        }
    }

    fn date(self, month: u8, day: u8) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.year.into(), month.into(), day.into()).unwrap_or_default()
    }

    /// Its first day.
    pub fn first_day(self) -> NaiveDate {
        match self.part {
            Part::Day { month, day } => self.date(month, day),
            _ => self.date(self.months().0, 1),
        }
    }

    /// Its last day.
    pub fn last_day(self) -> NaiveDate {
        match self.part {
            Part::Day { month, day } => self.date(month, day),
            _ => self.date(self.months().1, 1) + Months::new(1) - Days::new(1),
        }
    }

    /// Every year and part of one, days apart, that lies within this period.
    pub fn within(self) -> impl Iterator<Item = Self> {
        let (first, last) = (self.first_day(), self.last_day());
        self.parts_of_year().filter(move |part| first <= part.first_day() && part.last_day() <= last)
    }

    /// Every part of its year, days apart, that has ended when it ends.
    pub fn until_its_end(self) -> impl Iterator<Item = Self> {
        let last = self.last_day();
        self.parts_of_year().filter(move |part| part.last_day() <= last)
    }

    fn parts_of_year(self) -> impl Iterator<Item = Self> {
        let halves = (1..=2).map(Part::Half);
        let parts = std::iter::once(Part::Year).chain(halves);
        let parts = parts.chain((1..=4).map(Part::Quarter)).chain((1..=12).map(Part::Month));
        parts.map(move |part| Self { part, ..self })
    }

    /// The same part of the year before: what a figure is compared with. Of a leap day, the last of its month.
    pub fn year_before(self) -> Self {
        let year = self.year - 1;
        let part = match self.part {
            Part::Day { month, day } => {
                let last = Self { year, part: Part::Month(month) }.last_day().day() as u8;
                Part::Day { month, day: day.min(last) }
            }
            part => part,
        };
        Self { year, part }
    }
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || PeriodError(text.to_owned());
        let (year, part) = match text.split_once('-') {
            None => (text, Part::Year),
            Some((year, part)) => {
                let within = |digits: &str, last: u8| match digits.parse() {
                    Ok(n) if (1..=last).contains(&n) => Ok(n),
                    _ => Err(wrong()),
                };
                let part = match part.as_bytes() {
                    [b'S', b'0'..=b'9'] => Part::Half(within(&part[1..], 2)?),
                    [b'Q', b'0'..=b'9'] => Part::Quarter(within(&part[1..], 4)?),
                    [b'0'..=b'9', b'0'..=b'9'] => Part::Month(within(part, 12)?),
                    [b'0'..=b'9', b'0'..=b'9', b'-', b'0'..=b'9', b'0'..=b'9'] => {
                        text.parse::<NaiveDate>().map_err(|_| wrong())?;
                        Part::Day { month: within(&part[..2], 12)?, day: within(&part[3..], 31)? }
                    }
                    _ => return Err(wrong()),
                };
                (year, part)
            }
        };
        if year.len() != 4 || !year.bytes().all(|b| b.is_ascii_digit()) {
            return Err(wrong());
        }
        match year.parse() {
            Ok(year) if YEARS.contains(&year) => Ok(Self { year, part }),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part {
            Part::Year => write!(f, "{}", self.year),
            Part::Half(n) => write!(f, "{}-S{n}", self.year),
            Part::Quarter(n) => write!(f, "{}-Q{n}", self.year),
            Part::Month(n) => write!(f, "{}-{n:02}", self.year),
            Part::Day { month, day } => write!(f, "{}-{month:02}-{day:02}", self.year),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_said_in_words() {
        for (period, en, zh) in [
            ("2011", "2011", "2011年"),
            ("2011-S1", "the first half of 2011", "2011年上半年"),
            ("2011-Q3", "the third quarter of 2011", "2011年第三季度"),
            ("2011-10", "October 2011", "2011年10月"),
            ("2011-06-05", "5 June 2011", "2011年6月5日"),
        ] {
            let period: Period = period.parse().unwrap();
            assert_eq!([period.words(Language::En), period.words(Language::Zh)], [en, zh]);
        }
    }

    #[test]
    fn periods_read_back_as_written() {
        for text in ["2011", "2011-S1", "2011-Q3", "2011-10", "2011-02-28"] {
            let period: Period = text.parse().unwrap();
            assert_eq!(period.to_string(), text);
            assert_eq!(period.year(), 2011);
            assert_eq!(period.year_before().year(), 2010);
        }
        assert_eq!("2011-Q3".parse::<Period>().unwrap().months(), (7, 9));
        assert_eq!("2012-02-29".parse::<Period>().unwrap().year_before().to_string(), "2011-02-28");
    }

    #[test]
    fn periods_hold_others_and_follow_them() {
        let texts = |periods: &mut dyn Iterator<Item = Period>| -> Vec<String> {
            periods.map(|period| period.to_string()).collect()
        };
        let quarter: Period = "2011-Q2".parse().unwrap();
        assert_eq!(texts(&mut quarter.within()), ["2011-Q2", "2011-04", "2011-05", "2011-06"]);
        let ended = [
            "2011-S1", "2011-Q1", "2011-Q2", "2011-01", "2011-02", "2011-03", "2011-04", "2011-05", "2011-06",
        ];
        assert_eq!(texts(&mut quarter.until_its_end()), ended);
        let year: Period = "2011".parse().unwrap();
        assert_eq!(year.within().count(), 19);
        let day: Period = "2011-03-31".parse().unwrap();
        assert_eq!(texts(&mut day.within()), [""; 0]);
        assert_eq!(texts(&mut day.until_its_end()), ["2011-Q1", "2011-01", "2011-02", "2011-03"]);
        assert_eq!((day.first_day(), day.last_day()), (day.last_day(), "2011-03-31".parse().unwrap()));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "11",
            "2011-",
            "2011-Q5",
            "2011-Q0",
            "2011-13",
            "2011-1",
            "2011-S3",
            "20110",
            "+011",
            "1899",
            "2011-02-29",
            "2011-00-01",
            "2011-1-01",
        ] {
            assert!(text.parse::<Period>().is_err(), "{text:?} was read");
        }
    }
}
